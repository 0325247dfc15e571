"""Compare a court's answers from cards with those from the tables, where no party has a card.

Run: python -m bench.reads.cold
"""

from collections.abc import Callable, Mapping
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.console import Console

from bench.database.data import Data, open_database
from bench.measuring import results
from bench.measuring.rounds import Run, Schedule, measure
from bench.measuring.wrk import Load
from bench.reads.comparison import Bench, explain_errors
from bench.systems.answers import collect_requests
from bench.systems.suxin import Suxin
from bench.systems.workloads import PAGE, SUBJECT, draw_picks
from postgres import database

WARM, COLD = "suxin", "without cards"
STATES = {
    WARM: ("TRUNCATE card_withdrawal",),
    COLD: ("TRUNCATE card_withdrawal", "INSERT INTO card_withdrawal (party_id) SELECT party_id FROM party_card"),
}
console = Console()


class Idle(Suxin):
    """`suxin serve` without scheduled work, which would make the cards again."""

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, "SUXIN_WORKER": "false"}


def _in_state(data: Data, state: str, run: Run) -> Run:
    """Return the run with the cards withdrawn or not."""

    def run_in_state(seconds: float) -> Load:
        engine = database.make_sync_engine(data.url)
        with engine.begin() as connection:
            for statement in STATES[state]:
                connection.execute(sa.text(statement))
            connection.execute(sa.text("ANALYZE card_withdrawal"))
        engine.dispose()
        return run(seconds)

    return run_in_state


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 4,
    connections: Annotated[int, typer.Option(help="Connections of wrk.")] = 8,
) -> None:
    """Measure pages and single subjects with and without cards.

    Example: python -m bench.reads.cold --subjects 20000 --rounds 3
    """
    schedule, found = Schedule(rounds, seconds, warm_up=1), {}
    with explain_errors(), open_database(subjects) as data:
        system = Idle(data)
        bench = Bench(data, [system], connections, schedule)
        with system.serving(), console.status("") as status:
            tell: Callable[[str], None] = status.update
            for work in (PAGE, SUBJECT):
                requests = collect_requests(system, work, draw_picks(work, subjects, 32))
                run = bench.measure_http(system, work, requests)
                figures = measure({state: _in_state(data, state, run) for state in STATES}, schedule, tell)
                console.print(results.make_table(work, figures, {}))
                found[work.name] = results.summarize(figures, {})
        _in_state(data, WARM, lambda _: Load(0, 0, 0, 0, 0))(0)
    given = results.describe_run(schedule, subjects=subjects, connections=connections)
    console.print(f"written to {results.write('cold', {**given, 'works': found})}")


if __name__ == "__main__":
    typer.run(main)
