"""Monthly partitions of the access log, created in advance."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from jobs.loop import repeat

PARTITIONS_AHEAD = timedelta(days=62)
AN_HOUR = 60 * 60.0
FAILED = "the access log's partitions could not be looked after"
log = logging.getLogger("suxin.server")


async def ensure_partitions(engine: AsyncEngine, moment: datetime) -> None:
    """Create the partitions of this month and the next ones: without one no request is answered (R19)."""
    ensure = sa.text("SELECT ensure_access_record_partition(CAST(:day AS date))")
    async with engine.begin() as connection:
        for day in (moment, moment + PARTITIONS_AHEAD / 2, moment + PARTITIONS_AHEAD):
            await connection.execute(ensure, {"day": day.date()})


async def keep_partitions(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Create partitions every hour, until cancelled."""
    await asyncio.sleep(AN_HOUR)
    await repeat(lambda: ensure_partitions(engine, now()), log.error, FAILED, AN_HOUR)
