"""The judge's desk: divisions of the demo court with marked cases, the votes of its panel, and performances."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal

from demo.city import cast
from demo.city.cast import DEMO_COURT
from demo.city.draft import Draft, Row
from models.case_mark import CaseMark, CaseTransfer
from models.catalogue import Colour
from models.court import Division, Staff, StaffRole
from models.court_case import CourtCase, Participation
from models.deduction import DeductionStatus, DeductionStep
from models.listing import Listing
from models.objection import Objection, ObjectionOutcome, Reexamination, ReexaminingPart
from models.panel import PanelRule, PanelVote
from models.record_step import RecordStep
from models.repair_performance import RepairPerformance
from models.terms import COURT_TIME, add_months

TRIAL, ENFORCEMENT = "民事审判第一庭", "执行局"
MARKS = (
    (cast.SUSPECT, Colour.YELLOW, TRIAL, "涉嫌虚假诉讼，请注意核实借贷事实。"),
    (cast.FORGE, Colour.RED, ENFORCEMENT, "曾因伪造证据被罚款，请注意审查证据。"),
)
"""The litigants whose newest case is marked: who, colour, the division to which the case goes, why."""


def add_desk(draft: Draft, parties: Mapping[str, Row]) -> None:
    """Create the divisions, and mark and transfer the newest case of two of the cast."""
    divisions = _add_divisions(draft)
    for subject, colour, division, reason in MARKS:
        _mark(draft, parties[subject.key], colour, divisions[DEMO_COURT, division], reason)
    _set_quorum(draft)
    _vote(draft)
    _reexamine(draft)
    _contest(draft, parties[cast.LIN.key])
    _perform(draft, parties[cast.LIN.key])


def _add_divisions(draft: Draft) -> dict[tuple[str, str], Row]:
    """Create the divisions that cases name, and those of the demo court."""
    named = {(case["court_code"], case["division"]) for case in draft.rows[CourtCase] if case["division"]}
    wanted = sorted(named | {(DEMO_COURT, name) for name in ("立案庭", TRIAL, ENFORCEMENT)})
    return {(court, name): draft.add(Division, court_code=court, name=name) for court, name in wanted}


def _mark(draft: Draft, party: Row, colour: Colour, division: Row, reason: str) -> None:
    case = _find_newest_case(draft, party)
    staff = _find_officer(draft, StaffRole.JUDGE)
    by = {"court_code": DEMO_COURT, "case_id": case["id"], "staff_id": staff["id"], "staff_role": StaffRole.JUDGE}
    at = datetime.combine(draft.today - timedelta(10), time(9), COURT_TIME)
    draft.add(CaseMark, **by, party_id=party["id"], colour=colour, marked_at=at, reason=reason)
    draft.add(CaseTransfer, **by, target_id=division["id"], taken_at=at + timedelta(hours=1), reason="移送审理。")
    case["division"] = division["name"]


def _find_newest_case(draft: Draft, party: Row) -> Row:
    theirs = {part["case_id"] for part in draft.rows[Participation] if part["party_id"] == party["id"]}
    return max((case for case in draft.rows[CourtCase] if case["id"] in theirs), key=lambda case: case["filed_on"])


def _find_officer(draft: Draft, role: StaffRole) -> Row:
    return next(row for row in draft.rows[Staff] if (row["court_code"], row["role"]) == (DEMO_COURT, role))


def _set_quorum(draft: Draft) -> None:
    president = _find_officer(draft, StaffRole.PRESIDENT)
    by = {"staff_id": president["id"], "staff_role": StaffRole.PRESIDENT, "reason": "院长办公会决定。"}
    at = datetime.combine(draft.today - timedelta(1000), time(9), COURT_TIME)
    draft.add(PanelRule, court_code=DEMO_COURT, quorum=1, set_at=at, **by)


def _reexamine(draft: Draft) -> None:
    """Create what the Centre says to the open objections, and to half of them a chief."""
    reasons = {StaffRole.CENTRE: "经核对案卷，认定事实清楚。", StaffRole.CHIEF: "建议减轻扣分。"}
    parts = {StaffRole.CENTRE: ReexaminingPart.CENTRE, StaffRole.CHIEF: ReexaminingPart.DIVISION}
    opinions = {StaffRole.CENTRE: ObjectionOutcome.UPHELD_AS_PUBLISHED, StaffRole.CHIEF: ObjectionOutcome.AMENDED}
    at = datetime.combine(draft.today - timedelta(2), time(10), COURT_TIME)
    for place, objection in enumerate(row for row in draft.rows[Objection] if row["outcome"] is None):
        for role in (StaffRole.CENTRE, StaffRole.CHIEF)[: 1 + place % 2]:
            given = {"part": parts[role], "opinion": opinions[role], "reason": reasons[role]}
            by = {"staff_id": _find_officer(draft, role)["id"], "staff_role": role}
            draft.add(Reexamination, objection_id=objection["id"], **given, **by, taken_at=at)


def _vote(draft: Draft) -> None:
    """Create the vote by which each item was decided: one, by the quorum of the demo court."""
    decided = {DeductionStatus.PANEL_APPROVED: True, DeductionStatus.PANEL_REJECTED: False}
    voted: set[int] = set()
    for step in draft.rows[DeductionStep]:
        if step["status"] in decided and step["staff_role"] is StaffRole.PANEL and step["deduction_id"] not in voted:
            voted.add(step["deduction_id"])
            vote = {name: step[name] for name in ("deduction_id", "staff_id", "reason")}
            draft.add(PanelVote, **vote, approved=decided[step["status"]], voted_at=step["taken_at"])


def _contest(draft: Draft, party: Row) -> None:
    """Create an objection of a party to its list entry, on the day of the city."""
    entry = next(row for row in draft.rows[Listing] if row["party_id"] == party["id"])
    day = draft.today - timedelta(1)
    told = {"statement": "案款已经全部履行，请求撤销该名单信息。", "filed_on": day, "due_on": add_months(day, 1)}
    draft.add(Objection, listing_id=entry["id"], outcome=None, **told)


def _perform(draft: Draft, party: Row) -> None:
    """Create two payments since a party's repair."""
    blue = next(row for row in draft.records[party["id"]] if row["colour"] is Colour.BLUE)
    centre = _find_officer(draft, StaffRole.CENTRE)
    of = {"court_code": DEMO_COURT, "party_id": party["id"]}
    by = of | {"staff_id": centre["id"], "staff_role": StaffRole.CENTRE, "reason": "凭收款收据登记。"}
    for age, amount in ((40, Decimal("60000.00")), (12, Decimal("45500.50"))):
        day = draft.today - timedelta(age)
        receipt = {"amount": amount, "performed_on": day, "document": f"收款收据第{day:%Y%m%d}号"}
        paid = draft.add(RepairPerformance, code_record_id=blue["id"], **of, **receipt)
        at = datetime.combine(day, time(15), COURT_TIME)
        draft.add(RecordStep, **by, taken_at=at, repair_performance_id=paid["id"])
