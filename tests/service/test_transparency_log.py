"""The transparency log in the database: every committed answer is appended once, in order, and proofs of it hold."""

# ruff: noqa: S608 - statements are made of names of tables

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from emptying import AS_SUPERUSER
from generated import sized
from hypothesis import given
from hypothesis import strategies as st
from log_copies import Files, write_files
from sequencing import NOW, SIGNER, empty_logs, write_log
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.access_index import restart_elsewhere
from casework.transparency.copies import copy_log
from casework.transparency.proofs import prove_consistency, prove_leaf
from casework.transparency.sequencing import append_answers, is_behind
from casework.transparency.tree import LogBrokenError, fetch_by, read_last
from casework.transparency.verification import verify_log
from jobs.access_log import ensure_access_log
from jobs.log_sequencer import LogSequencer
from models.access_answer import AccessAnswer
from models.transparency.checkpoints import open_checkpoint
from models.transparency.entries import OF_SUBJECTS, AnswerLeaf, read_entry, select_recorded
from models.transparency.merkle import compute_root, hash_leaf, verify_consistency, verify_inclusion
from models.transparency.notes import NoteSigner
from models.transparency.tables import LogLeaf

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ANSWER = sa.text(
    """
    INSERT INTO access_answer
        (at, client_key, request_id, audience, operator, branch, purpose, shape_id, subjects, results, parties, indexes)
    SELECT CAST(:at AS timestamptz) + place * interval '1 millisecond', 1, gen_random_uuid(), 'BANK', 'teller',
        'branch', 'LOAN_APPROVAL', 1, 2, ARRAY['GIVEN', 'EMPTY'], ARRAY[place, NULL], ARRAY[NULL, '\\x01'::bytea]
    FROM generate_series(1, :number) AS place
    """
)


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """An empty access log and an empty transparency log."""
    await ensure_access_log(engine, AT)
    async with engine.begin() as connection:
        shape = "INSERT INTO access_shape VALUES (1, '\\x0a', 'subject', ARRAY['Person'])"
        await connection.execute(sa.text(shape))
    yield engine
    async with engine.begin() as connection:
        await empty_logs(connection)


async def answer(connection: AsyncConnection, number: int = 1, minute: int = 0) -> None:
    """Insert answers."""
    await connection.execute(ANSWER, {"at": AT + timedelta(minutes=minute), "number": number})


async def read_entries(engine: AsyncEngine) -> Sequence[bytes]:
    """Return the entries of the log in order."""
    async with engine.connect() as connection:
        return (await connection.scalars(sa.select(LogLeaf.entry).order_by(LogLeaf.index))).all()


async def check(engine: AsyncEngine) -> int:
    """The log holds; returns its size."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        found = await verify_log(connection, [SIGNER.key], NOW)
    assert found.faults == [], found.faults[:3]
    return found.size


async def test_answers_are_appended_in_order_and_once(log: AsyncEngine) -> None:
    assert await write_log(log) == 0
    assert await check(log) == 0
    for number in (3, 1, 600):
        async with log.begin() as connection:
            await answer(connection, number, number)
        assert await write_log(log) == number
        assert await write_log(log) == 0
    assert await check(log) == 604
    async with log.connect() as connection:
        last = await read_last(fetch_by(connection))
        rows = await connection.execute(select_recorded().order_by(sa.text("access_answer.at")))
        entries = [AnswerLeaf(row).encode() for row in rows.mappings()]
    assert last is not None
    assert sorted(entries) == sorted(await read_entries(log))
    signed = open_checkpoint(last["note"], [SIGNER.key])
    root = compute_root(map(hash_leaf, await read_entries(log)))
    assert (signed.origin, signed.size, signed.root) == (SIGNER.name, 604, root)


async def test_an_answer_that_commits_late_is_appended_late(log: AsyncEngine) -> None:
    async with log.connect() as late:
        await answer(late)
        async with log.begin() as connection:
            await answer(connection, 5, minute=1)
        assert await write_log(log) == 5
        async with log.begin() as connection:
            await answer(connection, 2, minute=2)
        assert await write_log(log) == 2
        await late.commit()
    assert await write_log(log) == 1
    assert await check(log) == 8
    assert read_entry((await read_entries(log))[-1]).at == AT + timedelta(milliseconds=1)


STEPS = st.one_of(
    st.tuples(st.just("answer"), st.integers(1, 300)),
    st.tuples(st.sampled_from(["begin", "commit", "roll back"]), st.integers(0, 2)),
    st.tuples(st.just("sequence"), st.none()),
    st.tuples(st.just("restore"), st.none()),
)


@pytest.mark.generated
@sized(15)
@given(steps=st.lists(STEPS, max_size=15))
async def test_every_answer_is_appended_whatever_commits_when(log: AsyncEngine, steps: list[tuple[str, Any]]) -> None:
    """Transactions stay open over any number of runs, and over a restore into another cluster."""
    opened: dict[int, AsyncConnection] = {}
    try:
        for step, what in steps:
            await play(log, opened, step, what)
    finally:
        for connection in opened.values():
            await connection.close()
    await write_log(log)
    size = await check(log)
    async with log.connect() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(AccessAnswer))).scalar_one() == size
        assert not await is_behind(connection)
    async with log.begin() as connection:
        await empty_logs(connection)


async def play(engine: AsyncEngine, opened: dict[int, AsyncConnection], step: str, what: Any) -> None:
    """One step of the test."""
    match step:
        case "answer":
            async with engine.begin() as connection:
                await answer(connection, what)
        case "begin" if what not in opened:
            opened[what] = await engine.connect()
            await answer(opened[what], what + 1, minute=what)
        case "commit" | "roll back" if what in opened:
            connection = opened.pop(what)
            await (connection.commit() if step == "commit" else connection.rollback())
            await connection.close()
        case "sequence":
            await write_log(engine)
            await check(engine)
        case "restore" if not opened:
            await restore(engine)


async def restore(engine: AsyncEngine) -> None:
    """The database finds itself in another cluster."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE access_index_state SET system = 0"))
        assert await restart_elsewhere(connection)


