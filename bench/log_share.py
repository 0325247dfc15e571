"""What the access log takes of the throughput: Suxin beside a Suxin that writes none, round by round.

Run: python -m bench.log_share
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
from bench import results
from bench.compare import Bench
from bench.data import built
from bench.rounds import Schedule
from bench.suxin import Suxin
from bench.works import WORKS, picks

TARGET = 0.15
console = Console()


class Unlogged(Suxin):
    """The same server, whose statements leave the entries out. Nothing but this benchmark can ask for it."""

    name = "without the log"

    @property
    def command(self) -> Sequence[str]:
        """This module, as the command."""
        return [sys.executable, "-m", "bench.log_share", "serve", "--port", str(self.port)]


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds, in each of which both have a turn.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds of a turn.")] = 4,
) -> None:
    """Show the share of the access log in the throughput of each work.

    Example: python -m bench.log_share --subjects 20000 --rounds 3
    """
    shares = Table("", "req/s", "without the log", f"the log's share (target {TARGET:.0%})")
    schedule = Schedule(rounds, seconds, warm_up=1)
    with built(subjects) as data, ExitStack() as stack:
        systems = [Suxin(data), Unlogged(data)]
        for system in systems:
            stack.enter_context(system.serving())
        found = {}
        for work in WORKS.values():
            figures, sizes = Bench(data, systems, 8, schedule).run(work, picks(work, subjects, 32))
            logged, unlogged = figures[Suxin.name], figures[Unlogged.name]
            rates = (f"{one.median('per_second'):,.0f}" for one in (logged, unlogged))
            shares.add_row(work.name, *rates, f"{1 - logged.times(unlogged):.0%}")
            found[work.name] = results.summary(figures, sizes)
    console.print(shares)
    given = results.circumstances(schedule, subjects=subjects, connections=8)
    console.print(f"written to {results.written('log-share', {**given, 'works': found})}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        with patch("engine.plan.roots.build_log_insertion", return_value=None):
            cli.app()
    else:
        typer.run(main)
