"""Measure each step of a request, one request at a time, with and without the access log.

Run: python -m bench.reads.profile
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Annotated, Any
from unittest.mock import patch
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table
from starlette.datastructures import Headers

from bench.database.data import Data, open_database
from bench.reads.operations import prepare
from bench.reads.statements import read_principal
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, Work, draw_picks
from engine.answering import Result
from engine.document.document import prepare_operation
from engine.execution import NotPlanned, bind_plan, price_request
from engine.run.runner import Runner
from engine.statement.bound import BoundStatement
from postgres.connections import PlanConnections
from resolvers.caller import Caller
from transport.body import parse_body
from transport.observation import Observation
from transport.reply import Reply

BODIES = 32
console = Console()


@dataclass(frozen=True)
class Way:
    """The requests of one workload, and what is needed to execute them."""

    bodies: Sequence[bytes]
    caller: Caller
    runner: Runner

    async def steps(self, rounds: int) -> dict[str, list[float]]:
        """The microseconds of each step, for every request in each round."""
        found: dict[str, list[float]] = {}
        for body in [one for _ in range(rounds) for one in self.bodies]:
            for name, taken in await self._steps(body):
                found.setdefault(name, []).append(taken)
        return found

    async def _steps(self, body: bytes) -> list[tuple[str, float]]:
        scopes, audience = self.caller.principal.scopes, self.caller.principal.audience
        read, parsed = _timed(lambda: parse_body(body))
        found, operation = _timed(lambda: prepare(parsed.query, parsed.operation_name, scopes))
        coerced, request = _timed(lambda: price_request(operation, parsed.variables, audience))
        bound, parts = _timed(lambda: self._ready(request))
        sent, text = await _awaited(lambda: self.runner.run(parts))
        replied, _ = _timed(lambda: Reply(Observation(), Headers(), "").answer(Result({"data": text.decode()})))
        names = ("body", "document, from the cache", "variables and cost", "plan", "PostgreSQL", "reply")
        return list(zip(names, (read, found, coerced, bound, sent, replied), strict=True))

    def _ready(self, request: Any) -> dict[str, BoundStatement]:
        parts = bind_plan(request, self.caller)
        if isinstance(parts, NotPlanned):
            raise RuntimeError(parts.reason)
        return parts  # type: ignore[return-value]  # all of these ask the database


def _timed(step: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = step()
    return (time.perf_counter() - started) * 1e6, result


async def _awaited(step: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = await step()
    return (time.perf_counter() - started) * 1e6, result


def make_bodies(data: Data, work: Work) -> list[bytes]:
    """Request bodies of a workload, with cursors and ids from the service."""
    system = Suxin(data)
    with system.serving():
        return [system.body(work, pick) for pick in draw_picks(work, data.subjects, BODIES)]


async def profile_work(data: Data, work: Work, requests: Sequence[bytes], rounds: int) -> dict[str, float]:
    """The median microseconds of each step, and of PostgreSQL without the access log."""
    caller = Caller(read_principal(data, work), data.keyring, datetime.now(UTC), uuid4())
    connections = PlanConnections(data.url, 1, 30)
    way = Way(requests, caller, Runner(connections))
    await way.steps(1)
    steps = await way.steps(rounds)
    with patch("engine.plan.roots.build_log_insertion", return_value=None):
        prepare_operation.cache_clear()
        await way.steps(1)
        unlogged = await way.steps(rounds)
    prepare_operation.cache_clear()
    await connections.close()
    without = {"PostgreSQL, without the access log": median(unlogged["PostgreSQL"])}
    return {name: median(taken) for name, taken in steps.items()} | without


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="How often each of the 32 requests is sent.")] = 10,
) -> None:
    """Print the duration of each step, by workload.

    Example: python -m bench.reads.profile --subjects 20000 --rounds 5
    """
    with open_database(subjects) as data:
        for work in WORKS.values():
            found = asyncio.run(profile_work(data, work, make_bodies(data, work), rounds))
            table = Table("step", "microseconds", title=work.title)
            for name, taken in found.items():
                table.add_row(name, f"{taken:,.0f}")
            console.print(table)


if __name__ == "__main__":
    typer.run(main)
