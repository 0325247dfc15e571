"""Months of the access log that were closed are opened again, for the next test."""

import sqlalchemy as sa
from emptying import empty_tables
from sqlalchemy.ext.asyncio import AsyncConnection

CLOSED = sa.text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'closed'")


async def reopen_months(connection: AsyncConnection) -> None:
    """Open all months."""
    await connection.run_sync(empty_tables, "access_log_closing")
    for partition in (await connection.scalars(CLOSED)).all():
        await connection.execute(sa.text(f"DROP TRIGGER closed ON {partition}"))
