"""Deductions with the steps of the procedure (R1-R7)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from casework.terms import compute_publicity_end, compute_record_end, find_recorded_type
from demo.city.docket import Docket, find_batch, plan_docket
from demo.city.draft import Draft, Row
from demo.city.register import pick_officer
from demo.records.codes import enter_record, punish, redden
from models.catalogue import Stage, Tier
from models.court import StaffRole
from models.court_case import Role
from models.deduction import (
    GRAVE_FINDINGS,
    Deduction,
    DeductionStatus,
    DeductionStep,
    DeductionVersion,
    FindingKind,
)
from models.sanction import SanctionKind

SANCTIONS = (SanctionKind.FINE, SanctionKind.DETENTION, SanctionKind.CONVICTION)
GRAVE = dict(zip(GRAVE_FINDINGS, SANCTIONS, strict=True))
"""Findings that are sanctions and create red records (R12)."""

DOCUMENTS = {
    FindingKind.COURT_RECORD: "笔录",
    FindingKind.RULING: "民事裁定书",
    FindingKind.JUDGMENT: "民事判决书",
    FindingKind.ADMONITION: "训诫笔录",
}
PEOPLE = {"proposed": "proposed_by", "reviewed": "reviewed_by", "decided": "decided_by"}
TIMES = {"proposed": "proposed_at", "published": "published_at"}
"""Columns of a deduction for people and times of its steps."""

REASONS = {
    DeductionStatus.PROPOSED: "承办法官依据生效文书及庭审记录提出扣分建议。",
    DeductionStatus.CHIEF_APPROVED: "庭长审核：事实清楚，分值适当。",
    DeductionStatus.CHIEF_RETURNED: "庭长退回：认定事实的材料不足，请补充。",
    DeductionStatus.IN_BATCH: "诉讼信用管理中心汇总入批。",
    DeductionStatus.PANEL_APPROVED: "评审小组逐项评审通过。",
    DeductionStatus.PANEL_REJECTED: "评审小组不予通过：情节轻微且已当庭改正。",
    DeductionStatus.PUBLISHED: "按月公布。",
    DeductionStatus.WITHDRAWN: "异议成立，撤销扣分。",
    DeductionStatus.SHIELDED: "信用修复，屏蔽记录。",
}


@dataclass(frozen=True)
class Charge:
    """A behaviour, the kind of finding, and the points."""

    behaviour: str
    finding: FindingKind
    points: int


@dataclass(frozen=True)
class Progress:
    """The last status, and the age of the batch in months."""

    reach: DeductionStatus
    age: int


def _path(reach: DeductionStatus) -> list[tuple[DeductionStatus, StaffRole, str]]:
    """The steps up to `reach`: status, role, and the attribute of the docket with the day."""
    review = reach if reach is DeductionStatus.CHIEF_RETURNED else DeductionStatus.CHIEF_APPROVED
    decision = reach if reach is DeductionStatus.PANEL_REJECTED else DeductionStatus.PANEL_APPROVED
    path = [
        (DeductionStatus.PROPOSED, StaffRole.JUDGE, "proposed"),
        (review, StaffRole.CHIEF, "reviewed"),
        (DeductionStatus.IN_BATCH, StaffRole.CENTRE, "collected"),
        (decision, StaffRole.PANEL, "decided"),
        (DeductionStatus.PUBLISHED, StaffRole.CENTRE, "published"),
    ]
    return path[: [status for status, _, _ in path].index(reach) + 1]


def deduct(draft: Draft, party: Row, case: Row, role: Role, charge: Charge, progress: Progress) -> Row:
    """Create a deduction with its steps, first version, sanction and record."""
    behaviour = draft.found.behaviours[charge.behaviour]
    proposed = plan_docket(draft.today, progress.age).proposed
    conduct = max(case["filed_on"], proposed - timedelta(draft.random.randint(12, 60)))
    sanction = _sanction(draft, party, case, charge, conduct)
    deduction = draft.add(
        Deduction,
        case_id=case["id"],
        party_id=party["id"],
        role=role,
        behaviour_id=behaviour["id"],
        stage=behaviour["stage"],
        tier=behaviour["tier"],
        points=charge.points,
        status=progress.reach,
        version=1,
        conduct_on=conduct,
        finding_kind=charge.finding,
        finding_document=_document(case, charge, sanction),
        batch_id=None,
    )
    _proceed(draft, deduction, case["court_code"], progress)
    _first_version(draft, deduction)
    _colour(draft, party, case, deduction, sanction)
    return deduction


def _sanction(draft: Draft, party: Row, case: Row, charge: Charge, conduct: date) -> Row | None:
    kind = GRAVE.get(charge.finding)
    if charge.finding is FindingKind.ADMONITION:
        kind = SanctionKind.ADMONITION
    return punish(draft, party, kind, charge.behaviour, case, conduct + timedelta(5)) if kind else None


def _document(case: Row, charge: Charge, sanction: Row | None) -> str:
    grave = sanction and charge.finding in GRAVE
    return str(sanction["decision_number"]) if grave and sanction else case["number"] + DOCUMENTS[charge.finding]


def _proceed(draft: Draft, deduction: Row, court: str, progress: Progress) -> None:
    """Create the steps, and set their people and times."""
    days = plan_docket(draft.today, progress.age)
    for sequence, (status, role, day) in enumerate(_path(progress.reach), start=1):
        staff = pick_officer(draft, court, role)
        at = draft.hour(getattr(days, day))
        if status in (DeductionStatus.IN_BATCH, DeductionStatus.PUBLISHED):
            batch = find_batch(draft, court, progress.age)
            deduction["batch_id"] = batch["id"]
            at = batch["published_at"] if status is DeductionStatus.PUBLISHED else at
        deduction |= {names[day]: value for names, value in ((PEOPLE, staff), (TIMES, at)) if day in names}
        enter_step(draft, deduction, sequence, status, (staff, role), at)
        if status is DeductionStatus.PANEL_APPROVED:
            _determine(draft, deduction, days)


def _determine(draft: Draft, deduction: Row, days: Docket) -> None:
    """The decision of the panel starts the term, and the subject is notified (R4, R6)."""
    deduction["determined_on"] = days.decided
    if days.decided and days.notified:
        tier, finding = Tier(deduction["tier"]), FindingKind(deduction["finding_kind"])
        deduction["expires_on"] = compute_publicity_end(tier, finding, days.decided)
        deduction["notified_at"] = draft.hour(days.notified)


def enter_step(
    draft: Draft,
    deduction: Row,
    sequence: int,
    status: DeductionStatus,
    officer: tuple[int, StaffRole],
    taken_at: datetime,
) -> None:
    """Create a step (R4)."""
    draft.add(
        DeductionStep,
        deduction_id=deduction["id"],
        sequence=sequence,
        status=status,
        staff_id=officer[0],
        staff_role=officer[1],
        taken_at=taken_at,
        reason=REASONS[status],
    )


def _first_version(draft: Draft, deduction: Row) -> None:
    determined = deduction.get("determined_on")
    recorded = draft.hour(determined) if determined else deduction["proposed_at"]
    enter_version(draft, deduction, recorded, REASONS[DeductionStatus.PROPOSED])


def enter_version(draft: Draft, deduction: Row, recorded_at: datetime, reason: str) -> None:
    """Create a version with the present content (R5)."""
    draft.add(
        DeductionVersion,
        deduction_id=deduction["id"],
        version=deduction["version"],
        behaviour_id=deduction["behaviour_id"],
        points=deduction["points"],
        expires_on=deduction.get("expires_on"),
        recorded_at=recorded_at,
        reason=reason,
    )


def _colour(draft: Draft, party: Row, case: Row, deduction: Row, sanction: Row | None) -> None:
    """Create the record: red by a sanction, or the yellow type of the behaviour after publication."""
    codes = {entry["id"]: entry["code_type"] for entry in draft.found.behaviours.values()}
    code = codes[deduction["behaviour_id"]]
    if sanction and sanction["kind"] in GRAVE.values():
        redden(draft, party, sanction, Stage(deduction["stage"]))
    elif deduction["status"] is DeductionStatus.PUBLISHED and (
        code := find_recorded_type(deduction["finding_kind"], code)
    ):
        term = draft.found.code_types[code]["term_months"]
        ends_on = compute_record_end(term, deduction["determined_on"], deduction["expires_on"])
        published_on, source = (
            deduction["published_at"].date(),
            {"case_id": case["id"], "deduction_id": deduction["id"]},
        )
        enter_record(draft, party["id"], code, case["court_code"], published_on, ends_on=ends_on, **source)
