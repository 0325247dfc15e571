"""Run a plan: each statement once, all of them in one snapshot, and JSON text as the answer."""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

import asyncpg

from engine.plan.plan import Ready, Text


class Connections(Protocol):
    """Lends asyncpg connections: a pool of asyncpg, or what lends as it does."""

    def acquire(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection for as long as the context lasts."""


ATTEMPTS = 3
COMPILER = ThreadPoolExecutor(1, "compiler")
"""One statement at a time: compiling is Python's work, and shares its one core with the requests that go on."""


async def compile_all(asking: Iterable[Ready]) -> None:
    """Compile what was never asked for, in a thread: requests whose statements are there go on meanwhile."""
    if fresh := [ready for ready in asking if not ready.compiled]:
        await asyncio.get_running_loop().run_in_executor(COMPILER, lambda: [ready.statement for ready in fresh])


async def declare(connection: asyncpg.Connection, asking: Iterable[Ready]) -> None:
    """Tell the log of answers whose kind is new to this process. In a transaction, which may fail, they stay new."""
    for statements in (ready.statements for ready in asking):
        if statements.declaration is not None:
            await connection.execute(statements.declaration.text)
            statements.declaration = statements.declaration if connection.is_in_transaction() else None


async def fetch(connection: asyncpg.Connection, ready: Ready) -> Text:
    """The answer of one statement."""
    found: str = await connection.fetchval(ready.statement.text, *ready.arguments())
    return found.encode()


async def run(connections: Connections, parts: Mapping[str, Ready | Text]) -> Text:
    """The JSON text of the whole answer. The log's entries are committed with it."""
    asking = {name: part for name, part in parts.items() if isinstance(part, Ready)}
    await compile_all(asking.values())
    answers = {name: part for name, part in parts.items() if not isinstance(part, Ready)}
    if asking:
        async with connections.acquire() as connection:
            await declare(connection, asking.values())
            answers |= await _fetched(connection, asking)
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), answers[name]) for name in parts) + b"}"


async def _fetched(connection: asyncpg.Connection, asking: Mapping[str, Ready]) -> dict[str, Text]:
    if len(asking) == 1 and not any(ready.before for ready in asking.values()):
        return {name: await fetch(connection, ready) for name, ready in asking.items()}
    for _ in range(ATTEMPTS - 1):
        with suppress(asyncpg.SerializationError):  # another request used up what this one was about to
            return await _in_one_snapshot(connection, asking)
    return await _in_one_snapshot(connection, asking)


async def _in_one_snapshot(connection: asyncpg.Connection, asking: Mapping[str, Ready]) -> dict[str, Text]:
    async with connection.transaction(isolation="repeatable_read"):
        return await fetch_answers(connection, asking)


async def fetch_answers(connection: asyncpg.Connection, asking: Mapping[str, Ready]) -> dict[str, Text]:
    """The answers of statements that are compiled, in the transaction that `connection` is in."""
    for ready in asking.values():
        if ready.before:
            await connection.fetch(ready.before.text, *ready.arguments_of(ready.before))
    return {name: await fetch(connection, ready) for name, ready in asking.items()}
