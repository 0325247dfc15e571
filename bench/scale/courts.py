"""Measure proposals of many courts at once while each commit waits for a standby.

Two standbys apply what they receive a while later, and a commit waits until one has applied it
(`synchronous_commit = remote_apply`). If commits waited for one another, a second would have room for
1,000 / DELAY of them, however many courts write.

Run: python -m bench.scale.courts
"""

import math
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import httpx2
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from auth.server.accounts import Account, Password, add_staff
from auth.server.token_client import ClientCredential
from bench.database.data import Data, build, read_data
from bench.measuring import results
from bench.measuring.wrk import Load, LoadError, run_wrk
from bench.scale.replicas import Replicas, open_replicas
from bench.systems.suxin import Suxin
from bench.writes.proposals import PARTS, make_bodies
from demo.clients import REDIRECT_URI
from demo.staff import Browser
from models.audience import Audience
from models.client import Client
from models.court import StaffRole
from postgres import database

SUBJECTS, MOST = 9_000, 400
"""Subjects of the cases, and proposals per second that are prepared: more than can be written."""

AT_ONCE = 24
"""Requests in work: what one process takes on this load without refusing any for its length of queue."""

PARENT = "浙02"
WAITS = """
    SELECT coalesce(wait_event_type, 'running'), coalesce(wait_event, '') FROM pg_stat_activity
    WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
PAUSE_SECONDS = 0.02

console = Console()


class Served(Suxin):
    """A server with a connection for each request in work."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Its environment."""
        return {**super().environment, "SUXIN_POOL_SIZE": "64"}


@dataclass(frozen=True)
class Judge:
    """A judge who has signed in, and what can be proposed at the court."""

    header: str
    parts: Sequence[Any]


def list_courts() -> list[dict[str, str]]:
    """Return ninety courts with codes that no court has."""
    codes = [f"{PARENT}{letter}{digit}" for letter in "ABCDEFGHI" for digit in range(10)]
    return [{"code": code, "name": f"测试法院{code}", "parent_code": PARENT, "evidence": "bench"} for code in codes]


def sign_in_judges(system: Suxin, engine: sa.Engine) -> Iterator[Judge]:
    """Add a client and a judge to each court, and sign each judge in."""
    key = system.data.clients[Audience.COURT.value]["key"]
    with engine.begin() as connection:
        passwords = {court["code"]: add_judge(connection, court["code"]) for court in list_courts()}
    for court, password in passwords.items():
        with httpx2.Client(timeout=60) as http, engine.connect() as connection:
            credential = ClientCredential(system.origin, password.username, key)
            token = Browser(http, credential).sign_in(password, time.time())
            parts = [tuple(row) for row in connection.execute(sa.text(PARTS), {"court": court})]
        yield Judge(f"authorization: Bearer {token}", parts)


def add_judge(connection: sa.Connection, court: str) -> Password:
    """Add a judge, and a client of the court with the judge's user name and the key of the demo's court."""
    name, table = f"judge-{court[-2:].lower()}", Client.__table__
    one = connection.execute(sa.select(table).where(table.c.client_id == "demo-court")).mappings().one()
    own = {"client_id": name, "name": name, "court_code": court, "redirect_uris": [REDIRECT_URI]}
    columns = {column: value for column, value in {**one, **own}.items() if column != "id"}
    connection.execute(sa.insert(Client).values(columns))
    return add_staff(connection, Account("测试法官", name, StaffRole.JUDGE, court))


def propose(data: Data, system: Suxin, judges: Sequence[Judge], connections: int, seconds: float) -> Load:
    """Load the server with proposals of these judges in turn. Raises LoadError if one is refused."""
    each = math.ceil(MOST * seconds / len(judges))
    bodies = chain.from_iterable(zip(*(make_bodies(data, judge.parts, each) for judge in judges), strict=True))
    headers = [judge.header for _ in range(each) for judge in judges]
    engine = database.make_sync_engine(data.url)
    counting = sa.text("SELECT count(*) FROM deduction")
    with engine.connect() as connection:
        before = connection.scalar(counting) or 0
        found = run_wrk(system.url, list(bodies), {}, connections, seconds, headers)
        connection.rollback()
        written = (connection.scalar(counting) or 0) - before
    engine.dispose()
    if written < found.answers:
        raise LoadError(f"{found.answers} proposals were answered, and {written} are there.")
    return found


@contextmanager
def sample_waits(url: sa.URL) -> Iterator[Counter[str]]:
    """Count what the sessions of the server wait for while the context lasts."""
    found, over = Counter[str](), threading.Event()

    def sample() -> None:
        engine = database.make_sync_engine(url)
        while not over.wait(PAUSE_SECONDS):
            with engine.connect() as connection:
                found.update(f"{kind} {event}".strip() for kind, event in connection.execute(sa.text(WAITS)))
        engine.dispose()

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def delay_commits(replicas: Replicas, milliseconds: int) -> None:
    """Have each commit wait until a standby has applied it, which it does so much later."""
    for standby in replicas.standbys:
        standby.ask(f"ALTER SYSTEM SET recovery_min_apply_delay = '{milliseconds}ms'")
        standby.ask("SELECT pg_reload_conf()")
    replicas.primary.ask("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
    replicas.primary.ask("SELECT pg_reload_conf()")


def describe_locks(waits: Counter[str]) -> str:
    """Return the share of samples in which a session waited for a lock, with the most frequent kind."""
    locks = {name: number for name, number in waits.items() if name.startswith("Lock ")}
    most = max(locks, key=lambda name: locks[name], default="")
    return f"{sum(locks.values()) / max(1, waits.total()):.1%} {most}".strip()


def main(
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 10,
    delay: Annotated[int, typer.Option(help="Milliseconds after which a standby applies a commit.")] = 50,
) -> None:
    """Measure proposals of one judge, of many judges of one court, and of ninety courts.

    Example: python -m bench.scale.courts --delay 100
    """
    table = Table(
        f"commits take {delay} ms", "proposals a second", "if commits queued", "p50 ms", "p99 ms", "lock waits"
    )
    kept: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="suxin-bench-") as home, open_replicas(Path(home)) as replicas:
        place = Path(home) / "keys"
        place.mkdir()
        build(replicas.url, place, SUBJECTS, list_courts())
        data = read_data(replicas.url, place, SUBJECTS)
        system, engine = Served(data), database.make_sync_engine(data.url)
        with system.serving():
            judges = list(sign_in_judges(system, engine))
            delay_commits(replicas, delay)
            for name, chosen, connections in (
                ("one judge", judges[:1], 1),
                (f"one court, {AT_ONCE} at a time", judges[:1], AT_ONCE),
                (f"{len(judges)} courts in turn, {AT_ONCE} at a time", judges, AT_ONCE),
            ):
                with console.status(name), sample_waits(data.url) as waits:
                    found = propose(data, system, chosen, connections, seconds)
                figures = (f"{found.per_second:,.0f}", f"{1000 / delay:,.0f}", f"{found.p50:,.0f}", f"{found.p99:,.0f}")
                table.add_row(name, *figures, describe_locks(waits))
                kept[name] = {"per_second": found.per_second, "p50": found.p50, "p99": found.p99, "waits": dict(waits)}
        engine.dispose()
    console.print(table)
    print_written(delay, seconds, kept)


def print_written(delay: int, seconds: float, kept: Mapping[str, Any]) -> None:
    """Write the results to their file."""
    file = results.write("courts", {"delay_ms": delay, "seconds": seconds, "loads": kept})
    console.print(f"written to {file}")


if __name__ == "__main__":
    typer.run(main)
