"""The worker: one process among all does what time brings, and tells webhooks, for as long as it leads."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.calendar import catch_up
from casework.outbox import CHANNEL
from engine.engine import Engine
from ingest.ledger import mark_left
from jobs.bulk_runner import BulkRunner
from jobs.dispatcher import Dispatcher
from jobs.loop import Job, attempt, stop
from jobs.outbound import SENDING, Network, Outbound
from models.keyring import Keyring
from postgres import database
from postgres.locks import Lock

SESSION = {"application_name": "suxin worker"}
CONNECTIONS, STATEMENT_SECONDS = 10, 60
"""The worker waits for nobody who asks, and a day of a large court may take its time."""

PAUSE_SECONDS = 20.0
SUCCESSION_SECONDS = 5.0
"""Between two attempts to become the leader."""

STOPPED = "the worker could not go on"
log = logging.getLogger("suxin.worker")

Connect = Callable[[], Awaitable[asyncpg.Connection]]


LED = """
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0 AND objid = :number
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""


async def is_led(connection: AsyncConnection) -> bool:
    """Whether a process leads, of all that work on a database."""
    led: bool = (await connection.execute(sa.text(LED), {"number": Lock.LEADERSHIP})).scalar_one()
    return led


async def work_on(
    graphql: Engine,
    url: sa.URL,
    direct_url: sa.URL,
    networks: Sequence[Network],
    keyring: Keyring,
    now: Callable[[], datetime],
) -> None:
    """Work on a database until cancelled.

    graphql: the schema of bulk documents. direct_url: the same database, where the lock of the leader lasts as long as
    its connection. networks: private ones that webhooks may be sent to.
    """
    engine = database.make_async_engine(url, CONNECTIONS, STATEMENT_SECONDS)
    outbound = Outbound(networks, SENDING)
    try:
        dispatcher, bulk = (
            Dispatcher(graphql.audit, engine, keyring, outbound, now),
            BulkRunner(graphql, engine, keyring, now),
        )
        await work(lambda: database.connect(direct_url, SESSION), engine, now, dispatcher, bulk)
    finally:
        await outbound.close()
        await engine.dispose()


async def work(connect: Connect, engine: AsyncEngine, now: Callable[[], datetime], *jobs: Job) -> None:
    """Lead, or wait to lead, until cancelled.

    connect: makes the connection that holds the lock while it lasts. jobs: what a leader does all the time.
    """
    while True:
        try:
            await _serve(await connect(), engine, now, jobs)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
            log.warning("%s: %s", STOPPED, type(error).__name__)
        except Exception as error:
            log.error("the worker failed with %s", type(error).__name__)
        await asyncio.sleep(SUCCESSION_SECONDS)


async def _serve(
    connection: asyncpg.Connection,
    engine: AsyncEngine,
    now: Callable[[], datetime],
    jobs: Sequence[Job],
) -> None:
    """Work while the lock is ours: a leader that dies loses its connection, and with it the lock."""
    try:
        while True:
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", Lock.LEADERSHIP):
                await _lead(connection, engine, now, jobs)
            await asyncio.sleep(SUCCESSION_SECONDS)
    finally:
        connection.terminate()


async def _catch_up(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Do the days that are due, and note imports that did not come to their end."""
    for day in await catch_up(engine, now()):
        log.info("%s is done", day)
    await mark_left(engine)


def _wake(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.wake.set()


async def _lead(
    connection: asyncpg.Connection,
    engine: AsyncEngine,
    now: Callable[[], datetime],
    jobs: Sequence[Job],
) -> None:
    log.info("this process leads")
    await connection.add_listener(CHANNEL, lambda *_: _wake(jobs))
    running = [asyncio.create_task(job.run()) for job in jobs]
    try:
        while not connection.is_closed():
            await attempt(_catch_up(engine, now), log, STOPPED)  # what fails holds up no webhook
            ended, _ = await asyncio.wait(running, timeout=PAUSE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                await one  # raises what ended it
    finally:
        await stop(running)
