"""Lines of files, and what each says to the reference of the import tests."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from import_books import (
    CERTIFICATE,
    DEBTOR,
    DEDUCTION,
    LENDER,
    SANCTION,
    Case,
    Departure,
    Dwelling,
    Line,
    Part,
    Row,
    months,
)


@dataclass(frozen=True)
class Subject:
    """Who appears in the files."""

    name: str
    number: str
    born: date | None = None

    @property
    def kind(self) -> str:
        """As the database names it."""
        return "ORGANIZATION" if self.born is None else "PERSON"


ADULT = Subject("张波", "330281190409263363", date(1904, 9, 26))
YOUNG = Subject("李晓", "330281200706010000", date(2007, 6, 1))
COMPANY = Subject("余姚金秋公司", "91330281999911175U")
SUBJECTS = {one.name: one for one in (ADULT, YOUNG, COMPANY)}
EXECUTION, TRIAL = "(2025)浙0281执1号", "(2025)浙0281民初2号"
COURT_NAME = "余姚市人民法院"
YEAR = date(2025, 1, 1)
BEHAVIOURS = {"T02": "Y04", "T09": "Y12", "": None}
REASONS = (("履行完毕", "PERFORMED"), ("申请人申请删除", "DELISTED"), ("错误纳入", "WITHDRAWN"))
SCORED = {
    "E01": (None, "MD3", 12, "庭审笔录", EXECUTION, "被执行人", (3, 5)),
    "E08": ("Y21", "MD3", 24, "裁定书", EXECUTION, "被执行人", (6, 7)),
    "F06": ("Y14", "MD1", 12, "谈话笔录", TRIAL, "原告", (1, 4)),
}
"""Of a behaviour: its code type, its item, months of publicity, the document, case, position and points."""
REPAIRS = {"文1": ("全部履行", "MR1"), "文2": ("具结悔过", "MR4")}
"""Of a document: on which grounds its deduction is repaired, and the item."""
STATES = {"PUBLISHED": "已公示", "WITHDRAWN": "已撤回", "SHIELDED": "已屏蔽"}
ROLES = {"被执行人": "JUDGMENT_DEBTOR", "被告": "DEFENDANT", "原告": "PLAINTIFF"}


@dataclass(frozen=True)
class Written:
    """A line as it stands in a file, and what it says to the reference."""

    cells: tuple[str, ...]
    meant: tuple[Any, ...] = field(repr=False)


# --- lines ------------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(sorted(SUBJECTS))


@st.composite
def case_line(draw: Any) -> Written:
    """A participation; the case may be filed later, be closed, be sealed, or be about a marriage."""
    party, number = SUBJECTS[draw(NAMES)], draw(st.sampled_from((EXECUTION, EXECUTION, TRIAL)))
    filed = draw(st.sampled_from((date(2025, 1, 8), date(2025, 11, 3))))
    closed = draw(st.sampled_from((None, date(2026, 2, 2))))
    cause, private = draw(st.sampled_from((("民间借贷纠纷", ""),) * 5 + (("离婚纠纷", ""), ("民间借贷纠纷", "是"))))
    role = "被执行人" if number == EXECUTION else draw(st.sampled_from(("被告", "原告")))
    return participation(party, Case(number, filed, closed, "", cause), role, private)


def participation(party: Subject, case: Case, role: str, private: str = "") -> Written:
    """That a party takes part in a case, private or by its cause."""
    case.secrecy = "PRIVACY" if private else "FAMILY" if case.cause == "离婚纠纷" else "OPEN"
    kind = "法人" if party.born is None else "自然人"
    cells = (
        case.number, COURT_NAME, case.cause, written(case.filed), written(case.closed), role, kind, party.name,
        document(party), party.number, "", private,
    )  # fmt: skip
    return Written(cells, (Part(case, party.name, ROLES[role]),))


@st.composite
def debtor_line(draw: Any) -> Written:
    """A listing in the enforcement case, for two years or until performed."""
    party, published = SUBJECTS[draw(NAMES)], draw(st.sampled_from((date(2026, 1, 12), date(2026, 2, 20))))
    grounds = draw(st.sampled_from(("违反财产报告制度", "有履行能力而拒不履行生效法律文书确定义务")))
    duty = draw(st.sampled_from(("支付借款本金", "支付借款本息")))
    listed = date(2026, 1, 10)
    cells = (
        party.name, party.number, "1" if party.born is None else "0", COURT_NAME, EXECUTION, TRIAL, COURT_NAME,
        listed.isoformat(), published.isoformat(), duty, "全部未履行", grounds,
    )  # fmt: skip
    ends = None if "拒不履行" in grounds else months(published, 24)
    content = {"ends": ends, "duty": duty, "grounds": grounds}
    row = Row(DEBTOR, party.name, EXECUTION, content, listed, published, ends=ends, code="Y18")
    return Written(cells, (Line((DEBTOR, party.name, EXECUTION, published), row, (YEAR, listed)),))


@st.composite
def lender_line(draw: Any) -> Written:
    """A professional lender."""
    party, listed = SUBJECTS[draw(NAMES)], draw(st.sampled_from((date(2026, 1, 5), date(2026, 2, 5))))
    grounds = draw(st.sampled_from(("一年内民间借贷案件10件以上", "一年内民间借贷案件20件以上")))
    row = Row(LENDER, party.name, "", {"grounds": grounds}, listed, listed, code="Y01")
    cells = (party.name, party.number, COURT_NAME, listed.isoformat(), grounds)
    return Written(cells, (Line((LENDER, party.name, listed), row, (listed,)),))


@st.composite
def certificate_line(draw: Any) -> Written:
    """A certificate, whose number may turn out to be another party's."""
    party, number = SUBJECTS[draw(NAMES)], draw(st.sampled_from(("甬履证1", "甬履证2")))
    performed = draw(st.sampled_from((date(2025, 3, 3), date(2025, 12, 1))))
    issued = performed + timedelta(draw(st.sampled_from((2, 9))))
    content = {"party": party.name, "performed": performed, "issued": issued}
    row = Row(CERTIFICATE, party.name, TRIAL, content, issued, issued, conduct=performed, code="A01")
    cells = (number, TRIAL, party.name, party.number, performed.isoformat(), issued.isoformat())
    return Written(cells, (Line((CERTIFICATE, number), row, (performed,)),))


