"""Measure what reads on a standby take off the primary: processor time of its PostgreSQL for each answer.

Two servers run on one primary by turns: one of them reads from a standby, whose own processor time is measured as well.

Run: python -m bench.scale.standby
"""

import re
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import httpx2
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import Data, build, read_data
from bench.measuring import results
from bench.measuring.processor import find_postmaster, measure_processor
from bench.measuring.rounds import Figures, Run, Schedule, measure
from bench.measuring.wrk import Load, run_wrk
from bench.reads.comparison import empty_access_log
from bench.scale.replicas import Replica, open_replicas
from bench.systems.answers import Requests, collect_requests, compare_answers
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, Work, draw_picks
from postgres import database

AIM = 0.35
READS = re.compile(r'^suxin_standby_reads_total\{outcome="(\w+)"\} ([\d.e+]+)$', re.M)
console = Console()


class Alone(Suxin):
    """A server on the primary, without a worker, whose work would be counted."""

    name = "on the primary"

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, "SUXIN_WORKER": "false"}


class Reading(Alone):
    """The same server with a standby to read from."""

    name = "reading on a standby"

    def __init__(self, data: Data, standby: sa.URL) -> None:
        super().__init__(data)
        self.standby = standby

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, "SUXIN_STANDBY_URL": self.standby.render_as_string(hide_password=False)}

    def count_outcomes(self) -> dict[str, float]:
        """Return what became of the reads of the standby."""
        return {outcome: float(number) for outcome, number in READS.findall(httpx2.get(f"{self.origin}/metrics").text)}


def name_address(server: Replica) -> sa.URL:
    """Return the address of one server."""
    return database.read_url(f"postgresql://suxin@127.0.0.1:{server.port}/suxin")


def load(system: Suxin, work: Work, requests: Requests, counted: sa.URL, connections: int) -> Run:
    """Return the function that loads a server. counted: the PostgreSQL whose processor time is measured."""
    postmaster = find_postmaster(counted)

    def run(seconds: float) -> Load:
        empty_access_log(system.data.url)
        headers = system.headers(work)
        return measure_processor(
            lambda: run_wrk(system.url, requests.bodies, headers, connections, seconds), system.process, postmaster
        )

    return run


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 20_000,
    rounds: Annotated[int, typer.Option(help="Rounds; all run once per round.")] = 3,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 4,
    connections: Annotated[int, typer.Option(help="Connections of wrk.")] = 16,
) -> None:
    """Measure the processor time of the primary for each answer, with and without reads on a standby.

    Example: python -m bench.scale.standby --subjects 200000 --rounds 5
    """
    schedule = Schedule(rounds, seconds, warm_up=1)
    columns = ("on the primary", "reading on a standby", f"share (aim {AIM})", "of the standby", "confirmed")
    table, kept = Table("PostgreSQL µs an answer", *columns), {}
    with tempfile.TemporaryDirectory(prefix="suxin-bench-") as home, open_replicas(Path(home)) as replicas:
        place = Path(home) / "keys"
        place.mkdir()
        build(replicas.url, place, subjects)
        data = read_data(name_address(replicas.primary), place, subjects)
        alone, reading = Alone(data), Reading(data, name_address(replicas.standbys[0]))
        with ExitStack() as stack:
            for system in (alone, reading):
                stack.enter_context(system.serving())
            for work in WORKS.values():
                figures, confirmed = compare(work, alone, reading, schedule, connections)
                share = figures[reading.name].times(figures[alone.name], "postgres_us")
                shown = (f"{figures[name].median('postgres_us'):,.0f}" for name in (alone.name, reading.name))
                of_standby = f"{figures['the standby'].median('postgres_us'):,.0f}"
                table.add_row(work.name, *shown, f"{share:.2f}", of_standby, f"{confirmed:.1%}")
                kept[work.name] = {**results.summarize(figures, {}), "share": round(share, 3), "confirmed": confirmed}
    console.print(table)
    given = results.describe_run(schedule, subjects=subjects, connections=connections)
    console.print(f"written to {results.write('standby', {**given, 'works': kept})}")


def compare(
    work: Work, alone: Alone, reading: Reading, schedule: Schedule, connections: int
) -> tuple[dict[str, Figures], float]:
    """Measure one workload. Returns the figures, and the share of the reads of the standby that were confirmed."""
    picks = draw_picks(work, alone.data.subjects, 32)
    requests = {system.name: collect_requests(system, work, picks) for system in (alone, reading)}
    compare_answers(work, requests)
    before = reading.count_outcomes()
    runs = {
        alone.name: load(alone, work, requests[alone.name], alone.data.url, connections),
        reading.name: load(reading, work, requests[reading.name], alone.data.url, connections),
        "the standby": load(reading, work, requests[reading.name], reading.standby, connections),
    }
    with console.status("") as status:
        figures = measure(runs, schedule, lambda doing: status.update(f"{work.name}, {doing}"))
    now = reading.count_outcomes()
    grown = {outcome: number - before.get(outcome, 0) for outcome, number in now.items()}
    return figures, grown.get("confirmed", 0) / max(1, sum(grown.values()))


if __name__ == "__main__":
    typer.run(main)
