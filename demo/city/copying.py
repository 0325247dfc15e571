"""Copy the draft into the database, and compute colours."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.colour import recolour
from demo.city.draft import Draft, Row
from models.access_answer import AccessAnswer
from models.base import Base
from models.party import Party

Progress = Callable[[str, int, int], None]
"""Called with a name, the work done, and the total."""

COLOURED_AT_ONCE = 2000


async def copy(connection: AsyncConnection, draft: Draft, progress: Progress) -> None:
    """Copy all rows, parents before children, and move each key sequence past the keys that were used."""
    await _make_partitions(connection, draft.rows[AccessAnswer])
    driver: Any = (await connection.get_raw_connection()).driver_connection
    order = {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}
    models = sorted(draft.rows, key=lambda model: order[model.__tablename__])
    for done, model in enumerate(models):
        progress("copy", done, len(models))
        await _copy_table(driver, model, draft.rows[model])
        if model in draft.found.last_keys:
            await _advance(connection, model, draft.found.last_keys[model] + len(draft.rows[model]))
    progress("copy", len(models), len(models))


async def _make_partitions(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    statement = sa.text("SELECT ensure_access_log_partition(:day)")
    for month in sorted({row["at"].date().replace(day=1) for row in rows}):
        await connection.execute(statement, {"day": month})


async def _copy_table(driver: Any, model: type[Base], rows: Sequence[Row]) -> None:
    """COPY the rows. Columns without values get their defaults."""
    if not rows:
        return
    given = {name for row in rows for name in row}
    if strange := given - {column.name for column in model.__table__.columns}:
        raise ValueError(f"{model.__tablename__} has no {sorted(strange)}.")
    known = sorted(given)
    records = ([row.get(name) for name in known] for row in rows)
    await driver.copy_records_to_table(model.__tablename__, records=records, columns=known)


async def _advance(connection: AsyncConnection, model: type[Base], last_key: int) -> None:
    statement = sa.text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
    if last_key:
        await connection.execute(statement, {"name": model.__tablename__, "last": last_key})


async def colour(connection: AsyncConnection, draft: Draft, progress: Progress) -> None:
    """Write the colour periods of every party."""
    keys = [row["id"] for row in draft.rows[Party]]
    for start in range(0, len(keys), COLOURED_AT_ONCE):
        progress("colour", start, len(keys))
        await recolour(connection, keys[start : start + COLOURED_AT_ONCE])
    progress("colour", len(keys), len(keys))