async def test_a_restored_log_is_continued(log: AsyncEngine) -> None:
    """The numbers of transactions mean others here: answers without a leaf are looked for once."""
    async with log.begin() as connection:
        await answer(connection, 3)
    await write_log(log)
    async with log.begin() as connection:
        await answer(connection, 2, minute=1)
    await restore(log)
    assert await write_log(log) == 2
    await restore(log)
    assert await write_log(log) == 0
    async with log.connect() as connection:
        assert not await is_behind(connection)
    async with log.begin() as connection:
        await answer(connection, 1, minute=2)
    assert await write_log(log) == 1
    assert await check(log) == 6


async def test_one_of_two_leaders_appends(log: AsyncEngine) -> None:
    async with log.begin() as connection:
        await answer(connection, 3)
    async with log.connect() as slow:
        await slow.execution_options(isolation_level="REPEATABLE READ")
        assert await is_behind(slow)
        assert await write_log(log) == 3
        with pytest.raises(sa.exc.IntegrityError):
            await append_answers(slow, SIGNER, NOW)
    assert await check(log) == 3


async def test_proofs_hold_for_every_leaf_and_every_pair_of_sizes(log: AsyncEngine) -> None:
    sizes: list[int] = []
    roots: list[bytes] = []
    for number in (1, 2, 253, 1, 300):
        async with log.begin() as connection:
            await answer(connection, number, minute=len(sizes))
        await write_log(log)
        entries = await read_entries(log)
        sizes.append(len(entries))
        roots.append(compute_root(map(hash_leaf, entries)))
    async with log.connect() as connection:
        fetch = fetch_by(connection)
        for index in (0, 1, 2, 254, 255, 256, 257, 400, 556):
            leaf = hash_leaf(entries[index])
            proof = await prove_leaf(fetch, read_entry(entries[index]).at, leaf)
            assert proof is not None
            assert (proof.index, proof.size) == (index, 557)
            verify_inclusion(leaf, index, 557, proof.path, roots[-1])
        for old, old_root in zip(sizes, roots, strict=True):
            for new, new_root in zip(sizes, roots, strict=True):
                if old <= new:
                    path = await prove_consistency(fetch, old, new)
                    assert path is not None
                    verify_consistency(old, old_root, new, new_root, path)
        assert await prove_consistency(fetch, 1, 558) is None
        assert await prove_leaf(fetch, AT, hash_leaf(b"")) is None


