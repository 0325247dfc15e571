"""Readings of names in pinyin: made for names that have none, and compared with the names."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.transaction import get_write_engine
from models.name_reading import NameReading, read_name

WINDOW = 5_000
"""Parties and names that one sweep looks at."""

UNREAD = sa.text(
    "SELECT folded FROM (SELECT folded FROM party WHERE id > :after AND id <= :after + :window"
    " UNION SELECT folded FROM party_name WHERE id > :after AND id <= :after + :window) AS named"
    " WHERE NOT EXISTS (SELECT FROM name_reading AS r WHERE r.folded = named.folded)"
)
LAST = sa.text("SELECT greatest((SELECT max(id) FROM party), (SELECT max(id) FROM party_name), 0)")


async def read_names(connection: AsyncConnection, after: int, window: int = WINDOW) -> int:
    """Make the readings of names whose key follows `after`. Return the `after` of the next sweep: 0 at the end."""
    unread = list((await connection.execute(UNREAD, {"after": after, "window": window})).scalars())
    await _insert(connection, unread)
    last: int = (await connection.execute(LAST)).scalar_one()
    return after + window if after + window < last else 0


async def read_all_names(engine: AsyncEngine) -> None:
    """Make all readings that are missing."""
    async with get_write_engine(engine).begin() as connection:
        await sweep_names(connection)


async def sweep_names(connection: AsyncConnection) -> None:
    """Make all readings that are missing, in the caller's transaction."""
    after = await read_names(connection, 0)
    while after:
        after = await read_names(connection, after)


async def _insert(connection: AsyncConnection, names: Sequence[str]) -> None:
    if names:
        rows = [dict(zip(("folded", "pinyin", "initials"), (name, *read_name(name)), strict=True)) for name in names]
        await connection.execute(insert(NameReading).on_conflict_do_nothing(), rows)


async def find_wrong_readings(connection: AsyncConnection) -> list[str]:
    """Return the names whose reading is another than the function gives. There must be none; missing ones wait for the
    worker. Reads whole tables."""
    rows = await connection.execute(sa.select(NameReading.folded, NameReading.pinyin, NameReading.initials))
    return sorted(row.folded for row in rows if (row.pinyin, row.initials) != read_name(row.folded))
