"""Measure the share of the access log in the cost of an answer.

Run: python -m bench.reads.log_share
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

import cli
from bench.database.data import open_database
from bench.measuring import results
from bench.measuring.rounds import Schedule
from bench.reads.comparison import Bench
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, draw_picks

TARGET = 0.15
console = Console()


class Unlogged(Suxin):
    """The same server without access log. Only this benchmark can start it."""

    name = "without the log"

    @property
    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "bench.reads.log_share", "serve", "--port", str(self.port)]


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 4,
) -> None:
    """Measure throughput with and without the access log, by workload.

    Example: python -m bench.reads.log_share --subjects 20000 --rounds 3
    """
    shares = Table(
        "", "req/s", "without the log", f"share (target {TARGET:.0%})", "PostgreSQL µs", "without the log", "the log"
    )
    schedule = Schedule(rounds, seconds, warm_up=1)
    with open_database(subjects) as data, ExitStack() as stack:
        systems = [Suxin(data), Unlogged(data)]
        for system in systems:
            stack.enter_context(system.serving())
        found = {}
        for work in WORKS.values():
            figures, sizes = Bench(data, systems, 8, schedule).run(work, draw_picks(work, subjects, 32))
            logged, unlogged = figures[Suxin.name], figures[Unlogged.name]
            rates = (f"{one.median('per_second'):,.0f}" for one in (logged, unlogged))
            used = [one.median("postgres_us") for one in (logged, unlogged)]
            took = (f"{one:,.0f}" for one in (*used, used[0] - used[1]))
            shares.add_row(work.name, *rates, f"{1 - logged.times(unlogged):.0%}", *took)
            found[work.name] = results.summarize(figures, sizes)
    console.print(shares)
    given = results.describe_run(schedule, subjects=subjects, connections=8)
    console.print(f"written to {results.write('log-share', {**given, 'works': found})}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        with patch("engine.plan.roots.build_log_insertion", return_value=None):
            cli.app()
    else:
        typer.run(main)
