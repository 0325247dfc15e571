"""A line whose key is known and whose content differs is a change: kept, counted and told of (R23)."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from import_files import clear, count, write_csv
from imports_told import notified, told, unwatch, watch
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.formats.sanctions import Sanctions
from ingest.importing import import_file
from ingest.reference.catalogue import load_catalogue
from ingest.report import Summary
from models.catalogue import Colour
from models.code_record import CodePeriod, Perspective, is_known_today
from models.import_run import RecordChange
from models.keyring import Keyring
from models.party import PartyKind
from models.sanction import Sanction

NAME, NUMBER = "测罚正", "330281193304053136"
NEWER, OLDER = date(2026, 11, 20), date(2026, 11, 1)
ENTERED = ["ENTRY_PUBLISHED", "COLOUR_CHANGED"]


def fine(amount: str, serial: int = 9401) -> list[str]:
    """A line of `sanctions`: case 31 of the shared cases."""
    decision, case = f"(2025)浙0281司惩{serial}号", "(2025)浙0281民初9001号"
    return [decision, case, NAME, NUMBER, "罚款", amount, "T01", "2025-03-20", "2025-03-23"]


class Fines:
    """Imports fines on one person, whom a bank watches."""

    def __init__(self, engine: AsyncEngine, keyring: Keyring, place: Path) -> None:
        self.engine, self.keyring, self.file = engine, keyring, place / "sanctions.csv"

    async def bring(self, *lines: list[str], **options: Any) -> Summary:
        path = write_csv(self.file, lines, Sanctions.columns)
        return await import_file(self.engine, "sanctions", path, keyring=self.keyring, **options)

    async def amount(self) -> Any:
        async with self.engine.connect() as connection:
            return await connection.scalar(sa.select(Sanction.amount))

    async def changes(self) -> list[tuple[Any, ...]]:
        change = RecordChange
        query = sa.select(change.field, change.former, change.present).where(change.sanction_id.is_not(None))
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(query.order_by(change.id))]


@pytest.fixture
async def fines(engine: AsyncEngine, keyring: Keyring, tmp_path: Path) -> AsyncIterator[Fines]:
    async with engine.begin() as connection:
        await load_catalogue(connection)
    await watch(engine, keyring, PartyKind.PERSON, NAME, NUMBER)
    yield Fines(engine, keyring, tmp_path)
    await clear(engine)
    await unwatch(engine)


def counts(summary: Summary) -> tuple[int, int, int, int]:
    records = summary.records
    return records.new, records.changed, records.unchanged, summary.outdated


async def test_a_corrected_fine_is_changed_with_its_history_and_told_of(fines: Fines) -> None:
    first = await fines.bring(fine("20000"))
    assert (counts(first), dict(first.told)) == ((1, 0, 0, 0), dict.fromkeys(ENTERED, 1))
    second = await fines.bring(fine("2000"))
    assert (counts(second), dict(second.told)) == ((0, 1, 0, 0), {"ENTRY_AMENDED": 1})
    assert await fines.amount() == 2000
    assert await fines.changes() == [("amount", "20000.00", "2000.00")]
    assert await notified(fines.engine) == [*ENTERED, "ENTRY_AMENDED"]
    assert await count(fines.engine, "sanction") == await count(fines.engine, "code_record") == 1


async def test_the_same_line_again_changes_nothing_and_tells_nobody(fines: Fines) -> None:
    await fines.bring(fine("2000"))
    again = await fines.bring(fine("2000"))
    assert (counts(again), dict(again.told), await fines.changes()) == ((0, 0, 1, 0), {}, [])
    assert await notified(fines.engine) == ENTERED


async def test_an_older_export_after_a_newer_one_changes_nothing(fines: Fines) -> None:
    await fines.bring(fine("2000"), exported_on=NEWER)
    older = await fines.bring(fine("20000"), exported_on=OLDER)
    assert (counts(older), dict(older.told)) == ((0, 0, 0, 1), {})
    assert (await fines.amount(), await fines.changes()) == (2000, [])
    assert counts(await fines.bring(fine("2000"), exported_on=OLDER)) == (0, 0, 1, 0)


async def test_what_a_newer_export_confirms_is_as_new_as_that(fines: Fines) -> None:
    await fines.bring(fine("2000"), exported_on=OLDER)
    assert counts(await fines.bring(fine("2000"), exported_on=NEWER)) == (0, 0, 1, 0)
    between = await fines.bring(fine("300"), exported_on=date(2026, 11, 10))
    assert (counts(between), await fines.amount()) == ((0, 0, 0, 1), 2000)


async def test_an_older_export_still_brings_what_is_new(fines: Fines) -> None:
    await fines.bring(fine("2000"), exported_on=NEWER)
    older = await fines.bring(fine("20000"), fine("500", serial=9402), exported_on=OLDER)
    assert (counts(older), older.records.found) == ((1, 0, 0, 1), 2)


async def test_a_second_line_of_one_key_in_one_file_is_a_change(fines: Fines) -> None:
    both = await fines.bring(fine("20000"), fine("2000"))
    assert (counts(both), both.records.found, both.duplicates) == ((1, 1, 0, 0), 2, 0)
    assert (await fines.amount(), await fines.changes()) == (2000, [("amount", "20000.00", "2000.00")])
    assert await notified(fines.engine) == [*ENTERED, "ENTRY_AMENDED"]


async def test_a_line_changed_to_and_fro_in_one_file_comes_out_as_the_last(fines: Fines) -> None:
    await fines.bring(fine("20000"))
    summary = await fines.bring(fine("2000"), fine("20000"))
    assert (summary.records.changed, await fines.amount()) == (2, 20000)
    assert [change[1:] for change in await fines.changes()] == [("20000.00", "2000.00"), ("2000.00", "20000.00")]


async def test_the_same_value_written_otherwise_is_no_change(fines: Fines) -> None:
    await fines.bring(fine("20000"))
    assert counts(await fines.bring(fine("2万元"))) == (0, 0, 1, 0)
    assert await fines.changes() == []


async def test_history_colours_and_tells_nobody(fines: Fines) -> None:
    for amount in ("20000", "2000"):
        assert not (await fines.bring(fine(amount), history=True)).told
    assert (await told(fines.engine), await fines.amount()) == ([], 2000)
    assert await fines.changes() == [("amount", "20000.00", "2000.00")]
    outside = sa.select(CodePeriod.colour).where(
        CodePeriod.perspective == Perspective.OUTSIDE,
        is_known_today(CodePeriod),
        CodePeriod.during.contains(date(2026, 1, 1)),
    )
    async with fines.engine.connect() as connection:
        assert await connection.scalar(outside) is Colour.RED


async def test_a_dry_run_says_who_would_be_told_and_tells_nobody(fines: Fines) -> None:
    await fines.bring(fine("20000"))
    would = await fines.bring(fine("2000"), dry_run=True)
    assert (counts(would), dict(would.told)) == ((0, 1, 0, 0), {"ENTRY_AMENDED": 1})
    assert (await fines.amount(), await notified(fines.engine)) == (20000, ENTERED)
