"""Measure how long after its answer an entry is covered by a checkpoint of the transparency log, under load.

Run: python -m bench.reads.covered
"""

import bisect
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import open_database
from bench.measuring import results
from bench.measuring.rounds import Schedule
from bench.measuring.wrk import run_wrk
from bench.reads.comparison import explain_errors
from bench.systems.answers import collect_requests
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, Work, draw_picks
from postgres import database

TARGET = 1.0
"""Seconds."""

PAUSE_SECONDS = 0.005
SIZE = sa.text("SELECT max(size), extract(epoch FROM clock_timestamp()) FROM log_checkpoint")
ENTRIES = sa.text("SELECT index, extract(epoch FROM at) FROM log_leaf WHERE index >= :first ORDER BY index")
console = Console()


@dataclass
class Watcher:
    """Sees checkpoints as they are committed. sizes, moments: of each that was seen."""

    engine: sa.Engine
    sizes: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def look(self) -> int:
        """Look at the newest checkpoint, and return its size."""
        with self.engine.connect() as connection:
            size, moment = connection.execute(SIZE).one()
        if not self.sizes or size != self.sizes[-1]:
            self.sizes.append(size or 0)
            self.moments.append(float(moment))
        return self.sizes[-1]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look again and again while the context lasts."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.is_set():
                self.look()
                time.sleep(PAUSE_SECONDS)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def compute_delays(self, first: int) -> list[float]:
        """Return the seconds from each answer, from a place on, to the first checkpoint that covers it."""
        with self.engine.connect() as connection:
            entries = connection.execute(ENTRIES, {"first": first}).all()
        return [self.moments[bisect.bisect_right(self.sizes, index)] - float(at) for index, at in entries]


def wait_for_all(watcher: Watcher) -> int:
    """Wait until the log has stopped to grow, and return its size."""
    size = -1
    while (found := watcher.look()) != size:
        size = found
        time.sleep(2)
    return size


def measure(system: Suxin, watcher: Watcher, work: Work, connections: int, seconds: float) -> tuple[float, list[float]]:
    """Return requests a second, and the sorted delays of all entries that they made."""
    requests = collect_requests(system, work, draw_picks(work, system.data.subjects, 32))
    first = wait_for_all(watcher)
    with watcher.watching():
        load = run_wrk(system.url, requests.bodies, system.headers(work), connections, seconds)
        last = wait_for_all(watcher)
    delays = sorted(watcher.compute_delays(first))
    assert len(delays) == last - first
    return load.per_second, delays


def at_share(delays: Sequence[float], share: float) -> float:
    """Return a quantile of sorted delays."""
    return delays[min(len(delays) - 1, int(len(delays) * share))]


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    seconds: Annotated[float, typer.Option(help="Seconds per measurement.")] = 20,
    only: Annotated[str, typer.Option(help=f"Some of: {','.join(WORKS)}.")] = "subject,check",
) -> None:
    """Measure the time from the row of an answer in the access log to the checkpoint that covers it, while one client
    asks continuously, and while eight do.

    Example: python -m bench.reads.covered --subjects 20000 --seconds 10
    """
    table, found = Table("", "connections", "req/s", "entries", "p50 s", "p99 s", f"most s (target {TARGET:.0f})"), {}
    with explain_errors(), open_database(subjects) as data:
        system, engine = Suxin(data), database.make_sync_engine(data.url)
        watcher = Watcher(engine.execution_options(isolation_level="AUTOCOMMIT"))
        with system.serving():
            for work in (WORKS[name] for name in only.split(",")):
                for connections in (1, 8):
                    rate, delays = measure(system, watcher, work, connections, seconds)
                    times = (statistics.median(delays), at_share(delays, 0.99), delays[-1])
                    shown = (f"{one:.2f}" for one in times)
                    table.add_row(work.name, f"{connections}", f"{rate:,.0f}", f"{len(delays):,}", *shown)
                    figures = dict(zip(("p50", "p99", "most"), times, strict=True))
                    found[f"{work.name}, {connections}"] = figures | {"per_second": rate, "entries": len(delays)}
        engine.dispose()
    console.print(table)
    given = results.describe_run(Schedule(1, seconds, warm_up=0), subjects=subjects)
    console.print(f"written to {results.write('covered', {**given, 'works': found})}")


if __name__ == "__main__":
    typer.run(main)
