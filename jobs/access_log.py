"""Monthly partitions of the access log, created in advance, and its index after a restore."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import restart_elsewhere
from jobs.loop import repeat

PARTITIONS_AHEAD = timedelta(days=62)
AN_HOUR = 60 * 60.0
FAILED = "the access log could not be looked after"
log = logging.getLogger("suxin.server")


async def ensure_access_log(engine: AsyncEngine, moment: datetime) -> None:
    """Create the partitions of this month and the next ones: without one no request is answered (R19).

    After a restore, empty the index by subject, which is then built anew.
    """
    ensure = sa.text("SELECT ensure_access_log_partition(CAST(:day AS date))")
    async with engine.begin() as connection:
        for day in (moment, moment + PARTITIONS_AHEAD / 2, moment + PARTITIONS_AHEAD):
            await connection.execute(ensure, {"day": day.date()})
        if await restart_elsewhere(connection):
            log.warning("the database was restored: the index of the access log is written anew")


async def keep_access_log(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Look after the access log every hour, until cancelled."""
    await asyncio.sleep(AN_HOUR)
    await repeat(lambda: ensure_access_log(engine, now()), log.error, FAILED, AN_HOUR)