@st.composite
def sanction_line(draw: Any) -> Written:
    """A fine, a detention, both, or an admonition that may name its behaviour."""
    party, case = SUBJECTS[draw(NAMES)], draw(st.sampled_from((EXECUTION, TRIAL)))
    words = ("罚款", "训诫") if party.born is None else ("罚款", "训诫", "拘留", "罚款、拘留")
    word, behaviour = draw(st.sampled_from(words)), draw(st.sampled_from(sorted(BEHAVIOURS)))
    amount, days = draw(st.sampled_from((("1000", "5"), ("2000", "15"))))
    decided, effective = date(2026, 1, 20), draw(st.sampled_from((date(2026, 1, 21), date(2026, 1, 25))))
    measure = {"罚款": f"{amount}元", "拘留": f"{days}日", "罚款、拘留": f"{amount}元、{days}日", "训诫": ""}[word]
    number = f"(2026)浙0281司惩{draw(st.integers(1, 2))}号"
    dates = (decided.isoformat(), effective.isoformat())
    cells = (number, case, party.name, party.number, word, measure, behaviour, *dates)
    kinds = {"罚款": ("FINE",), "拘留": ("DETENTION",), "训诫": ("ADMONITION",), "罚款、拘留": ("FINE", "DETENTION")}[
        word
    ]
    return Written(
        cells,
        tuple(_sanction(kind, party, number, case, behaviour, amount, days, decided, effective) for kind in kinds),
    )


def _sanction(
    kind: str,
    party: Subject,
    number: str,
    case: str,
    behaviour: str,
    amount: str,
    days: str,
    decided: date,
    begins: date,
) -> Line:
    extent = {"FINE": amount, "DETENTION": days}.get(kind)
    content = {"case": case, "behaviour": behaviour, "extent": extent, "effective": begins}
    code = {"FINE": "R03", "DETENTION": "R02"}.get(kind) or BEHAVIOURS[behaviour]
    row = Row(SANCTION, party.name, case, content, decided, begins, ends=months(begins, 60), code=code)
    return Line((SANCTION, party.name, number, kind), row, (YEAR, decided))


@st.composite
def conviction_line(draw: Any) -> Written:
    """A conviction, perhaps related to a case, whose conduct and sentence the line may leave out."""
    party, case = SUBJECTS[draw(NAMES)], draw(st.sampled_from((EXECUTION, TRIAL, "")))
    judgment, crime = (
        f"(2025)浙0281刑初{draw(st.integers(1, 2))}号",
        draw(st.sampled_from(("虚假诉讼罪", "妨害作证罪"))),
    )
    conduct = draw(st.sampled_from((None, date(2025, 5, 1), date(2025, 7, 1))))
    sentence = draw(st.sampled_from((None, date(2026, 1, 10), date(2026, 7, 1))))
    decided, effective = date(2025, 12, 20), draw(st.sampled_from((date(2026, 1, 4), date(2026, 1, 25))))
    cells = (
        judgment, COURT_NAME, party.name, document(party), party.number, crime, written(conduct), written(decided),
        written(effective), "", written(sentence), case,
    )  # fmt: skip
    content = {"case": case, "crime": crime, "conduct": conduct, "effective": effective, "sentence": sentence}
    row = Row(SANCTION, party.name, case, content, decided, effective, conduct, months(effective, 60), sentence)
    row.code = "R04" if case == EXECUTION else "R01"
    days = (conduct,) if conduct else (YEAR, decided)
    return Written(cells, (Line((SANCTION, party.name, judgment, "CONVICTION"), row, days),))


