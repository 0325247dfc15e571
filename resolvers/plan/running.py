"""Run a plan: each statement once, all of them in one snapshot, and JSON text as the answer."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import asyncpg

from resolvers.plan.plan import Ready, Text


class Connections(Protocol):
    """Lends asyncpg connections."""

    def lease(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection for as long as the context lasts."""


async def fetch(connection: asyncpg.Connection, ready: Ready) -> Text:
    """The answer of one statement."""
    found: str = await connection.fetchval(ready.statement.text, *ready.arguments())
    return found.encode()


async def run(connections: Connections, parts: Mapping[str, Ready | Text]) -> Text:
    """The JSON text of the whole answer. The log's entries are committed with it."""
    asking = {name: part for name, part in parts.items() if isinstance(part, Ready)}
    answers = {name: part for name, part in parts.items() if not isinstance(part, Ready)}
    if asking:
        async with connections.lease() as connection:
            answers |= await _fetched(connection, asking)
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), answers[name]) for name in parts) + b"}"


async def _fetched(connection: asyncpg.Connection, asking: Mapping[str, Ready]) -> dict[str, Text]:
    if len(asking) == 1:
        return {name: await fetch(connection, ready) for name, ready in asking.items()}
    async with connection.transaction(isolation="repeatable_read"):
        return {name: await fetch(connection, ready) for name, ready in asking.items()}
