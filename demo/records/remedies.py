"""Objections and repairs (R8-R10)."""

from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

from demo.city.draft import Draft, Row
from demo.city.register import pick_officer
from demo.records.codes import end_record, enter_record
from demo.records.deductions import enter_step, enter_version
from models.code_record import CloseReason
from models.court import StaffRole
from models.court_case import CourtCase
from models.deduction import DeductionStatus, DeductionStep
from models.objection import Objection, ObjectionOutcome
from models.repair import MINIMUM_MONTHS, Repair, RepairGround, RepairOutcome
from models.terms import add_months

STATEMENTS = (
    "送达地址变更已书面告知法院，不存在规避送达。",
    "义务已在期限届满前履行，请核对付款凭证。",
    "因住院未能到庭，已提交病历。",
)
OBJECTION_REASONS = {
    ObjectionOutcome.UPHELD_AS_PUBLISHED: "经复核，认定事实有庭审笔录佐证，维持原公布内容。",
    ObjectionOutcome.AMENDED: "经复核，行为成立但情节较轻，调整分值。",
    ObjectionOutcome.WITHDRAWN: "经复核，异议成立，撤销该项扣分。",
}
COMMITMENTS = {
    RepairGround.FULL_PERFORMANCE: "已全部履行生效法律文书确定的义务，承诺今后诚信诉讼。",
    RepairGround.SETTLEMENT_KEPT: "已达成执行和解并按期履行，承诺继续按约履行。",
    RepairGround.CO_OPERATION: "如实申报财产并配合处置，承诺滚动申报。",
    RepairGround.REMORSE: "具结悔过并消除影响，承诺不再发生。",
    RepairGround.RESTITUTION: "已纠正错误并退赔损失，承诺诚信诉讼。",
}
EVIDENCE = {RepairGround.FULL_PERFORMANCE: "履行款收据", RepairGround.SETTLEMENT_KEPT: "执行和解协议"}
REFUSAL = "申请人尚未履行主要义务，暂不符合修复条件。"
GRANTED = "经审查符合修复条件。"


def object_to(draft: Draft, deduction: Row, filed_on: date, outcome: ObjectionOutcome | None = None) -> Row:
    """Create an objection, open or decided within a month. The decision changes the deduction (R8)."""
    objection = draft.add(
        Objection,
        deduction_id=deduction["id"],
        statement=draft.cycle(STATEMENTS, Objection),
        filed_on=filed_on,
        due_on=add_months(filed_on, 1),
        outcome=outcome,
        reasons=OBJECTION_REASONS[outcome] if outcome else None,
        decided_at=draft.hour(draft.after(filed_on, 10, 25)) if outcome else None,
    )
    if outcome is ObjectionOutcome.AMENDED:
        deduction["version"] += 1
        deduction["points"] -= 1
        enter_version(draft, deduction, objection["decided_at"], OBJECTION_REASONS[outcome])
    elif outcome is ObjectionOutcome.WITHDRAWN:
        _end(draft, deduction, DeductionStatus.WITHDRAWN, objection)
    return objection


def _end(draft: Draft, deduction: Row, status: DeductionStatus, decision: Row) -> None:
    """End a published deduction and its records (R10)."""
    deduction["status"], deduction["ended_at"] = status, decision["decided_at"]
    taken = [row["sequence"] for row in draft.rows[DeductionStep] if row["deduction_id"] == deduction["id"]]
    panel = pick_officer(draft, _court(draft, deduction), StaffRole.PANEL)
    enter_step(draft, deduction, max(taken) + 1, status, (panel, StaffRole.PANEL), decision["decided_at"])
    reason = CloseReason.WITHDRAWN if status is DeductionStatus.WITHDRAWN else CloseReason.SHIELDED
    for record in _records(draft, deduction):
        end_record(record, decision["decided_at"].date(), reason)


def _court(draft: Draft, deduction: Row) -> str:
    return next(str(row["court_code"]) for row in draft.rows[CourtCase] if row["id"] == deduction["case_id"])


