"""Whole transactions, run again where PostgreSQL could not put them in an order."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.outbox import place_events, take_told
from models.event import EventKind
from postgres.errors import is_out_of_order

ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.005
Result = TypeVar("Result")


RECORDED = sa.select(sa.func.set_config("suxin.recorded_at", sa.bindparam("at", type_=sa.Text), sa.true()))


async def date_records(connection: AsyncConnection, at: datetime) -> None:
    """Date what the rest of the transaction records of colours (R26): the database's `recorded_at()`.

    Without it, that is the moment at which the transaction began.
    """
    await connection.execute(RECORDED, {"at": at.isoformat()})


async def repeat(work: Callable[[], Awaitable[Result]], attempts: int = ATTEMPTS) -> Result:
    """Do `work`, which leaves nothing behind when it fails, again while it meets other transactions.

    The pauses are random, to part two that met. Raises what `work` raises, at the last attempt whatever it is.
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
    """Do `work` in a transaction of its own and commit it, or leave no trace of it. `at` dates what it records.

    READ COMMITTED: what is read behind a lock must be what the last holder left. Rules rest on locks and constraints.

    It is done again, from its first line and with new snapshots, when it met another one's: up to eight times. Raises
    what it raises, and DBAPIError when it met another one each time. Events that were told have their place by then.
    """
    result, told = await repeat(partial(_commit, engine, work, at))
    if told:
        with suppress(SQLAlchemyError, OSError):  # it is committed: the worker places what is left
            await place_events(engine)
    return result


async def _commit(
    engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[Result]], at: datetime | None
) -> tuple[Result, Counter[EventKind]]:
    """One attempt: what `work` gives, and what it told of."""
    async with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
        take_told(connection)
        if at is not None:
            await date_records(connection, at)
        return await work(connection), take_told(connection)
