"""Revocations as they happen: what lets a verified token be trusted for some seconds without asking again.

The database tells every worker of a token, client or document that changed (LISTEN). Who cannot hear trusts nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import asyncpg

CHANNEL = "suxin_revoked"
PAUSE_SECONDS = 1.0
log = logging.getLogger("suxin.revocations")


class Trusting(Protocol):
    """Who remembers what tokens are good for, or what a client may send."""

    def trust(self, hearing: bool) -> None:
        """Begin or cease to trust what is remembered; what was remembered before is forgotten."""

    def forget(self, client_key: int) -> None:
        """Forget what is remembered of a client."""


async def listen(connect: Callable[[], Awaitable[asyncpg.Connection]], *trusting: Trusting) -> None:
    """Hear of revocations until cancelled. A lost connection is made again, and nothing is trusted meanwhile."""
    while True:
        try:
            await _hear(await connect(), trusting)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("revocations are not heard: %s", type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def _hear(connection: asyncpg.Connection, trusting: Iterable[Trusting]) -> None:
    """Hear until the connection ends."""

    def told(connection: Any, process: int, channel: str, payload: Any) -> None:
        for one in trusting:
            one.forget(int(payload))

    ended = asyncio.Event()
    connection.add_termination_listener(lambda connection: ended.set())
    try:
        await connection.add_listener(CHANNEL, told)
        _trust(trusting, hearing=True)
        await ended.wait()
    finally:
        _trust(trusting, hearing=False)
        connection.terminate()


def _trust(trusting: Iterable[Trusting], *, hearing: bool) -> None:
    for one in trusting:
        one.trust(hearing)
