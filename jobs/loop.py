"""The loop of background jobs: due work is started every second, and whenever the job is woken."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy.exc import SQLAlchemyError

POLL_SECONDS, LEAST_REST = 1.0, 0.2
Turn = Callable[[], Awaitable[None]]


@dataclass(kw_only=True)
class Job(ABC):
    """Work that the leader does continuously, in one task for each key. All state is in the database. logger, waits:
    logger and message for an unavailable database. pause: in seconds. steady: whether the pause begins with the work
    instead of after it. wake: set it to start due work at once."""

    logger: ClassVar[logging.Logger]
    waits: ClassVar[str]
    pause: ClassVar[float] = POLL_SECONDS
    steady: ClassVar[bool] = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    running: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @abstractmethod
    async def start_due(self) -> None:
        """Start due work whose task does not run yet."""

    async def run(self) -> None:
        """Start due work until cancelled; then cancel the running tasks."""
        try:
            await repeat(self.start_due, self.logger.warning, self.waits, self.pause, self.wake, steady=self.steady)
        finally:
            await stop(self.running.values())

    def begin(self, key: int, work: Coroutine[Any, Any, None]) -> None:
        """Start the task of a key."""
        self.running[key] = task = asyncio.create_task(work)
        task.add_done_callback(lambda task: self.finish(key, task))

    def finish(self, key: int, task: asyncio.Task[None]) -> None:
        """Remove the finished task of a key."""
        self.running.pop(key, None)


async def repeat(
    turn: Turn,
    report: Callable[..., None],
    waits: str,
    pause: float,
    wake: asyncio.Event | None = None,
    *,
    steady: bool = False,
) -> None:
    """Run `turn` until cancelled, after pauses of `pause` seconds and whenever `wake` is set. steady: whether a pause
    begins with the turn."""
    wake, clock = wake or asyncio.Event(), asyncio.get_running_loop().time
    while True:
        wake.clear()
        began = clock()
        await attempt(turn, report, waits)
        rest = compute_rest(pause, clock() - began) if steady else pause
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await wake.wait()


def compute_rest(pause: float, taken: float) -> float:
    """Return what is left of a pause after a turn, and a fifth of it at least: other work has its share."""
    return max(pause - taken, pause * LEAST_REST)


async def attempt(turn: Turn, report: Callable[..., None], waits: str) -> None:
    """Run `turn` once. If the database is not available, log `waits` by `report`: the work is tried again later."""
    try:
        await turn()
    except (OSError, SQLAlchemyError) as error:
        report("%s: %s", waits, type(error).__name__)


async def stop(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait for their end."""
    stopped = list(tasks)
    for task in stopped:
        task.cancel()
    await asyncio.gather(*stopped, return_exceptions=True)


@asynccontextmanager
async def run_in_background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run tasks in the background while the context lasts."""
    tasks = [asyncio.create_task(one) for one in work]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
