"""Measure what ten years of monthly partitions cost: the statements that the product sends to the access log, and a
litigant's page.

Run: python -m bench.scale.partitions
"""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.dialects.postgresql.base import PGDialect
from starlette.testclient import TestClient

from auth.server.token_client import ClientCredential, User, request_token
from bench.database.data import Data, copy_database, open_database
from bench.database.subjects import make_subject
from bench.measuring import results
from bench.measuring.rounds import Schedule
from bench.systems.suxin import subject_key
from casework.access_index import LEFT, index_answers
from casework.transparency.sequencing import LogState
from commands.session import with_engine
from engine.run import runner
from engine.statement.bound import BoundStatement
from jobs.access_log import close_months
from models.audience import Audience
from postgres import database
from postgres.sessions.by_role import PLANNED_ONCE
from server import create_app
from settings import Settings

ISSUER = "http://127.0.0.1:8000"
LOG = """query($first: Int!, $after: String) { me { accessRecords(first: $first, after: $after) {
  nodes { id at purpose branch field types result client { name } } pageInfo { hasNextPage endCursor } } } }"""
CHECK = "query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { outcome } }"
AUDIT = "{ accessRecords(first: 20) { nodes { id at purpose result } } }"
MONTHS = """
    SELECT ensure_access_log_partition(month::date) FROM generate_series(
        CAST(:now AS timestamptz) - (:months - 3) * interval '1 month', CAST(:now AS timestamptz), '1 month'
    ) AS month
"""
SHAPE = "INSERT INTO access_shape VALUES (1, sha256('bench'), 'subject', ARRAY['Party']) ON CONFLICT DO NOTHING"
ANSWERS = """
    INSERT INTO access_answer (
        at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties, branch
    )
    SELECT CAST(:now AS timestamptz) - place * ((:months - 3) * interval '1 month' / :entries),
        (SELECT min(id) FROM client), gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1, ARRAY['GIVEN'],
        ARRAY[CASE WHEN mod(place, 100) = 0 THEN 1 ELSE 1 + mod(place * 7919, :subjects) END], '余姚支行'
    FROM generate_series(1, :entries) AS place
"""
"""Answers spread over the months, one in a hundred of them about the first subject."""

RARE = 11
"""A person who was looked up as often as everybody."""

BUSY = 1
PLANNED = 6
"""Runs of a statement that are planned anew."""

console = Console()


@dataclass(frozen=True)
class Cost:
    """Milliseconds of a statement.

    planned: by PostgreSQL for its values, without what functions plan. planned_once: what the first run of a prepared
    statement takes longer than the others, functions included. prepared: the others.
    """

    planned: float
    planned_once: float
    prepared: float


@dataclass(frozen=True)
class Pace:
    """Milliseconds of a request."""

    p50: float
    p95: float


def fill(data: Data, months: int, entries: int, now: datetime) -> None:
    """Make the partitions and the answers, and index them."""
    engine = database.make_sync_engine(data.url)
    given = {"now": now, "months": months, "entries": entries, "subjects": data.subjects}
    with engine.begin() as connection:
        for statement in (MONTHS, SHAPE, ANSWERS):
            asked = sa.text(statement)
            connection.execute(asked, {name: given[name] for name in asked.compile().params})
    asyncio.run(with_engine(data.url, lambda engine: close_months(engine, now)))
    asyncio.run(with_engine(data.url, _index))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE access_answer, access_index")
    engine.dispose()


async def _index(engine: Any) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await index_answers(connection)
        await connection.commit()


@dataclass(frozen=True)
class Asking:
    """Asks the application in this process."""

    http: TestClient
    data: Data

    def get_token(self, audience: Audience, subject: int) -> str:
        """Return a token; of a litigant portal, for a subject."""
        client, one = self.data.clients[audience.value], make_subject(subject)
        user = User("user-1", one.name, one.number) if audience is Audience.LITIGANT_PORTAL else None
        credential = ClientCredential(ISSUER, client["client_id"], client["key"])
        return str(request_token(credential, self.http, time.time(), (), user)["access_token"])

    def ask(self, token: str, query: str, **variables: Any) -> Any:
        """Return the data of an answer."""
        body = {"query": query, "variables": variables}
        answer = self.http.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"}).json()
        if "errors" in answer:
            raise typer.BadParameter(str(answer["errors"]))
        return answer["data"]

    def measure(self, subject: int, times: int, pages: int = 1) -> Pace:
        """Return what a page of a litigant's own log takes. pages: how many pages deep."""
        token, after, taken = self.get_token(Audience.LITIGANT_PORTAL, subject), None, []
        for _ in range(pages - 1):
            after = self.ask(token, LOG, first=20, after=after)["me"]["accessRecords"]["pageInfo"]["endCursor"]
        for _ in range(times):
            started = time.perf_counter()
            found = self.ask(token, LOG, first=20, after=after)["me"]["accessRecords"]["nodes"]
            taken.append((time.perf_counter() - started) * 1000)
        if not found:
            raise typer.BadParameter(f"Subject {subject} has no page {pages}.")
        return Pace(statistics.median(taken), statistics.quantiles(taken, n=20)[-1])