async def test_a_proof_is_of_the_size_of_its_checkpoint_while_the_log_grows(log: AsyncEngine) -> None:
    """Entries are appended after every statement of a proof: all of it is of one snapshot."""
    async with log.begin() as connection:
        await answer(connection, 300)
    await write_log(log)
    entries = await read_entries(log)
    async with log.connect() as reading:
        fetch, minute = fetch_by(reading), 0

        async def growing(statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[sa.RowMapping]:
            nonlocal minute
            found, minute = await fetch(statement, values), minute + 1
            async with log.begin() as connection:
                await answer(connection, 100, minute)
            await write_log(log)
            return found

        proof = await prove_leaf(growing, read_entry(entries[299]).at, hash_leaf(entries[299]))
    assert proof is not None
    assert minute >= 3
    signed = open_checkpoint(proof.checkpoint, [SIGNER.key])
    assert proof.size == signed.size == 300
    verify_inclusion(hash_leaf(entries[299]), proof.index, signed.size, proof.path, signed.root)


async def test_a_copy_has_the_files_that_another_program_writes(log: AsyncEngine) -> None:
    files = Files()
    async with log.connect() as connection:
        assert await copy_log(fetch_by(connection), files.__setitem__) == 0
    async with log.begin() as connection:
        await answer(connection, 700)
    await write_log(log)
    async with log.connect() as connection:
        assert await copy_log(fetch_by(connection), files.__setitem__) == 700
    assert list(files)[-1] == "checkpoint"
    assert files == write_files(await read_entries(log))


async def test_a_log_with_gaps_is_not_copied(log: AsyncEngine) -> None:
    async with log.begin() as connection:
        await answer(connection, 300)
    await write_log(log)
    for table in ("log_node", "log_leaf"):
        async with log.begin() as connection:
            await connection.execute(AS_SUPERUSER)
            await connection.execute(sa.text(f"DELETE FROM {table} WHERE index = 0"))
        async with log.connect() as connection:
            with pytest.raises(LogBrokenError, match=r"(Hashes|Entries) of .* are missing"):
                await copy_log(fetch_by(connection), Files().__setitem__)


@pytest.mark.parametrize("table", ["log_leaf", "log_node", "log_checkpoint", "access_answer", "access_shape"])
async def test_the_log_refuses_changes(log: AsyncEngine, table: str) -> None:
    async with log.begin() as connection:
        await answer(connection, 300)
    await write_log(log)
    column = {"log_checkpoint": "note", "access_answer": "branch", "access_shape": "field"}.get(table, "index")
    for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(sa.exc.IntegrityError, match="is append-only"):
            async with log.begin() as connection:
                await connection.execute(sa.text(change))


async def test_a_partition_cannot_be_truncated_either(log: AsyncEngine) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="is append-only"):
        async with log.begin() as connection:
            await connection.execute(sa.text("TRUNCATE access_answer_2026_11"))


