"""What each import came to, interrupted or not; imports at the same time as others and as the court's work (R23)."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import open_courtroom
from emptying import empty_tables
from import_files import clear, content, count, write_csv
from imports_told import notified, runs, told, unwatch, watch
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from test_import_changes import NUMBER, fine

from casework import batches
from casework.outbox import place_left
from casework.transaction import transact
from ingest.formats.sanctions import Sanctions
from ingest.importing import import_file
from ingest.ledger import mark_interrupted, note_courts
from ingest.report import Summary
from models.court import StaffRole
from models.event import Event
from models.import_run import ImportFinding
from models.keyring import Keyring
from models.party import Identity, IdentityType, PartyKind
from postgres import database
from postgres.locks import Lock

COMPANY, CODE = "余姚市军霞不锈钢有限公司", "9133028199991064X8"


async def again_from_nothing(engine: AsyncEngine, keyring: Keyring) -> None:
    """Nothing is there but a bank that watches a company."""
    await clear(engine)
    await unwatch(engine)
    await watch(engine, keyring, PartyKind.ORGANIZATION, COMPANY, CODE)


@pytest.fixture(autouse=True)
async def empty(shipped: None, engine: AsyncEngine, keyring: Keyring) -> AsyncIterator[None]:
    await again_from_nothing(engine, keyring)
    yield
    await unwatch(engine)


async def listings(engine: AsyncEngine, exports: Path, keyring: Keyring) -> Summary:
    return await import_file(engine, "shixin", exports / "shixin.jsonl", keyring=keyring)


async def fines(engine: AsyncEngine, place: Path, keyring: Keyring, *lines: list[str], **options: Any) -> Summary:
    path = write_csv(place / "sanctions.csv", lines, Sanctions.columns)
    return await import_file(engine, "sanctions", path, keyring=keyring, **options)


async def test_a_run_says_what_it_came_to_and_what_was_wrong(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring
) -> None:
    lines = [fine("20000"), fine("20000"), fine("5000", serial=9402), fine("许多", serial=9403)]
    unknown = [*fine("1", serial=9404)[:4], "警告", *fine("1")[5:]]
    await fines(engine, tmp_path, keyring, *lines, unknown)
    (run,) = await runs(engine)
    assert (run["format"], run["state"], run["court_codes"]) == ("sanctions", "COMPLETED", ["浙0281"])
    assert (run["lines"], run["accepted"], run["duplicates"], run["rejected"]) == (5, 2, 1, 2)
    assert (run["records"], run["new"], run["changed"], run["unchanged"]) == (2, 2, 0, 0)
    async with engine.connect() as connection:
        finding = ImportFinding
        query = sa.select(finding.level, finding.code, finding.word, finding.lines).order_by(finding.code)
        assert [tuple(row) for row in await connection.execute(query)] == [
            ("REJECT", "AMOUNT", None, 1),
            ("REJECT", "SANCTION", "警告", 1),
        ]


async def test_a_dry_run_is_no_run(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    await fines(engine, tmp_path, keyring, fine("20000"), dry_run=True)
    assert await runs(engine) == []


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import sqlalchemy as sa
import ingest.run
from ingest.importing import import_file
from models.keyring import Keyring
from models.masters import SmMaster
from postgres import database

ingest.run.CHUNK_LINES, ingest.run.SLICE_LINES = 3, 1
make = SmMaster if os.environ.get("SUXIN_CRYPTO") == "sm" else bytes
url, path, place, times = sys.argv[1:]
calls, kept = [], getattr(ingest.run, place)

async def die(*given):
    calls.append(given)
    if len(calls) == int(times):
        os.kill(os.getpid(), signal.SIGKILL)
    return await kept(*given)

setattr(ingest.run, place, die)

async def main():
    engine = database.make_async_engine(sa.make_url(url), 4, 10)
    await import_file(engine, "shixin", Path(path), keyring=Keyring((make(b"s" * 32),), (make(b"i" * 32),)))

asyncio.run(main())
"""


async def released(engine: AsyncEngine, run: int) -> None:
    """Wait until the session of a run is gone."""
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT pg_advisory_lock(:runs, :run)"), {"runs": Lock.RUNS, "run": run})
        await connection.execute(sa.text("SELECT pg_advisory_unlock(:runs, :run)"), {"runs": Lock.RUNS, "run": run})


