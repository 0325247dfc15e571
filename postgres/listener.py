"""Listening to PostgreSQL (LISTEN), on a connection that is made again when it was lost."""

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
    """Listens on one channel. Notifications that come while the connection is lost are missed: `started` says so."""

    channel: str

    @abstractmethod
    def started(self) -> None:
        """From now on everything is heard."""

    @abstractmethod
    def notified(self, payload: str) -> None:
        """There was a notification."""

    @abstractmethod
    def stopped(self) -> None:
        """From now on nothing is heard."""

    async def listen(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen(await connect())
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("%s is not listened to: %s", self.channel, type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        """Listen until the connection ends."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(self.channel, self._told)
            self.started()
            await ended.wait()
        finally:
            self.stopped()
            connection.terminate()

    def _told(self, connection: Any, process: int, channel: str, payload: str) -> None:
        self.notified(payload)


class NotificationListener(Listener):
    """Wakes whoever waits in this process; at its start, too, as something may have been missed before."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._waiting: set[asyncio.Event] = set()

    @contextmanager
    def waiting(self) -> Iterator[asyncio.Event]:
        """What is set by each notification while the context lasts. Who has woken clears it."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    def started(self) -> None:
        """Wake everybody."""
        for event in self._waiting:
            event.set()

    def notified(self, payload: str) -> None:
        """Wake everybody."""
        self.started()

    def stopped(self) -> None:
        """Let them wait."""
