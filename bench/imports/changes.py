"""Measure the import of an export with few changes, with and without a bank that watches the listed companies.

Some listings have been performed since, and some name another party. Run: python -m bench.imports.changes
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from joserfc.jwk import ECKey
from rich.console import Console
from rich.table import Table

from auth.audiences import Audience
from auth.clients.registration import Registration
from auth.clients.registry import add_client
from bench.imports.cases import KEYRING, organization, person
from ingest.importing import import_file
from ingest.reference.catalogue import load_catalogue
from ingest.report import Summary
from models.names import fold
from postgres import database

FIRST, AGAIN = date(2026, 3, 2), date(2026, 4, 1)
"""The days of the two exports."""

PERSONS = 4
"""One listing of this many is a person's. Companies are watched without consent."""

SHARES = {"changed": 0.02, "conflicts": 0.01}
WATCH = sa.text(
    "INSERT INTO watch (client_key, subject_index, kind, name, folded, reference, created_at)"
    " VALUES (:client, :index, 'ORGANIZATION', :name, :folded, :name, :at)"
)
console = Console()


def _listing(serial: int, *, performed: bool = False, misnamed: bool = False) -> dict[str, object]:
    """One line of the national list."""
    named = _person(serial) if serial % PERSONS == 0 else organization(serial)
    day = date(2025, 1, 1) + timedelta(days=serial % 400)
    return {
        "iname": f"{named[1]}甲" if misnamed else named[1],
        "cardNum": named[3],
        "partyTypeName": "0" if serial % PERSONS == 0 else "1",
        "courtName": "余姚市人民法院",
        "caseCode": f"({day.year})浙0281执{serial + 1}号",
        "gistId": f"({day.year})浙0281民初{serial + 1}号",
        "gistUnit": "余姚市人民法院",
        "regDate": day.isoformat(),
        "publishDate": day.isoformat(),
        "duty": "支付借款本金",
        "performance": "全部已履行" if performed else "全部未履行",
        "disruptTypeName": "违反财产报告制度",
    }


def _person(serial: int) -> tuple[str, str, str, str, str]:
    return person(serial, f"王{chr(0x4E00 + serial % 5000)}")


def _lines(count: int, *, again: bool) -> Iterator[dict[str, object]]:
    """`count` listings. `again`: as in the later export."""
    changed, conflicts = (round(1 / share) for share in SHARES.values())
    for serial in range(count):
        misnamed = again and serial % (conflicts // PERSONS * PERSONS) == 0
        yield _listing(serial, performed=again and serial % changed == 1, misnamed=misnamed)


def _write(path: Path, count: int, *, again: bool) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in _lines(count, again=again))


@contextmanager
def _loaded(place: Path, file: Path, watched: int) -> Iterator[sa.URL]:
    """A database with the first export and `watched` watched companies, including those that will have performed."""
    with database.run_embedded(place) as url:
        database.migrate(url)
        asyncio.run(_import(url, file, FIRST))
        engine = database.make_sync_engine(url)
        with engine.begin() as connection:
            jwks = {"keys": [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]}
            now = datetime(2026, 3, 3, tzinfo=UTC)
            add_client(connection, Registration("某银行", Audience.BANK, client_id="bank", jwks=jwks), now=now)
            client = connection.scalar(sa.text("SELECT id FROM client"))
            companies = [organization(serial) for serial in range(2 * watched) if serial % PERSONS][:watched]
            given = [
                {"client": client, "index": KEYRING.index(one[3]), "name": one[1], "folded": fold(one[1]), "at": now}
                for one in companies
            ]
            if given:
                connection.execute(WATCH, given)
        engine.dispose()
        yield url


async def _import(url: sa.URL, path: Path, day: date) -> tuple[Summary, float]:
    engine = database.make_async_engine(url, pool_size=3, statement_timeout=60)
    async with engine.begin() as connection:
        await load_catalogue(connection)
    start = time.perf_counter()
    noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    summary = await import_file(
        engine, "shixin", path, keyring=KEYRING, exported_on=day, history=day == FIRST, now=lambda: noon
    )
    seconds = time.perf_counter() - start
    await engine.dispose()
    return summary, seconds


def _count(url: sa.URL, table: str) -> int:
    engine = database.make_sync_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - tables of our own
    engine.dispose()
    return int(found or 0)


def main(
    lines: Annotated[int, typer.Option(help="Lines of the export.")] = 200_000,
    watched: Annotated[int, typer.Option(help="Companies that a bank watches.")] = 10_000,
) -> None:
    """Measure lines per second and count the events.

    Example: python -m bench.imports.changes --lines 20000 --watched 1000
    """
    table = Table("watched", "lines a second", "new", "changed", "held", "events", "notifications")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        _write(place / "first.jsonl", lines, again=False)
        _write(place / "again.jsonl", lines, again=True)
        for some in (0, watched):
            with console.status(f"{some} watched"), _loaded(place / f"data{some}", place / "first.jsonl", some) as url:
                summary, seconds = asyncio.run(_import(url, place / "again.jsonl", AGAIN))
                records = summary.records
                counts = (records.new, records.changed, summary.held, _count(url, "event"), _count(url, "notification"))
                figures = (some, round(lines / seconds), *counts)
                table.add_row(*(f"{figure:,}" for figure in figures))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
