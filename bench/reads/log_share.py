"""Measure the shares of the access log, the transparency log and the request log in the cost of an answer.

Run: python -m bench.reads.log_share
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Annotated
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

import cli
from bench.database.data import open_database
from bench.measuring import results
from bench.measuring.rounds import Figures, Schedule
from bench.reads.comparison import Bench
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, draw_picks

TARGET = 0.15
WITHOUT = "BENCH_WITHOUT"
"""The variable with the functions that do nothing in all processes of a server."""

console = Console()


class Unworked(Suxin):
    """The same server without a worker: answers are logged, and appended to the transparency log later."""

    name = "without the worker"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of the server."""
        return {**super().environment, "SUXIN_WORKER": "false"}


class Unlogged(Unworked):
    """The same server without access log and without worker."""

    name = "without the access log"

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **super().environment,
            WITHOUT: "engine.plan.roots.build_log_insertion engine.plan.roots.select_log_rows",
        }

    @property
    def command(self) -> Sequence[str]:
        return serve_here(self.port)


class Unrecorded(Unworked):
    """The same server with the access log, without the request log of clients."""

    name = "without the request log"

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, WITHOUT: "telemetry.recording.Recorder.record"}

    @property
    def command(self) -> Sequence[str]:
        return serve_here(self.port)


def serve_here(port: int) -> Sequence[str]:
    """Return the command that starts the server from this module. Its processes import it, too."""
    return [sys.executable, "-m", "bench.reads.log_share", "serve", "--port", str(port)]


def describe(found: Figures) -> str:
    """Return requests a second, and microseconds of the server's processes and of PostgreSQL."""
    rate, server, postgres = (found.median(name) for name in ("per_second", "server_us", "postgres_us"))
    return f"{rate:,.0f}, {server:,.0f} + {postgres:,.0f}"


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 4,
) -> None:
    """Measure throughput and processor time with all logs, and without the worker that appends to the transparency log:
    as it is, without the request log, and without the access log.

    Example: python -m bench.reads.log_share --subjects 20000 --rounds 3
    """
    kinds = (Suxin, Unworked, Unrecorded, Unlogged)
    measured = (f"share of the access log (target {TARGET:.0%})", "share of the request log")
    shares = Table("", *(f"{kind.name}: req/s, µs" for kind in kinds), *measured)
    schedule = Schedule(rounds, seconds, warm_up=1)
    with open_database(subjects) as data, ExitStack() as stack:
        systems = [kind(data) for kind in kinds]
        for system in systems:
            stack.enter_context(system.serving())
        found = {}
        for work in WORKS.values():
            figures, sizes = Bench(data, systems, 8, schedule).run(work, draw_picks(work, subjects, 32))
            access = 1 - figures[Unworked.name].times(figures[Unlogged.name])
            request = 1 - figures[Unworked.name].times(figures[Unrecorded.name])
            rates = (describe(figures[kind.name]) for kind in kinds)
            shares.add_row(work.name, *rates, f"{access:.0%}", f"{request:.1%}")
            found[work.name] = results.summarize(figures, sizes)
    console.print(shares)
    given = results.describe_run(schedule, subjects=subjects, connections=8)
    console.print(f"written to {results.write('log-share', {**given, 'works': found})}")


for function in os.environ.get(WITHOUT, "").split():
    patch(function, return_value=None).start()

if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        cli.app()
    else:
        typer.run(main)
