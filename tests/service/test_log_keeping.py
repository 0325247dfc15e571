"""Witnesses, changes of the log's key, and erasure after ten years, on the database of the log."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from conftest import as_service
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from emptying import AS_SUPERUSER, empty_tables
from indexing import write_index
from sequencing import NOW, SIGNER, empty_logs, write_log
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from world import ISSUER

from casework.transparency.erasure import EraseError, erase_month, list_due_months
from casework.transparency.faults import Verification
from casework.transparency.key_changes import announce_successor, is_in_use, read_rotations
from casework.transparency.proofs import prove_leaf
from casework.transparency.tree import LogBrokenError, fetch_by, read_last
from casework.transparency.verification import KEPT, verify_log
from jobs.access_log import ensure_access_log
from models.access_answer import AccessIndexState, EarlierHash, select_answers_about
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.entries import read_entry
from models.transparency.merkle import EMPTY_ROOT, hash_leaf, verify_inclusion
from models.transparency.notes import KeyType, NoteKey, NoteSigner, open_note, split_note
from models.transparency.rotations import follow_rotations
from postgres import database
from transport.transparency import LogKeys, make_log_routes

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
BANK, COURT, STRANGER = (
    NoteSigner(f"{name}.example/witness", Ed25519PrivateKey.from_private_bytes(name[:1].encode() * 32), KeyType.WITNESS)
    for name in ("bank", "court", "stranger")
)
SEEN = int(NOW.timestamp())
ANSWERS = sa.text(
    """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties)
    SELECT CAST(:at AS timestamptz) + place * interval '1 second', 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1,
        ARRAY['GIVEN'], ARRAY[CAST(:party AS bigint)]
    FROM generate_series(1, :number) AS place
    """
)


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A log of five entries of today."""
    await ensure_access_log(engine, AT)
    await add(engine, AT, 5)
    yield engine
    async with engine.begin() as connection:
        await empty_logs(connection)
        await connection.execute(AS_SUPERUSER)
        await connection.run_sync(empty_tables, "log_cosignature", "log_rotation")


