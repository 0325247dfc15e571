"""The connections of plans: so many at once, no longer waited for than a second, none lent after it was cut off."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
import sqlalchemy as sa

from postgres import database
from postgres.connections import PlanConnections
from postgres.errors import is_unreachable
from postgres.shares import OWNER

SIZE = 2
MINE = "SELECT pid FROM pg_stat_activity WHERE application_name = 'suxin' AND datname = current_database()"
ASLEEP = f"{MINE} AND state = 'active' AND wait_event = 'PgSleep'"
PID = "SELECT pg_backend_pid()"
KILL = "SELECT pg_terminate_backend(:pid)"
LONG = "SELECT pg_sleep(60)"

Pids = Callable[..., set[int]]


@pytest.fixture
async def pool(database_url: sa.URL) -> AsyncIterator[PlanConnections]:
    pool = PlanConnections(database_url, SIZE, statement_timeout=90)
    yield pool
    await pool.close()


@pytest.fixture
def pids(sync_engine: sa.Engine) -> Pids:
    """The server's processes for the pool's connections."""

    def pids(statement: str = MINE) -> set[int]:
        with sync_engine.connect() as connection:
            return set(connection.scalars(sa.text(statement)))

    return pids


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A free connection is waited for for a moment only."""
    monkeypatch.setattr("postgres.connections.WAIT_SECONDS", 0.05)


async def pid(pool: PlanConnections) -> int:
    """The process behind whatever connection is lent next."""
    async with pool.acquire() as connection:
        return int(await connection.fetchval(PID))


async def until(pids: Pids, statement: str, expected: Callable[[set[int]], bool]) -> None:
    """Ask the server again and again until it says what is expected."""
    async with asyncio.timeout(20):
        while not expected(await asyncio.to_thread(pids, statement)):
            pass


async def asleep(pool: PlanConnections, pids: Pids, count: int = 1) -> "asyncio.Task[None]":
    """A task that runs a long statement, once it does: as the last of so many."""

    async def sleep() -> None:
        async with pool.acquire() as connection:
            await connection.execute(LONG)

    task = asyncio.create_task(sleep())
    await until(pids, ASLEEP, lambda found: len(found) == count)
    return task


# --- how many, how long -----------------------------------------------------------------------------------------------


async def test_no_more_than_its_size_are_lent_at_once(pool: PlanConnections, pids: Pids) -> None:
    lent, most, all_lent = set[int](), 0, asyncio.Barrier(SIZE)

    async def work() -> None:
        nonlocal most
        async with pool.acquire() as connection:
            own = int(await connection.fetchval(PID))
            assert own not in lent
            lent.add(own)
            most = max(most, len(lent))
            await all_lent.wait()
            lent.remove(own)

    await asyncio.gather(*(work() for _ in range(25 * SIZE)))
    assert (most, len(pids())) == (SIZE, SIZE)


async def test_a_connection_is_made_when_it_is_needed_and_kept(pool: PlanConnections, pids: Pids) -> None:
    assert pids() == set()
    assert {await pid(pool) for _ in range(5)} == pids()
    assert len(pids()) == 1


async def test_whoever_waits_too_long_is_told_so(pool: PlanConnections, impatient: None) -> None:
    async with pool.acquire(), pool.acquire():
        with pytest.raises(TimeoutError):
            await pid(pool)
    assert await pid(pool)


async def test_whoever_waits_gets_what_is_given_back(pool: PlanConnections, pids: Pids) -> None:
    async with pool.acquire() as first:
        async with pool.acquire() as second:
            given = int(await second.fetchval(PID))
            waiting = asyncio.create_task(pid(pool))
            await asyncio.to_thread(pids)
            assert not waiting.done()
        assert await waiting == given != int(await first.fetchval(PID))


async def test_who_gives_up_waiting_takes_no_place_away(pool: PlanConnections, pids: Pids) -> None:
    async with pool.acquire(), pool.acquire():
        waiting = asyncio.create_task(pid(pool))
        await asyncio.to_thread(pids)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with pool.acquire() as first, pool.acquire() as second:
        assert await first.fetchval(PID) != await second.fetchval(PID)


async def test_who_cannot_connect_takes_no_place_away(database_url: sa.URL) -> None:
    nowhere = PlanConnections(database_url.set(database="nowhere"), 1, statement_timeout=1)
    for _ in range(3):
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await pid(nowhere)


# --- what comes back --------------------------------------------------------------------------------------------------


async def test_a_statement_that_is_cut_off_ends_and_its_connection_is_replaced(
    pool: PlanConnections, pids: Pids
) -> None:
    task, (cut,) = await asleep(pool, pids), pids(ASLEEP)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(pids, MINE, lambda found: cut not in found)
    async with pool.acquire() as first, pool.acquire() as second:
        assert cut not in {await first.fetchval(PID), await second.fetchval(PID)}


async def test_a_request_that_takes_too_long_ends_its_statement(pool: PlanConnections, pids: Pids) -> None:
    """As the endpoint does it: a deadline around everything."""
    task = await asleep(pool, pids)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 0)
    await until(pids, ASLEEP, lambda found: not found)


