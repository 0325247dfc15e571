"""Whatever a superuser does to entries that a partner's checkpoint covers is found, and nothing else is.

TEST_TAMPERINGS is the number of tamperings, TEST_ENTRIES that of the entries among which nothing may be found.
"""

# ruff: noqa: S608 - statements are made of names of tables

import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from attacked import log as attacks
from generated import SCALE, SEED
from sequencing import NOW, SIGNER, empty_logs, write_log
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from tampering import COPIED, LOGS, Intruder, tamper

from casework.transparency.faults import FaultKind, Verification
from casework.transparency.tree import fetch_by, read_last
from casework.transparency.verification import verify_log
from jobs.access_log import ensure_access_log
from models.transparency.checkpoints import Checkpoint, open_checkpoint

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TIMES = int(os.environ.get("TEST_TAMPERINGS", 40 * SCALE))
ENTRIES, RUN = int(os.environ.get("TEST_ENTRIES", 1_000 * SCALE)), 20_000
ANSWERS = sa.text(
    """
    INSERT INTO access_answer (
        at, client_key, request_id, audience, operator, branch, purpose, shape_id, subjects, results, parties, indexes,
        consents, refs
    )
    SELECT CAST(:at AS timestamptz) + place * interval '1 second', 1, gen_random_uuid(), 'BANK', 'teller ' || place,
        'branch', 'LOAN_APPROVAL', 1 + place % 2, 2, ARRAY['GIVEN', 'EMPTY'], ARRAY[place, NULL],
        ARRAY[NULL, '\\x01'::bytea], ARRAY[place, NULL], ARRAY['R' || place, NULL]
    FROM generate_series(1, :number) AS place
    """
)
VARIED = sa.text(
    """
    INSERT INTO access_answer (
        at, client_key, request_id, audience, operator, branch, purpose, shape_id, subjects, results, parties, indexes,
        consents, share_codes, refs, relations
    )
    SELECT CAST(:at AS timestamptz) + place * interval '7 millisecond', 1, gen_random_uuid(),
        (ARRAY['BANK', 'COURT', 'AUDITOR'])[1 + place % 3], nullif('T' || place % 11, 'T3'),
        CASE WHEN place % 4 > 0 THEN '余姚 ' || place END, (ARRAY['LOAN_APPROVAL', 'JUDICIAL'])[1 + place % 2],
        1 + place % 2, size, (SELECT array_agg(CAST('GIVEN' AS text)) FROM generate_series(1, size)),
        (SELECT array_agg(nullif(one * place, place)) FROM generate_series(1, size) AS one),
        CASE WHEN place % 5 > 0 THEN (SELECT array_agg(int8send(one * place)) FROM generate_series(1, size) AS one) END,
        CASE WHEN place % 7 = 0 THEN (SELECT array_agg(place + one) FROM generate_series(1, size) AS one) END, NULL,
        (SELECT array_agg(CAST('R' || one AS text)) FROM generate_series(1, size) AS one), NULL
    FROM (SELECT place, 1 + place % 3 AS size FROM generate_series(CAST(:first AS int), :last) AS place) AS asked
    """
)
SHAPES = "INSERT INTO access_shape VALUES (1, '\\x0a', 'subject', '{Person}'), (2, '\\x0b', 'subjects', '{Person}')"
CLIENT = """
    INSERT INTO client (id, client_id, name, audience, authentication, secret_hash, scopes, purposes, created_at)
    OVERRIDING SYSTEM VALUE VALUES (
        1, 'bank', 'Bank', 'BANK', 'client_secret_basic', sha256('x'), '{subject.read}', '{LOAN_APPROVAL}', now()
    )
"""


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A log of 310 entries in three batches; backups of the tables at 300."""
    await ensure_access_log(engine, AT)
    async with engine.begin() as connection:
        await connection.execute(sa.text(SHAPES))
        await connection.execute(sa.text(CLIENT))
    for number, minute in ((100, 0), (200, 60), (10, 120)):
        async with engine.begin() as connection:
            await connection.execute(ANSWERS, {"at": AT + timedelta(minutes=minute), "number": number})
        await write_log(engine)
        if minute == 60:
            async with engine.begin() as connection:
                for table in LOGS:
                    await connection.execute(sa.text(f"CREATE TABLE old_{table} AS SELECT * FROM {table}"))
    yield engine
    async with engine.begin() as connection:
        await empty_logs(connection)
        await connection.execute(sa.text("DELETE FROM client"))
        for table in LOGS:
            await connection.execute(sa.text(f"DROP TABLE old_{table}"))


FIFTH = "id = (SELECT answer_id FROM log_leaf WHERE index = 5)"


async def keep(engine: AsyncEngine) -> Checkpoint:
    """Return the checkpoint that a partner keeps."""
    async with engine.connect() as connection:
        last = await read_last(fetch_by(connection))
    assert last is not None
    return open_checkpoint(last["note"], [SIGNER.key])


async def verify(connection: AsyncConnection, *kept: Checkpoint, now: datetime = NOW) -> Verification:
    """Verify what a connection sees."""
    return await verify_log(connection, [SIGNER.key], now, kept=kept)


@pytest.mark.generated
async def test_every_tampering_is_found_and_nothing_else(log: AsyncEngine) -> None:
    kept, chance, done, missed = await keep(log), random.Random(SEED), Counter[str](), list[str]()
    assert kept.size == 310
    async with log.connect() as connection:
        for _ in range(TIMES):
            async with connection.begin_nested() as savepoint:
                what = await tamper(connection, kept.size, chance)
                found = await verify(connection, kept)
                await savepoint.rollback()
            done[what.partition(" ")[0]] += 1
            missed += [] if found.total else [what]
        attacks.info("%d tamperings, %d not found: %s", TIMES, len(missed), dict(done))
        assert missed == []
        assert (await verify(connection, kept)).faults == []
    assert done.keys() == {"update", "delete", "insert", "swap", "truncate", "cut", "replay"} | (
        done.keys() & {"UPDATE", "DELETE"}
    )


@pytest.mark.generated
async def test_nothing_is_found_where_nothing_was_done(log: AsyncEngine) -> None:
    """Against each checkpoint that was kept while the log grew."""
    kept, started = [await keep(log)], time.monotonic()
    for first in range(0, ENTRIES, RUN):
        numbers = {"at": AT + timedelta(hours=3), "first": first, "last": min(ENTRIES, first + RUN) - 1}
        async with log.begin() as connection:
            await connection.execute(VARIED, numbers)
        await write_log(log)
        kept.append(await keep(log))
    written, started = time.monotonic() - started, time.monotonic()
    async with log.connect() as connection:
        found = await verify(connection, *kept[-20:], kept[0], now=NOW + timedelta(days=1))
    verified = time.monotonic() - started
    figure = "%d entries against %d checkpoints: %d faults, written in %.0f s, verified in %.0f s"
    attacks.info(figure, found.size, len(kept[-20:]) + 1, found.total, written, verified)
    assert (found.size, found.faults) == (310 + ENTRIES, [])


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (f"UPDATE access_answer SET branch = 'other' WHERE {FIFTH}", "changed"),
        (f"DELETE FROM access_answer WHERE {FIFTH}", "removed"),
        ("DELETE FROM log_node", "rewritten"),
        ("INSERT INTO log_node VALUES (2, 0, sha256('x'))", "rewritten"),
        ("INSERT INTO log_checkpoint SELECT 999, root, signed_at, note, epoch, snapshot FROM log_checkpoint LIMIT 1",
         "rewritten"),
        ("UPDATE log_checkpoint SET note = replace(note, '310', '311')", "rewritten"),
    ],
)  # fmt: skip
async def test_a_fault_names_what_was_done(log: AsyncEngine, statement: str, kind: str) -> None:
    kept = await keep(log)
    async with log.connect() as connection:
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await connection.execute(sa.text(statement))
        found = await verify(connection, kept)
    assert kind in found.kinds
    if kind in {"changed", "removed"}:
        assert [(fault.kind, fault.index) for fault in found.faults] == [(kind, 5)]


@pytest.mark.parametrize(("index", "kinds", "pending"), [(305, [], 1), (299, [FaultKind.BACKDATED], 0)])
async def test_an_answer_of_the_last_five_minutes_is_one_that_is_not_logged_yet(
    log: AsyncEngine, index: int, kinds: list[FaultKind], pending: int
) -> None:
    """It is counted, and becomes the next entry; one that says that it is older is found."""
    kept = await keep(log)
    async with log.connect() as connection:
        key = await Intruder(connection, kept.size, random.Random(SEED)).find(index)
        await connection.execute(sa.text(COPIED.format("pg_current_xact_id()")), key)
        found = await verify(connection, kept)
    assert (found.kinds, found.pending) == (kinds, pending)


async def test_a_changed_array_that_means_the_same_is_found(log: AsyncEngine) -> None:
    """Other bounds of an array show other values at the same positions."""
    async with log.connect() as connection:
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        change = "UPDATE access_answer SET parties = CAST('[0:1]=' || CAST(parties AS text) AS bigint[])"
        await connection.execute(sa.text(f"{change} WHERE id = (SELECT answer_id FROM log_leaf WHERE index = 7)"))
        found = await verify(connection, await keep(log))
    assert [(fault.kind, fault.index) for fault in found.faults] == [(FaultKind.CHANGED, 7)]


async def test_details_may_be_deleted_after_ten_years_and_not_before_nor_in_secret(log: AsyncEngine) -> None:
    """The tree stays whole: only the entry of an answer is hashed. What is deleted by hand has no record."""
    kept = await keep(log)
    async with log.connect() as connection:
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        first = "DELETE FROM access_answer WHERE at < (SELECT min(at) FROM access_answer) + interval '1 hour'"
        erased = (await connection.execute(sa.text(first))).rowcount
        early = await verify(connection, kept)
        late = await verify(connection, kept, now=AT + timedelta(days=3654))
    assert erased == early.total == 100
    assert early.kinds == [FaultKind.REMOVED]
    assert (late.erased, late.size, late.root) == (100, 310, kept.root)
    month = f"{AT:%Y-%m}"
    assert [fault.found for fault in late.faults] == [
        f"100 answers of {month} are no longer there, and no deletion is recorded."
    ]


async def test_a_log_without_a_kept_checkpoint_can_be_written_anew_by_its_key_only(log: AsyncEngine) -> None:
    """The log alone cannot show that its end was cut off: a kept checkpoint does."""
    kept = await keep(log)
    async with log.connect() as connection:
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for table in LOGS:
            await connection.execute(sa.text(f"DELETE FROM {table}"))
            await connection.execute(sa.text(f"INSERT INTO {table} SELECT * FROM old_{table}"))
        alone, against = await verify(connection), await verify(connection, kept)
    assert alone.faults == []
    assert [fault.kind for fault in against.faults] == [FaultKind.TRUNCATED]
    assert against.faults[0].found == "The log has 300 entries; the checkpoint that was kept covers 310."
