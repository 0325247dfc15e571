"""The access log by subject: the index and its tail together have every answer, at every moment (R19)."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from closing import reopen_months
from emptying import empty_tables
from generated import sized
from hypothesis import given
from hypothesis import strategies as st
from indexing import write_index
from look_ups import look_up
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from world import World

from auth.audiences import Audience
from casework.access_index import index_answers, is_behind, restart_elsewhere
from demo.city.cast import STRANGER
from jobs.access_indexer import AccessIndexer
from jobs.access_log import CLOSE, ensure_access_log
from models.access_answer import AccessAnswer, AccessTail, select_answers_about
from postgres.database import make_async_engine

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
PARTIES = (1, 2, 3)
NUMBERS = (b"one", b"two")
ANSWER = sa.text(
    """
    INSERT INTO access_answer
        (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties, indexes)
    VALUES (:at, 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, cardinality(CAST(:parties AS bigint[])),
        ARRAY['GIVEN'], :parties, :indexes)
    RETURNING id
    """
)


LONG_AGO = -90 * 24 * 60
"""In minutes: of a month that may be closed."""


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """An empty access log with partitions."""
    await ensure_access_log(engine, AT + timedelta(minutes=LONG_AGO))
    await ensure_access_log(engine, AT)
    yield engine
    async with engine.begin() as connection:
        await reopen_months(connection)
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await connection.run_sync(empty_tables, "access_answer", "access_index")
        await connection.execute(sa.text("UPDATE access_index_state SET snapshot = NULL"))


async def answer(connection: AsyncConnection, subjects: Iterable[int | bytes], minute: int = 0) -> int:
    """An answer about parties, or about numbers that were nobody's; gives its id."""
    given = list(subjects)
    told = {
        "parties": [one if isinstance(one, int) else None for one in given],
        "indexes": [one if isinstance(one, bytes) else None for one in given],
    }
    key: int = (await connection.execute(ANSWER, {"at": AT + timedelta(minutes=minute), **told})).scalar_one()
    return key


async def found(connection: AsyncConnection, subject: int | bytes) -> Counter[int]:
    """The answers about a subject, by the index and its tail."""
    by_index = isinstance(subject, bytes)
    party = sa.cast(sa.null() if by_index else sa.literal(subject), sa.BigInteger)
    index = sa.cast(sa.literal(subject) if by_index else sa.null(), sa.LargeBinary)
    rows = await connection.execute(select_answers_about(party, index))
    return Counter(row.answer_id for row in rows)


async def read(connection: AsyncConnection, subject: int | bytes) -> Counter[int]:
    """The answers about a subject, by reading all entries."""
    column = "subject_index" if isinstance(subject, bytes) else "party_id"
    entries = sa.func.unnest(AccessAnswer.parties, AccessAnswer.indexes).table_valued("party_id", "subject_index")
    entry = entries.render_derived()
    about = sa.select(AccessAnswer.id).distinct().join(entry, sa.true()).where(entry.c[column] == subject)
    return Counter((await connection.scalars(about)).all())


