"""Confirmations: the primary checks answers that a standby has read, and inserts their log entries, several at once."""

import asyncio
from collections import deque
from contextvars import Context
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import asyncpg

from engine.load.context import retrieve
from engine.run.connections import Connections
from engine.run.meter import Meter
from engine.run.position import Position

CALLS, MOST_AT_ONCE = 2, 64
"""Calls at a time, before answers wait for one another; and answers of one call."""


class Answered(NamedTuple):
    """An answer to confirm: its log entry as JSON, and the fingerprint of what it depends on. Without an entry it asks
    for the position only."""

    entry: str | None
    fingerprint: int
    meter: Meter


@dataclass
class Confirming:
    """Confirms answers on the connections of the primary. statement: `Facts.confirmation`."""

    connections: Connections
    statement: str
    _waiting: deque[tuple[Answered, asyncio.Future[bool]]] = field(default_factory=deque)
    _running: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def confirm(self, answered: Answered) -> bool:
        """Return whether the answer holds and its entry is committed. Raises OSError, TimeoutError, and
        asyncpg.PostgresConnectionError, after which it may be committed."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((answered, future))
        self._start()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done():  # with an error, at the same moment
                retrieve(future)
            raise

    def _start(self) -> None:
        """Send what waits, unless all calls are in work."""
        if not self._waiting or self._running >= CALLS:
            return
        some = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
        self._running += 1
        nobody = Context()  # a call for several is in no one's share of the connections
        task = asyncio.create_task(self._send(some), context=nobody)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._running -= 1
        self._start()

    async def _send(self, some: list[tuple[Answered, asyncio.Future[bool]]]) -> None:
        live = [one for one in some if not one[1].done()]  # the others were cancelled
        try:
            confirmed = await self._call([answered for answered, _ in live]) if live else []
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            for _, future in live:
                if not future.done():
                    future.set_exception(error)
            return
        except BaseException:
            for _, future in live:
                future.cancel()
            raise
        for (_, future), holds in zip(live, confirmed, strict=True):
            if not future.done():
                future.set_result(holds)

    async def _call(self, answered: list[Answered]) -> list[bool]:
        """Return for each answer whether it holds. All that hold are committed together; on an error of the statement
        none holds, so that the primary answers each by itself."""
        entries, fingerprints = [one.entry for one in answered], [one.fingerprint for one in answered]
        async with self.connections.acquire() as connection:
            started = perf_counter()
            try:
                rows = await connection.fetch(self.statement, entries, fingerprints)
            except asyncpg.PostgresConnectionError:
                raise
            except asyncpg.PostgresError:
                return [False] * len(answered)
            finally:
                seconds = (perf_counter() - started) / len(answered)
        for one, (_, timeline, lsn) in zip(answered, rows, strict=True):
            one.meter.seconds += seconds
            one.meter.position = Position(timeline, lsn)
        return [row[0] for row in rows]
