"""PostgreSQL's errors, whichever driver raised them, and what is run again because of one."""

from collections.abc import Sequence

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.transaction import ATTEMPTS, repeat, transact
from postgres import database
from postgres.errors import OUT_OF_ORDER, TOO_LONG, is_out_of_order, is_too_long, is_unreachable
from sqlstate import get_sqlstate

STATES = (*OUT_OF_ORDER, *TOO_LONG, "08006", "26000", "3D000", "53300", "57P01", "23505", "P0001")


def raising(state: str) -> str:
    """A statement that fails in this way."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"


@pytest.fixture(autouse=True)
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casework.transaction.FIRST_PAUSE_SECONDS", 0)


@pytest.fixture
async def plain(database_url: sa.URL) -> Sequence[BaseException]:
    """Each error as asyncpg raises it."""
    connection, found = await database.connect(database_url, {}), list[BaseException]()
    for state in STATES:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.execute(raising(state))
        found.append(caught.value)
    await connection.close()
    return found


async def test_a_state_is_known_whichever_driver_raised_it(
    engine: AsyncEngine, sync_engine: sa.Engine, plain: Sequence[BaseException]
) -> None:
    assert [get_sqlstate(error) for error in plain] == list(STATES)
    for state in STATES:
        with pytest.raises(DBAPIError) as caught, sync_engine.connect() as connection:
            connection.execute(sa.text(raising(state)))
        assert get_sqlstate(caught.value) == state
        with pytest.raises(DBAPIError) as caught:
            async with engine.connect() as waiting:
                await waiting.execute(sa.text(raising(state)))
        assert get_sqlstate(caught.value) == state


async def test_errors_fall_into_their_kinds(plain: Sequence[BaseException]) -> None:
    assert {state for state, error in zip(STATES, plain, strict=True) if is_out_of_order(error)} == set(OUT_OF_ORDER)
    assert {state for state, error in zip(STATES, plain, strict=True) if is_too_long(error)} == set(TOO_LONG)
    unreachable = {state for state, error in zip(STATES, plain, strict=True) if is_unreachable(error)}
    assert unreachable == {"57014", "08006", "26000", "3D000", "53300", "57P01"}


@pytest.mark.parametrize("error", [None, ValueError(), ConnectionRefusedError(), asyncpg.InterfaceError("closed")])
def test_what_postgresql_did_not_say_has_no_state(error: BaseException | None) -> None:
    assert (get_sqlstate(error), is_out_of_order(error), is_too_long(error)) == (None, False, False)
    assert is_unreachable(error) == isinstance(error, OSError | asyncpg.InterfaceError)


@pytest.mark.parametrize("state", OUT_OF_ORDER)
async def test_a_transaction_that_met_another_one_is_run_again(engine: AsyncEngine, state: str) -> None:
    attempts = list[int]()

    async def work(connection: AsyncConnection) -> int:
        attempts.append(len(attempts))
        if len(attempts) < ATTEMPTS:
            await connection.execute(sa.text(raising(state)))
        return len(attempts)

    assert await transact(engine, work) == ATTEMPTS
    assert len(attempts) == ATTEMPTS


@pytest.mark.parametrize(("state", "times"), [("40001", ATTEMPTS), ("23505", 1)])
async def test_a_transaction_fails_in_the_end_or_at_once(engine: AsyncEngine, state: str, times: int) -> None:
    attempts = list[int]()

    async def work(connection: AsyncConnection) -> None:
        attempts.append(len(attempts))
        await connection.execute(sa.text(raising(state)))

    with pytest.raises(DBAPIError) as caught:
        await transact(engine, work)
    assert (get_sqlstate(caught.value), len(attempts)) == (state, times)


async def test_work_that_may_be_done_once_is_not_repeated(engine: AsyncEngine) -> None:
    attempts = list[int]()

    async def work() -> None:
        attempts.append(len(attempts))
        async with engine.connect() as connection:
            await connection.execute(sa.text(raising("40001")))

    with pytest.raises(DBAPIError):
        await repeat(work, attempts=1)
    assert attempts == [0]
