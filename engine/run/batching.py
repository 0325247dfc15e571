"""Batches: short statements that would wait for one another are answered by one call and one commit.

The first requests for a statement are sent at once. Those that come while CALLS calls run wait until one of them ends,
or until they fill a call, and are then sent together. If such a call fails, each of its requests is sent again by
itself, so that no request bears the error of another.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import asyncpg

from engine.load.context import retrieve
from engine.plan.plan import Text
from engine.run.compiler import COMPILER
from engine.run.connections import Connections
from engine.run.meter import Meter
from engine.statement.bound import BoundStatement

CALLS = 2
"""Calls of one statement at a time, before requests for it wait."""

LARGEST_BATCH = 32
CALL_SECONDS = 0.05
"""What a call may take: it answers as many requests as fit. Requests do not wait for a statement of which one fits."""

Waiting = tuple[BoundStatement, asyncio.Future[Text], Meter]


@dataclass
class Queue:
    """The calls of one statement, and the requests that wait for it."""

    running: int = 0
    waiting: deque[Waiting] = field(default_factory=deque)


@dataclass
class Batching:
    """Sends statements, alone or in batches. alone: sends one by itself."""

    connections: Connections
    alone: Callable[[BoundStatement, Meter], Awaitable[Text]]
    _queues: dict[Any, Queue] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def fetch(self, ready: BoundStatement, meter: Meter) -> Text:
        """Return the answer to one request after its log entries are committed. meter: counts its database time."""
        compiled = ready.compiled
        key = compiled, *_list_shared(ready)
        queue = self._queues.setdefault(key, Queue())
        size = _count_at_once(compiled.seconds)
        if queue.running < CALLS or size < 2 or not _may_wait(ready):
            return await self._send(key, queue, ready, meter)
        future: asyncio.Future[Text] = asyncio.get_running_loop().create_future()
        queue.waiting.append((ready, future, meter))
        if len(queue.waiting) >= size:
            self._start_call(key, queue)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done():  # with an error, at the same moment
                retrieve(future)
            raise

    async def _send(self, key: Any, queue: Queue, ready: BoundStatement, meter: Meter) -> Text:
        queue.running += 1
        started = perf_counter()
        try:
            answer = await self.alone(ready, meter)
            ready.compiled.note_duration(perf_counter() - started)
            return answer
        finally:
            self._end_call(key, queue)

    def _end_call(self, key: Any, queue: Queue) -> None:
        """Send what waits, now that a call has ended."""
        queue.running -= 1
        if queue.waiting and queue.running < CALLS:
            self._start_call(key, queue)
        elif not queue.running and not queue.waiting:
            self._queues.pop(key, None)

    def _start_call(self, key: Any, queue: Queue) -> None:
        queue.running += 1
        size = _count_at_once(queue.waiting[0][0].compiled.seconds)
        some = [queue.waiting.popleft() for _ in range(min(size, len(queue.waiting)))]
        nobody = Context()  # a call for several is in no one's share of the connections
        task = asyncio.create_task(self._send_together(key, queue, some), context=nobody)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_together(self, key: Any, queue: Queue, some: list[Waiting]) -> None:
        live = [one for one in some if not one[1].done()]  # the others were cancelled
        try:
            if len(live) <= 1 or not await self._call(live):
                await asyncio.gather(*(self._send_alone(*one) for one in live))
        except BaseException as error:
            _fail(live, error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._end_call(key, queue)

    async def _call(self, live: list[Waiting]) -> bool:
        """Answer requests by one call. Return False if it failed, and nothing is committed.

        Raises OSError and asyncpg.PostgresConnectionError, after which it may be committed.
        """
        compiled = live[0][0].compiled
        batch = compiled.batch
        assert batch is not None  # noqa: S101 - only requests with one wait
        started = perf_counter()
        async with self.connections.acquire() as connection:
            try:
                rows = await connection.fetch(batch.text, *batch.arguments([ready.values for ready, *_ in live]))
            except asyncpg.PostgresConnectionError:
                raise
            except asyncpg.PostgresError:
                return False
        seconds = (perf_counter() - started) / len(live)
        compiled.note_duration(seconds)
        for (_, future, meter), row in zip(live, rows, strict=True):
            meter.seconds += seconds
            if not future.done():
                future.set_result(row[0])
        return True

    async def _send_alone(self, ready: BoundStatement, future: asyncio.Future[Text], meter: Meter) -> None:
        try:
            answer = await self.alone(ready, meter)
        except Exception as error:
            _fail([(ready, future, meter)], error)
        else:
            if not future.done():
                future.set_result(answer)


def _count_at_once(seconds: float) -> int:
    """Return how many requests for a statement of this duration a call answers."""
    return LARGEST_BATCH if seconds * LARGEST_BATCH <= CALL_SECONDS else int(CALL_SECONDS / seconds)


def _may_wait(ready: BoundStatement) -> bool:
    """Return whether there is a statement for several requests. It is compiled in a thread at the first call."""
    compiled = ready.compiled
    if not compiled.batch_written:
        compiled.batch_written = True
        COMPILER.submit(ready.compile_batch)
    return compiled.batch is not None


def _list_shared(ready: BoundStatement) -> list[Any]:
    """Return the values that requests of one call agree on."""
    batch = ready.compiled.batch
    found = [ready.values[name] for name in batch.shared] if batch else []
    return [tuple(value) if isinstance(value, list) else value for value in found]


def _fail(live: list[Waiting], error: BaseException) -> None:
    for _, future, _ in live:
        if future.done():
            continue
        if isinstance(error, Exception):
            future.set_exception(error)
        else:
            future.cancel()
