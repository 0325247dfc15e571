"""Months of the access log are attached while it is read and written, and beside no default partition."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import as_service
from sequencing import SIGNER, empty_logs, write_log
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import find_default_partitions
from casework.transparency.verification import verify_log
from jobs.access_log import ensure_access_log
from postgres import database

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ENSURE = sa.text("SELECT ensure_access_log_partition(:day)")
ANSWER = sa.text(
    """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties)
    VALUES (:at, 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1, ARRAY['GIVEN'], ARRAY[7])
    """
)
COUNT = sa.text("SELECT count(*) FROM access_answer")
MONTHS = sa.text(
    "SELECT right(inhrelid::regclass::text, 7) FROM pg_inherits WHERE inhparent = CAST(:parent AS regclass) ORDER BY 1"
)
HELD = sa.text(
    """
    SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN (
        SELECT CAST(name AS regclass) FROM unnest(ARRAY['access_answer', 'access_index']) AS name
        UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = 'access_answer'::regclass
        AND inhrelid::regclass::text <> 'access_answer_2031_05'
        UNION ALL SELECT indexrelid FROM pg_index
        WHERE indrelid IN ('access_answer'::regclass, 'access_index'::regclass)
    ) ORDER BY mode
    """
)
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A log with the months around AT."""
    await ensure_access_log(engine, AT)
    yield engine
    async with engine.begin() as connection:
        await empty_logs(connection)


@pytest.fixture
async def service(log: AsyncEngine, database_url: sa.URL) -> AsyncIterator[AsyncEngine]:
    """The service's own engine, whose statements wait for a lock for half a second."""
    made = database.make_async_engine(as_service(database_url), 3, 60)
    yield made
    await made.dispose()


async def list_months(engine: AsyncEngine, parent: str = "access_answer") -> list[str]:
    """Return the months of the log or of its index."""
    async with engine.connect() as connection:
        return list((await connection.scalars(MONTHS, {"parent": parent})).all())


async def test_a_month_is_attached_while_the_log_is_read_and_written(service: AsyncEngine) -> None:
    """A transaction that has read and written the log stays open; another begins while the month is attached and the
    transaction that does it is open. Nobody waits: the locks on the log conflict with neither."""
    async with service.connect() as before, service.connect() as making:
        await before.execute(ANSWER, {"at": AT})
        assert await before.scalar(COUNT) == 1
        await making.execute(ENSURE, {"day": datetime(2031, 5, 17, tzinfo=UTC).date()})
        assert (await making.scalars(HELD)).all() == ["AccessShareLock", "ShareUpdateExclusiveLock"]
        async with service.connect() as during:
            await during.execute(ANSWER, {"at": AT + timedelta(minutes=1)})
            assert await during.scalar(COUNT) == 1
            await during.commit()
        await making.commit()
        await before.commit()
        await making.execute(ANSWER, {"at": datetime(2031, 5, 31, 23, 59, tzinfo=UTC)})
        await making.commit()
    for parent in ("access_answer", "access_index"):
        assert (await list_months(service, parent))[-1] == "2031_05"


async def test_two_processes_make_the_same_month(service: AsyncEngine) -> None:
    """The second one waits for the first and finds it made."""
    day = {"day": datetime(2031, 6, 1, tzinfo=UTC).date()}

    async def ensure() -> None:
        async with service.begin() as connection:
            await connection.execute(ENSURE, day)

    await asyncio.gather(ensure(), ensure())
    assert (await list_months(service)).count("2031_06") == 1


async def test_an_attached_month_is_as_one_that_was_made_with_the_log(log: AsyncEngine) -> None:
    """Constraints, indexes and triggers are those of the log, in each partition."""
    objects = """
        SELECT 'constraint' AS kind, pg_get_constraintdef(oid) AS said FROM pg_constraint WHERE conrelid = {table}
        UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE tgrelid = {table}
        UNION ALL SELECT 'default', attname || coalesce(pg_get_expr(adbin, adrelid), attidentity::text)
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = {table} AND attnum > 0
        UNION ALL SELECT 'index', regexp_replace(indexdef, '^.* USING', '') FROM pg_indexes
        WHERE tablename = {table}::regclass::text
        ORDER BY 1, 2
    """
    bounds = "FOR VALUES FROM ('2040-01-01') TO ('2040-02-01')"
    async with log.begin() as connection:
        for parent in ("access_answer", "access_index"):
            await connection.execute(sa.text(f"CREATE TABLE plain PARTITION OF {parent} {bounds}"))
            asked = [sa.text(objects.format(table=f"'{name}'::regclass")) for name in (f"{parent}_2026_11", "plain")]
            made, plain = [(await connection.execute(one)).all() for one in asked]
            truncation = [("trigger", "never_truncated")] if parent == "access_answer" else []
            assert sorted(made) == sorted([*plain, *truncation])
            await connection.execute(sa.text("DROP TABLE plain"))


async def test_next_months_have_time(log: AsyncEngine, service: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever holds the lock of maintenance keeps no service from starting, as long as this month is there."""
    before = await list_months(log)
    async with log.connect() as maintaining:
        await maintaining.execute(sa.text("LOCK TABLE access_answer IN SHARE UPDATE EXCLUSIVE MODE"))
        with caplog.at_level(logging.WARNING, "suxin.server"):
            await ensure_access_log(service, datetime(2026, 12, 31, tzinfo=UTC))
        assert await list_months(log) == before
    assert ["2027-02" in record.getMessage() for record in caplog.records] == [True]


async def test_beside_a_default_partition_no_month_is_made(
    log: AsyncEngine, service: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows stand in it, and somebody reads it: nothing waits or is scanned, and answers go on. The statements of the
    manual end it; every entry is found again, and is the one that was logged."""
    async with log.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE access_answer_other PARTITION OF access_answer DEFAULT"))
    async with service.begin() as connection:
        for at in (AT, datetime(2029, 2, 28, tzinfo=UTC), datetime(2029, 3, 1, tzinfo=UTC)):
            await connection.execute(ANSWER, {"at": at})
    assert await write_log(log, SIGNER) == 3
    months = await list_months(log)
    async with service.connect() as reading:
        assert await reading.scalar(COUNT) == 3
        with pytest.raises(DBAPIError, match="access_answer has the default partition access_answer_other"):
            async with service.begin() as connection:
                await connection.execute(ENSURE, {"day": datetime(2029, 3, 1, tzinfo=UTC).date()})
        with caplog.at_level(logging.ERROR, "suxin.server"):
            await ensure_access_log(service, datetime(2029, 3, 1, tzinfo=UTC))
    assert ["access_answer_other" in record.getMessage() for record in caplog.records] == [True]
    assert await list_months(log) == months
    manual = re.search(r"```sql\n(BEGIN;\nALTER TABLE access_answer.*?)```", OPERATIONS.read_text(), re.DOTALL)
    assert manual
    async with log.connect() as connection:
        assert await find_default_partitions(connection) == ["access_answer_other"]
        for statement in manual.group(1).split(";")[1:-2]:
            await connection.execute(sa.text(statement))
        await connection.commit()
        assert await find_default_partitions(connection) == []
        assert await connection.scalar(COUNT) == 3
    assert {"2029_02", "2029_03"} <= {*await list_months(log)}
    async with log.connect() as connection:
        found = await verify_log(connection, [SIGNER.key], AT)
        assert (found.faults, found.size, found.erased) == ([], 3, 0)