async def add(engine: AsyncEngine, at: datetime, number: int, party: int = 7, signer: NoteSigner = SIGNER) -> None:
    """Add answers to the access log and to the transparency log."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("SELECT ensure_access_log_partition(:day)"), {"day": at.date()})
        await connection.execute(ANSWERS, {"at": at, "number": number, "party": party})
    assert await write_log(engine, signer) == number


async def read_note(engine: AsyncEngine) -> str:
    """Return the newest checkpoint."""
    async with engine.connect() as connection:
        last = await read_last(fetch_by(connection))
    assert last is not None
    return str(last["note"])


def serve(engine: AsyncEngine, signer: NoteSigner = SIGNER) -> httpx2.AsyncClient:
    """The log over HTTP, which knows two witnesses."""
    routes = make_log_routes(engine, 5, LogKeys(signer.keys, [BANK.key, COURT.key], lambda: NOW), ISSUER)
    transport = httpx2.ASGITransport(Starlette(routes=routes))
    return httpx2.AsyncClient(transport=transport, base_url="http://log.example")


async def send(engine: AsyncEngine, note: str | bytes) -> httpx2.Response:
    """Hand a cosigned checkpoint to the log."""
    async with serve(engine) as http:
        return await http.post("/log/cosignatures", content=note)


async def get(engine: AsyncEngine, path: str) -> httpx2.Response:
    """Read a path of the log."""
    async with serve(engine) as http:
        return await http.get(f"/log/{path}")


# --- witnesses --------------------------------------------------------------------------------------------------------


async def test_cosignatures_are_kept_and_shown(log: AsyncEngine) -> None:
    assert (await get(log, "cosigned")).status_code == 404
    note = await read_note(log)
    assert (await send(log, BANK.cosign(note, SEEN))).json() == {"added": 1}
    assert (await send(log, BANK.cosign(note, SEEN + 60))).json() == {"added": 0}
    assert (await send(log, STRANGER.cosign(COURT.cosign(note, SEEN), SEEN))).json() == {"added": 1}
    newest, cosigned = await get(log, "checkpoint"), await get(log, "cosigned")
    assert newest.text == cosigned.text == COURT.cosign(BANK.cosign(note, SEEN), SEEN)
    for key in (SIGNER.key, BANK.key, COURT.key):
        assert open_note(newest.text, [key])
    await add(log, AT + timedelta(hours=1), 1)
    assert open_checkpoint((await get(log, "checkpoint")).text, [SIGNER.key]).size == 6
    assert (await get(log, "checkpoint")).text == await read_note(log)
    assert (await get(log, "cosigned")).text == cosigned.text
    assert cosigned.headers["content-type"] == "text/plain; charset=utf-8"


def spoil(note: str) -> str:
    """Change the last signature."""
    head, _, tail = note.removesuffix("\n").rpartition(" ")
    return f"{head} {tail[:60]}{'A' if tail[60] != 'A' else 'B'}{tail[61:]}\n"


async def test_what_is_no_cosignature_of_a_known_witness_is_refused(log: AsyncEngine) -> None:
    """A signature of a known key that does not fit is refused as a missing one is (C2SP `tlog-witness`)."""
    note = await read_note(log)
    text, _ = split_note(note)
    other = SIGNER.sign(Checkpoint(SIGNER.name, 5, EMPTY_ROOT).write())
    fake = NoteSigner(SIGNER.name, Ed25519PrivateKey.generate())
    refused: list[tuple[str | bytes, int, str]] = [
        (note, 403, "not cosigned by a witness that is known"),
        (STRANGER.cosign(note, SEEN), 403, "not cosigned by a witness that is known"),
        (spoil(BANK.cosign(note, SEEN)), 403, "does not fit"),
        (spoil(BANK.cosign(COURT.cosign(note, SEEN), SEEN)), 403, "does not fit"),
        (BANK.cosign(note, SEEN + 3_600), 403, "of another time"),
        (BANK.cosign(note, 0), 403, "of another time"),
        (BANK.cosign(note, 2**64 - 1), 403, "of another time"),
        (BANK.cosign(fake.sign(text), SEEN), 403, "not signed by a key that is trusted"),
        (BANK.cosign(other, SEEN), 404, "no such checkpoint"),
        ("", 400, "not a signed note"),
        (b"\xff\xfe", 400, "not a signed note"),
        ("x" * 70_000, 413, "at most"),
    ]
    for sent, status, reason in refused:
        answer = await send(log, sent)
        assert (answer.status_code, reason in answer.json()["error"]) == (status, True), (reason, answer.text)
    async with log.connect() as connection:
        assert await connection.scalar(sa.text("SELECT count(*) FROM log_cosignature")) == 0


@pytest.mark.parametrize("table", ["log_cosignature", "log_rotation"])
async def test_tables_of_signatures_refuse_changes(log: AsyncEngine, table: str) -> None:
    await send(log, BANK.cosign(await read_note(log), SEEN))
    async with log.begin() as connection:
        await connection.execute(sa.text("INSERT INTO log_rotation VALUES (1, 'x')"))
    key = {"log_cosignature": "size", "log_rotation": "number"}[table]
    for change in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608
        with pytest.raises(sa.exc.IntegrityError, match="is append-only"):
            async with log.begin() as connection:
                await connection.execute(sa.text(change))


# --- keys -------------------------------------------------------------------------------------------------------------


async def verify(engine: AsyncEngine, keys: Sequence[NoteKey], now: datetime = NOW, **more: Any) -> Verification:
    """Verify the log."""
    async with engine.connect() as connection:
        return await verify_log(connection, keys, now, **more)


async def test_the_key_is_changed_twice_and_every_partner_can_follow(log: AsyncEngine) -> None:
    """Both keys sign for a while. Whoever trusts one key verifies checkpoints of all of them."""
    notes, signer = [await read_note(log)], SIGNER
    first = signer.key
    for round in (1, 2):
        both = NoteSigner(
            signer.name, signer.private, following=Ed25519PrivateKey.from_private_bytes(b"%d" % round * 32)
        )
        assert both.successor
        async with log.begin() as connection:
            await announce_successor(connection, both)
            await announce_successor(connection, both)
            assert not await is_in_use(connection, both)
        await add(log, AT + timedelta(hours=round), 1, signer=both)
        notes.append(await read_note(log))
        for key in both.keys:
            assert open_checkpoint(notes[-1], [key]).size == 4 + 2 * round
        async with log.connect() as connection:
            assert await is_in_use(connection, both)
        signer = both.successor
        await add(log, AT + timedelta(hours=round, minutes=1), 1, signer=signer)
        notes.append(await read_note(log))
    async with log.connect() as connection:
        rotations = await read_rotations(fetch_by(connection))
    assert len(rotations) == 2
    for trusted in (first, both.key, signer.key):
        keys = follow_rotations([trusted], rotations)
        kept = [open_checkpoint(note, keys) for note in notes]
        assert [one.size for one in kept] == [5, 6, 7, 8, 9]
        assert (await verify(log, keys, kept=kept)).faults == []
    assert [fault.kind for fault in (await verify(log, [first])).faults] == ["rewritten"]
    async with serve(log, signer) as http:
        for number, note in enumerate(rotations, 1):
            answer = await http.get(f"/log/rotation/{number}")
            assert (answer.text, "immutable" in answer.headers["cache-control"]) == (note, True)
        for missing in ("0", "3", "01", "x", "99999"):
            assert (await http.get(f"/log/rotation/{missing}")).status_code == 404
        assert (await http.post("/log/cosignatures", content=BANK.cosign(notes[0], SEEN))).json() == {"added": 1}


async def test_a_machine_that_still_has_the_old_key_file_does_not_stop_the_log(log: AsyncEngine) -> None:
    """Whichever worker signed last: those with the newest file continue, one with the old file waits."""
    both = NoteSigner(SIGNER.name, SIGNER.private, following=Ed25519PrivateKey.from_private_bytes(b"n" * 32))
    new = both.successor
    assert new
    for minute, signer in enumerate((both, SIGNER, both, new), 1):
        await add(log, AT + timedelta(minutes=minute), 1, signer=signer)
    async with log.begin() as connection:
        await connection.execute(ANSWERS, {"at": AT + timedelta(hours=1), "number": 1, "party": 7})
    with pytest.raises(LogBrokenError, match="not signed by the key of this log"):
        await write_log(log, SIGNER)
    assert await write_log(log, new) == 1
    await add(log, AT + timedelta(hours=2), 1, signer=both)
    await add(log, AT + timedelta(hours=3), 1, signer=new)
    assert (await verify(log, new.trusted)).faults == []


async def test_an_old_key_that_signed_last_is_continued_by_the_new_one(log: AsyncEngine) -> None:
    """A worker that was not restarted signs once more after the old private key is gone elsewhere."""
    new = NoteSigner(SIGNER.name, Ed25519PrivateKey.from_private_bytes(b"n" * 32), former=[SIGNER.key])
    await add(log, AT + timedelta(minutes=1), 1, signer=SIGNER)
    await add(log, AT + timedelta(minutes=2), 1, signer=new)
    assert (await verify(log, new.keys)).faults == []


# --- erasure ----------------------------------------------------------------------------------------------------------

OLD, RECENT = datetime(2005, 3, 4, 5, 6, tzinfo=UTC), datetime(2019, 5, 6, tzinfo=UTC)
OLDER = datetime(2004, 12, 31, 23, 0, tzinfo=UTC)
ABOUT = select_answers_about(sa.literal(7, sa.BigInteger), sa.cast(sa.null(), sa.LargeBinary))


@pytest.fixture
async def aged(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A log with answers of two months long ago and of two months since, about the same party."""
    for at, number in ((OLDER, 2), (OLD, 3), (RECENT, 4), (AT, 5)):
        await add(engine, at, number)
    yield engine
    async with engine.begin() as connection:
        await empty_logs(connection)
        for at in (OLDER, OLD, RECENT):
            for parent in ("access_answer", "access_index"):
                await connection.execute(sa.text(f"DROP TABLE IF EXISTS {parent}_{at:%Y_%m}"))


