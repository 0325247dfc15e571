"""Whole transactions, run again where PostgreSQL could not put them in an order."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.outbox import place_events, take_told

ATTEMPTS = 8
OUT_OF_ORDER = ("40001", "40P01", "55P03")
"""PostgreSQL's words for a serialization failure, a deadlock, and a lock that was not to be had in time."""

FIRST_PAUSE_SECONDS = 0.005
Result = TypeVar("Result")


RECORDED = sa.select(sa.func.set_config("suxin.recorded_at", sa.bindparam("at", type_=sa.Text), sa.true()))


async def date_records(connection: AsyncConnection, at: datetime) -> None:
    """Date what the rest of the transaction records of colours (R26): the database's `recorded_at()`.

    Without it, that is the moment at which the transaction began.
    """
    await connection.execute(RECORDED, {"at": at.isoformat()})


async def transact(
    engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[Result]], at: datetime | None = None
) -> Result:
    """Do `work` in a transaction of its own and commit it, or leave no trace of it. `at` dates what it records.

    READ COMMITTED: what is read behind a lock must be what the last holder left. Rules rest on locks and constraints.

    It is done again, from its first line and with new snapshots, when it met another one's: up to eight times. Raises
    what it raises, and DBAPIError when it met another one each time. Events that were told have their place by then.
    """
    attempt, committed = 0, engine.execution_options(isolation_level="READ COMMITTED")
    while True:
        try:
            async with committed.begin() as connection:
                take_told(connection)
                if at is not None:
                    await date_records(connection, at)
                result = await work(connection)
                told = take_told(connection)
        except DBAPIError as error:
            attempt += 1
            if attempt == ATTEMPTS or getattr(error.orig, "sqlstate", None) not in OUT_OF_ORDER:
                raise
        else:
            if told:
                with suppress(SQLAlchemyError, OSError):  # it is committed: the worker places what is left
                    await place_events(engine)
            return result
        await asyncio.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - to part two that met