async def test_many_cut_off_at_once_take_no_place_away(pool: PlanConnections, pids: Pids) -> None:
    tasks = [await asleep(pool, pids, count) for count in range(1, SIZE + 1)]
    for task in tasks:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [asyncio.CancelledError] * SIZE
    await until(pids, ASLEEP, lambda found: not found)
    async with pool.acquire() as first, pool.acquire() as second:
        assert await first.fetchval(PID) != await second.fetchval(PID)


async def test_an_error_of_postgresql_keeps_the_connection(pool: PlanConnections) -> None:
    before = await pid(pool)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetchval("SELECT 1 / 0")
    async with pool.acquire() as connection:
        assert (await connection.fetchval(PID), connection.is_in_transaction()) == (before, False)


async def test_a_statement_that_takes_too_long_keeps_the_connection(database_url: sa.URL) -> None:
    pool = PlanConnections(database_url, 1, statement_timeout=1)
    before = await pid(pool)
    with pytest.raises(asyncpg.QueryCanceledError):
        async with pool.acquire() as connection:
            await connection.execute(LONG)
    assert await pid(pool) == before
    await pool.close()


async def test_any_other_error_replaces_the_connection(pool: PlanConnections) -> None:
    before = await pid(pool)
    with pytest.raises(LookupError):
        async with pool.acquire():
            raise LookupError
    assert await pid(pool) != before


async def test_a_connection_that_was_killed_unused_is_not_lent_again(
    pool: PlanConnections, sync_engine: sa.Engine
) -> None:
    ended = asyncio.Event()
    async with pool.acquire() as connection:
        connection.add_termination_listener(lambda connection: ended.set())
        before = int(await connection.fetchval(PID))
    with sync_engine.connect() as killer:
        killer.execute(sa.text(KILL), {"pid": before})
    async with asyncio.timeout(10):
        await ended.wait()
    assert await pid(pool) != before


async def test_a_connection_that_was_killed_in_use_is_not_lent_again(pool: PlanConnections) -> None:
    for _ in range(20):
        before = await pid(pool)
        with pytest.raises((asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError)):
            async with pool.acquire() as connection:
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert await pid(pool) != before


# --- sessions, the end ------------------------------------------------------------------------------------------------


async def test_a_session_is_the_service_s_own(pool: PlanConnections) -> None:
    names = ("statement_timeout", "lock_timeout", "plan_cache_mode", "TimeZone", "DateStyle", "jit")
    async with pool.acquire() as connection:
        told = [await connection.fetchval("SELECT current_setting($1)", name) for name in names]
    assert told == ["90s", "500ms", "force_generic_plan", "UTC", "ISO, MDY", "off"]


async def test_closing_ends_all_connections(database_url: sa.URL, pids: Pids) -> None:
    pool = PlanConnections(database_url, SIZE, statement_timeout=90)
    async with pool.acquire() as first, pool.acquire() as second:
        assert await first.fetchval(PID) != await second.fetchval(PID)
    task = await asleep(pool, pids)
    task.cancel()
    await pool.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(pids, MINE, lambda found: not found)


# --- whose ------------------------------------------------------------------------------------------------------------


async def test_an_owner_leaves_connections_to_others(database_url: sa.URL, impatient: None) -> None:
    """Of four it has two; its third request waits for one of its own, and another owner's does not."""
    pool = PlanConnections(database_url, 4, statement_timeout=90)
    OWNER.set("greedy")
    async with pool.acquire(), pool.acquire():
        with pytest.raises(TimeoutError):
            await pool.take("greedy")
        OWNER.set("other")
        async with pool.acquire() as connection:
            assert await connection.fetchval("SELECT 1") == 1
        OWNER.set("greedy")
    async with pool.acquire(), pool.acquire():
        pass
    assert pool.shares._held == {}
    await pool.close()


async def test_a_part_of_a_share_is_passed_on_to_who_waits(database_url: sa.URL) -> None:
    pool = PlanConnections(database_url, 2, statement_timeout=90)
    first = await pool.take("one")
    waiting = [asyncio.create_task(pool.take("one")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    pool.shares.leave("one")
    pool.give_back(first)
    second = await waiting[1]
    pool.shares.leave("one")
    pool.give_back(second)
    assert (pool.shares._held, pool.shares._waiting) == ({}, {})
    await pool.close()


async def test_a_server_that_has_become_read_only_is_left(pool: PlanConnections) -> None:
    """As the former primary after a switchover: none of the connections to it is lent again."""
    async with pool.acquire() as first, pool.acquire() as second:
        for connection in (first, second):
            await connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with pool.acquire() as connection:
            await connection.execute("CREATE TEMPORARY SEQUENCE no; CREATE TABLE no ()")
    for _ in range(SIZE):
        async with pool.acquire() as connection:
            assert await connection.fetchval("SHOW transaction_read_only") == "off"


async def test_the_loaders_leave_it_as_well(database_url: sa.URL) -> None:
    engine = database.make_async_engine(database_url, 1, 10)
    async with engine.connect() as connection:
        await connection.execute(sa.text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        await connection.commit()
    with pytest.raises(sa.exc.DBAPIError) as caught:
        async with engine.begin() as connection:
            await connection.execute(sa.text("UPDATE client SET name = name"))
    assert is_unreachable(caught.value)
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE client SET name = name"))
    await engine.dispose()