def _records(draft: Draft, deduction: Row) -> list[Row]:
    return [row for row in draft.records[deduction["party_id"]] if row.get("deduction_id") == deduction["id"]]


def find_repair_day(deduction: Row) -> date:
    """The first day on which a repair may be applied for (R9)."""
    return add_months(deduction["determined_on"], MINIMUM_MONTHS[deduction["tier"]])


def apply_for_repair(
    draft: Draft, deduction: Row, outcome: RepairOutcome | None = None, ground: RepairGround | None = None
) -> Row:
    """Create a repair of a published deduction, open or decided. A granted one changes the deduction (R9)."""
    window = (draft.today - find_repair_day(deduction)).days
    applied_on = draft.today - timedelta(min(window, draft.random.randint(25, 45) if outcome else 9))
    repair = _application(draft, deduction["party_id"], ground, applied_on)
    repair["deduction_id"] = deduction["id"]
    if outcome:
        _decide(draft, repair, outcome)
    if outcome is RepairOutcome.SHORTENED:
        _shorten(draft, deduction, repair)
    elif outcome is RepairOutcome.SHIELDED:
        _end(draft, deduction, DeductionStatus.SHIELDED, repair)
    return repair


def _application(draft: Draft, party_key: int, ground: RepairGround | None, applied_on: date) -> Row:
    ground = ground or draft.cycle(RepairGround, Repair)
    document = EVIDENCE.get(ground)
    return draft.add(
        Repair,
        party_id=party_key,
        ground=ground,
        commitment=COMMITMENTS[ground],
        amount_performed=Decimal(round(draft.random.lognormvariate(12.3, 1.5))),
        evidence_document=document,
        evidence_digest=sha256(document.encode()).digest() if document else None,
        applied_on=applied_on,
    )


def _decide(draft: Draft, repair: Row, outcome: RepairOutcome) -> None:
    repair["outcome"] = outcome
    repair["reasons"] = REFUSAL if outcome is RepairOutcome.REFUSED else GRANTED
    repair["decided_at"] = draft.hour(draft.after(repair["applied_on"], 8, 20))


def _shorten(draft: Draft, deduction: Row, repair: Row) -> None:
    """Halve the remaining term."""
    repair["new_end"] = draft.today + (deduction["expires_on"] - draft.today) // 2 + timedelta(1)
    deduction["expires_on"] = repair["new_end"]
    deduction["version"] += 1
    enter_version(draft, deduction, repair["decided_at"], "信用修复，缩短公示期。")
    for record in _records(draft, deduction):
        record["ends_on"] = min(record["ends_on"], repair["new_end"])


def refuse_repair(draft: Draft, record: Row) -> None:
    """Create a refused application for repair of a code record."""
    _decide(draft, request_repair(draft, record, 25), RepairOutcome.REFUSED)


def request_repair(draft: Draft, record: Row, days_ago: int = 6) -> Row:
    """Create an open application for repair of a code record."""
    repair = _application(draft, record["party_id"], None, max(record["effective_on"], draft.ago(days_ago, days_ago)))
    repair["code_record_id"] = record["id"]
    return repair


def turn_blue(draft: Draft, record: Row, since: date) -> tuple[Row, Row]:
    """Create a granted repair of a yellow record, and the blue record that covers it until its end."""
    repair = _application(draft, record["party_id"], None, since - timedelta(draft.random.randint(8, 20)))
    repair |= {
        "code_record_id": record["id"],
        "outcome": RepairOutcome.SHORTENED,
        "new_end": add_months(draft.today, draft.random.randint(2, 9)),
        "reasons": GRANTED,
        "decided_at": draft.hour(since),
    }
    if record["ends_on"]:
        repair["new_end"] = min(repair["new_end"], record["ends_on"])
    record["ends_on"] = repair["new_end"]
    covered = {"case_id": record["case_id"], "repaired_id": record["id"], "repaired_colour": record["colour"]}
    ends_on = record["ends_on"]
    return repair, enter_record(
        draft, record["party_id"], "B01", record["court_code"], since, ends_on=ends_on, **covered
    )
