"""Measure the CPU time to refuse hostile documents, and the latency of other requests meanwhile.

Run: python -m bench.reads.hostile
"""

import json
import multiprocessing
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from auth.audiences import Audience, scopes_of
from bench.database.data import open_database
from bench.reads.operations import prepare
from bench.systems.suxin import Suxin
from bench.systems.workloads import PAGE
from engine.document.document import DocumentError
from engine.execution import price_request
from transport.body import parse_body
from transport.refusals import RequestError

MOST_MILLISECONDS = 50.0
TRIES = 5
console = Console()


def _query(document: str) -> bytes:
    return json.dumps({"query": document}).encode()


def _spreading(levels: int) -> str:
    fragments = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {fragments} fragment F{levels} on Query {{ __typename }}"


def _filtered(value: str) -> bytes:
    document = "query($filter: PartyFilter) { parties(first: 1, filter: $filter) { nodes { id } } }"
    return b'{"query": %s, "variables": {"filter": %s}}' % (json.dumps(document).encode(), value.encode())


def _page(first: int) -> str:
    deductions = f"deductions(first: {first}) {{ nodes {{ id }} }}"
    cases = f"participations(first: {first}) {{ nodes {{ case {{ {deductions} }} }} }}"
    return f"{{ parties(first: {first}) {{ nodes {{ {cases} }} }} }}"


HOSTILE: Mapping[str, bytes] = {
    "28 levels of doubling fragments": _query(_spreading(28)),
    "2,000 unknown fields": _query("{ " + " ".join(f"a{n}" for n in range(2_000)) + " }"),
    "5,000 directives": _query("{ viewer { name " + "@a " * 5_000 + "} }"),
    "800 conflicting aliases": _query("{ viewer { " + "a: name a: clientId " * 400 + "} }"),
    "300 levels of depth": _query("{ a " * 300 + "}" * 300),
    "64 KiB": _query("{ viewer { name } } #" + "x" * 65_500),
    "variables 5,000 deep": _filtered("[" * 5_000 + "]" * 5_000),
    "variables 900 deep": _filtered("[" * 900 + "]" * 900),
    "NaN": _filtered('{"name": NaN}'),
    "a lone surrogate": _filtered('{"name": "\\ud800"}'),
    "U+0000": _filtered('{"name": "\\u0000"}'),
    "a million rows": _query(_page(100)),
}


def time_refusal(body: bytes) -> tuple[str, float]:
    """The error code for a body, and the lowest CPU time in milliseconds of several tries."""
    taken, code = [], ""
    for _ in range(TRIES):
        started = time.process_time()
        code = _refused(body)
        taken.append((time.process_time() - started) * 1000)
    return code, min(taken)


def _refused(body: bytes) -> str:
    try:
        found = parse_body(body)
        price_request(
            prepare(found.query, found.operation_name, scopes_of(Audience.COURT)), found.variables, Audience.COURT
        )
    except RequestError as error:
        return error.code
    except DocumentError as error:
        return str((error.errors[0].extensions or {})["code"])
    raise AssertionError("a hostile body was taken")


def measure_latencies(ask: Callable[[], Any], seconds: float) -> list[float]:
    """The latencies in milliseconds of sequential requests, sorted."""
    found, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        started = time.perf_counter()
        ask()
        found.append((time.perf_counter() - started) * 1000)
    return sorted(found)


def send_hostile(url: str, headers: dict[str, str], seconds: float) -> None:
    """Send hostile bodies for `seconds`."""
    until = time.monotonic() + seconds
    with httpx2.Client(timeout=30, headers={**headers, "content-type": "application/json"}) as http:
        while time.monotonic() < until:
            for body in HOSTILE.values():
                http.post(url, content=body)


def measure_attack(system: Suxin, seconds: float) -> tuple[list[float], list[float]]:
    """The latencies of a small request alone, and beside a client that sends hostile bodies."""
    headers, small = system.headers(PAGE), _query("{ viewer { clientId } }")
    peace = measure_latencies(lambda: system.ask(small, headers), seconds)
    other = multiprocessing.get_context("spawn").Process(target=send_hostile, args=(system.url, headers, seconds + 4))
    other.start()
    time.sleep(2)  # the process imports its modules
    war = measure_latencies(lambda: system.ask(small, headers), seconds)
    other.join()
    return peace, war


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 5_000,
    seconds: Annotated[float, typer.Option(help="Seconds without and with hostile requests.")] = 5,
) -> None:
    """Measure the refusal of hostile documents. Exits with 1 if one takes more than 50 ms of CPU time.

    Example: python -m bench.reads.hostile --seconds 2
    """
    table = Table("document", "bytes", "refused with", "CPU ms")
    slowest = 0.0
    for name, body in HOSTILE.items():
        code, taken = time_refusal(body)
        slowest = max(slowest, taken)
        table.add_row(name, f"{len(body):,}", code, f"{taken:.1f}")
    console.print(table)
    with open_database(subjects) as data, (system := Suxin(data)).serving():
        peace, war = measure_attack(system, seconds)
    console.print(f"A small request, in peace: {_shown(peace)}; beside a client that sends these: {_shown(war)}.")
    raise typer.Exit(int(slowest > MOST_MILLISECONDS))


def _shown(found: list[float]) -> str:
    return (
        f"p50 {found[len(found) // 2]:.1f} ms, p99 {found[len(found) * 99 // 100]:.1f} ms, at most {found[-1]:.1f} ms"
    )


if __name__ == "__main__":
    typer.run(main)
