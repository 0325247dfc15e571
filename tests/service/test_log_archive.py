"""Months of the access log are archived after ten years, whatever interrupts it, and what is deleted is proven."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from emptying import AS_SUPERUSER
from indexing import write_index
from sequencing import NOW, SIGNER, empty_logs, write_log
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.transparency import archiving
from casework.transparency.archives import ArchiveWalk, prove_archived
from casework.transparency.archiving import ArchivePlace, archive_month
from casework.transparency.erasure import ArchiveError, check_month, list_begun_months, list_months
from casework.transparency.proofs import prove_consistency, prove_leaf
from casework.transparency.tree import fetch_by, read_last
from casework.transparency.verification import verify_log
from models.transparency.archives import open_manifest
from models.transparency.checkpoints import open_checkpoint
from models.transparency.merkle import PathError, hash_leaf, verify_consistency, verify_inclusion
from models.transparency.notes import NoteError, NoteSigner, open_note
from postgres import roles

OLDER, OLD = datetime(2004, 12, 31, 23, tzinfo=UTC), datetime(2005, 3, 4, tzinfo=UTC)
RECENT = datetime(2026, 11, 21, tzinfo=UTC)
ANSWERS = sa.text(
    """
    INSERT INTO access_answer (
        at, client_key, request_id, audience, operator, branch, purpose, shape_id, subjects, results, parties, indexes,
        refs
    )
    SELECT CAST(:at AS timestamptz) + place * interval '1 second', 1, gen_random_uuid(), 'BANK', '张三',
        E'余姚\\u2028支行', 'LOAN_APPROVAL', 1, 2, ARRAY['GIVEN', 'NOT_FOUND'], ARRAY[7, NULL],
        ARRAY[NULL, CAST('\\x0102' AS bytea)],
        ARRAY['DK' || place, '"']
    FROM generate_series(1, :number) AS place
    """
)
BY = "Li Si, archivist"


async def add(engine: AsyncEngine, at: datetime, number: int) -> None:
    """Add answers to the access log, to its index and to the transparency log."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("SELECT ensure_access_log_partition(:day)"), {"day": at.date()})
        await connection.execute(ANSWERS, {"at": at, "number": number})
    await write_index(engine)
    assert await write_log(engine) == number


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A log whose entries of 2004 stand between others: ten of today, three of 2005, and 600 of today afterwards."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("INSERT INTO access_shape VALUES (1, '\\x01', 'subject', ARRAY['Party'])"))
    for at, number in ((RECENT, 10), (OLDER, 3), (OLD, 3), (OLDER + timedelta(minutes=1), 2), (RECENT, 600)):
        await add(engine, at, number)
    yield engine
    async with engine.begin() as connection:
        await empty_logs(connection)
        for at in (OLDER, OLD):
            for parent in ("access_answer", "access_index"):
                await connection.execute(sa.text(f"DROP TABLE IF EXISTS {parent}_{at:%Y_%m}"))


async def read_note(connection: AsyncConnection) -> str:
    """Return the newest checkpoint."""
    last = await read_last(fetch_by(connection))
    assert last
    return str(last["note"])


async def archive(engine: AsyncEngine, directory: Path, month: str = "2004-12") -> None:
    """Archive a month."""
    await archive_month(engine, ArchivePlace(directory, month), SIGNER, BY, NOW)


def verify(place: ArchivePlace, signer: NoteSigner = SIGNER) -> list[str]:
    """Return the faults that another machine finds, which has the public key alone."""
    manifest = open_manifest(place.manifest.read_text(), [signer.key])
    return [fault.kind.value for fault in ArchiveWalk(place.answers, manifest, [signer.key]).run().faults]


def list_files(directory: Path) -> list[str]:
    """Return the names of the files in a directory."""
    return sorted(file.name for file in directory.iterdir())


async def look(engine: AsyncEngine) -> tuple[list[str], int, list[Any]]:
    """Return the faults of the log, the entries without details, and the deletions."""
    async with engine.connect() as connection:
        found = await verify_log(connection, [SIGNER.key], NOW)
        rows = await connection.execute(
            sa.text("SELECT month, answers, deleted_by, login FROM log_deletion ORDER BY month")
        )
        return [fault.found for fault in found.faults], found.erased, list(map(tuple, rows))


async def list_tables(engine: AsyncEngine) -> list[str]:
    """Return the tables of the old months, attached or not."""
    asked = "SELECT relname FROM pg_class WHERE relname ~ '^access_(answer|index)_200[45]_..$' ORDER BY 1"
    async with engine.connect() as connection:
        return list((await connection.scalars(sa.text(asked))).all())