@contextmanager
def noting() -> Iterator[list[BoundStatement]]:
    """Note the planned statements that run while the context lasts."""
    seen: list[BoundStatement] = []

    async def fetch(connection: Any, ready: BoundStatement) -> bytes:
        seen.append(ready)
        return await planned(connection, ready)

    planned, runner.fetch = runner.fetch, fetch
    yield seen
    runner.fetch = planned


def collect(asking: Asking) -> Mapping[str, tuple[str, list[Any]]]:
    """Return text and values of the statements that the product sends to the log."""
    bank = {"by": subject_key(RARE), "access": {"purpose": "LOAN_APPROVAL"}}
    asked: dict[str, tuple[Audience, str, dict[str, Any]]] = {
        "an answer with its entry": (Audience.BANK, CHECK, bank),
        "a litigant's page": (Audience.LITIGANT_PORTAL, LOG, {"first": 20}),
        "an auditor's page": (Audience.AUDITOR, AUDIT, {}),
    }
    found = {}
    for name, (audience, query, variables) in asked.items():
        with noting() as seen:
            asking.ask(asking.get_token(audience, BUSY), query, **variables)
        found[name] = (seen[-1].statement.text, seen[-1].arguments())
    engine = database.make_sync_engine(asking.data.url)
    with engine.connect() as connection:
        snapshot = connection.scalar(sa.text("SELECT pg_current_snapshot()::text"))
    engine.dispose()
    state: Any = {"epoch": 1, "snapshot": snapshot}
    new = sa.select(LogState(state, 1).select_new().exists())
    dialect: Any = PGDialect()  # type: ignore[no-untyped-call]
    tails = {"the tail of the index": LEFT, "the tail of the transparency log": new}
    for name, statement in tails.items():
        found[name] = (str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})), [])
    return found


async def measure(url: sa.URL, text: str, values: list[Any], times: int) -> Cost:
    """Return what a statement costs. What it writes is rolled back."""
    connection = await database.connect(url, database.make_session_settings(60))
    custom = min([await _plan(connection, text, values) for _ in range(3)])
    for name, value in PLANNED_ONCE.items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)
    first, later = list[float](), list[float]()
    for number in range(times):
        if number < PLANNED:
            await connection.execute("DISCARD PLANS")
        running = connection.transaction()
        await running.start()
        started = time.perf_counter()
        await connection.fetch(text, *values)
        (first if number < PLANNED else later).append((time.perf_counter() - started) * 1000)
        await running.rollback()
    await connection.close()
    prepared = statistics.median(later)
    return Cost(custom, statistics.median(first[1:]) - prepared, prepared)


async def _plan(connection: asyncpg.Connection, text: str, values: list[Any]) -> float:
    """Return the milliseconds of planning a statement for its values."""
    found = await connection.fetchval(f"EXPLAIN (SUMMARY, FORMAT JSON) {text}", *values)
    return float(json.loads(found)[0]["Planning Time"])


def main(
    months: Annotated[int, typer.Option(help="Months with a partition, two of them ahead.")] = 123,
    entries: Annotated[int, typer.Option(help="Answers in all months.")] = 200_000,
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 2_000,
    times: Annotated[int, typer.Option(help="Requests of each kind.")] = 200,
) -> None:
    """Measure planning and execution of the log's statements, and pages of litigants, with many partitions.

    Example: python -m bench.scale.partitions --months 3
    """
    now = datetime.now(UTC)
    with open_database(subjects) as small, copy_database(small) as data:
        with console.status(f"{entries:,} answers in {months} months"):
            fill(data, months, entries, now)
        settings = Settings(data_dir=data.directory, issuer=ISSUER, budget=0, worker=False)
        with TestClient(create_app(settings, data.url), base_url=ISSUER) as http:
            asking = Asking(http, data)
            statements = collect(asking)
            pages = {
                "first page, looked up often": asking.measure(BUSY, times),
                "third page, looked up often": asking.measure(BUSY, times, 3),
                "first page, looked up rarely": asking.measure(RARE, times),
            }
        costs = {name: asyncio.run(measure(data.url, *asked, times // 4)) for name, asked in statements.items()}
    shown = Table(f"{months} months: ms", "planned", "planned once, with functions", "executed when prepared")
    for name, cost in costs.items():
        shown.add_row(name, *(f"{value:.2f}" for value in asdict(cost).values()))
    console.print(shown)
    shown = Table("a litigant's page: ms", "p50", "p95")
    for name, pace in pages.items():
        shown.add_row(name, f"{pace.p50:.1f}", f"{pace.p95:.1f}")
    console.print(shown)
    given = results.describe_run(Schedule(1, 0, 0), months=months, entries=entries, subjects=subjects, times=times)
    content = {
        **given,
        "statements": {name: asdict(cost) for name, cost in costs.items()},
        "pages": {name: asdict(pace) for name, pace in pages.items()},
    }
    console.print(f"written to {results.write('partitions', content)}")


if __name__ == "__main__":
    typer.run(main)