@pytest.mark.parametrize(
    ("place", "times"),
    [
        ("merge_parties", 2),  # parties are written, nothing is committed
        ("note_courts", 1),  # rows and events are written, nothing is committed
        ("note_courts", 3),  # the same, after two chunks
        ("place", 2),  # rows and events are committed, the events have no place yet
        ("end_run", 1),  # all chunks are committed
    ],
)
async def test_an_interrupted_import_is_shown_as_such_and_is_made_good_by_another(
    engine: AsyncEngine,
    database_url: sa.URL,
    exports: Path,
    keyring: Keyring,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    times: int,
) -> None:
    monkeypatch.setattr("ingest.run.CHUNK_LINES", 3)
    monkeypatch.setattr("ingest.run.SLICE_LINES", 1)
    whole = await listings(engine, exports, keyring)
    expected = (await content(engine), await told(engine), await notified(engine))
    assert expected[2]
    await again_from_nothing(engine, keyring)
    url = database_url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, url, str(exports / "shixin.jsonl"), place, str(times)]
    environment = {**os.environ, "PYTHONPATH": str(Path(database.__file__).parents[1])}
    killed = await asyncio.to_thread(subprocess.run, command, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = (await runs(engine))[-1]
    await released(engine, left["id"])
    await mark_interrupted(engine)
    assert ((await runs(engine))[-1]["state"], left["ended_at"]) == ("INTERRUPTED", None)
    again = await listings(engine, exports, keyring)
    assert (await content(engine), await told(engine), await notified(engine)) == expected
    assert (again.accepted, again.records.found) == (whole.accepted, whole.records.found)
    assert again.records.new + again.records.unchanged == whole.records.new
    assert [run["state"] for run in await runs(engine)] == ["INTERRUPTED", "COMPLETED"]
    await place_left(engine)
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).where(Event.position.is_(None))) == 0


async def test_a_run_that_goes_on_is_not_interrupted(
    engine: AsyncEngine, exports: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def look(*given: Any) -> None:
        await mark_interrupted(engine)
        seen.extend(run["state"] for run in await runs(engine))

    monkeypatch.setattr("ingest.run.note_courts", look)
    await listings(engine, exports, keyring)
    assert seen == ["RUNNING"]


async def test_a_chunk_that_met_another_transaction_is_written_again(
    engine: AsyncEngine, exports: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.run.CHUNK_LINES", 3)
    monkeypatch.setattr("ingest.run.SLICE_LINES", 1)
    whole = await listings(engine, exports, keyring)
    expected = (await content(engine), await told(engine), await notified(engine))
    await again_from_nothing(engine, keyring)
    calls = list[int]()

    async def meet(connection: AsyncConnection, *given: Any) -> None:
        calls.append(len(calls))
        if calls[-1] in {0, 2, 3}:
            await connection.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$"))
        await note_courts(connection, *given)

    monkeypatch.setattr("ingest.run.note_courts", meet)
    again = await listings(engine, exports, keyring)
    assert (await content(engine), await told(engine), await notified(engine)) == expected
    assert (again.records, again.told) == (whole.records, whole.told)
    assert len(calls) > 4


async def test_two_imports_of_one_file_at_once_tell_each_thing_once(
    engine: AsyncEngine, exports: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.run.CHUNK_LINES", 3)
    alone = await listings(engine, exports, keyring)
    expected = (await content(engine), await told(engine), await notified(engine))
    await again_from_nothing(engine, keyring)
    both = await asyncio.gather(*(listings(engine, exports, keyring) for _ in range(2)))
    assert (await content(engine), await told(engine), await notified(engine)) == expected
    assert sum(one.records.new for one in both) == alone.records.new == await count(engine, "listing")
    assert sum(one.records.unchanged for one in both) == alone.records.new
    assert sum((one.told for one in both), start=type(alone.told)()) == alone.told


async def test_an_import_while_the_court_publishes(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    """Both are about one debtor: neither fails, and each tells its own once."""
    async with engine.begin() as connection:
        room = await open_courtroom(connection)
        index = keyring.index(NUMBER)
        number = {"type": IdentityType.RESIDENT_ID, "index": index, "masked": "330281********3136"}
        sealed = keyring.seal(NUMBER, index)
        await connection.execute(sa.insert(Identity).values(party_id=room.parties[0], sealed=sealed, **number))
        batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
        await room.notified(connection, batch)
    publish = partial(batches.publish, key=batch, act=room.act(StaffRole.CENTRE))
    line = [*fine("20000")[:2], "陈一鸣", *fine("20000")[3:]]
    _, summary = await asyncio.gather(transact(engine, publish), fines(engine, tmp_path, keyring, line))
    assert summary.records.new == 1
    kinds = sorted(kind for _, _, kind in await told(engine))
    assert kinds.count("ENTRY_PUBLISHED") == 2
    assert [place for _, place, _ in await told(engine)] == list(range(1, len(kinds) + 1))
    async with engine.begin() as connection:
        await connection.run_sync(empty_tables, "batch", "staff")
