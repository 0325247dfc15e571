"""Update from which day parties are known to be of age (R16)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import find_items, find_visible, follow
from models.code_record import CodeRecord
from models.party import Party


async def lower_ages(connection: AsyncConnection, rows: sa.Table, at: datetime, silent: bool) -> None:
    """Set an earlier day for the parties of staged lines, with the consequences.

    It runs with the recording lock, since it changes colours.
    """
    lower = _lower(rows)
    with_records = sa.exists().where(CodeRecord.party_id == lower.c.id)
    known = (await connection.execute(sa.select(lower.c.id).where(with_records))).scalars().all()
    items = await find_items(connection, known)
    before = await find_visible(connection, items, at)
    update = sa.update(Party).values(of_age_from=lower.c.day).where(Party.id == lower.c.id)
    await connection.execute(update.execution_options(synchronize_session=False))
    if known:
        await follow(connection, items, before, at, silent=silent, amended=False)


def _lower(rows: sa.Table) -> sa.CTE:
    staged = rows.c
    established = (
        sa.select(staged.party_id, sa.func.min(staged.of_age_from).label("day"))
        .where(staged.party_id.is_not(None))
        .group_by(staged.party_id)
        .subquery("established")
    )
    return (
        sa.select(Party.id, established.c.day)
        .join(established, established.c.party_id == Party.id)
        .where(established.c.day < Party.of_age_from)
        .order_by(Party.id)
        .with_for_update(of=Party, key_share=True)
        .cte("lower")
    )
