"""LISTEN on a connection that is reopened when it is lost."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

PAUSE_SECONDS = 1.0
log = logging.getLogger("suxin.listener")


class Listener(ABC):
    """Listens on one channel. Notifications sent before `handle_start` or after `handle_stop` are missed."""

    channel: str

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
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("%s is not listened to: %s", self.channel, type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        """Listen until the connection is closed."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(self.channel, self._told)
            self.handle_start()
            await ended.wait()
        finally:
            self.handle_stop()
            connection.terminate()

    def _told(self, connection: Any, process: int, channel: str, payload: str) -> None:
        self.handle_notification(payload)


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
