"""Who took a step with a sanction, a certificate, a list entry, a code record or a notice, when and why."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.procedure import Act, require_reason
from models.record_step import RecordStep


async def keep_step(connection: AsyncConnection, party_key: int, act: Act, **matter: int) -> None:
    """Write a step down. `matter`: the one column that says what it was taken with. Raises Refusal REASON_REQUIRED."""
    values = {
        "court_code": act.officer.court_code,
        "party_id": party_key,
        "staff_id": act.officer.key,
        "staff_role": act.officer.role,
        "taken_at": act.at,
        "reason": require_reason(act.reason),
    }
    await connection.execute(sa.insert(RecordStep).values(values | matter))