async def test_what_is_older_than_ten_years_is_erased_and_the_tree_stays_whole(
    aged: AsyncEngine, database_url: sa.URL
) -> None:
    kept = open_checkpoint(await read_note(aged), [SIGNER.key])
    async with aged.connect() as connection:
        assert len((await connection.execute(ABOUT)).all()) == 14
        leaves = (await connection.execute(sa.text("SELECT entry FROM log_leaf ORDER BY index"))).scalars().all()
    service = database.make_async_engine(as_service(database_url), 1, 60)
    erased = []
    for _ in range(3):
        async with service.begin() as connection:
            due = await list_due_months(connection)
            erased.append(await erase_month(connection))
            assert due[:1] == [month for month in erased[-1:] if month]
    await service.dispose()
    assert erased == ["2004-12", "2005-03", None]
    found = await verify(aged, [SIGNER.key], kept=[kept])
    assert (found.faults, found.erased, found.size, found.root) == ([], 5, 14, kept.root)
    async with aged.connect() as connection:
        assert {row.at.year for row in (await connection.execute(ABOUT)).all()} == {2019, 2026}
        assert await connection.scalar(sa.text("SELECT count(*) FROM access_answer")) == 9
        for entry in leaves[:5]:
            proof = await prove_leaf(fetch_by(connection), read_entry(entry).at, hash_leaf(entry))
            assert proof
            verify_inclusion(hash_leaf(entry), proof.index, kept.size, proof.path, kept.root)
    await add(aged, AT + timedelta(hours=1), 1)
    assert (await verify(aged, [SIGNER.key], kept=[kept])).faults == []


