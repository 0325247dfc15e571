"""What the access log needs before anything is answered: partitions, and an index that this cluster wrote."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import restart_elsewhere

PARTITIONS_AHEAD = timedelta(days=62)
AN_HOUR = 60 * 60.0
log = logging.getLogger("suxin.server")


async def ensure_access_log(engine: AsyncEngine, moment: datetime) -> None:
    """Make the partitions for this month and the next ones, without which nothing is answered (R19).

    In a database that was restored from a dump, have the index by subject written anew.
    """
    ensure = sa.text("SELECT ensure_access_log_partition(CAST(:day AS date))")
    async with engine.begin() as connection:
        for day in (moment, moment + PARTITIONS_AHEAD / 2, moment + PARTITIONS_AHEAD):
            await connection.execute(ensure, {"day": day.date()})
        if await restart_elsewhere(connection):
            log.warning("the database was restored: the index of the access log is written anew")


async def keep_access_log(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Look after the access log every hour, for as long as the service runs."""
    while True:
        await asyncio.sleep(AN_HOUR)
        try:
            await ensure_access_log(engine, now())
        except (OSError, SQLAlchemyError) as error:
            log.error("the access log could not be looked after: %s", type(error).__name__)
