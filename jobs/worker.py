"""The worker: one process of all leads, and does scheduled work and delivers to webhooks while it does."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.budget import Budgets
from casework.calendar import catch_up
from casework.outbox import CHANNEL
from casework.request_log import prune_requests
from casework.transaction import transact
from engine.engine import Engine
from ingest.ledger import mark_interrupted
from jobs.access_indexer import AccessIndexer
from jobs.bulk_runner import BulkRunner
from jobs.card_maker import CardMaker
from jobs.dispatcher import Dispatcher
from jobs.log_sequencer import LogSequencer
from jobs.loop import Job, repeat, stop
from jobs.name_reader import NameReader
from jobs.outbound import SENDING, Outbound
from jobs.oversight import Oversight, Vigilance
from models.keyring import Keyring
from models.transparency.notes import NoteSigner
from models.web_address import Network
from postgres import database
from postgres.locks import HOLDS, Lock
from postgres.sessions.heartbeat import DeafError, Heartbeat

SESSION = {"application_name": "suxin worker"}
CONNECTIONS, STATEMENT_SECONDS = 10, 60
"""The worker has its own pool and a longer statement timeout: a day of a large court takes time."""

PAUSE_SECONDS = 20.0
SUCCESSION_SECONDS = 2.0
"""Interval between attempts to become the leader."""

HELD_SECONDS, ANSWER_SECONDS = 1.0, 3.0
"""How often the leader asks whether it holds the lock, and how long it waits for the answer."""

KEEPALIVE = "SELECT " + ", ".join(
    f"set_config('tcp_keepalives_{name}', '{value}', false)"
    for name, value in (("idle", 3), ("interval", 1), ("count", 3))
)
"""The server notices within seconds that the machine of a leader is gone, and frees the lock."""

STOPPED = "the worker could not go on"
log = logging.getLogger("suxin.worker")

Connect = Callable[[], Awaitable[asyncpg.Connection]]


async def work_on(
    graphql: Engine,
    url: sa.URL,
    networks: Sequence[Network],
    keyring: Keyring,
    signer: NoteSigner,
    now: Callable[[], datetime],
    limits: Vigilance,
    budget: int = 0,
) -> None:
    """Work on a database until cancelled. graphql: the schema of bulk documents. url: without a pooler, whose sessions
    hold no lock and end long statements. networks: private networks that webhooks may be in. signer: of the
    transparency log; its key of SM2 signs messages to webhooks as well. limits: of the oversight. budget: the ordinary
    points a minute; 0 for no limit."""
    engine = database.make_async_engine(url, CONNECTIONS, STATEMENT_SECONDS)
    outbound = Outbound(networks, SENDING)
    dispatcher = Dispatcher(graphql.audit, engine, keyring, outbound, now, signer.sm2)
    budgets = Budgets(engine, budget, 1, now) if budget else None
    bulk = BulkRunner(graphql, engine, keyring, now, budgets)
    sequencer = LogSequencer(engine=engine, signer=signer, now=now)
    oversight = Oversight(engine=engine, keyring=keyring, limits=limits, now=now)
    cards, names = CardMaker(engine=engine, now=now), NameReader(engine=engine)
    derived = AccessIndexer(engine=engine), cards, names, sequencer, oversight
    try:
        await work(lambda: database.connect(url, SESSION), engine, now, dispatcher, bulk, *derived)
    finally:
        await outbound.close()
        await engine.dispose()


async def work(connect: Connect, engine: AsyncEngine, now: Callable[[], datetime], *jobs: Job) -> None:
    """Lead, or wait to lead, until cancelled. connect: opens the connection that holds the lock. jobs: run while this
    process leads."""
    while True:
        try:
            await _serve(await connect(), engine, now, jobs)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError, DeafError) as error:
            log.warning("%s: %s", STOPPED, type(error).__name__)
        except Exception as error:
            log.error("the worker failed with %s", type(error).__name__)
        await asyncio.sleep(SUCCESSION_SECONDS)


async def _serve(
    connection: asyncpg.Connection, engine: AsyncEngine, now: Callable[[], datetime], jobs: Sequence[Job]
) -> None:
    """Lead whenever the lock is free. A leader that dies loses its connection, and with it the lock. Where sessions are
    shared, which it finds by listening, it takes no lock: nobody would free it. Raises DeafError."""
    heartbeat = Heartbeat(connection, CHANNEL)
    try:
        await connection.execute(KEEPALIVE)
        await connection.add_listener(CHANNEL, lambda *_: _wake(jobs))
        await heartbeat.begin()
        while True:
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", Lock.LEADERSHIP):
                await _lead(connection, engine, now, jobs)
            await asyncio.sleep(SUCCESSION_SECONDS)
            await heartbeat.check()
    finally:
        connection.terminate()


async def _lead(
    connection: asyncpg.Connection, engine: AsyncEngine, now: Callable[[], datetime], jobs: Sequence[Job]
) -> None:
    """Run the jobs until the connection is closed or has lost the lock. Raises the error that ended a job."""
    log.info("this process leads")
    closed = asyncio.Event()
    connection.add_termination_listener(lambda *_: closed.set())
    calendar = repeat(partial(_catch_up, engine, now), log.warning, STOPPED, PAUSE_SECONDS)
    running: list[asyncio.Task[Any]] = [
        asyncio.create_task(one) for one in (calendar, *(job.run() for job in jobs), closed.wait(), _hold(connection))
    ]
    try:
        ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for one in ended:
            await one
    finally:
        await stop(running)


async def _hold(connection: asyncpg.Connection) -> None:
    """Return when the connection does not hold the lock any more, or does not answer."""
    try:
        while await connection.fetchval(HOLDS, Lock.LEADERSHIP, timeout=ANSWER_SECONDS):  # noqa: ASYNC110 - it knows
            await asyncio.sleep(HELD_SECONDS)
    except TimeoutError:
        connection.terminate()
    log.error("this process has lost the lock of the leader, and leads no more")


async def _catch_up(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Process the days that are due, mark the imports that were interrupted, and delete old entries of requests."""
    for day in await catch_up(engine, now()):
        log.info("%s is done", day)
    await mark_interrupted(engine)
    await transact(engine, partial(prune_requests, now=now()))


def _wake(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.wake.set()
