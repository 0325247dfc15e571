"""Answer requests from PostgreSQL, by a plan or by the loaders."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.execution import Executor, InternalError, NotPlanned, PricedRequest, bind_plan, run
from engine.explanation import explain
from engine.load.caller import AnyCaller
from engine.load.context import Context
from engine.plan.plan import Text
from engine.run.connections import Connections
from engine.run.meter import Meter
from engine.run.position import Position
from engine.run.runner import ATTEMPTS, Runner
from engine.run.standby import StandbyReads
from engine.statement.bound import BoundStatement
from sqlstate import get_sqlstate

log = logging.getLogger("suxin.graphql")
RETRIED = frozenset({"40001", "0A000"})
"""SQLSTATEs after which a transaction is retried: it conflicted with another one, or used a kept statement whose tables
were changed."""


@dataclass(frozen=True)
class Result:
    """The data of an answer, as JSON text or as Python objects, and its errors."""

    data: dict[str, Any] | bytes | None
    errors: Sequence[GraphQLError] = ()

    def text(self) -> bytes:
        """Return the data as JSON."""
        return self.data if isinstance(self.data, bytes) else orjson.dumps(self.data, default=str)

    def objects(self) -> int:
        """Return the approximate number of objects in the data."""
        return max(1, self.text().count(b"{") - 1)

    @classmethod
    def of(cls, result: ExecutionResult) -> "Result":
        """Convert a result of graphql-core."""
        return cls(result.data, result.errors or ())


@dataclass(frozen=True)
class Answering:
    """Answers requests, each in one snapshot.

    database: the engine of the loaders, with isolation level REPEATABLE READ. connections: the connections of the
    plans. batches: whether short statements that would wait are answered together. share: within what a connection of
    the loaders is used. standby: answers what it can.
    """

    database: AsyncEngine
    connections: Connections
    executor: Executor = Executor.PLAN
    batches: bool = True
    share: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext
    standby: StandbyReads | None = None

    @cached_property
    def runner(self) -> Runner:
        """The runner of plans. It knows what was declared to the access log, so there is one for all requests."""
        return Runner(self.connections, self.batches, self.standby)

    async def answer(
        self, request: PricedRequest, caller: AnyCaller, meter: Meter | None = None, after: Position | None = None
    ) -> tuple[Result, NotPlanned | None]:
        """Answer a request after its log entries are committed. Return the reason as well if the loaders answered.

        meter: counts its database time, also if it fails. after: what a standby must have replayed that answers. Raises
        InternalError.
        """
        if log.isEnabledFor(logging.DEBUG):
            found = explain(request.operation, request.variables, caller)
            log.debug("%s", "\n".join(found.lines(values=False)))
        parts = self._parts(request, caller)
        if isinstance(parts, NotPlanned):
            return Result.of(await self._by_loaders(request, caller, meter or Meter())), parts
        return Result(await self.runner.run(parts, meter, after)), None

    def _parts(self, request: PricedRequest, caller: AnyCaller) -> Mapping[str, BoundStatement | Text] | NotPlanned:
        if request.operation.mutates:
            return NotPlanned("mutation")
        return bind_plan(request, caller) if self.executor is Executor.PLAN else NotPlanned("setting")

    async def _by_loaders(self, request: PricedRequest, caller: AnyCaller, meter: Meter) -> ExecutionResult:
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._metered(request, caller, meter)
            except InternalError as error:
                if get_sqlstate(error.__cause__) not in RETRIED:
                    raise
        return await self._metered(request, caller, meter)

    async def _metered(self, request: PricedRequest, caller: AnyCaller, meter: Meter) -> ExecutionResult:
        async with self.share(), self.database.connect() as connection:
            started = perf_counter()
            try:
                return await _loaded(connection, request, caller)
            finally:
                meter.seconds += perf_counter() - started


async def _loaded(connection: AsyncConnection, request: PricedRequest, caller: AnyCaller) -> ExecutionResult:
    """Answer by the loaders in one transaction."""
    context = Context(engine=request.operation.engine, caller=caller, connection=connection)
    try:
        result = await run(request, context)
    except asyncio.CancelledError:
        context.abandon()
        raise
    finally:
        await context.close()
    await connection.commit()
    return result
