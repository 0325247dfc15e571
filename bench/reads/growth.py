"""Compare the median latency (p50) of Suxin on a small and a large database.

Run: python -m bench.reads.growth
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import open_database
from bench.measuring import results
from bench.measuring.rounds import Figures, Schedule, measure
from bench.reads.comparison import Bench, explain_errors
from bench.systems.answers import collect_requests
from bench.systems.suxin import Suxin
from bench.systems.workloads import PAGE, SUBJECT, Work, draw_picks

TARGET = 1.3
console = Console()


def _measured(benches: Mapping[str, Bench], work: Work, bodies: int) -> dict[str, Figures]:
    """Measure a workload on each database in turn. The answers are not compared, since the subjects differ."""
    runs = {}
    for name, bench in benches.items():
        (system,) = bench.systems
        with console.status(f"{work.name}: collecting requests on {name}"):
            requests = collect_requests(system, work, draw_picks(work, bench.data.subjects, bodies))
        runs[name] = bench.measure_http(system, work, requests)
    with console.status("") as status:
        schedule = next(iter(benches.values())).schedule
        return measure(runs, schedule, lambda doing: status.update(f"{work.name}, {doing}"))


def _table(found: Mapping[str, Mapping[str, Figures]]) -> Table:
    """A row for each workload: p50 on both databases, and the ratio."""
    names = list(next(iter(found.values())))
    table = Table("p50 ms", *names, f"growth (target {TARGET} x)")
    for work, figures in found.items():
        small, large = figures.values()
        columns = [f"{one.median('p50'):.2f}" for one in (small, large)]
        table.add_row(work, *columns, f"{large.times(small, 'p50'):.2f} x")
    return table


def _summary(figures: Mapping[str, Figures]) -> dict[str, Any]:
    small, large = figures.values()
    p50 = {name: round(one.median("p50"), 3) for name, one in figures.items()}
    return {"p50_ms": p50, "growth": round(large.times(small, "p50"), 3)}


def main(
    small: Annotated[int, typer.Option(help="Subjects of the smaller database.")] = 20_000,
    large: Annotated[int, typer.Option(help="Subjects of the larger one.")] = 2_000_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 10,
    warm_up: Annotated[float, typer.Option(help="Seconds of warm-up before each run.")] = 2,
    connections: Annotated[int, typer.Option(help="Connections of wrk.")] = 1,
    bodies: Annotated[int, typer.Option(help="Different requests of each work.")] = 256,
) -> None:
    """Measure Suxin on a small and a large database. They are built unless they exist.

    Example: python -m bench.reads.growth --small 5000 --large 50000 --rounds 2 --seconds 2
    """
    schedule, benches = Schedule(rounds, seconds, warm_up), {}
    with explain_errors(), ExitStack() as stack:
        for subjects in (small, large):
            data = stack.enter_context(open_database(subjects))
            suxin = Suxin(data)
            stack.enter_context(suxin.serving())
            benches[f"{subjects:,}"] = Bench(data, [suxin], connections, schedule)
        found = {work.name: _measured(benches, work, bodies) for work in (PAGE, SUBJECT)}
    console.print(_table(found))
    given = results.describe_run(schedule, subjects=[small, large], connections=connections, bodies=bodies)
    content = {**given, "works": {name: _summary(figures) for name, figures in found.items()}}
    console.print(f"written to {results.write('growth', content)}")


if __name__ == "__main__":
    typer.run(main)
