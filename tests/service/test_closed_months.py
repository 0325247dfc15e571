"""Months of the access log are closed after their end: nothing is inserted, and the tail is not looked for there."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from closing import reopen_months
from conftest import as_service
from indexing import write_index
from sequencing import SIGNER, empty_logs, write_log
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import restart_elsewhere
from commands.doctor.finding import Finding, State
from commands.doctor.service import examine_months
from jobs.access_log import close_months as run_closing
from jobs.access_log import ensure_access_log
from models.access_answer import select_answers_about
from postgres import database

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
MONTHS = [AT.replace(month=month) for month in (7, 8, 9, 10)]
ENSURE = sa.text("SELECT ensure_access_log_partition(:day)")
ANSWER = sa.text(
    """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties)
    VALUES (:at, 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1, ARRAY['GIVEN'], ARRAY[7])
    """
)
TAIL = "SELECT count(*) FROM access_tail"
LOCKED = """
    SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN (
        SELECT tgrelid FROM pg_trigger WHERE tgname = 'closed'
    )
"""
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A log of five months with an answer in each, which are indexed."""
    for at in (*MONTHS, AT):
        await ensure_access_log(engine, at)
        async with engine.begin() as connection:
            await connection.execute(ANSWER, {"at": at})
    await write_index(engine)
    yield engine
    async with engine.begin() as connection:
        await reopen_months(connection)
        await empty_logs(connection)
        await connection.execute(sa.text("UPDATE access_index_state SET snapshot = NULL"))


@pytest.fixture
async def service(log: AsyncEngine, database_url: sa.URL) -> AsyncIterator[AsyncEngine]:
    """The service's own engine."""
    made = database.make_async_engine(as_service(database_url), 3, 60)
    yield made
    await made.dispose()


async def add(engine: AsyncEngine, at: datetime) -> None:
    """Add an answer."""
    async with engine.begin() as connection:
        await connection.execute(ANSWER, {"at": at})


async def read_closing(engine: AsyncEngine) -> list[Any]:
    """Until when the log was closed."""
    async with engine.connect() as connection:
        return list((await connection.scalars(sa.text("SELECT until FROM access_log_closing ORDER BY until"))).all())


async def count_locked(engine: AsyncEngine) -> int:
    """The number of closed months that are locked by who reads the tail."""
    async with engine.connect() as connection:
        await connection.execute(sa.text(TAIL))
        return int(await connection.scalar(sa.text(LOCKED)) or 0)


async def list_found(engine: AsyncEngine) -> list[int]:
    """The months of the answers about the party, as it is told of them."""
    asked = select_answers_about(sa.literal(7, sa.BigInteger), sa.cast(sa.null(), sa.LargeBinary))
    async with engine.connect() as connection:
        return sorted(row.at.month for row in (await connection.execute(asked)).all())


async def test_months_are_closed_31_days_after_their_end(
    log: AsyncEngine, service: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "suxin.server"):
        await run_closing(service, AT)
    said = [record.getMessage() for record in caplog.records]
    assert [("2026-09" in one, "2026-10" in one) for one in said] == [(True, False)]
    assert await read_closing(log) == [datetime(2026, 10, 1, tzinfo=UTC)]
    for at in MONTHS[:3]:
        with pytest.raises(DBAPIError, match=f"the access log is closed for {at:%Y-%m}"):
            await add(service, at)
    await add(service, MONTHS[3])
    await add(service, AT)
    with pytest.raises(DBAPIError, match="the access log is closed for 2026-03"):
        async with service.begin() as connection:
            await connection.execute(ENSURE, {"day": date(2026, 3, 1)})
    await run_closing(service, AT)
    await run_closing(service, AT - timedelta(days=90))
    assert await read_closing(log) == [datetime(2026, 10, 1, tzinfo=UTC)], "once, and never back"


async def test_no_month_is_closed_that_is_not_over_by_the_clock_of_the_database(log: AsyncEngine) -> None:
    """A service whose clock is years ahead would close the months to come."""
    await run_closing(log, AT + timedelta(days=3_650))
    async with log.connect() as connection:
        today = await connection.scalar(sa.text("SELECT current_date"))
    assert all(until.date() <= today for until in await read_closing(log))


