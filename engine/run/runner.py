"""Execution of plans: each statement once, all in one snapshot."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter

import asyncpg

from engine.plan.plan import Text
from engine.run.batching import Batching
from engine.run.compiler import COMPILER
from engine.run.connections import Connections
from engine.run.meter import Meter
from engine.run.position import Position
from engine.run.standby import StandbyReads
from engine.statement.bound import BoundStatement

ATTEMPTS, MOST_DECLARED = 3, 10_000
RETRIED = asyncpg.SerializationError, asyncpg.InvalidCachedStatementError
"""Errors of a transaction that is run again: a concurrent request updated the same row, or a migration the tables."""


async def compile_all(asking: Iterable[BoundStatement]) -> None:
    """Compile new statements in a thread, so that other requests are not blocked."""
    if fresh := [ready for ready in asking if not ready.is_compiled]:
        await asyncio.get_running_loop().run_in_executor(COMPILER, lambda: [ready.statement for ready in fresh])


async def declare(connection: asyncpg.Connection, asking: Iterable[BoundStatement], declared: set[str]) -> None:
    """Declare the kinds of the answers to the access log, except those in `declared`, and add them there."""
    for declaration in (ready.statements.declaration for ready in asking):
        if declaration is not None and declaration.text not in declared:
            await connection.execute(declaration.text)
            if len(declared) >= MOST_DECLARED:
                declared.clear()
            declared.add(declaration.text)


async def fetch(connection: asyncpg.Connection, ready: BoundStatement) -> Text:
    """Execute a statement and return its answer."""
    return await connection.fetchval(ready.statement.text, *ready.arguments())  # type: ignore[no-any-return]  # bytes


@dataclass(frozen=True)
class Runner:
    """Runs plans on `connections`.

    batches: whether short statements that would wait are answered together. standby: answers what it can. declared: the
    declarations that were executed on this database (`declare`).
    """

    connections: Connections
    batches: bool = True
    standby: StandbyReads | None = None
    declared: set[str] = field(default_factory=set)

    @cached_property
    def batching(self) -> Batching:
        """The statements that wait."""
        return Batching(self.connections, self._fetch_alone)

    async def run(
        self, parts: Mapping[str, BoundStatement | Text], meter: Meter | None = None, after: Position | None = None
    ) -> Text:
        """Return the JSON text of the answer. The log entries are committed with it. meter: counts its database time,
        also if it fails. after: what a standby must have replayed."""
        asking = {name: part for name, part in parts.items() if isinstance(part, BoundStatement)}
        await compile_all(asking.values())
        answers = {name: part for name, part in parts.items() if not isinstance(part, BoundStatement)}
        if asking:
            answers |= await self._answer(asking, meter or Meter(), after)
        return b"{" + b",".join(b'"%s":%s' % (name.encode(), answers[name]) for name in parts) + b"}"

    async def _answer(
        self, asking: Mapping[str, BoundStatement], meter: Meter, after: Position | None
    ) -> dict[str, Text]:
        if len(asking) > 1:
            return await self._fetch(asking, meter)
        ((name, ready),) = asking.items()
        answer = await self.standby.answer(ready, meter, after) if self.standby else None
        if answer is not None:
            return {name: answer}
        if self.batches and ready.is_batchable:
            return {name: await self.batching.fetch(ready, meter)}
        return await self._fetch(asking, meter)

    async def _fetch_alone(self, ready: BoundStatement, meter: Meter) -> Text:
        return (await self._fetch({"": ready}, meter))[""]

    async def _fetch(self, asking: Mapping[str, BoundStatement], meter: Meter) -> dict[str, Text]:
        async with self.connections.acquire() as connection:
            started = perf_counter()
            try:
                return await _logged(connection, asking, self.declared)
            finally:
                meter.seconds += perf_counter() - started


async def _logged(
    connection: asyncpg.Connection, asking: Mapping[str, BoundStatement], declared: set[str]
) -> dict[str, Text]:
    """Return the answers. Declarations are repeated if the database has lost one, as in a failover."""
    await declare(connection, asking.values(), declared)
    with suppress(asyncpg.NotNullViolationError):
        return await _fetched(connection, asking)
    declared.clear()
    await declare(connection, asking.values(), declared)
    return await _fetched(connection, asking)


async def _fetched(connection: asyncpg.Connection, asking: Mapping[str, BoundStatement]) -> dict[str, Text]:
    if len(asking) == 1 and not any(ready.before for ready in asking.values()):
        return {name: await fetch(connection, ready) for name, ready in asking.items()}
    for _ in range(ATTEMPTS - 1):
        with suppress(*RETRIED):
            return await _in_one_snapshot(connection, asking)
    return await _in_one_snapshot(connection, asking)


async def _in_one_snapshot(connection: asyncpg.Connection, asking: Mapping[str, BoundStatement]) -> dict[str, Text]:
    async with connection.transaction(isolation="repeatable_read"):
        return await fetch_answers(connection, asking)


async def fetch_answers(connection: asyncpg.Connection, asking: Mapping[str, BoundStatement]) -> dict[str, Text]:
    """Return the answers of compiled statements, in the transaction of `connection`."""
    for ready in asking.values():
        if ready.before:
            await connection.fetch(ready.before.text, *ready.arguments_of(ready.before))
    return {name: await fetch(connection, ready) for name, ready in asking.items()}
