"""Versions of a deduction's content, kept as they take effect (R5)."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.procedure import Act, require_reason
from models.deduction import Deduction, DeductionVersion

COLUMNS = ["deduction_id", "version", "behaviour_id", "points", "expires_on", "recorded_at", "reason"]


async def keep_version(connection: AsyncConnection, key: int, act: Act) -> None:
    """Insert the present content of a deduction as its newest version."""
    content = sa.select(
        Deduction.id,
        Deduction.version,
        Deduction.behaviour_id,
        Deduction.points,
        Deduction.expires_on,
        sa.literal(act.at, sa.DateTime(timezone=True)),
        sa.literal(require_reason(act.reason), sa.Text),
    ).where(Deduction.id == key)
    await connection.execute(sa.insert(DeductionVersion).from_select(COLUMNS, content))
