"""Measure a bank's answers beside one client that floods each expensive door in turn. The load is sent from one core,
the service and the database are on the other.

Run: python -m bench.neighbours
"""

import json
import os
import socket
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import copy_database, open_database
from bench.exports.events import DOCUMENT, START
from bench.measuring import results
from bench.measuring.cores import SENDING, SERVING, pin
from bench.measuring.flood import flooding, write_request
from bench.measuring.processor import find_postmaster
from bench.measuring.rounds import Schedule
from bench.measuring.wrk import Load, LoadError, run_wrk
from bench.reads.comparison import explain_errors
from bench.reads.hostile import HOSTILE
from bench.systems.answers import collect_requests
from bench.systems.suxin import Suxin, subject_key
from bench.systems.workloads import CHECK, PAGE, Work, draw_picks
from models.audience import Audience

FLOODING = 64
"""Connections of the client that floods."""

ASKED = 5
"""Subjects of one check of the bank."""

HOOKED = Work("hooks", "exports that end at once, whose events are sent to webhooks", Audience.COMMERCE)
HOOKS = """mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { errors { message } } }"""
FIGURES = "{ statistics(of: DEDUCTIONS, first: 1000, groupBy: [MONTH, COURT]) { count subjects } }"
EXPORT = "query($first: Int!, $after: String) { parties(first: $first, after: $after) { nodes { id name } } }"
MOST_TIMES = 2.0
console = Console()


@dataclass(frozen=True)
class Beside:
    """The bank's milliseconds beside a flood; None if it was refused. statuses: what the flood was answered."""

    p50: float | None
    p99: float | None
    statuses: Mapping[str, int]


@contextmanager
def hanging() -> Iterator[str]:
    """A receiver that takes connections, and never answers. Yields its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listener:
        yield "http://127.0.0.1:{}".format(*listener.getsockname()[1:])


def write_query(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the text of a GraphQL request."""
    return write_request("POST", "/graphql", {**headers, "content-type": "application/json"}, body)


def write_export(headers: Mapping[str, str], document: str) -> bytes:
    """Return the text of a request that begins an export."""
    body = {"query": START, "variables": {"input": {"document": document}}}
    return write_query(headers, json.dumps(body).encode())


@dataclass(frozen=True)
class Town:
    """The service, the bank that asks it, and the client that floods it."""

    system: Suxin

    def list_floods(self) -> dict[str, list[bytes]]:
        """The requests of each flood."""
        headers = self.system.headers(PAGE)
        pages = collect_requests(self.system, PAGE, draw_picks(PAGE, self.system.data.subjects, 16)).bodies
        lines = b"\n".join(json.dumps(subject_key(key)).encode() for key in range(20, 5_020))
        code = "SR-" + "-".join(["AAAA"] * 7)
        return {
            "large pages": [write_query(headers, body) for body in pages],
            "statistics": [write_query(headers, json.dumps({"query": FIGURES}).encode())],
            "hostile documents": [write_query(headers, body) for body in HOSTILE.values()],
            "uploads": [write_request("POST", "/uploads", {**headers, "content-type": "application/jsonl"}, lines)],
            "report pages": [write_request("GET", f"/reports/{code}", {})],
            "exports": [write_export(headers, EXPORT)],
        }

    def add_hooks(self, address: str, count: int) -> None:
        """Have the events of the client that floods sent to addresses that hang."""
        for number in range(count):
            body = {"query": HOOKS, "variables": {"input": {"url": f"{address}/{number}"}}}
            self.system.ask(json.dumps(body).encode(), self.system.headers(HOOKED))

    def measure(self, texts: list[bytes], bodies: list[bytes], seconds: float) -> Beside:
        """Measure the bank beside a flood; alone if it is empty."""
        headers = self.system.headers(CHECK)
        beside: Any = flooding(self.system.port, texts, FLOODING) if texts else nullcontext(Counter())
        load: Load | None
        with beside as statuses:
            try:
                load = run_wrk(self.system.url, bodies, headers, 1, seconds)
            except LoadError as error:
                console.print(f"the bank: {error}")
                load = None
        if load is None:
            return Beside(None, None, dict(statuses))
        return Beside(load.p50, load.p99, dict(statuses))


def measure(system: Suxin, rounds: int, seconds: float) -> dict[str, list[Beside]]:
    """Measure the bank alone and beside each flood, by turns."""
    town, found = Town(system), dict[str, list[Beside]]()
    picks = [pick[:ASKED] for pick in draw_picks(CHECK, system.data.subjects, 32)]
    bodies = list(collect_requests(system, CHECK, picks).bodies)
    assert system.process
    pin(SERVING, system.process, find_postmaster(system.data.url))
    town.measure([], bodies, 2)
    floods = {"alone": list[bytes](), **town.list_floods()}  # while the client may still ask
    for _ in range(rounds):
        for name, texts in floods.items():
            found.setdefault(name, []).append(town.measure(texts, bodies, seconds))
    with hanging() as address:
        town.add_hooks(address, 10)
        exports = [write_export(system.headers(HOOKED), DOCUMENT)]
        found["webhooks that hang"] = [town.measure(exports, bodies, seconds) for _ in range(rounds)]
    return found


def make_table(found: Mapping[str, list[Beside]]) -> Table:
    """A row for each flood: medians of the rounds."""
    table = Table("beside", "p50 ms", "p99 ms", "times alone", "the flood was answered")
    alone = _median(found["alone"])
    for name, rounds in found.items():
        p50, statuses = _median(rounds), sum((Counter(one.statuses) for one in rounds), Counter())
        answered = ", ".join(f"{count:,} × {status}" for status, count in sorted(statuses.items()))
        p99 = statistics.median(one.p99 or 0 for one in rounds)
        table.add_row(name, f"{p50:.1f}", f"{p99:.1f}", f"{p50 / alone:.2f}", answered)
    return table


def _median(rounds: list[Beside]) -> float:
    """The median p50; infinite if the bank was refused in most rounds."""
    return statistics.median(float("inf") if one.p50 is None else one.p50 for one in rounds)


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 20_000,
    rounds: Annotated[int, typer.Option(help="Rounds; each flood runs once per round.")] = 3,
    seconds: Annotated[float, typer.Option(help="Seconds per flood.")] = 5,
) -> None:
    """Measure a bank beside a client that floods. Exits with 1 if its median is more than twice that alone beside any.

    Example: python -m bench.neighbours --rounds 1 --seconds 3
    """
    os.sched_setaffinity(0, {SENDING})
    with ExitStack() as stack:
        stack.enter_context(explain_errors())
        data = stack.enter_context(copy_database(stack.enter_context(open_database(subjects))))
        system = Neighbourly(data)
        stack.enter_context(system.serving())
        found = measure(system, rounds, seconds)
    console.print(make_table(found))
    given = results.describe_run(Schedule(rounds, seconds, 2), subjects=subjects, connections=FLOODING)
    content = {name: [one.__dict__ for one in every] for name, every in found.items()}
    console.print(f"written to {results.write('neighbours', {**given, 'beside': content})}")
    raise typer.Exit(int(any(_median(every) > MOST_TIMES * _median(found["alone"]) for every in found.values())))


class Neighbourly(Suxin):
    """The service with the budgets that clients have by default, and webhooks on this machine."""

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, "SUXIN_BUDGET": "1200000", "SUXIN_WEBHOOK_NETWORKS": "127.0.0.0/8"}


if __name__ == "__main__":
    typer.run(main)
