"""Monthly partitions of the access log, created in advance, and its index after a restore."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import find_default_partitions, restart_elsewhere
from casework.transaction import get_write_engine
from jobs.loop import repeat

MONTHS_AHEAD = 2
AN_HOUR = 60 * 60.0
ENSURE = sa.text("SELECT ensure_access_log_partition(CAST(:day AS date))")
FAILED = "the access log could not be looked after"
DEFAULT = "the access log gets no new partitions while it has a default one, %s: docs/operations.md says how it ends"
CLOSE = sa.text("SELECT close_access_log_months(CAST(:day AS date))")
CLOSED = "the access log is closed for %s"
LATER = "the partitions of the access log for %s could not be made, and are made within the hour: %s"
log = logging.getLogger("suxin.server")


async def ensure_access_log(engine: AsyncEngine, moment: datetime) -> None:
    """Create the partitions of this month and the next ones: without one no request is answered (R19).

    After a restore, empty the index by subject, which is then built anew. Raises SQLAlchemyError if this month has no
    partition and gets none; those of the next months have time.
    """
    async with get_write_engine(engine).begin() as connection:
        if await restart_elsewhere(connection):
            log.warning("the database was restored: the index of the access log is written anew")
        if found := await find_default_partitions(connection):
            log.error(DEFAULT, ", ".join(found))
            return
        this, *others = list_months(moment.date())
        await connection.execute(ENSURE, {"day": this})
    for day in others:
        try:
            async with get_write_engine(engine).begin() as connection:
                await connection.execute(ENSURE, {"day": day})
        except SQLAlchemyError as error:
            log.warning(LATER, f"{day:%Y-%m}", type(error).__name__)


async def close_months(engine: AsyncEngine, moment: datetime) -> None:
    """Close the months that ended at least 31 days ago: nothing is inserted into them any more, so that the tail of the
    log is looked for in the open ones only. Raises SQLAlchemyError if somebody holds a lock on one."""
    async with get_write_engine(engine).begin() as connection:
        closed = list((await connection.scalars(CLOSE, {"day": moment.date()})).all())
    if closed:
        log.info(CLOSED, ", ".join(closed))


def list_months(day: date) -> Iterator[date]:
    """Yield a day of the month of `day`, and one of each of the next months."""
    first = day.replace(day=1)
    for _ in range(1 + MONTHS_AHEAD):
        yield first
        first = (first + timedelta(days=31)).replace(day=1)


async def keep_access_log(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Look after the access log every hour, until cancelled."""

    async def look_after() -> None:
        await ensure_access_log(engine, now())
        await close_months(engine, now())

    await asyncio.sleep(AN_HOUR)
    await repeat(look_after, log.error, FAILED, AN_HOUR)
