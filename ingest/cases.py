"""Format `cases`: one participation in one case a line."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.records import Case, Context, Format, Merged, Record
from ingest.report import LineError
from ingest.staging import staged_rows
from ingest.subjects import Subject, read_name, read_text
from models.code_record import CodeRecord
from models.court_case import Confidentiality, CourtCase, Participation, Role
from models.identifiers import parse_case_number, parse_date
from models.party import PartyKind

ROLES = {
    "原告": Role.PLAINTIFF,
    "被告": Role.DEFENDANT,
    "第三人": Role.THIRD_PARTY,
    "申请执行人": Role.ENFORCEMENT_APPLICANT,
    "被执行人": Role.JUDGMENT_DEBTOR,
    "代理人": Role.AGENT,
    "诉讼代理人": Role.AGENT,
    "委托诉讼代理人": Role.AGENT,
    "法定代理人": Role.AGENT,
    "证人": Role.WITNESS,
    "鉴定人": Role.APPRAISER,
    "协助执行人": Role.ASSISTING_BODY,
    "协助义务人": Role.ASSISTING_BODY,
    "竞买人": Role.BIDDER,
    "案外人": Role.OUTSIDER,
    "上诉人": Role.PLAINTIFF,
    "被上诉人": Role.DEFENDANT,
    "申请人": Role.PLAINTIFF,
    "被申请人": Role.DEFENDANT,
}
"""诉讼地位. On appeal and on application the party that asks stands as plaintiff."""

KINDS = {
    "自然人": PartyKind.PERSON,
    "法人": PartyKind.ORGANIZATION,
    "非法人组织": PartyKind.ORGANIZATION,
    "其他组织": PartyKind.ORGANIZATION,
}

NUMBER_TYPES = {
    "居民身份证": PartyKind.PERSON,
    "身份证": PartyKind.PERSON,
    "统一社会信用代码": PartyKind.ORGANIZATION,
}

FAMILY_CAUSES = (
    "离婚", "婚姻", "婚约", "同居", "抚养", "扶养", "赡养", "监护", "探望", "收养", "继承", "遗嘱", "遗赠",
    "分家析产", "夫妻", "亲子", "家庭", "家暴", "人身安全保护令",
)  # fmt: skip
"""Words of the causes of action under marriage, family and succession (民事案件案由规定, part 2)."""

SECRET_WORDS = ("商业秘密", "技术秘密")
"""Words of the causes of action over trade secrets: served without case number (R16)."""

CLOSED_TO_PUBLIC = {"是": True, "否": False, "": False}
REMEMBERED = 50_000
CAUSE_LENGTH = 200
VILLAGE_LENGTH = 100

staged_participation = staged_rows("staged_participation", sa.Column("name", sa.Text), sa.Column("role", sa.Text))
row = staged_participation.c


def _add_participations() -> sa.Select[int, Sequence[int] | None]:
    """Insert what is new; say how much, and which debtors have records, since enforcement takes gold away (R11)."""
    lines = staged_participation.join(CourtCase, CourtCase.number == row.case_number)
    arriving = insert(Participation).from_select(
        ["case_id", "party_id", "name", "role"],
        sa.select(CourtCase.id, row.party_id, row.name, row.role).select_from(lines).order_by(CourtCase.id),
    )
    new = arriving.on_conflict_do_nothing().returning(Participation.party_id, Participation.role).cte("new")
    coloured = sa.exists().where(CodeRecord.party_id == new.c.party_id)
    debtors = (new.c.role == Role.JUDGMENT_DEBTOR) & coloured
    return sa.select(sa.func.count(), sa.func.array_agg(new.c.party_id.distinct()).filter(debtors)).select_from(new)


ADD_PARTICIPATIONS = _add_participations()


class Cases(Format):
    """Reads `cases` files; remembers cases, since the lines of a case stand together."""

    columns = (
        "案号", "经办法院", "案由", "立案日期", "结案日期", "诉讼地位", "当事人类型", "姓名或名称", "证件类型",
        "证件号码", "村社区", "不公开",
    )  # fmt: skip
    staged = staged_participation

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._known: dict[tuple[str, ...], Case] = {}
        self._villages: dict[str, str] = {"": ""}

    def read(self, cells: Sequence[str]) -> Record:
        number, court, cause, filed, closed, role, kind, name, number_type, party_number, village, private = cells
        case = self._case((number, court, cause, filed, closed, private))
        if role not in ROLES:
            raise LineError("ROLE", f"The position is unknown: write one of {'、'.join(ROLES)}.")
        subject = self._subject(kind, name, number_type, party_number)
        born_on = subject.born_on if subject else None
        own = (subject.name if subject else read_name(name), ROLES[role])
        return Record(subject, (case.filed_on,), case.number, own, case, self._village(village) if born_on else "")

    def _subject(self, kind: str, name: str, number_type: str, number: str) -> Subject | None:
        expected = KINDS.get(kind)
        if expected is None:
            raise LineError("PARTY_TYPE", f"The kind of party is unknown: write one of {'、'.join(KINDS)}.")
        if not number:
            return None
        if NUMBER_TYPES.get(number_type) is not expected:
            raise LineError("ID_TYPE", "The kind of number does not fit the party: 居民身份证 or 统一社会信用代码.")
        return self.context.subjects.read(expected, name, number)

    def _village(self, text: str) -> str:
        village = self._villages.get(text)
        if village is None:
            village = self._villages[text] = read_text(text, "VILLAGE", limit=VILLAGE_LENGTH)
        return village

    def _case(self, key: tuple[str, ...]) -> Case:
        case = self._known.get(key)
        if case is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            case = self._known[key] = self._read_case(*key)
        return case

    def _read_case(self, text: str, court: str, cause: str, filed: str, closed: str, private: str) -> Case:
        parsed = parse_case_number(text)
        filed_on, closed_on = parse_date(filed), parse_date(closed) if closed else None
        if closed_on and closed_on < filed_on:
            raise LineError("DATE", "The case was closed before it was filed: correct the dates.")
        return Case(
            parsed.number,
            self.context.court_named(court),
            parsed.year,
            parsed.type_characters,
            parsed.stage,
            read_text(cause, "CAUSE", required=True, limit=CAUSE_LENGTH),
            _confidentiality(cause, private),
            filed_on,
            closed_on,
        )

    async def merge(self, connection: AsyncConnection) -> Merged:
        new, debtors = (await connection.execute(ADD_PARTICIPATIONS)).one()
        return Merged(new, debtors or ())


def _confidentiality(cause: str, private: str) -> Confidentiality:
    """PRIVACY if the court says so, FAMILY or TRADE_SECRET by the cause, else OPEN (R16)."""
    if private not in CLOSED_TO_PUBLIC:
        raise LineError("CONFIDENTIALITY", "The column 不公开 holds neither 是 nor 否: write one, or leave it empty.")
    if CLOSED_TO_PUBLIC[private]:
        return Confidentiality.PRIVACY
    if any(word in cause for word in SECRET_WORDS):
        return Confidentiality.TRADE_SECRET
    return Confidentiality.FAMILY if any(word in cause for word in FAMILY_CAUSES) else Confidentiality.OPEN
