"""The loop of background jobs: due work is started every second, and whenever the job is woken."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy.exc import SQLAlchemyError

POLL_SECONDS = 1.0
Turn = Callable[[], Awaitable[None]]


@dataclass(kw_only=True)
class Job(ABC):
    """Work that the leader does continuously, in one task for each key. All state is in the database. logger, waits:
    logger and message for an unavailable database. pause: in seconds. wake: set it to start due work at once."""

    logger: ClassVar[logging.Logger]
    waits: ClassVar[str]
    pause: ClassVar[float] = POLL_SECONDS
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    running: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @abstractmethod
    async def start_due(self) -> None:
        """Start due work whose task does not run yet."""

    async def run(self) -> None:
        """Start due work until cancelled; then cancel the running tasks."""
        try:
            await repeat(self.start_due, self.logger.warning, self.waits, self.pause, self.wake)
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
    turn: Turn, report: Callable[..., None], waits: str, pause: float, wake: asyncio.Event | None = None
) -> None:
    """Run `turn` until cancelled, every `pause` seconds and whenever `wake` is set."""
    wake = wake or asyncio.Event()
    while True:
        wake.clear()
        await attempt(turn, report, waits)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await wake.wait()


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