UNKNOWN = sa.text(
    """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, indexes)
    VALUES (:at, 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1, ARRAY['GIVEN'], ARRAY[CAST(:earlier AS bytea)])
    """
)


async def test_hashes_of_before_a_new_key_are_erased_with_the_last_answer_that_names_them(aged: AsyncEngine) -> None:
    """One names an answer that is erased, one an answer that is indexed and stays, one an answer of the tail. While the
    index has to be built, nothing is known to name them, and all stay."""
    gone, indexed, tail = (number * 21 for number in (b"\x01", b"\x02", b"\x03"))
    async with aged.begin() as connection:
        for earlier, at in ((gone, OLDER), (indexed, RECENT)):
            await connection.execute(UNKNOWN, {"at": at + timedelta(minutes=1), "earlier": earlier})
        hashes = [{"earlier": earlier, "index": b"\x04" * 21} for earlier in (gone, indexed, tail)]
        await connection.execute(sa.insert(EarlierHash), hashes)
    await write_log(aged, SIGNER)
    await write_index(aged)
    async with aged.begin() as connection:
        await connection.execute(UNKNOWN, {"at": AT + timedelta(minutes=1), "earlier": tail})
    for building, months, left in ((True, "2004-12", [gone, indexed, tail]), (False, "2005-03", [indexed, tail])):
        async with aged.begin() as connection:
            snapshot = await connection.scalar(sa.select(AccessIndexState.snapshot))
            if building:
                await connection.execute(sa.update(AccessIndexState).values(snapshot=None))
            assert await erase_month(connection) == months
            await connection.execute(sa.update(AccessIndexState).values(snapshot=snapshot))
            kept = await connection.scalars(sa.select(EarlierHash.earlier).order_by(EarlierHash.earlier))
            assert kept.all() == left
    async with aged.begin() as connection:
        await connection.execute(sa.delete(EarlierHash))


async def test_what_the_log_does_not_contain_is_not_erased(aged: AsyncEngine) -> None:
    async with aged.begin() as connection:
        await connection.execute(ANSWERS, {"at": OLDER, "number": 1, "party": 8})
    async with aged.connect() as connection:
        with pytest.raises(EraseError, match="does not contain all answers of 2004-12"):
            await erase_month(connection)


async def test_a_clock_that_is_ahead_erases_nothing(aged: AsyncEngine) -> None:
    """The newest checkpoint says what time it is, too: here it was signed ten years ago."""
    signed = OLDER + timedelta(days=60)
    async with aged.connect() as connection:
        await connection.execute(AS_SUPERUSER)
        await connection.execute(sa.text("UPDATE log_checkpoint SET signed_at = :signed"), {"signed": signed})
        assert await list_due_months(connection) == []
        assert await erase_month(connection) is None
        for days, months in ((-1, []), (0, ["2004-12"])):
            signed = datetime(2005, 1, 1, tzinfo=UTC) + KEPT + timedelta(days=days)
            await connection.execute(sa.text("UPDATE log_checkpoint SET signed_at = :signed"), {"signed": signed})
            assert await list_due_months(connection) == months
        await connection.execute(sa.text("DELETE FROM log_checkpoint"))
        assert await list_due_months(connection) == []


async def test_the_service_can_erase_by_the_function_only(aged: AsyncEngine, database_url: sa.URL) -> None:
    service = database.make_async_engine(as_service(database_url), 1, 60)
    for statement, reason in (
        ("DELETE FROM access_answer", "permission denied"),
        ("UPDATE access_answer SET salt = gen_random_uuid()", "permission denied"),
        (f"DROP TABLE access_answer_{OLD:%Y_%m}", "must be owner"),
        (f"ALTER TABLE access_answer DETACH PARTITION access_answer_{OLD:%Y_%m}", "must be owner"),
    ):
        with pytest.raises(DBAPIError, match=reason):
            async with service.begin() as connection:
                await connection.execute(sa.text(statement))
    await service.dispose()
    async with aged.connect() as connection:
        await connection.execute(sa.text("CREATE ROLE suxin_test_reader LOGIN IN ROLE suxin_reader"))
        await connection.execute(sa.text("SET SESSION AUTHORIZATION suxin_test_reader"))
        with pytest.raises(EraseError, match="erased by the service or by its owner"):
            await erase_month(connection)
        await connection.rollback()
        await connection.execute(sa.text("RESET SESSION AUTHORIZATION"))