DONE: tuple[list[str], int, list[Any]] = ([], 5, [("2004-12", 5, BY, "postgres")])
OF_2005 = ["access_answer_2005_03", "access_index_2005_03"]


async def test_a_month_is_archived_and_its_deletion_is_proven(log: AsyncEngine, tmp_path: Path) -> None:
    async with log.connect() as connection:
        kept = open_checkpoint(await read_note(connection), [SIGNER.key])
        assert await list_months(connection) == ["2004-12", "2005-03"]
    await archive(log, tmp_path)
    place = ArchivePlace(tmp_path, "2004-12")
    assert list_files(tmp_path) == ["2004-12.deletion", "2004-12.jsonl.gz", "2004-12.manifest"]
    assert await look(log) == DONE
    assert await list_tables(log) == OF_2005
    assert verify(place) == []
    said = open_note(place.deletion.read_text(), [SIGNER.key])
    assert said.startswith(f"{SIGNER.name}/deletion\nmonth 2004-12\nanswers 5\nentries ")
    assert said.endswith(f"by {BY}\nat 2026-11-21T09:00:00+00:00\n")
    with gzip.open(place.answers) as lines:
        answers = [line for line in map(json.loads, lines) if "answer" in line]
    assert [line["index"] for line in answers] == [10, 11, 12, 16, 17]
    first = answers[0]["answer"]
    assert (first["operator"], first["branch"], first["parties"], first["indexes"], first["refs"]) == (
        "张三",
        "余姚\u2028支行",
        [7, None],
        [None, "0102"],
        ["DK1", '"'],
    )
    await add(log, RECENT + timedelta(hours=1), 1)
    async with log.connect() as connection:
        fetch = fetch_by(connection)
        for line in answers:
            leaf = bytes.fromhex(line["leaf"])
            found = prove_archived(place.answers, line["index"])
            assert found
            assert found[0] == line
            verify_inclusion(leaf, line["index"], kept.size, found[1].path, kept.root)
            assert open_checkpoint(found[1].checkpoint, [SIGNER.key]) == kept
            proof = await prove_leaf(fetch, datetime.fromisoformat(line["answer"]["at"]), leaf)
            newest = open_checkpoint(await read_note(connection), [SIGNER.key])
            assert proof
            verify_inclusion(leaf, proof.index, newest.size, proof.path, newest.root)
        path = await prove_consistency(fetch, kept.size, newest.size)
        assert path is not None
        verify_consistency(kept.size, kept.root, newest.size, newest.root, path)
    assert prove_archived(place.answers, 13) is None


class InterruptedError_(Exception):
    """The power fails."""


def fail(*_: Any, **__: Any) -> Any:
    raise InterruptedError_


async def after_the_first_detachment(patch: pytest.MonkeyPatch) -> None:
    detach, calls = archiving.detach, list[str]()

    async def once(connection: Any, parent: str, month: str) -> None:
        if calls:
            raise InterruptedError_
        calls.append(parent)
        await detach(connection, parent, month)

    patch.setattr(archiving, "detach", once)


async def while_the_file_is_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archiving, "read_roots", fail)


async def before_the_manifest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archiving, "write_whole", fail)


async def before_it_is_verified(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ArchivePlace, "verify", fail)


async def before_it_is_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archiving, "delete_month", fail)


async def while_it_is_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archiving, "LogDeletion", None)


INTERRUPTIONS = [
    after_the_first_detachment,
    while_the_file_is_written,
    before_the_manifest,
    before_it_is_verified,
    before_it_is_deleted,
    while_it_is_deleted,
]


@pytest.mark.parametrize("interrupt", INTERRUPTIONS)
async def test_an_interrupted_run_is_taken_up_by_the_next(
    log: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupt: Callable[..., Any]
) -> None:
    """Until the next run, nothing is deleted, nobody may read what is detached, and no fault is reported of it."""
    with monkeypatch.context() as patch:
        await interrupt(patch)
        with pytest.raises((InterruptedError_, sa.exc.ArgumentError)):
            await archive(log, tmp_path)
    assert await list_tables(log) == ["access_answer_2004_12", OF_2005[0], "access_index_2004_12", OF_2005[1]]
    assert await look(log) == ([], 5, [])
    async with log.connect() as connection:
        assert await list_begun_months(connection) == ["2004-12"]
        assert await list_months(connection) == ["2004-12", "2005-03"]
        await connection.run_sync(roles.grant_rights)
        assert await connection.run_sync(roles.find_wrong_rights) == []
        may = "SELECT has_table_privilege('suxin_service', 'access_answer_2004_12', 'SELECT, INSERT, DELETE')"
        assert await connection.scalar(sa.text(may)) is False
        await connection.rollback()
    await archive(log, tmp_path)
    assert await look(log) == DONE
    assert verify(ArchivePlace(tmp_path, "2004-12")) == []
    assert await list_tables(log) == OF_2005


