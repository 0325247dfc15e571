"""Cases and participations."""

from datetime import date

from demo.city.cast import DEMO_COURT
from demo.city.draft import Draft, Row
from models.catalogue import Stage
from models.colour import Span
from models.court_case import Confidentiality, CourtCase, Participation, Role

STAGES = {"财保": Stage.FILING, "执": Stage.ENFORCEMENT, "执恢": Stage.ENFORCEMENT, "执保": Stage.ENFORCEMENT}
"""The stage of a case by type characters. The default is TRIAL."""

CAUSES = (
    "民间借贷纠纷", "买卖合同纠纷", "金融借款合同纠纷", "承揽合同纠纷", "机动车交通事故责任纠纷", "劳动争议",
    "房屋租赁合同纠纷", "建设工程施工合同纠纷", "物业服务合同纠纷", "追索劳动报酬纠纷",
)  # fmt: skip
"""Usual causes of action (案由)."""

SECLUDED = (Confidentiality.PRIVACY, Confidentiality.STATE_SECRET)
"""Cases that must not leave the court (R16)."""

CONFIDENTIAL_CAUSES = {
    Confidentiality.FAMILY: ("离婚纠纷", "抚养费纠纷", "继承纠纷"),
    Confidentiality.TRADE_SECRET: ("侵害商业秘密纠纷",),
    Confidentiality.PRIVACY: ("隐私权纠纷", "个人信息保护纠纷"),
    Confidentiality.STATE_SECRET: ("涉密合同纠纷",),
}


DIVISIONS = {"民初": "民事审判庭", "刑初": "刑事审判庭", "财保": "立案庭", "执": "执行局", "司惩": "执行局"}
"""The division that has the cases of a type."""


def next_case_number(draft: Draft, year: int, court: str, characters: str) -> str:
    """The next case number of a court and type."""
    return f"({year}){court}{characters}{draft.serial(year, court, characters)}号"


def open_case(
    draft: Draft,
    court: str,
    characters: str,
    filed_on: date,
    closed_on: date | None = None,
    confidentiality: Confidentiality = Confidentiality.OPEN,
    cause: str | None = None,
) -> Row:
    """Create a case. It is open unless `closed_on` is given."""
    case = draft.add(
        CourtCase,
        number=next_case_number(draft, filed_on.year, court, characters),
        court_code=court,
        year=filed_on.year,
        type_characters=characters,
        stage=STAGES.get(characters, Stage.TRIAL),
        division=DIVISIONS.get(characters),
        cause=cause or draft.random.choice(CONFIDENTIAL_CAUSES.get(confidentiality, CAUSES)),
        confidentiality=confidentiality,
        filed_on=filed_on,
        closed_on=closed_on,
    )
    if confidentiality in SECLUDED:
        draft.secluded.add(case["id"])
    return case


def may_be_told(draft: Draft, row: Row) -> bool:
    """Whether an item concerns neither a minor nor a case that must not leave the court (R16)."""
    return row["party_id"] not in draft.minors and row.get("case_id") not in draft.secluded


def take_part(draft: Draft, case: Row, party: Row, role: Role, *, minor: bool = False) -> Row:
    """Create a participation. The first one that is public discloses the party (R16).

    minor: the party was under 18 when the case was filed, as in all its cases; others were of age.
    """
    if minor:
        draft.minors.add(party["id"])
    else:
        party["of_age_from"] = min(party["of_age_from"], case["filed_on"])
    party["disclosed"] = party["disclosed"] or (not minor and case["id"] not in draft.secluded)
    draft.assessed += case["court_code"] == DEMO_COURT
    if role is Role.JUDGMENT_DEBTOR and case["stage"] is Stage.ENFORCEMENT:
        draft.enforcements[party["id"]].append(Span(case["filed_on"], case["closed_on"]))
    return draft.add(Participation, case_id=case["id"], party_id=party["id"], name=party["name"], role=role)
