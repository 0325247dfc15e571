"""Measure what a proof of possession (DPoP, RFC 9449) costs a request.

Run: python -m bench.reads.bound
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from auth.access_token import resource_of
from auth.proofs.prover import Prover
from auth.server.token_client import ClientCredential, request_token
from bench.database.data import open_database
from bench.measuring import results
from bench.measuring.rounds import Schedule
from bench.reads.comparison import Bench, explain_errors
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, Work, draw_picks

CONNECTIONS = 8
TARGET = 0.05
console = Console()


class Bound(Suxin):
    """The same server, loaded with bound tokens: each request has a proof of its own."""

    name = "bound tokens"

    def credentials(self, work: Work, number: int) -> tuple[Mapping[str, str], Sequence[str]]:
        """A bound token, and headers with proofs that are signed now: they are valid for a minute."""
        client, prover = self.data.clients[work.audience.value], Prover()
        credential = ClientCredential(self.origin, client["client_id"], client["key"])
        token = str(request_token(credential, self.http, time.time(), prover=prover)["access_token"])
        proofs = [f"DPoP: {prover.prove('POST', resource_of(self.origin), time.time(), token)}" for _ in range(number)]
        return {"authorization": f"DPoP {token}"}, proofs


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run, 10 at most: proofs are signed before it.")] = 4,
    only: Annotated[str, typer.Option(help=f"Some of: {','.join(WORKS)}.")] = "",
) -> None:
    """Measure throughput and processor time with tokens of the bearer and with bound tokens, by workload.

    Example: python -m bench.reads.bound --subjects 20000 --rounds 3
    """
    columns = ("", "req/s", "bound", f"loss (target {TARGET:.0%})", "server + PostgreSQL µs", "bound")
    table, schedule, found = Table(*columns), Schedule(rounds, seconds, warm_up=1), {}
    with explain_errors(), open_database(subjects) as data, ExitStack() as stack:
        systems = [Suxin(data), Bound(data)]
        for system in systems:
            stack.enter_context(system.serving())
        for work in [one for name, one in WORKS.items() if name in (only or ",".join(WORKS)).split(",")]:
            figures, sizes = Bench(data, systems, CONNECTIONS, schedule).run(work, draw_picks(work, subjects, 32))
            bearer, bound = figures[Suxin.name], figures[Bound.name]
            rates = (f"{one.median('per_second'):,.0f}" for one in (bearer, bound))
            used = (f"{one.median('server_us'):,.0f} + {one.median('postgres_us'):,.0f}" for one in (bearer, bound))
            table.add_row(work.name, *rates, f"{1 - bound.times(bearer):.0%}", *used)
            found[work.name] = results.summarize(figures, sizes)
    console.print(table)
    given = results.describe_run(schedule, subjects=subjects, connections=CONNECTIONS)
    console.print(f"written to {results.write('bound', {**given, 'works': found})}")


if __name__ == "__main__":
    typer.run(main)
