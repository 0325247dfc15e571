"""Wakes those who wait for events in this process, when PostgreSQL says that there are some (LISTEN)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import asyncpg

PAUSE_SECONDS = 1.0
log = logging.getLogger("suxin.bell")


class Bell:
    """Rung by the database. Who waits is woken as well when the connection was lost: something may have been missed."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._waiting: set[asyncio.Event] = set()

    @contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """What is set whenever the bell rings, while the context lasts. Who has woken clears it."""
        rung = asyncio.Event()
        self._waiting.add(rung)
        try:
            yield rung
        finally:
            self._waiting.discard(rung)

    def ring(self) -> None:
        """Wake everybody."""
        for rung in self._waiting:
            rung.set()

    async def listen(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        """Listen until cancelled. A lost connection is made again."""
        while True:
            try:
                await self._listen(await connect())
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("events are not heard: %s", type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(self._channel, lambda *_: self.ring())
            self.ring()
            await ended.wait()
        finally:
            connection.terminate()
