"""Objections and repairs: what subjects ask for, and what the panel answers (R8, R9, R11)."""

from datetime import date
from decimal import Decimal
from typing import Any

from casework import blue, objections, repairs
from casework.objections import Answer
from casework.refusal import Refusal
from casework.repairs import Application, Decision, Evidence
from models.code_record import CodeRecord
from models.deduction import Deduction
from models.objection import Objection, ObjectionOutcome
from models.repair import Repair, RepairGround, RepairOutcome
from resolvers.mutations.acting import Acting


async def file_objection(acting: Acting, *, deduction_id: str, statement: str) -> int:
    """A subject objects to an item of its own."""
    key, party = acting.key(deduction_id, Deduction, "deductionId"), await acting.own_party()
    return await objections.file_objection(acting.connection, party, key, statement, acting.caller.now)


async def answer_objection(
    acting: Acting, *, id: str, outcome: ObjectionOutcome, points: int | None, reason: str
) -> int:
    """The panel answers."""
    key = acting.key(id, Objection)
    await objections.answer(acting.connection, key, Answer(outcome, points), acting.act(reason))
    return key


async def apply_for_repair(
    acting: Acting,
    *,
    deduction_id: str | None,
    code_record_id: str | None,
    ground: RepairGround,
    commitment: str,
    amount_performed: Decimal,
    evidence: dict[str, Any] | None,
) -> int:
    """A subject applies for repair of an item, or of a yellow record, of its own."""
    shown, now = Evidence(**evidence) if evidence else None, acting.caller.now
    application = Application(ground, commitment, amount_performed, shown)
    connection, party = acting.connection, await acting.own_party()
    if deduction_id is not None and code_record_id is None:
        key = acting.key(deduction_id, Deduction, "deductionId")
        return await repairs.apply(connection, party, key, application, now)
    if code_record_id is not None and deduction_id is None:
        key = acting.key(code_record_id, CodeRecord, "codeRecordId")
        return await blue.apply_for_record(connection, party, key, application, now)
    raise Refusal("BAD_ID", "An application is for one item, or for one record.", "Send one of the two ids.")


async def decide_repair(acting: Acting, *, id: str, outcome: RepairOutcome, new_end: date | None, reason: str) -> int:
    """The panel decides on an application."""
    key = acting.key(id, Repair)
    await blue.decide(acting.connection, key, Decision(outcome, new_end), acting.act(reason))
    return key


async def end_repair(acting: Acting, *, code_record_id: str, performed: bool, reason: str) -> int:
    """The Centre ends a repair in enforcement."""
    key = acting.key(code_record_id, CodeRecord, "codeRecordId")
    await blue.end_repair(acting.connection, key, performed, acting.act(reason))
    return key
