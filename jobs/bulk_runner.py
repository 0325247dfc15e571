"""Runs bulk operations: a page, its entries in the access log and its place in the file in one transaction (R19)."""

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
from casework.bulk_vanishing import take_back_vanished
from casework.transaction import transact
from engine.engine import Engine
from engine.execution import log_failure
from jobs.bulk_pages import find_next, read_page
from jobs.bulk_task import OvertakenError, Place, StoppedError, task_of
from jobs.loop import Job, stop
from models.bulk_operation import BulkError, BulkKind
from models.keyring import Keyring

PATIENCE = sa.text("SET LOCAL idle_in_transaction_session_timeout = '70s'")
"""For whoever waits for the page before its own: as long as a statement may take."""

UNHURRIED = sa.text("SET LOCAL synchronous_commit = off")
"""A page and its entries are lost together or not at all, and nobody has the file before the last page is on disk: that
one is waited for, and with it all before.
"""

AT_ONCE = 2
"""Operations that run at a time, each of another client."""

PAGES_AT_ONCE = 2
"""Pages of one operation under way: one is read while the one before it is written."""

LOOK_EVERY = timedelta(minutes=1)
"""How often files that are complete are looked through for what has vanished since."""

FASTEST = 1
"""The level of compression: twice as fast as the next, and a tenth larger."""

log = logging.getLogger("suxin.bulk")


@dataclass
class BulkRunner(Job):
    """Runs what waits, oldest first, as long as it runs. Nothing is remembered here that is not in the database."""

    graphql: Engine
    engine: AsyncEngine
    keyring: Keyring
    now: Callable[[], datetime]
    _looked: datetime | None = None
    logger: ClassVar[logging.Logger] = log
    waits: ClassVar[str] = "bulk operations wait"

    async def start_due(self) -> None:
        """Begin with what waits, as long as there are places, and delete what is over."""
        now = self.now()
        await transact(self.engine, partial(bulk_uploads.expire_uploads, at=now))
        if self._looked is None or now >= self._looked + LOOK_EVERY:
            await transact(self.engine, partial(take_back_vanished, at=now))
            self._looked = now
        while await transact(self.engine, partial(bulk_operations.expire_one, at=now)):
            pass
        for key, client in await transact(self.engine, partial(bulk_operations.waiting, at=now)):
            if client not in self.running and len(self.running) < AT_ONCE:
                self.begin(client, self.work(key))

    def ended(self, key: int, task: asyncio.Task[None]) -> None:
        """There is a place for what waits."""
        super().ended(key, task)
        self.wake.set()

    async def work(self, key: int) -> None:
        """Do page after page of one operation, to its end. What fails is tried again later, and not for ever."""
        try:
            while row := await transact(self.engine, partial(bulk_operations.attempt, key=key, at=self.now())):
                with suppress(OvertakenError):
                    await self._advance(row, Place(row.pages, row.cursor))
        except StoppedError as stopped:
            await transact(self.engine, partial(bulk_operations.fail, key=key, error=stopped.error, at=self.now()))
        except Exception as error:
            log_failure(error, f"bulk operation {key}")

    async def _advance(self, row: Any, place: Place | None) -> None:
        """Page after page from a place on. While one of an export is written, the next one is read from where that
        should begin: PostgreSQL and Python are busy at the same time. Raises OvertakenError, StoppedError.
        """
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
        """Do one page, and commit it after the one before it."""

        async def work(connection: AsyncConnection) -> None:
            task = await task_of(self.graphql, connection, key, place, self.keyring, self.now())
            lines, count, after = await read_page(connection, task)
            member = await asyncio.to_thread(gzip.compress, lines, FASTEST, mtime=0)
            if before:
                await connection.execute(PATIENCE)
                await asyncio.wait([before])
            row = await bulk_operations.claimed(connection, key, place.pages, place.cursor)
            if row is None:
                raise OvertakenError
            if after:
                await connection.execute(UNHURRIED)
            cursor = after.cursor if after else None
            if row.size + len(member) > bulk_operations.LARGEST_FILE:
                raise StoppedError(BulkError.TOO_LARGE)
            await bulk_operations.append(connection, self.keyring, row, member, count, cursor)
            if after is None:
                await bulk_operations.complete(connection, self.keyring, key, place.pages + 1, self.now())

        await transact(self.engine, work)

    async def _following(self, key: int, place: Place) -> Place | None:
        """Where the page after this one should begin; None where none should follow."""

        async def find(connection: AsyncConnection) -> Place | None:
            return await find_next(
                connection, await task_of(self.graphql, connection, key, place, self.keyring, self.now())
            )

        return await transact(self.engine, find)