async def test_a_detachment_that_waits_for_a_reader_is_finished_later(
    log: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report reads the log. The month is pending then; readers and writers go on, and the next run finishes it,
    also by way of another month."""
    monkeypatch.setattr(archiving, "PATIENT", sa.text("SET lock_timeout = '50ms'"))
    count = sa.text("SELECT count(*) FROM access_answer")
    async with log.connect() as report:
        assert await report.scalar(count) == 618
        for _ in ("begun", "finishing waits as well"):
            with pytest.raises(ArchiveError, match=r"Others have used the access log for 10s: 2004-12 waits\."):
                await archive(log, tmp_path)
        async with log.connect() as connection:
            pending = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhdetachpending"
            assert (await connection.scalars(sa.text(pending))).all() == ["access_answer_2004_12"]
            assert await list_begun_months(connection) == ["2004-12"]
            assert await connection.scalar(count) == 613
            await connection.execute(ANSWERS, {"at": RECENT, "number": 1})
            await connection.rollback()
        assert await report.scalar(count) == 618
    await archive(log, tmp_path, "2005-03")
    await archive(log, tmp_path)
    assert (await look(log))[:2] == ([], 8)
    assert await list_tables(log) == []


def rewrite(place: ArchivePlace, change: Callable[[list[Any]], None]) -> None:
    """Change the lines of an archive."""
    with gzip.open(place.answers) as lines:
        found = list(map(json.loads, lines))
    change(found)
    with gzip.open(place.answers, "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in found)


def purpose(lines: list[Any]) -> None:
    next(line for line in lines if line.get("index") == 11)["answer"]["purpose"] = "SELF"


def hidden(lines: list[Any]) -> None:
    place = next(place for place, line in enumerate(lines) if line.get("index") == 11)
    lines[place] = {"level": 0, "root": lines[place]["leaf"]}


def twice(lines: list[Any]) -> None:
    lines.insert(4, lines[4])


def shorter(lines: list[Any]) -> None:
    del lines[-1]


def sibling(lines: list[Any]) -> None:
    lines[1]["root"] = "00" * 32


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (purpose, {"changed", "rewritten", "removed"}),
        (hidden, {"changed", "removed"}),
        (twice, {"changed", "inserted"}),
        (shorter, {"changed", "rewritten"}),
        (sibling, {"changed", "rewritten"}),
    ],
)
async def test_an_archive_that_was_changed_does_not_hold(
    log: AsyncEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[list[Any]], None],
    kinds: set[str],
) -> None:
    """Nothing is deleted for it either."""
    with monkeypatch.context() as patch:
        await before_it_is_deleted(patch)
        with pytest.raises(InterruptedError_):
            await archive(log, tmp_path)
    place = ArchivePlace(tmp_path, "2004-12")
    rewrite(place, change)
    assert {*verify(place)} == kinds
    with pytest.raises(ArchiveError, match=r"The archive of 2004-12 in .* does not hold: .* Nothing was deleted\."):
        await archive(log, tmp_path)
    place.manifest.unlink()
    await archive(log, tmp_path)
    assert (verify(place), await look(log)) == ([], DONE)


async def test_files_that_are_none_are_told(log: AsyncEngine, tmp_path: Path) -> None:
    await archive(log, tmp_path)
    place = ArchivePlace(tmp_path, "2004-12")
    whole = place.answers.read_bytes()
    for octets in (
        b"",
        whole[:-20],
        whole[:200],
        b"\x1f\x8b" + b"x" * 50,
        gzip.compress(b"[1]\n"),
        gzip.compress(b"{}\n"),
    ):
        place.answers.write_bytes(octets)
        assert verify(place), octets
    place.answers.unlink()
    assert verify(place) == ["changed"]
    with pytest.raises(NoteError, match="not signed by a key that is trusted"):
        verify(place, NoteSigner(SIGNER.name, Ed25519PrivateKey.generate()))
    with pytest.raises(NoteError, match="of another kind"):
        open_manifest(place.deletion.read_text(), [SIGNER.key])


async def test_what_is_not_complete_is_not_archived(log: AsyncEngine, tmp_path: Path) -> None:
    late = {"at": OLDER, "number": 1}
    async with log.begin() as connection:
        await connection.execute(ANSWERS, late)
    with pytest.raises(
        ArchiveError, match=r"Not all answers of 2004-12 are in the index of subjects\. Start the worker"
    ):
        await archive(log, tmp_path)
    await write_index(log)
    with pytest.raises(
        ArchiveError, match=r"Not all answers of 2004-12 are in the transparency log\. Start the worker"
    ):
        await archive(log, tmp_path)
    assert list_files(tmp_path) == []
    await write_log(log)
    async with log.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE access_index_other PARTITION OF access_index DEFAULT"))
    with pytest.raises(
        ArchiveError, match="access_index_other is a default partition, beside which no month is detached"
    ):
        await archive(log, tmp_path)
    async with log.begin() as connection:
        await connection.execute(sa.text("DROP TABLE access_index_other"))
    await archive(log, tmp_path)
    assert (await look(log))[:2] == ([], 6)


@pytest.mark.parametrize(
    ("month", "reason"),
    [
        ("2026-11", "2026-11 is not over"),
        ("2027-01", "2027-01 is not over"),
        ("2004-12", "2004-12 was archived and deleted before"),
        ("2003-01", "The access log has no answers of 2003-01: there is nothing to archive"),
        ("2019-05", "2019-05 is not ten years old, by the clock and by the newest checkpoint"),
    ],
)
async def test_a_month_that_may_not_be_archived(log: AsyncEngine, tmp_path: Path, month: str, reason: str) -> None:
    await archive(log, tmp_path)
    async with log.begin() as connection:
        await connection.execute(sa.text("SELECT ensure_access_log_partition('2019-05-01')"))
    async with log.connect() as connection:
        await check_month(connection, "2005-03", NOW)
        with pytest.raises(ArchiveError, match=reason):
            await check_month(connection, month, NOW)


async def test_a_deletion_that_is_not_recorded_is_found(log: AsyncEngine, tmp_path: Path) -> None:
    """Also by whom the database obeys: a record needs the log's signature, and fits the entries."""
    await archive(log, tmp_path)
    async with log.begin() as connection:
        await connection.execute(sa.text("DROP TABLE access_answer_2005_03, access_index_2005_03"))
    gone = "3 answers of 2005-03 are no longer there, and no deletion is recorded."
    assert (await look(log))[:2] == ([gone], 8)
    same = "entries, archive, deleted_by, login, deleted_at, note FROM log_deletion"
    forged = f"INSERT INTO log_deletion SELECT '2005-03', 3, {same}"
    async with log.begin() as connection:
        await connection.execute(sa.text(forged))
    assert (await look(log))[0] == [
        "3 answers of 2005-03 are no longer there; the deletion that is recorded is of others."
    ]
    async with log.begin() as connection:
        await connection.execute(AS_SUPERUSER)
        await connection.execute(sa.text("DELETE FROM log_deletion WHERE month = '2005-03'"))
        await connection.execute(sa.text("UPDATE log_deletion SET deleted_by = 'nobody' WHERE month = '2004-12'"))
    assert (await look(log))[0] == ["The deletion of 2004-12 is not signed as it is recorded.", gone]
    with pytest.raises(sa.exc.IntegrityError, match="is append-only"):
        async with log.begin() as connection:
            await connection.execute(sa.text("DELETE FROM log_deletion"))


async def test_a_subtree_begins_where_it_may(log: AsyncEngine) -> None:
    from models.transparency.merkle import Frontier, compute_root, list_complete

    leaves = [hash_leaf(b"%d" % number) for number in range(37)]
    for first, last in ((0, 37), (5, 6), (3, 29), (16, 37)):
        tree = Frontier()
        for start, end in [
            *list_complete(0, first),
            *((one, one + 1) for one in range(first, last)),
            *list_complete(last, 37),
        ]:
            tree.append_subtree((end - start).bit_length() - 1, compute_root(leaves[start:end]))
        assert (tree.size, tree.compute_root()) == (37, compute_root(leaves))
    with pytest.raises(PathError, match="No subtree of 2 leaves begins at leaf 37"):
        tree.append_subtree(1, leaves[0])
