"""Measure reads alone, beside proposals, and beside proposals and a running import.

Run: python -m bench.reads.mixed
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import copy_database, open_database
from bench.imports.cases import write_file
from bench.measuring import results
from bench.measuring.rounds import Run, Schedule
from bench.measuring.wrk import Load, run_wrk
from bench.reads.comparison import explain_errors
from bench.systems.answers import collect_requests
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, Work, draw_picks
from bench.writes.proposals import PARTS, add_judge, measure_http
from postgres import database

LINES = 2_000_000
"""Lines of the file, more than are imported during a measurement."""

ALONE, WRITING, IMPORTING = "reads", "and proposals", "and an import"
PROPOSALS = "proposals"
READERS, WRITERS = 2, 2
"""Connections of each workload."""

console = Console()


@contextmanager
def importing(system: Suxin, file: Path) -> Iterator[None]:
    """Import a file by the command while the context lasts."""
    command = [str(Path(sys.executable).with_name("suxin")), "import", "cases", str(file)]
    environment = {**os.environ, **system.environment}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def load_together(runs: Mapping[str, Run], seconds: float) -> dict[str, Load]:
    """Run several loads at the same time."""
    with ThreadPoolExecutor(len(runs)) as pool:
        begun = {name: pool.submit(run, seconds) for name, run in runs.items()}
        return {name: one.result() for name, one in begun.items()}


def prepare_reads(system: Suxin) -> dict[str, Run]:
    """Return the function that loads each workload of reads."""
    return {work.name: _prepare_read(system, work) for work in WORKS.values()}


def _prepare_read(system: Suxin, work: Work) -> Run:
    requests = collect_requests(system, work, draw_picks(work, system.data.subjects, 32))
    headers = system.headers(work)
    return lambda seconds: run_wrk(system.url, requests.bodies, headers, READERS, seconds)


@contextmanager
def prepare_writes(system: Suxin) -> Iterator[Run]:
    """Yield the function that loads proposals."""
    engine = database.make_sync_engine(system.data.url)
    court, judge, _ = add_judge(engine)
    with engine.connect() as connection:
        parts = [tuple(row) for row in connection.execute(sa.text(PARTS), {"court": court})]
    with system.serving():
        yield measure_http(system, judge, parts, engine, WRITERS)
    engine.dispose()


def measure_states(system: Suxin, file: Path, seconds: float) -> dict[str, dict[str, Load]]:
    """Measure each state: the loads by workload."""
    found = {}
    with prepare_writes(system) as proposals, console.status("") as status:
        reads = prepare_reads(system)
        everything = {**reads, PROPOSALS: proposals}
        load_together(reads, 2)
        status.update(ALONE)
        found[ALONE] = load_together(reads, seconds)
        status.update(WRITING)
        found[WRITING] = load_together(everything, seconds)
        status.update(IMPORTING)
        with importing(system, file):
            found[IMPORTING] = load_together(everything, seconds)
    return found


def make_table(found: Mapping[str, Mapping[str, Load]]) -> Table:
    """A row for each workload in each state."""
    table = Table("", "beside", "req/s", "p50 ms", "p99 ms")
    for state, loads in found.items():
        for work, load in loads.items():
            table.add_row(work, state, *(f"{one:,.1f}" for one in (load.per_second, load.p50, load.p99)))
    return table


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    seconds: Annotated[float, typer.Option(help="Seconds per measurement.")] = 15,
) -> None:
    """Measure all workloads at the same time: alone, beside proposals, and beside an import as well.

    Example: python -m bench.reads.mixed --subjects 20000 --seconds 5
    """
    with (
        explain_errors(),
        tempfile.TemporaryDirectory() as place,
        open_database(subjects) as original,
        copy_database(original) as data,
    ):
        file = Path(place) / "cases.csv"
        with console.status("the file of the import"):
            write_file(file, LINES, 2022, 2)
        found = measure_states(Suxin(data), file, seconds)
    console.print(make_table(found))
    given = results.describe_run(Schedule(1, seconds, 0), subjects=subjects, connections=READERS)
    content = {state: {name: asdict(load) for name, load in loads.items()} for state, loads in found.items()}
    console.print(f"written to {results.write('mixed', {**given, **content})}")


if __name__ == "__main__":
    typer.run(main)
