"""Suxin beside its peers: the same questions, the same database, the same answers; then who gives more of them.

Run: python -m bench.compare
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console

from bench import results
from bench.data import Data, built
from bench.exchanges import Requests, compare, gathered
from bench.load import Load, LoadError, loaded
from bench.peers.systems import PEERS
from bench.postgres_alone import Statement, alone
from bench.processes import StartError
from bench.rounds import Figures, Run, Schedule, measured
from bench.statements import statements
from bench.suxin import Suxin
from bench.systems import AnswerError, System
from bench.works import WORKS, Pick, Work, picks
from postgres import database

SYSTEMS = {system.name: system for system in (Suxin, *PEERS)}
EXPECTED = (AnswerError, LoadError, StartError)
LEAST_SHARE = 0.5
"""An answer under load that is shorter than this share of the ones that were compared is an error in disguise."""

console = Console()


@dataclass(frozen=True)
class Bench:
    """The running database and servers, and how hard they are pressed."""

    data: Data
    systems: Sequence[System]
    connections: int
    schedule: Schedule

    def run(self, work: Work, chosen: Sequence[Pick]) -> tuple[dict[str, Figures], dict[str, float]]:
        """Measure one work. Gives the figures, and the bytes of an answer, by system. Raises AnswerError, LoadError."""
        with console.status(f"{work.name}: collecting and comparing answers"):
            requests = {system.name: gathered(system, work, chosen) for system in self.systems}
            compare(work, requests)
        console.print(f"{work.name}: {len(chosen)} answers are the same from {', '.join(requests)}")
        runs = {system.name: self.over_http(system, work, requests[system.name]) for system in self.systems}
        runs |= self._alone(work, requests)
        with console.status("") as status:
            figures = measured(runs, self.schedule, lambda doing: status.update(f"{work.name}, {doing}"))
        return figures, {name: found.mean_bytes for name, found in requests.items()}

    def over_http(self, system: System, work: Work, requests: Requests) -> Run:
        """What puts a system under load. It raises AnswerError where answers get short."""

        def run(seconds: float) -> Load:
            empty_access_log(self.data.url)
            load = loaded(system.url, requests.bodies, system.headers(work), self.connections, seconds)
            if load.bytes < LEAST_SHARE * requests.mean_bytes:
                raise AnswerError(f"{system.name} sends shorter answers under load: those are errors.")
            return load

        return run

    def _alone(self, work: Work, requests: Mapping[str, Requests]) -> dict[str, Run]:
        """PostgreSQL alone, if Suxin says what it sends to it."""
        bodies = [json.loads(body) for body in requests[Suxin.name].bodies] if Suxin.name in requests else []
        sent = [statements(self.data, work, body["query"], body["variables"]) for body in bodies]
        if not all(sent) or not sent:
            return {}
        return {results.POSTGRES: lambda seconds: self._pgbench(sent, seconds)}

    def _pgbench(self, sent: Sequence[Sequence[Statement]], seconds: float) -> Load:
        empty_access_log(self.data.url)
        return alone(self.data.url, sent, self.connections, seconds)


def empty_access_log(url: sa.URL) -> None:
    """Begin every measurement with the same, empty access log."""
    engine = database.make_sync_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("truncate access_record")
    engine.dispose()


def _named(text: str, known: Mapping[str, Any]) -> list[Any]:
    """What a list of names, with commas between, stands for; everything if it is empty."""
    names = [name for name in text.split(",") if name] or list(known)
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(known)}.")
    return [known[name] for name in names]


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds, in each of which everybody has a turn.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds of a turn.")] = 10,
    warm_up: Annotated[float, typer.Option(help="Seconds before it that do not count; 0 for none.")] = 2,
    only: Annotated[str, typer.Option(help=f"Some of: {','.join(WORKS)}.")] = "",
    systems: Annotated[str, typer.Option(help=f"Some of: {','.join(SYSTEMS)}.")] = "",
    connections: Annotated[int, typer.Option(help="Connections of wrk, clients of pgbench.")] = 8,
    bodies: Annotated[int, typer.Option(help="Different requests of each work.")] = 32,
    directory: Annotated[Path | None, typer.Option(help="Where the database is kept.")] = None,
    output: Annotated[Path | None, typer.Option(help="The file for the results, instead of one by the day.")] = None,
) -> None:
    """Compare Suxin with its peers on one machine in one run; build the database first if need be.

    Examples: python -m bench.compare

    python -m bench.compare --subjects 5000 --rounds 2 --seconds 2 --only page,subject --systems suxin,mercurius
    """
    works, schedule = _named(only, WORKS), Schedule(rounds, seconds, warm_up)
    chosen = _named(systems, SYSTEMS)
    try:
        with built(subjects, directory) as data, ExitStack() as stack:
            running = [system(data) for system in chosen]
            with console.status("starting servers"):
                for system in running:
                    stack.enter_context(system.serving())
            found = _measured(Bench(data, running, connections, schedule), works, bodies)
    except EXPECTED as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        raise typer.Exit(1) from error
    given = results.circumstances(schedule, subjects=subjects, connections=connections, bodies=bodies)
    console.print(f"written to {results.written('compare', {**given, 'works': found}, output)}")


def _measured(bench: Bench, works: Sequence[Work], bodies: int) -> dict[str, Any]:
    """Measure the works one after another, and show each as soon as it is done."""
    found = {}
    for work in works:
        figures, sizes = bench.run(work, picks(work, bench.data.subjects, bodies))
        console.print(results.table(work, figures, sizes))
        found[work.name] = results.summary(figures, sizes)
    return found


if __name__ == "__main__":
    app()
