"""Measure what the pages for people cost: milliseconds, bytes, and processor time of the server and of PostgreSQL.

Run: python -m bench.pages
"""

import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import httpx2
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from auth.server.accounts import Account, Password, add_staff
from bench.database.data import Data, copy_database, open_database
from bench.database.subjects import make_subject
from bench.measuring.processor import find_postmaster, read_seconds
from bench.systems.suxin import Suxin
from models.court import StaffRole
from postgres import database

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
PAGE = {"accept": "text/html", "accept-language": "zh-CN", "accept-encoding": "gzip"}
MOST_LOOK_UPS = 8
"""Look-ups of a name, and of lists, of one address in a minute: together below the brake."""

console = Console()


@dataclass(frozen=True)
class Cost:
    """What a page cost: its bytes, and medians in milliseconds and microseconds of processor time."""

    bytes: int
    milliseconds: float
    server_us: float
    postgres_us: float


@dataclass(frozen=True)
class Measuring:
    """Asks a service for its pages. numbers: of the processes of the server and of PostgreSQL."""

    http: httpx2.Client
    numbers: tuple[int, int]

    def measure(self, ask: Callable[[], httpx2.Response], times: int) -> Cost:
        """Return the cost of a page after it was asked for once."""
        size, taken = len(self._ask(ask).content), []
        before = [read_seconds(number) for number in self.numbers]
        for _ in range(times):
            started = time.perf_counter()
            self._ask(ask)
            taken.append((time.perf_counter() - started) * 1000)
        after = [read_seconds(number) for number in self.numbers]
        server, postgres = ((late - early) / times * 1e6 for early, late in zip(before, after, strict=True))
        return Cost(size, statistics.median(taken), server, postgres)

    def _ask(self, ask: Callable[[], httpx2.Response]) -> httpx2.Response:
        answer = ask()
        answer.raise_for_status()
        return answer

    def sign_in(self, who: Password) -> None:
        """Sign in at the court's desk."""
        csrf = CSRF.findall(self.http.get("/court/sign-in", headers=PAGE).text)[0]
        form = {"csrf": csrf, "username": who.username, "password": who.password}
        self.http.post("/court/sign-in", data=form, headers=PAGE)


def add_chief(data: Data) -> Password:
    """Add an account to the court with most cases."""
    engine = database.make_sync_engine(data.url)
    busiest = "SELECT court_code FROM court_case GROUP BY court_code ORDER BY count(*) DESC LIMIT 1"
    with engine.begin() as connection:
        court = connection.execute(sa.text(busiest)).scalar_one()
        found = add_staff(connection, Account("测试", "bench-chief", StaffRole.CHIEF, court))
    engine.dispose()
    return found


def list_pages(measuring: Measuring, times: int) -> Iterator[tuple[str, Cost]]:
    """The cost of each page."""
    http, name = measuring.http, make_subject(1).name
    few = min(times, MOST_LOOK_UPS)
    public: Mapping[str, int] = {"/": times, "/look": times, "/look/lists": few, "/look/figures": times}
    for path, count in public.items():
        yield path, measuring.measure(lambda path=path: http.get(path, headers=PAGE), count)  # type: ignore[misc]
    look_up = {"name": name}
    yield (
        "/look, a name",
        measuring.measure(lambda: http.post("/look", data=look_up, headers=PAGE), few),
    )
    for path in ("/court", "/court/figures", "/court/explorer"):
        yield path, measuring.measure(lambda path=path: http.get(path, headers=PAGE), times)  # type: ignore[misc]


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 20_000,
    times: Annotated[int, typer.Option(help="Requests for each page.")] = 15,
) -> None:
    """Measure the pages, one request at a time.

    Example: python -m bench.pages --subjects 5000 --times 10
    """
    table = Table("page", "bytes", "ms (median)", "server µs", "PostgreSQL µs")
    with open_database(subjects) as first, copy_database(first) as data:
        chief = add_chief(data)
        with (system := Suxin(data)).serving(), httpx2.Client(base_url=system.origin, timeout=60) as http:
            assert system.process
            measuring = Measuring(http, (system.process, find_postmaster(data.url)))
            measuring.sign_in(chief)
            for name, cost in list_pages(measuring, times):
                figures = f"{cost.milliseconds:.1f}", f"{cost.server_us:,.0f}", f"{cost.postgres_us:,.0f}"
                table.add_row(name, f"{cost.bytes:,}", *figures)
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