async def test_a_log_that_was_changed_is_not_continued(log: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    """The end of the tree is compared with the newest checkpoint before anything is signed."""
    async with log.begin() as connection:
        await answer(connection, 3)
    await write_log(log)
    async with log.begin() as connection:
        await connection.execute(AS_SUPERUSER)
        await connection.execute(sa.text("UPDATE log_leaf SET entry = set_byte(entry, 20, 0) WHERE index = 1"))
        await answer(connection)
    with pytest.raises(LogBrokenError, match="differ from the newest checkpoint"):
        await write_log(log)
    await LogSequencer(engine=log, signer=SIGNER, now=lambda: NOW).start_due()
    assert "is not continued" in caplog.text
    assert len(await read_entries(log)) == 3


async def test_a_log_of_another_key_is_not_continued(log: AsyncEngine) -> None:
    async with log.begin() as connection:
        await answer(connection)
    await write_log(log)
    async with log.begin() as connection:
        await answer(connection)
    other = NoteSigner(SIGNER.name, Ed25519PrivateKey.generate())
    async with log.connect() as connection:
        with pytest.raises(LogBrokenError, match="not signed by the key of this log"):
            await append_answers(connection, other, NOW)


async def test_an_entry_says_nothing_in_clear_but_its_time(log: AsyncEngine) -> None:
    async with log.begin() as connection:
        await answer(connection, 2)
    await write_log(log)
    first, second = await read_entries(log)
    assert len(first) == 105
    shared = [place for place in range(9, 105) if first[place] == second[place]]
    assert len(shared) < 10  # two answers that differ by a millisecond and a key have nothing in common
    assert read_entry(first).at == AT + timedelta(milliseconds=1)


def make_row(**changes: Any) -> dict[str, Any]:
    """What is recorded of an answer about three subjects."""
    row: dict[str, Any] = {
        "id": 7, "at": AT, "client_key": 3, "request_id": UUID(int=5), "audience": "BANK", "operator": "teller",
        "branch": "branch", "purpose": "LOAN_APPROVAL", "shape_id": 9, "subjects": 3, "results": ["GIVEN"],
        "parties": [1, None, 3], "indexes": [None, b"\x02", None], "consents": [4, None, 5], "share_codes": None,
        "refs": ["R1", None, "R3"], "relations": ["OTHER", None, None], "salt": UUID(int=11), "xid": "500", "epoch": 1,
        "operation": b"\x0a", "field": "subjects", "types": ["Person"], "client": "demo-bank", "results_dims": "[1:1]",
        "parties_dims": "[1:3]", "indexes_dims": "[1:3]", "consents_dims": "[1:3]", "share_codes_dims": None,
        "refs_dims": "[1:3]", "relations_dims": "[1:3]",
    }  # fmt: skip
    return row | changes


CHANGED = {
    "id": 8, "at": AT + timedelta(microseconds=1), "client_key": 4, "request_id": UUID(int=6), "audience": "COURT",
    "operator": "other", "branch": None, "purpose": "JUDICIAL", "shape_id": 10, "subjects": 4, "results": ["EMPTY"],
    "parties": [1, 3, None], "indexes": [None, b"\x03", None], "consents": None, "share_codes": [6, None, None],
    "refs": ["R1", None, "R4"], "relations": [None, "OTHER", None], "salt": UUID(int=12), "xid": "501", "epoch": 2,
    "operation": b"\x0b", "field": "subject", "types": ["Person", "Case"], "client": "other-bank",
    "results_dims": "[0:0]", "parties_dims": "[0:2]", "indexes_dims": "[2:4]", "consents_dims": "[1:1][1:3]",
    "share_codes_dims": "[1:3]", "refs_dims": "[0:2]", "relations_dims": "[0:2]",
}  # fmt: skip


async def test_no_column_is_left_out_of_the_leaf(log: AsyncEngine) -> None:
    """All columns of the table, of the shape and the client's identifier; a change of any changes the entry."""
    columns = sa.text("SELECT column_name FROM information_schema.columns WHERE table_name = 'access_answer'")
    async with log.connect() as connection:
        stored = set((await connection.scalars(columns)).all())
        recorded = set((await connection.execute(select_recorded())).keys())
    assert recorded >= stored | {"operation", "field", "types", "client"}
    assert recorded == make_row().keys() == CHANGED.keys()
    entry = AnswerLeaf(make_row()).encode()
    same = [name for name, value in CHANGED.items() if AnswerLeaf(make_row(**{name: value})).encode() == entry]
    assert same == []


def test_columns_that_are_added_later_change_no_entry() -> None:
    assert AnswerLeaf(make_row(added=None)).encode() == AnswerLeaf(make_row()).encode()
    assert AnswerLeaf(make_row(added=b"x")).encode() != AnswerLeaf(make_row()).encode()


def test_the_encoding_is_fixed() -> None:
    """Entries are kept for ever: this one must never change."""
    assert AnswerLeaf(make_row()).encode().hex() == ENCODED


@given(st.integers(1, 40), st.sampled_from([1, 2, 40]))
@sized(60)
def test_an_entry_contains_what_its_openings_say(number: int, results: int) -> None:
    arrays = {name: [f"{name} {place}" for place in range(number)] for name in OF_SUBJECTS}
    leaf = AnswerLeaf(make_row(subjects=number, results=["GIVEN", "EMPTY"][:results] * (number // 2 or 1), **arrays))
    parts, subjects = read_entry(leaf.encode()), leaf.subjects
    assert (parts.shown, parts.rest) == (leaf.shown.commit(), leaf.rest.commit())
    assert parts.subjects == compute_root(subject.hash() for subject in subjects)
    openings = [leaf.shown, leaf.rest, *(one for subject in subjects for one in (subject.result, subject.rest))]
    assert len({one.salt for one in openings}) == len(openings)
    for place, subject in enumerate(subjects, 1):
        assert parts.has_subject(place, len(subjects), subject.hash(), leaf.list_path(place))


@pytest.mark.parametrize(
    "change",
    [{"results": ["GIVEN"] * 3}, {"share_codes": []}, {"share_codes": [None] * 3}, {"parties": [1, None, 3, None]}],
)
def test_different_arrays_with_the_same_meaning_are_told_apart(change: dict[str, Any]) -> None:
    dims = {f"{name}_dims": f"[1:{len(value)}]" if value else None for name, value in change.items()}
    assert AnswerLeaf(make_row(**change, **dims)).encode() != AnswerLeaf(make_row()).encode()


def test_a_number_of_subjects_cannot_exhaust_the_memory() -> None:
    assert len(AnswerLeaf(make_row(subjects=2**31 - 1)).subjects) == 65_535


ENCODED = (
    "01000660c4bf52e0002020807414bf6bbfc2798de5e17a198677c2a57b7580a8658dd0d204ef2d027910dc8ee149fb61457b12f63a4262fe6d3180"
    "7e61a2c3328cdfa67dfdab67faebfd0e767541e594201b3f3163dfb0597b0be25e0fc311ba8d1e1af863ffff9a84"
)
