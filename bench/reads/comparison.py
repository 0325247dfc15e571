"""Compare Suxin with other servers on the same database, with the same questions and the same answers.

Run: python -m bench.reads.comparison
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console

from bench.database.data import Data, open_database
from bench.measuring import results
from bench.measuring.pgbench import Statement, run_pgbench
from bench.measuring.processor import find_postmaster, measure_processor
from bench.measuring.rounds import Figures, Run, Schedule, measure
from bench.measuring.wrk import Load, LoadError, run_wrk
from bench.peers.servers import PEERS
from bench.reads.statements import list_statements
from bench.systems.answers import Requests, collect_requests, compare_answers
from bench.systems.processes import StartError
from bench.systems.suxin import Suxin
from bench.systems.system import AnswerError, System
from bench.systems.workloads import WORKS, Pick, Work, draw_picks
from postgres import database

SYSTEMS = {system.name: system for system in (Suxin, *PEERS)}
LEAST_SHARE = 0.5
"""Answers under load that are shorter than this share of the compared answers are reported as errors."""

MOST_A_SECOND = 4_000
"""Requests a second that no system answers."""

console = Console(width=None if sys.stdout.isatty() else 120)


@dataclass(frozen=True)
class Bench:
    """The running database and servers, and the load."""

    data: Data
    systems: Sequence[System]
    connections: int
    schedule: Schedule

    @cached_property
    def postmaster(self) -> int:
        """The process number of PostgreSQL."""
        return find_postmaster(self.data.url)

    def run(self, work: Work, chosen: Sequence[Pick]) -> tuple[dict[str, Figures], dict[str, float]]:
        """Measure one workload. Returns figures and bytes per answer, by system. Raises AnswerError, LoadError."""
        with console.status(f"{work.name}: collecting and comparing answers"):
            requests = {system.name: collect_requests(system, work, chosen) for system in self.systems}
            compare_answers(work, requests)
        console.print(f"{work.name}: {len(chosen)} answers are the same from {', '.join(requests)}")
        runs = {system.name: self.measure_http(system, work, requests[system.name]) for system in self.systems}
        runs |= self._alone(work, requests)
        with console.status("") as status:
            figures = measure(runs, self.schedule, lambda doing: status.update(f"{work.name}, {doing}"))
        return figures, {name: found.mean_bytes for name, found in requests.items()}

    def measure_http(self, system: System, work: Work, requests: Requests) -> Run:
        """Return the function that loads a system. It raises AnswerError if the answers are too short."""

        def run(seconds: float) -> Load:
            empty_access_log(self.data.url)
            headers, own = system.credentials(work, round(seconds * MOST_A_SECOND))
            load = measure_processor(
                lambda: run_wrk(system.url, requests.bodies, headers, self.connections, seconds, own),
                system.process,
                self.postmaster,
            )
            if load.bytes < LEAST_SHARE * requests.mean_bytes:
                raise AnswerError(f"{system.name} sends shorter answers under load: those are errors.")
            return load

        return run

    def _alone(self, work: Work, requests: Mapping[str, Requests]) -> dict[str, Run]:
        """The function that loads PostgreSQL with the statements of Suxin, if Suxin is among the systems."""
        bodies = [json.loads(body) for body in requests[Suxin.name].bodies] if Suxin.name in requests else []
        sent = [list_statements(self.data, work, body["query"], body["variables"]) for body in bodies]
        if not all(sent) or not sent:
            return {}
        return {results.POSTGRES: lambda seconds: self._pgbench(sent, seconds)}

    def _pgbench(self, sent: Sequence[Sequence[Statement]], seconds: float) -> Load:
        empty_access_log(self.data.url)
        return measure_processor(
            lambda: run_pgbench(self.data.url, sent, self.connections, seconds), None, self.postmaster
        )


def empty_access_log(url: sa.URL) -> None:
    """Empty the access log before a measurement."""
    engine = database.make_sync_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("set local session_replication_role = replica")
        connection.exec_driver_sql("truncate access_answer, access_index, log_leaf, log_node, log_checkpoint")
    engine.dispose()


@contextmanager
def explain_errors() -> Iterator[None]:
    """Print an expected error in one sentence and exit with 1."""
    try:
        yield
    except (AnswerError, LoadError, StartError) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        raise typer.Exit(1) from error


def _named(text: str, known: Mapping[str, Any]) -> list[Any]:
    """The values of a comma-separated list of names; all if the list is empty."""
    names = [name for name in text.split(",") if name] or list(known)
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(known)}.")
    return [known[name] for name in names]


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; each system runs once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 10,
    warm_up: Annotated[float, typer.Option(help="Seconds of warm-up before each run.")] = 2,
    only: Annotated[str, typer.Option(help=f"Some of: {','.join(WORKS)}.")] = "",
    systems: Annotated[str, typer.Option(help=f"Some of: {','.join(SYSTEMS)}.")] = "",
    connections: Annotated[int, typer.Option(help="Connections of wrk, clients of pgbench.")] = 8,
    bodies: Annotated[int, typer.Option(help="Different requests of each work.")] = 32,
    directory: Annotated[Path | None, typer.Option(help="Directory of the database.")] = None,
    output: Annotated[Path | None, typer.Option(help="File for the results; by default named by date.")] = None,
) -> None:
    """Compare Suxin with other servers. The database is built unless it exists.

    Example: python -m bench.reads.comparison --subjects 5000 --rounds 2 --only page,subject --systems suxin,mercurius
    """
    works, schedule = _named(only, WORKS), Schedule(rounds, seconds, warm_up)
    chosen = _named(systems, SYSTEMS)
    with explain_errors(), open_database(subjects, directory) as data, ExitStack() as stack:
        running = [system(data) for system in chosen]
        with console.status("starting servers"):
            for system in running:
                stack.enter_context(system.serving())
        found = _measured(Bench(data, running, connections, schedule), works, bodies)
    given = results.describe_run(schedule, subjects=subjects, connections=connections, bodies=bodies)
    console.print(f"written to {results.write('compare', {**given, 'works': found}, output)}")


def _measured(bench: Bench, works: Sequence[Work], bodies: int) -> dict[str, Any]:
    """Measure the workloads one after another, and print each result."""
    found = {}
    for work in works:
        figures, sizes = bench.run(work, draw_picks(work, bench.data.subjects, bodies))
        console.print(results.make_table(work, figures, sizes))
        found[work.name] = results.summarize(figures, sizes)
    return found


if __name__ == "__main__":
    typer.run(main)