@st.composite
def removal_line(draw: Any) -> Written:
    """A party leaves a list, on a day and for a reason that may be corrected."""
    party, kind = SUBJECTS[draw(NAMES)], draw(st.sampled_from((DEBTOR, DEBTOR, LENDER)))
    day = draw(st.sampled_from((date(2026, 1, 15), date(2026, 2, 20), date(2026, 2, 25))))
    word, reason = draw(st.sampled_from(REASONS))
    name, case = ("失信被执行人", EXECUTION) if kind == DEBTOR else ("职业放贷人", "")
    cells = (name, party.name, document(party), party.number, case, written(day), word)
    return Written(cells, (Departure(kind, party.name, case, day, reason),))


@dataclass(frozen=True)
class Scored:
    """What a line of deductions says: who did what on which day, found in which document, and how it stands."""

    party: str
    behaviour: str
    number: str
    conduct: date
    high: bool
    published: date
    state: str


def deductions() -> Any:
    """What lines of deductions say, mostly of one person."""
    return st.builds(
        Scored,
        st.sampled_from((ADULT.name, ADULT.name, ADULT.name, YOUNG.name, COMPANY.name)),
        st.sampled_from(("E01", "E01", *SCORED)),
        st.sampled_from(sorted(REPAIRS)),
        st.sampled_from((date(2025, 1, 15), date(2025, 7, 1))),
        st.booleans(),
        st.sampled_from((date(2025, 8, 5), date(2026, 2, 10))),
        st.sampled_from(("PUBLISHED", "WITHDRAWN", "SHIELDED", "SHIELDED")),
    )


def deduction_line(one: Scored) -> Written:
    """A deduction that was published, perhaps after its term had ended, and may have been withdrawn or repaired."""
    party = SUBJECTS[one.party]
    code, item, term, finding, case, role, points = SCORED[one.behaviour]
    state = "PUBLISHED" if code and one.state == "SHIELDED" else one.state
    grounds, repair = REPAIRS[one.number]
    point, determined = points[one.high or state == "SHIELDED"], one.conduct + timedelta(20)
    cells = (
        case, COURT_NAME, party.name, document(party), party.number, role, one.behaviour, str(point),
        written(one.conduct), written(determined), finding, one.number, written(one.published), "", STATES[state],
        "" if state == "PUBLISHED" else "2026-02-20", grounds if state == "SHIELDED" else "",
    )  # fmt: skip
    content = {"points": -point, "item": item, "published": one.published, "state": state, "repair": repair}
    row = Row(DEDUCTION, party.name, case, content, determined, one.published, one.conduct, months(determined, term))
    row.code, row.published = code, state == "PUBLISHED"
    key = (DEDUCTION, party.name, f"{case} {one.behaviour} {one.number}", one.conduct)
    return Written(cells, (Line(key, row, (one.conduct,)),))


def document(party: Subject) -> str:
    """The kind of document that identifies a party."""
    return "统一社会信用代码" if party.born is None else "居民身份证"


def written(day: date | None) -> str:
    """A day as a cell holds it."""
    return day.isoformat() if day else ""


@st.composite
def dwelling_line(draw: Any) -> Written:
    """A person of a household."""
    party = draw(st.sampled_from((ADULT, YOUNG)))
    home, since = draw(st.sampled_from((("H1", date(2026, 1, 1)), ("H2", date(2026, 2, 1)))))
    left = draw(st.sampled_from((None, None, date(2026, 1, 20)))) if home == "H1" else None
    return dwelling(party, home, since, left)


def dwelling(party: Subject, home: str, since: date, left: date | None = None) -> Written:
    """That a person lives in a household, perhaps no longer."""
    cells = (
        home, "马渚镇四联村", party.name, "居民身份证", party.number, "户主", "授1", "2025-12-31", written(since),
        written(left),
    )  # fmt: skip
    return Written(cells, (Dwelling(party.name, home, since, left),))


OPEN_CASES = tuple(
    participation(ADULT, Case(number, date(2025, 1, 8), None, "", "民间借贷纠纷"), role)
    for number, role in ((EXECUTION, "被执行人"), (TRIAL, "原告"))
)
"""A person in both cases."""
AT_HOME = dwelling(ADULT, "H1", date(2026, 1, 1))
LINES = {
    "cases": case_line(),
    "shixin": debtor_line(),
    "lenders": lender_line(),
    "certificates": certificate_line(),
    "sanctions": sanction_line(),
    "convictions": conviction_line(),
    "removals": removal_line(),
    "deductions": deductions().map(deduction_line),
    "households": dwelling_line(),
}


@dataclass(frozen=True)
class File:
    """A file of a format, and how many days before today it was exported."""

    format: str
    lines: tuple[Written, ...]
    age: int


def files(format: str) -> Any:
    """Files of a format; most are of today."""
    lines = st.lists(LINES[format], min_size=1, max_size=5).map(tuple)
    age = st.just(0) if format == "households" else st.sampled_from((0, 0, 0, 30))
    return st.builds(File, st.just(format), lines, age)
