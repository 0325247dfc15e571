"""Steps with sanctions, certificates, listings, code records, notices and settlements."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.procedure import Act, require_reason
from models.record_step import RecordStep


async def keep_step(connection: AsyncConnection, party_key: int, act: Act, **matter: int) -> None:
    """Record a step. matter: the column of the row it was taken with. Raises Refusal REASON_REQUIRED."""
    values = {
        "court_code": act.officer.court_code,
        "party_id": party_key,
        "staff_id": act.officer.key,
        "staff_role": act.officer.role,
        "taken_at": act.at,
        "reason": require_reason(act.reason),
    }
    await connection.execute(sa.insert(RecordStep).values(values | matter))
