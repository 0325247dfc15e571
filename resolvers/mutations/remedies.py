"""Applications for repair (R9, R11)."""

from decimal import Decimal
from typing import Any

from casework import record_repairs, repairs
from casework.refusal import Refusal
from casework.repairs import Application, Evidence
from models.repair import RepairGround
from resolvers.mutations.acting import Acting


async def apply_for_repair(
    acting: Acting,
    *,
    deduction_id: int | None,
    code_record_id: int | None,
    ground: RepairGround,
    commitment: str,
    amount_performed: Decimal,
    evidence: dict[str, Any] | None,
) -> int:
    """Apply for repair of a deduction or a yellow record of the authenticated subject."""
    shown, now = Evidence(**evidence) if evidence else None, acting.caller.now
    application = Application(ground, commitment, amount_performed, shown)
    connection, party = acting.connection, await acting.find_own_party()
    if deduction_id is not None and code_record_id is None:
        return await repairs.apply(connection, party, deduction_id, application, now)
    if code_record_id is not None and deduction_id is None:
        return await record_repairs.apply_for_record(connection, party, code_record_id, application, now)
    raise Refusal("BAD_ID", "An application is for one item, or for one record.", "Send one of the two ids.")