async def test_who_writes_to_a_month_is_waited_for(service: AsyncEngine, log: AsyncEngine) -> None:
    """Nothing is closed meanwhile, and what was written is found by index and tail as before."""
    async with service.connect() as late:
        await late.execute(ANSWER, {"at": MONTHS[0]})
        with pytest.raises(DBAPIError, match="lock timeout"):
            await run_closing(service, AT)
        assert await read_closing(log) == []
        await write_index(log)
        await late.commit()
    await run_closing(service, AT)
    assert await list_found(log) == [7, 7, 8, 9, 10, 11], "the late answer is in the tail until it is indexed"
    assert await write_index(log) == 1
    assert await list_found(log) == [7, 7, 8, 9, 10, 11]


async def test_readers_are_not_waited_for(service: AsyncEngine, log: AsyncEngine) -> None:
    async with service.connect() as reading:
        assert await reading.scalar(sa.text("SELECT count(*) FROM access_answer")) == 5
        await run_closing(service, AT)
    assert len(await read_closing(log)) == 1


async def test_the_tail_is_looked_for_in_open_months_once_they_are_indexed(log: AsyncEngine) -> None:
    """By the locks that reading it takes: those of months that were closed before the index are not among them."""
    await run_closing(log, AT)
    assert await count_locked(log) == 3, "the index has not seen the closing"
    await add(log, AT)
    await write_index(log)
    assert await count_locked(log) == 0


async def test_the_transparency_log_has_its_own_snapshot(log: AsyncEngine) -> None:
    assert await write_log(log, SIGNER) == 5
    await add(log, MONTHS[0])
    await run_closing(log, AT)
    await write_index(log)
    assert await write_log(log, SIGNER) == 1, "an answer of a month that was closed after its last run"
    assert await write_log(log, SIGNER) == 0


async def test_the_manual_opens_months_again(log: AsyncEngine, service: AsyncEngine) -> None:
    """The clocks were ahead: nothing is lost of what is written afterwards."""
    await run_closing(service, AT)
    await write_index(log)
    manual = re.search(r"```sql\n(BEGIN;\nALTER TABLE access_log_closing.*?)```", OPERATIONS.read_text(), re.DOTALL)
    assert manual
    async with log.connect() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute(manual.group(1))  # type: ignore[union-attr]  # asyncpg's
    assert await read_closing(log) == []
    await add(service, MONTHS[0])
    assert await list_found(log) == [7, 7, 8, 9, 10, 11]
    assert await write_index(log) == 1


async def test_the_doctor_knows_months_that_are_closed_wrongly(log: AsyncEngine) -> None:
    await run_closing(log, AT)
    found = await look(log, AT)
    assert found.state is State.OK
    found = await look(log, MONTHS[2])
    assert found.found.startswith("2026-09: closed, though it is not over")
    async with log.begin() as connection:
        await connection.execute(sa.text("DROP TRIGGER closed ON access_answer_2026_08"))
    found = await look(log, AT)
    assert (found.state, found.found[:8]) == (State.PROBLEM, "2026-08:")


async def look(engine: AsyncEngine, moment: datetime) -> Finding:
    """What `suxin doctor` finds about the access log."""
    async with engine.connect() as connection:
        return await examine_months(connection, moment)


async def test_beside_a_partition_of_no_month_nothing_is_closed(log: AsyncEngine) -> None:
    bounds = "FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')"
    async with log.begin() as connection:
        await connection.execute(sa.text(f"CREATE TABLE by_hand PARTITION OF access_answer {bounds}"))
    try:
        await run_closing(log, AT)
        assert await read_closing(log) == []
    finally:
        async with log.begin() as connection:
            await connection.execute(sa.text("DROP TABLE by_hand"))


async def test_a_tail_in_closed_months_is_empty_after_a_restore(log: AsyncEngine) -> None:
    """The transactions of the former cluster mean nothing here: the log is indexed anew, closed months with it."""
    await run_closing(log, AT)
    async with log.begin() as connection:
        await connection.execute(sa.text("UPDATE access_index_state SET system = 0"))
        assert await restart_elsewhere(connection)
    assert await list_found(log) == [7, 8, 9, 10, 11]
    assert await write_index(log) == 5
    assert await count_locked(log) == 0, "whatever the number of the transaction that closed them"
    assert await list_found(log) == [7, 8, 9, 10, 11]