async def holds(engine: AsyncEngine) -> None:
    """Both ways find the same, each answer once, in one snapshot."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        for subject in (*PARTIES, *NUMBERS):
            assert await found(connection, subject) == await read(connection, subject)


STEPS = st.one_of(
    st.lists(st.sampled_from((*PARTIES, *NUMBERS)), min_size=1, max_size=4).map(lambda some: ("answer", some)),
    st.tuples(st.sampled_from(["begin", "commit", "roll back"]), st.integers(0, 2)),
    st.tuples(st.just("open answer"), st.integers(0, 2)),
    st.just(("old answer", 1)),
    st.tuples(st.just("begin of old"), st.integers(0, 2)),
    st.just(("close", None)),
    st.just(("index", None)),
    st.just(("restore", None)),
)


@pytest.mark.generated
@sized(25)
@given(steps=st.lists(STEPS, max_size=15))
async def test_every_answer_is_found_whatever_commits_when(log: AsyncEngine, steps: list[tuple[str, Any]]) -> None:
    """Transactions stay open over any number of runs of the worker, and over a restore. Months are closed meanwhile,
    but for those that somebody writes to."""
    opened: dict[int, AsyncConnection] = {}
    async with log.begin() as connection:
        await reopen_months(connection)
    try:
        for step, what in steps:
            await play(log, opened, step, what)
            await holds(log)
    finally:
        for connection in opened.values():
            await connection.close()
    await write_index(log)
    await holds(log)
    async with log.connect() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(AccessTail))).scalar_one() == 0


async def play(engine: AsyncEngine, opened: dict[int, AsyncConnection], step: str, what: Any) -> None:
    """One step of the test."""
    match step:
        case "answer":
            async with engine.begin() as connection:
                await answer(connection, what)
        case "begin" if what not in opened:
            opened[what] = await engine.connect()
            await answer(opened[what], [what + 1], minute=what)
        case "open answer" if what in opened:
            async with opened[what].begin_nested():
                await answer(opened[what], [NUMBERS[0], what + 1])
        case "old answer":
            with suppress(DBAPIError):
                async with engine.begin() as connection:
                    await answer(connection, [what], LONG_AGO)
        case "begin of old" if what not in opened:
            connection = await engine.connect()
            try:
                await answer(connection, [what + 1], LONG_AGO + what)
                opened[what] = connection
            except DBAPIError:  # the month is closed
                await connection.close()
        case "close":
            with suppress(DBAPIError):
                async with engine.begin() as connection:
                    await connection.execute(sa.text("SET LOCAL lock_timeout = '20ms'"))
                    await connection.execute(CLOSE, {"day": AT.date()})
        case "commit" | "roll back" if what in opened:
            connection = opened.pop(what)
            await (connection.commit() if step == "commit" else connection.rollback())
            await connection.close()
        case "index":
            await write_index(engine)
        case "restore" if not opened:
            await elsewhere(engine)


async def elsewhere(engine: AsyncEngine) -> bool:
    """The database finds itself in another cluster."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE access_index_state SET system = 0"))
    async with engine.begin() as connection:
        return await restart_elsewhere(connection)


async def test_an_answer_that_commits_an_hour_later_is_found(log: AsyncEngine) -> None:
    """The worker goes on meanwhile, and reads no answer again."""
    async with log.connect() as late:
        key = await answer(late, [1])
        async with log.begin() as connection:
            others = [await answer(connection, [1], minute) for minute in range(60)]
        assert await write_index(log) == 60
        async with log.begin() as connection:
            others.append(await answer(connection, [1], 60))
        assert await write_index(log) == 1
        await late.commit()
    async with log.connect() as connection:
        assert await found(connection, 1) == Counter([key, *others])
        assert (await connection.scalars(sa.select(AccessTail.id))).all() == [key]
    assert await write_index(log) == 1
    await holds(log)


async def test_a_restored_log_is_indexed_anew(log: AsyncEngine) -> None:
    """The numbers of its transactions mean others here: they may be those of answers to come."""
    async with log.begin() as connection:
        await answer(connection, [1])
    await write_index(log)
    async with log.begin() as connection:
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await connection.execute(sa.text("UPDATE access_answer SET xid = '1000000000'"))
    assert await elsewhere(log)
    async with log.connect() as connection:
        assert await is_behind(connection)
    await holds(log)
    async with log.begin() as connection:
        await answer(connection, [1, NUMBERS[1]])
    assert await write_index(log) == 3
    await holds(log)
    async with log.connect() as connection:
        assert not await is_behind(connection)
    assert not await restarted(log)


async def restarted(engine: AsyncEngine) -> bool:
    """Whether a start of the service finds that the database was restored."""
    async with engine.begin() as connection:
        return await restart_elsewhere(connection)


async def test_one_of_two_workers_writes_the_index(log: AsyncEngine) -> None:
    async with log.begin() as connection:
        await answer(connection, [1])
    async with log.connect() as slow:
        await slow.execution_options(isolation_level="REPEATABLE READ")
        assert await is_behind(slow)
        assert await write_index(log) == 1
        with pytest.raises(DBAPIError, match="could not serialize"):
            await index_answers(slow)
    await holds(log)


MY_LOG = "{ me { accessRecords(first: 100) { totalCount nodes { result } } } }"


async def test_a_litigant_reads_the_same_before_and_after(world: World, database_copy: sa.URL) -> None:
    """Asked by number and by party, with and without the index."""
    look_up(world, STRANGER)
    before = world.data(Audience.LITIGANT_PORTAL, MY_LOG, subject=STRANGER)["me"]["accessRecords"]
    engine = make_async_engine(database_copy, pool_size=1, statement_timeout=10)
    await AccessIndexer(engine=engine).start_due()
    await engine.dispose()
    after = world.data(Audience.LITIGANT_PORTAL, MY_LOG, subject=STRANGER)["me"]["accessRecords"]
    assert after["totalCount"] == before["totalCount"] + 1  # the first reading is an entry itself
    assert after["nodes"][1:] == before["nodes"]
