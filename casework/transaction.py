"""Transactions that are repeated after serialization failures and deadlocks."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache, partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.outbox import place_events, take_told
from models.event import EventKind
from postgres.errors import is_out_of_order
from postgres.usage import use_connection

ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.005
Result = TypeVar("Result")


RECORDED = sa.select(
    sa.func.set_config("suxin.recorded_at", sa.bindparam("at", type_=sa.Text), sa.true()),
    sa.func.set_config("plan_cache_mode", "force_generic_plan", sa.true()),
)


async def date_records(connection: AsyncConnection, at: datetime) -> None:
    """Set the database's `recorded_at()` for the rest of the transaction (R26). Default: its beginning. Its statements,
    which read and write by key, are planned once for all values.
    """
    await connection.execute(RECORDED, {"at": at.isoformat()})


async def repeat(work: Callable[[], Awaitable[Result]], attempts: int = ATTEMPTS) -> Result:
    """Run `work` again, after random pauses, while it fails on a conflict with another transaction.

    work must have no effect when it fails. The error of the last attempt is raised, and any other error at once.
    """
    for attempt in range(1, attempts):
        try:
            return await work()
        except DBAPIError as error:
            if not is_out_of_order(error):
                raise
        await asyncio.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - no secret
    return await work()


async def transact(
    engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[Result]], at: datetime | None = None
) -> Result:
    """Run `work` in a transaction of its own and commit it. at: the time of recording.

    Isolation is READ COMMITTED, since a read after a lock must see the last holder's changes; rules rest on locks and
    constraints. Repeats up to eight times. Raises DBAPIError if all attempts conflict, and any error of `work`. Assigns
    positions to the events that were written.
    """
    result, told = await repeat(partial(_commit, engine, work, at))
    if told:
        with suppress(SQLAlchemyError, OSError):  # committed; the worker retries
            await place_events(engine)
    return result


@lru_cache(16)
def get_write_engine(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine with the isolation level of writes. It is kept: making it takes longer than a statement."""
    return engine.execution_options(isolation_level="READ COMMITTED")


async def _commit(
    engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[Result]], at: datetime | None
) -> tuple[Result, Counter[EventKind]]:
    """Make one attempt. Return the result of `work` and the number of events by kind."""
    async with get_write_engine(engine).connect() as connection:
        with use_connection():
            async with connection.begin():
                take_told(connection)
                if at is not None:
                    await date_records(connection, at)
                return await work(connection), take_told(connection)
