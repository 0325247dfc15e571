"""Answers that a standby reads and the primary confirms."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Protocol

import asyncpg
from prometheus_client import Counter

from engine.declare.facts import Facts
from engine.plan.plan import Text
from engine.run.compiler import COMPILER
from engine.run.confirming import Answered, Confirming
from engine.run.connections import Connections
from engine.run.meter import Meter
from engine.run.position import Position
from engine.statement.bound import BoundStatement
from engine.statement.compilation import Statement

READS = Counter("suxin_standby_reads", "Answers that a standby was asked for, by what became of them", ["outcome"])
CONFIRMED, CHANGED, UNCOVERED, BEHIND, FAILED = map(
    READS.labels, ("confirmed", "changed", "uncovered", "behind", "failed")
)
READ_SECONDS = 1.0
"""How long a standby has for an answer. Then the primary is asked."""

UNREADABLE = OSError, asyncpg.PostgresError, asyncpg.InterfaceError
"""What a standby raises that is away or too slow, or ends a statement because of what it replays."""


class Standby(Protocol):
    """The connections of a standby."""

    def acquire(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """Return a context manager that lends a connection."""

    async def is_fit(self, after: Position | None) -> bool:
        """Return whether it follows the primary, and has replayed up to `after`."""


@dataclass(frozen=True)
class StandbyReads:
    """Answers requests from a standby. primary: confirms the answers. facts: what they depend on."""

    standby: Standby
    primary: Connections
    facts: Facts

    @cached_property
    def confirming(self) -> Confirming:
        """The answers that wait for the primary."""
        return Confirming(self.primary, self.facts.confirmation)

    async def answer(self, ready: BoundStatement, meter: Meter, after: Position | None) -> Text | None:
        """Return the answer once its log entries are committed on the primary; None if the primary must answer.

        after: what must have been replayed before. Raises what `Confirming.confirm` raises.
        """
        statement = get_statement(ready)
        if statement is None:
            return None
        if not await self.standby.is_fit(after):
            BEHIND.inc()
            return None
        found = await self._read(ready, statement, meter)
        if found is None:
            return None
        text, answered = found
        holds = await self.confirming.confirm(answered)
        (CONFIRMED if holds else CHANGED).inc()
        return text if holds else None

    async def read_position(self) -> Position:
        """Return where the primary is now. Raises what `Confirming.confirm` raises."""
        meter = Meter()
        await self.confirming.confirm(Answered(None, 0, meter))
        assert meter.position is not None  # noqa: S101 - a call that succeeds sets it
        return meter.position

    async def _read(self, ready: BoundStatement, statement: Statement, meter: Meter) -> tuple[Text, Answered] | None:
        started = perf_counter()
        try:
            async with asyncio.timeout(READ_SECONDS), self.standby.acquire() as connection:
                row = await connection.fetchrow(statement.text, *ready.arguments_of(statement))
        except UNREADABLE:
            FAILED.inc()
            return None
        finally:
            meter.seconds += perf_counter() - started
        text, entry, fingerprint = row
        if fingerprint is None:
            UNCOVERED.inc()
            return None
        return text, Answered(entry, fingerprint, meter)


def get_statement(ready: BoundStatement) -> Statement | None:
    """Return the statement for a standby, if there is one. It is compiled in a thread at the first call."""
    if ready.before is not None:
        return None
    compiled = ready.compiled
    if not compiled.standby_written:
        compiled.standby_written = True
        COMPILER.submit(ready.compile_standby)
    return compiled.standby
