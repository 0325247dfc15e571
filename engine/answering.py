"""Answer a request from PostgreSQL: by its plan, or by the loaders where it has none. The log is written with it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from engine.execution import Asked, Executor, InternalError, NotPlanned, bind_plan, run
from engine.load.caller import AnyCaller
from engine.load.context import Context
from engine.plan import running
from engine.plan.plan import Ready, Text
from engine.plan.running import Connections

OUT_OF_ORDER = "40001"
"""Another request changed what this one was about to change: it is run again from the beginning."""


@dataclass(frozen=True)
class Result:
    """Data, as JSON text or as Python has it, and errors."""

    data: dict[str, Any] | bytes | None
    errors: Sequence[GraphQLError] = ()

    def text(self) -> bytes:
        """The data as JSON."""
        return self.data if isinstance(self.data, bytes) else orjson.dumps(self.data, default=str)

    def objects(self) -> int:
        """How many objects it holds, near enough: an answer as text is not read again for its price."""
        return max(1, self.text().count(b"{") - 1)

    @classmethod
    def of(cls, result: ExecutionResult) -> "Result":
        """What graphql-core gives."""
        return cls(result.data, result.errors or ())


@dataclass(frozen=True)
class Answering:
    """Answers requests, each in one snapshot.

    database: the connections of the loaders, whose transactions are REPEATABLE READ. connections: those of the plans.
    """

    database: AsyncEngine
    connections: Connections
    executor: Executor = Executor.PLAN

    async def answer(self, request: Asked, caller: AnyCaller) -> tuple[Result, NotPlanned | None]:
        """The answer, and why the loaders gave it if they did. It is given only once its log entries are committed.

        Raises InternalError.
        """
        parts = self._parts(request, caller)
        if isinstance(parts, NotPlanned):
            return Result.of(await self._by_loaders(request, caller)), parts
        return Result(await running.run(self.connections, parts)), None

    def _parts(self, request: Asked, caller: AnyCaller) -> Mapping[str, Ready | Text] | NotPlanned:
        if request.operation.mutates:
            return NotPlanned("mutation")
        return bind_plan(request, caller) if self.executor is Executor.PLAN else NotPlanned("setting")

    async def _by_loaders(self, request: Asked, caller: AnyCaller) -> ExecutionResult:
        for _ in range(running.ATTEMPTS - 1):
            try:
                return await self._loaded(request, caller)
            except InternalError as error:
                if _sqlstate(error.__cause__) != OUT_OF_ORDER:
                    raise
        return await self._loaded(request, caller)

    async def _loaded(self, request: Asked, caller: AnyCaller) -> ExecutionResult:
        async with self.database.connect() as connection:
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


def _sqlstate(error: BaseException | None) -> str | None:
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
