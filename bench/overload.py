"""Measure what is answered at the service's capacity, and when more is asked: an open-loop load from one core, the
service and the database on the other.

Run: python -m bench.overload
"""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import open_database
from bench.measuring import results
from bench.measuring.cores import SENDING, SERVING, pin
from bench.measuring.open_loop import OpenLoad, run_open_loop
from bench.measuring.processor import find_postmaster
from bench.measuring.rounds import Schedule
from bench.measuring.wrk import run_wrk
from bench.reads.comparison import empty_access_log, explain_errors
from bench.systems.answers import collect_requests
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, Work, draw_picks

CAPACITY_CONNECTIONS, CONNECTIONS = 32, 400
TIMES = (1.0, 2.0, 3.0)
LEAST_SHARE = 0.9
"""The share of the capacity that must be answered at three times as much."""

console = Console()


@dataclass(frozen=True)
class Overload:
    """A measurement: answers a second with as many requests at a time as are answered best, and each open load."""

    capacity: float
    loads: dict[str, OpenLoad]


def measure(system: Suxin, work: Work, rounds: int, seconds: float) -> Iterator[Overload]:
    """Measure the capacity and the open loads in turns."""
    requests, headers = collect_requests(system, work, draw_picks(work, system.data.subjects, 32)), system.headers(work)
    assert system.process
    pin(SERVING, system.process, find_postmaster(system.data.url))
    run_wrk(system.url, requests.bodies, headers, CAPACITY_CONNECTIONS, 2)
    for _ in range(rounds):
        empty_access_log(system.data.url)
        capacity = run_wrk(system.url, requests.bodies, headers, CAPACITY_CONNECTIONS, seconds).per_second
        loads = {}
        for times in TIMES:
            sent = (capacity * times, seconds, CONNECTIONS)
            loads[f"{times:g}"] = run_open_loop(system.port, requests.bodies, headers, *sent)
        yield Overload(capacity, loads)


def make_table(found: list[Overload]) -> Table:
    """A row for each load in each round."""
    columns = ("capacity/s", "times", "offered/s", "good/s", "of capacity", "refused/s", "late/s", "p50 ms", "p99 ms")
    table = Table(*columns)
    for one in found:
        for times, load in one.loads.items():
            table.add_row(
                f"{one.capacity:,.0f}",
                times,
                *(f"{value:,.0f}" for value in (load.offered, load.good)),
                f"{load.good / one.capacity:.2f}",
                *(f"{value:,.0f}" for value in (load.refused, load.late)),
                *(f"{value:,.1f}" for value in (load.p50, load.p99)),
            )
    return table


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 20_000,
    rounds: Annotated[int, typer.Option(help="Rounds; each load runs once per round.")] = 3,
    seconds: Annotated[float, typer.Option(help="Seconds per load.")] = 5,
    only: Annotated[str, typer.Option(help=f"One of: {', '.join(WORKS)}.")] = "subject",
) -> None:
    """Measure goodput under overload. Exits with 1 if less than nine tenths of the capacity are answered at three times
    as much, at the median of the rounds.

    Example: python -m bench.overload --rounds 1 --seconds 3
    """
    os.sched_setaffinity(0, {SENDING})
    with explain_errors(), open_database(subjects) as data, (system := Suxin(data)).serving():
        found = list(measure(system, WORKS[only], rounds, seconds))
    console.print(make_table(found))
    given = results.describe_run(Schedule(rounds, seconds, 2), subjects=subjects, connections=CONNECTIONS)
    console.print(f"written to {results.write('overload', {**given, 'rounds': [asdict(one) for one in found]})}")
    shares = sorted(one.loads[f"{TIMES[-1]:g}"].good / one.capacity for one in found)
    raise typer.Exit(int(shares[len(shares) // 2] < LEAST_SHARE))


if __name__ == "__main__":
    typer.run(main)
