"""Compare the working tree with another checkout of the product: each measures itself, by turns, the other one first in
every second round: on a machine that slows down under load, the second is slower, by up to a fifth.

Run: python -m bench.reads.beside ../suxin-before
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.measuring import results
from bench.measuring.rounds import Schedule
from bench.systems.processes import ROOT
from bench.systems.suxin import Suxin

FIGURES = {"requests_per_second": "req/s", "server_us": "server µs", "postgres_us": "PostgreSQL µs"}
MODULE = "bench.reads.comparison"
console = Console()


def _run_once(place: Path, module: str, subjects: int, connections: int, seconds: float) -> Mapping[str, Any]:
    """The results of one round of the comparison in a checkout, by workload."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        options = {"subjects": subjects, "connections": connections, "seconds": seconds, "rounds": 1, "warm-up": 1}
        given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        command = [sys.executable, "-m", module, "--systems", Suxin.name, "--output", file.name]
        environment = {**os.environ, "PYTHONPATH": str(place)}
        subprocess.run([*command, *given], cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
        works: Mapping[str, Any] = json.loads(file.read())["works"]
        return {name: work["systems"][Suxin.name] for name, work in works.items()}


def _median(rounds: Sequence[Mapping[str, Any]], work: str, figure: str) -> float:
    return statistics.median(float(one[work].get(figure) or 0) for one in rounds)


def main(
    other: Annotated[Path, typer.Argument(help="The other checkout. It uses the same virtual environment.")],
    module: Annotated[str, typer.Option(help="Its module for the comparison.")] = MODULE,
    subjects: Annotated[int, typer.Option(help="Size of the databases.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round. Take an even number.")] = 6,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 5,
    connections: Annotated[int, typer.Option(help="Connections of wrk.")] = 8,
) -> None:
    """Measure this checkout and another one by turns. Each has a database of its own, since their schemas may differ.

    Example: python -m bench.reads.beside ../suxin-before --subjects 20000 --rounds 3
    """
    places, found = {"before": other.resolve(), "after": ROOT}, {"before": [], "after": []}  # type: ignore[var-annotated]
    modules = {"before": module, "after": MODULE}
    for turn in range(rounds):
        for name in list(places)[:: 1 if turn % 2 else -1]:
            with console.status(f"round {turn + 1} of {rounds}: {name}"):
                found[name].append(_run_once(places[name], modules[name], subjects, connections, seconds))
    table = Table("", *(f"{shown}, {name}" for shown in FIGURES.values() for name in places), "ratio")
    for work in found["after"][0]:
        figures = {key: [_median(found[name], work, key) for name in places] for key in FIGURES}
        before, after = figures["requests_per_second"]
        shown = (f"{one:,.0f}" for pair in figures.values() for one in pair)
        table.add_row(work, *shown, f"{after / before:.2f} x")
    console.print(table)
    given = results.describe_run(Schedule(rounds, seconds, 1), subjects=subjects, connections=connections)
    console.print(f"written to {results.write('beside', {**given, **found})}")


if __name__ == "__main__":
    typer.run(main)
