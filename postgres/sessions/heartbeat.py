"""Whether a connection that listens still hears: it is asked, and notified by itself.

A pooler may have taken its session, or a network its other end, without a word to the client.
"""

import asyncio
import secrets
from time import monotonic
from typing import Any

import asyncpg

CHANNEL = "suxin_heartbeat"
ANSWER_SECONDS, PATIENCE_SECONDS = 0.5, 5.0
"""How long the session may take to answer until it counts as deaf, and until it is given up."""

NOTIFY_SECONDS = 10.0
"""How often it is notified. It is asked much more often: a notification is a commit."""

LISTENS = "SELECT array_agg(name) @> ARRAY['{channel}', '{own}'] FROM pg_listening_channels() AS name"
NOTIFY = "SELECT set_config('synchronous_commit', 'off', true), pg_notify('{own}', '{nonce}')"


class DeafError(RuntimeError):
    """A connection does not hear what it listens to."""


class Heartbeat:
    """The heartbeat of a connection that listens to `channel`."""

    def __init__(self, connection: asyncpg.Connection, channel: str) -> None:
        self._connection, self._own = connection, f"{CHANNEL}_{secrets.token_hex(4)}"
        self._listens = LISTENS.format(channel=channel, own=self._own)
        self._heard, self._nonce, self._beaten = asyncio.Event(), "", float("-inf")

    async def begin(self) -> None:
        """Listen, and hear the first beat. Raises DeafError."""
        await self._connection.add_listener(self._own, self._told)
        await self.check()

    async def check(self) -> None:
        """Ask whether the session listens, and from time to time hear a beat. Raises DeafError."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if not await self._connection.fetchval(self._listens):
                    raise DeafError
                if monotonic() - self._beaten > NOTIFY_SECONDS:
                    await self._beat()
        except (TimeoutError, asyncpg.InvalidSQLStatementNameError):  # of another session
            raise DeafError from None

    async def _beat(self) -> None:
        """NOTIFY the session by itself, and wait until it has heard it."""
        self._nonce = secrets.token_hex(8)
        self._heard.clear()
        await self._connection.execute(NOTIFY.format(own=self._own, nonce=self._nonce))
        await self._heard.wait()
        self._beaten = monotonic()

    def _told(self, connection: Any, process: int, channel: str, payload: str) -> None:
        if payload == self._nonce:
            self._heard.set()
