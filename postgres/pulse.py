"""Whether the database answers: asked by a connection of its own, which waits for none of a pool."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

import asyncpg

BEAT_SECONDS, KEPT_SECONDS = 2.0, 1.0
"""How long an answer is waited for, and for how long one is kept."""

Connect = Callable[[], Awaitable[asyncpg.Connection]]


@dataclass
class Pulse:
    """The pulse of a database. connect: opens a connection."""

    connect: Connect
    _beats: bool = True
    _felt: float = float("-inf")
    _feeling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def beats(self) -> bool:
        """Return whether the database answers now. It is asked once for all who want to know."""
        async with self._feeling:
            if monotonic() - self._felt > KEPT_SECONDS:
                self._beats = await self._feel()
                self._felt = monotonic()
            return self._beats

    async def _feel(self) -> bool:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                connection = await self.connect()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        connection.terminate()
        return True
