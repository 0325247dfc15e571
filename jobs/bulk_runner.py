"""Execution of bulk operations. A page is written in one transaction with its access log entries and progress (R19).

The database time of a page is charged to its client. An operation is left for later while less than half of the
client's budget is left, and when others wait and it has had its turn.
"""

import asyncio
import gzip
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import inf
from time import monotonic
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.budget import Budgets
from casework import bulk_operations, bulk_uploads
from casework.bulk_withdrawals import take_back_vanished
from casework.transaction import transact
from engine.engine import Engine
from engine.execution import log_failure
from jobs.bulk_pages import find_next, read_page
from jobs.bulk_task import OvertakenError, Place, StoppedError, task_of
from jobs.loop import Job, stop
from models.bulk_operation import BulkError, BulkKind
from models.keyring import Keyring

PATIENCE = sa.text("SET LOCAL idle_in_transaction_session_timeout = '70s'")
"""Lets a page wait for the commit of the page before it, as long as a statement may take."""

UNHURRIED = sa.text("SET LOCAL synchronous_commit = off")
"""Pages but the last are committed asynchronously: a page and its entries are lost together, and no client has the file
before the synchronous commit of the last page."""

AT_ONCE = 2
"""Concurrent operations, each of a different client."""

TURN_SECONDS = 10.0
"""How long an operation runs while others wait."""

PAGES_AT_ONCE = 2
"""Concurrent pages of an export: one is read while the one before it is written."""

LOOK_EVERY = timedelta(minutes=1)
"""Interval at which complete files are checked for rows that may no longer be shown."""

FASTEST = 1
"""Level of compression: twice as fast as the next, with 10% larger files."""

log = logging.getLogger("suxin.bulk")


class PostponedError(Exception):
    """An operation is left for later. seconds: how much later at least."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass
class BulkRunner(Job):
    """Executes waiting operations, oldest first. All state is in the database. budgets: None for no limit."""

    graphql: Engine
    engine: AsyncEngine
    keyring: Keyring
    now: Callable[[], datetime]
    budgets: Budgets | None = None
    _looked: datetime | None = None
    _others_wait: bool = False
    logger: ClassVar[logging.Logger] = log
    waits: ClassVar[str] = "bulk operations wait"

    async def start_due(self) -> None:
        """Start waiting operations up to the limit, and delete expired files and uploads."""
        now = self.now()
        await transact(self.engine, partial(bulk_uploads.expire_uploads, at=now))
        if self._looked is None or now >= self._looked + LOOK_EVERY:
            await transact(self.engine, partial(take_back_vanished, at=now))
            self._looked = now
        while await transact(self.engine, partial(bulk_operations.expire_one, at=now)):
            pass
        waiting = await transact(self.engine, partial(bulk_operations.list_waiting, at=now))
        for key, client in waiting:
            if client not in self.running and len(self.running) < AT_ONCE:
                self.begin(client, self.work(key))
        self._others_wait = any(client not in self.running for _, client in waiting)

    def finish(self, key: int, task: asyncio.Task[None]) -> None:
        """Look for waiting operations."""
        super().finish(key, task)
        self.wake.set()

    async def work(self, key: int) -> None:
        """Execute an operation to its end. A failed operation is retried later, a limited number of times."""
        try:
            payer = await transact(self.engine, partial(bulk_operations.find_payer, key=key))
            while row := await transact(self.engine, partial(bulk_operations.begin_attempt, key=key, at=self.now())):
                with suppress(OvertakenError):
                    await self._advance(row, Place(row.pages, row.cursor), payer)
        except PostponedError as later:
            until = self.now() + timedelta(seconds=later.seconds)
            await transact(self.engine, partial(bulk_operations.postpone, key=key, until=until))
        except StoppedError as stopped:
            await transact(self.engine, partial(bulk_operations.fail, key=key, error=stopped.error, at=self.now()))
        except Exception as error:
            log_failure(error, f"bulk operation {key}")

    async def _advance(self, row: Any, place: Place | None, payer: Any) -> None:
        """Execute pages from a place on. The next page of an export is read while a page is written, so that PostgreSQL
        and Python work in parallel. Raises OvertakenError, StoppedError, PostponedError."""
        key, at_once = row.id, PAGES_AT_ONCE if row.kind == BulkKind.EXPORT else 1
        began, ends = monotonic(), inf  # a turn has a page at least
        turns: list[asyncio.Task[None]] = []
        pause: float | None = None
        try:
            while place and (pause := await self._measure_pause(payer, ends)) is None:
                turns.append(asyncio.create_task(self._turn(key, place, turns[-1] if turns else None, payer)))
                place, ends = await self._following(key, place, payer), began + TURN_SECONDS
                if len(turns) == at_once:
                    await turns.pop(0)
            for turn in turns:
                await turn
        finally:
            await stop(turns)
        if pause is not None:
            raise PostponedError(pause)

    async def _measure_pause(self, payer: Any, ends: float) -> float | None:
        """Return the seconds after which an operation goes on; None if it goes on now. ends: when its turn does."""
        if self.budgets and (pause := await self.budgets.measure_pause(payer)):
            return pause
        return 0.0 if self._others_wait and monotonic() >= ends else None

    def _charging(self, payer: Any) -> AbstractAsyncContextManager[None]:
        return self.budgets.charging(payer) if self.budgets and payer else nullcontext()

    async def _turn(self, key: int, place: Place, before: asyncio.Task[None] | None, payer: Any = None) -> None:
        """Execute a page, and commit it after the page before it."""

        async def work(connection: AsyncConnection) -> None:
            task = await task_of(self.graphql, connection, key, place, self.keyring, self.now())
            async with self._charging(payer):
                lines, count, after = await read_page(connection, task)
            member = await asyncio.to_thread(gzip.compress, lines, FASTEST, mtime=0)
            if before:
                await connection.execute(PATIENCE)
                await asyncio.wait([before])
            row = await bulk_operations.claim_page(connection, key, place.pages, place.cursor)
            if row is None:
                raise OvertakenError
            if after:
                await connection.execute(UNHURRIED)
            cursor = after.cursor if after else None
            if row.size + len(member) > bulk_operations.LARGEST_FILE:
                raise StoppedError(BulkError.TOO_LARGE)
            async with self._charging(payer):
                await bulk_operations.append_page(connection, self.keyring, row, member, count, cursor)
                if after is None:
                    await bulk_operations.complete(connection, self.keyring, key, place.pages + 1, self.now())

        await transact(self.engine, work)

    async def _following(self, key: int, place: Place, payer: Any) -> Place | None:
        """Return the place of the next page; None after the last."""

        async def find(connection: AsyncConnection) -> Place | None:
            task = await task_of(self.graphql, connection, key, place, self.keyring, self.now())
            async with self._charging(payer):
                return await find_next(connection, task)

        return await transact(self.engine, find)
