"""Waiting for a database: what says that it is away, and what says nothing."""

import asyncpg
import pytest

from postgres import reaching
from postgres.errors import DatabaseAwayError
from postgres.reaching import wait_for_database

AWAY = (ConnectionRefusedError(), asyncpg.CannotConnectNowError("starting"), DatabaseAwayError("gone"))
SLOW = (TimeoutError(), asyncpg.QueryCanceledError("too long"))


async def wait_after(*errors: BaseException) -> list[str]:
    """What is told by a database that answers after these errors."""
    waiting, told = list(errors), list[str]()

    async def attempt() -> None:
        if waiting:
            raise waiting.pop(0)

    await wait_for_database(attempt, told.append)
    assert not waiting
    return told


@pytest.fixture(autouse=True)
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "PAUSE_SECONDS", 0)


async def test_a_database_that_refuses_is_away() -> None:
    told = await wait_after(*AWAY)
    assert told == [f"The database does not answer: {type(error).__name__}." for error in AWAY]


async def test_a_database_that_is_slow_is_not_told_to_be_away() -> None:
    """A process that started on a busy machine accepted connections, and refused what they asked, beside one that
    served: its first connection had taken more than a second."""
    slow = DatabaseAwayError("no answer")
    slow.__cause__ = TimeoutError()
    assert await wait_after(*SLOW, slow) == []


async def test_what_is_wrong_with_a_database_is_raised() -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await wait_after(asyncpg.UndefinedTableError("no table"))
