"""LISTEN on a connection that is reopened when it is lost, or when it does not hear any more."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import asyncpg
from prometheus_client import Counter, Gauge

from postgres.sessions.heartbeat import ANSWER_SECONDS, DeafError, Heartbeat

PAUSE_SECONDS = 1.0
HEARS = Gauge("suxin_listening", "Processes that hear what is notified", ["channel"], multiprocess_mode="livesum")
DEAF = Counter("suxin_listening_doubted", "Times that a process did not hear its own heartbeat", ["channel"])
log = logging.getLogger("suxin.listener")


class Listener(ABC):
    """Listens on one channel. Notifications sent before `handle_start` or after `handle_stop` are missed. beat: how
    often it is asked whether it hears, in seconds. hears: whether it does."""

    channel: str
    beat: ClassVar[float] = 5.0
    hears = False

    @abstractmethod
    def handle_start(self) -> None:
        """Handle the start of listening."""

    @abstractmethod
    def handle_notification(self, payload: str) -> None:
        """Handle a notification."""

    @abstractmethod
    def handle_stop(self) -> None:
        """Handle the end of listening."""

    async def listen(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen(await connect())
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DeafError) as error:
                if isinstance(error, DeafError):
                    DEAF.labels(self.channel).inc()
                log.warning("%s is not listened to: %s", self.channel, type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        """Listen until the connection is closed. Raises DeafError if it does not hear."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        heartbeat = Heartbeat(connection, self.channel)
        try:
            await connection.add_listener(self.channel, self._told)
            await heartbeat.begin()
            self._turn(hears=True)
            while not await _ends(ended, self.beat):
                await self._check(heartbeat)
        finally:
            self._turn(hears=False)
            connection.terminate()

    async def _check(self, heartbeat: Heartbeat) -> None:
        """Let it be asked whether it hears. While the answer is late, it counts as deaf."""
        asked = asyncio.create_task(heartbeat.check())
        try:
            done, _ = await asyncio.wait([asked], timeout=ANSWER_SECONDS)
            if not done:
                DEAF.labels(self.channel).inc()
                self._turn(hears=False)
            await asked
        finally:
            asked.cancel()
        self._turn(hears=True)

    def _turn(self, *, hears: bool) -> None:
        """Handle that it hears from now on, or that it does not."""
        if hears is self.hears:
            return
        self.hears = hears
        HEARS.labels(self.channel).inc(1 if hears else -1)
        (self.handle_start if hears else self.handle_stop)()

    def _told(self, connection: Any, process: int, channel: str, payload: str) -> None:
        self.handle_notification(payload)


async def _ends(ended: asyncio.Event, seconds: float) -> bool:
    """Return whether it ends within this time, waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await ended.wait()
    return False


class NotificationListener(Listener):
    """Sets events in this process at each notification, and when listening starts."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._waiting: set[asyncio.Event] = set()

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Event]:
        """Yield an event that each notification sets. The waiter clears it."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    def handle_start(self) -> None:
        """Set all events."""
        for event in self._waiting:
            event.set()

    def handle_notification(self, payload: str) -> None:
        """Set all events."""
        self.handle_start()

    def handle_stop(self) -> None:
        """Do nothing."""
