"""Execution of bulk operations. A page is written in one transaction with its access log entries and progress (R19)."""

import asyncio
import gzip
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

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

PAGES_AT_ONCE = 2
"""Concurrent pages of an export: one is read while the one before it is written."""

LOOK_EVERY = timedelta(minutes=1)
"""Interval at which complete files are checked for rows that may no longer be shown."""

FASTEST = 1
"""Level of compression: twice as fast as the next, with 10% larger files."""

log = logging.getLogger("suxin.bulk")


@dataclass
class BulkRunner(Job):
    """Executes waiting operations, oldest first. All state is in the database."""

    graphql: Engine
    engine: AsyncEngine
    keyring: Keyring
    now: Callable[[], datetime]
    _looked: datetime | None = None
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
        for key, client in await transact(self.engine, partial(bulk_operations.list_waiting, at=now)):
            if client not in self.running and len(self.running) < AT_ONCE:
                self.begin(client, self.work(key))

    def finish(self, key: int, task: asyncio.Task[None]) -> None:
        """Look for waiting operations."""
        super().finish(key, task)
        self.wake.set()

    async def work(self, key: int) -> None:
        """Execute an operation to its end. A failed operation is retried later, a limited number of times."""
        try:
            while row := await transact(self.engine, partial(bulk_operations.begin_attempt, key=key, at=self.now())):
                with suppress(OvertakenError):
                    await self._advance(row, Place(row.pages, row.cursor))
        except StoppedError as stopped:
            await transact(self.engine, partial(bulk_operations.fail, key=key, error=stopped.error, at=self.now()))
        except Exception as error:
            log_failure(error, f"bulk operation {key}")

    async def _advance(self, row: Any, place: Place | None) -> None:
        """Execute pages from a place on. Raises OvertakenError, StoppedError. The next page of an export is read while
        a page is written, so that PostgreSQL and Python work in parallel."""
        key, at_once = row.id, PAGES_AT_ONCE if row.kind == BulkKind.EXPORT else 1
        turns: list[asyncio.Task[None]] = []
        try:
            while place:
                turns.append(asyncio.create_task(self._turn(key, place, turns[-1] if turns else None)))
                place = await self._following(key, place)
                if len(turns) == at_once:
                    await turns.pop(0)
            for turn in turns:
                await turn
        finally:
            await stop(turns)

    async def _turn(self, key: int, place: Place, before: asyncio.Task[None] | None) -> None:
        """Execute a page, and commit it after the page before it."""

        async def work(connection: AsyncConnection) -> None:
            task = await task_of(self.graphql, connection, key, place, self.keyring, self.now())
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
            await bulk_operations.append_page(connection, self.keyring, row, member, count, cursor)
            if after is None:
                await bulk_operations.complete(connection, self.keyring, key, place.pages + 1, self.now())

        await transact(self.engine, work)

    async def _following(self, key: int, place: Place) -> Place | None:
        """Return the place of the next page; None after the last."""

        async def find(connection: AsyncConnection) -> Place | None:
            return await find_next(
                connection, await task_of(self.graphql, connection, key, place, self.keyring, self.now())
            )

        return await transact(self.engine, find)
