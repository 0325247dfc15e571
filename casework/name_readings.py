"""Readings of names in pinyin: made for names that have none, and compared with the names."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.sweep import WITHIN, Sweep
from casework.transaction import get_write_engine
from models.name_reading import NameReading, read_name

WINDOW = 5_000
"""New parties, and new names of parties, that one turn looks at."""

TABLES = ("party", "party_name")
"""The tables with names. A party that is renamed has a new row in the second one."""

UNREAD = (
    "SELECT folded FROM {table} AS t WHERE {within}"
    " AND (SELECT true FROM name_reading AS r WHERE r.folded = t.folded) IS NULL"
)
"""Searches the index for each name: NOT EXISTS is planned as a join with all readings."""

LAST = "SELECT coalesce(max(id), 0) FROM {table}"


def start_sweeps(seen: int = 0) -> dict[str, Sweep]:
    """Return a sweep for each table. seen: as of `Sweep`."""
    return {table: Sweep(WINDOW, seen) for table in TABLES}


async def read_names(connection: AsyncConnection, sweeps: Mapping[str, Sweep]) -> bool:
    """Make the readings of names that have none, among the next rows of each table. Return whether all were seen."""
    ended = [await _read_some(connection, table, sweep) for table, sweep in sweeps.items()]
    return all(ended)


async def _read_some(connection: AsyncConnection, table: str, sweep: Sweep) -> bool:
    last: int = (await connection.execute(sa.text(LAST.format(table=table)))).scalar_one()
    unread = sa.text(UNREAD.format(table=table, within=WITHIN))
    names = set((await connection.execute(unread, sweep.take_turn(last))).scalars())
    await _insert(connection, names)
    sweep.found = bool(names)
    return sweep.seen >= last


async def read_all_names(engine: AsyncEngine) -> None:
    """Make all readings that are missing."""
    async with get_write_engine(engine).begin() as connection:
        await sweep_names(connection)


async def sweep_names(connection: AsyncConnection) -> None:
    """Make all readings that are missing, in the caller's transaction."""
    sweeps = start_sweeps()
    while not await read_names(connection, sweeps):
        pass


async def _insert(connection: AsyncConnection, names: Collection[str]) -> None:
    if names:
        rows = [dict(zip(("folded", "pinyin", "initials"), (name, *read_name(name)), strict=True)) for name in names]
        await connection.execute(insert(NameReading).on_conflict_do_nothing(), rows)


async def find_wrong_readings(connection: AsyncConnection) -> list[str]:
    """Return the names whose reading is another than the function gives. There must be none; missing ones wait for the
    worker. Reads whole tables."""
    rows = await connection.execute(sa.select(NameReading.folded, NameReading.pinyin, NameReading.initials))
    return sorted(row.folded for row in rows if (row.pinyin, row.initials) != read_name(row.folded))
