"""The editions of a deduction's content: each kept as it became effective, none ever changed (R5)."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.procedure import Act, require_reason
from models.deduction import Deduction, DeductionVersion

COLUMNS = ["deduction_id", "version", "behaviour_id", "points", "expires_on", "recorded_at", "reason"]


async def keep_version(connection: AsyncConnection, key: int, act: Act) -> None:
    """Write down what a deduction holds now as its newest edition."""
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
