"""Who waits for events is woken by each notification, and when one may have been missed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from postgres import database
from postgres.listener import DEAF, NotificationListener
from postgres.sessions import heartbeat
from postgres.sessions.heartbeat import DeafError, Heartbeat

CHANNEL = "suxin_test"
NAME = {"application_name": "waits for events"}
NOTIFY = sa.text(f"NOTIFY {CHANNEL}")
KILL = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'waits for events'")


@pytest.fixture
def listener() -> NotificationListener:
    return NotificationListener(CHANNEL)


@pytest.fixture
async def listening(
    listener: NotificationListener, database_url: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[], Any]]:
    """Begins to listen. A lost connection is made again without a pause; the first attempt fails."""
    monkeypatch.setattr("postgres.listener.PAUSE_SECONDS", 0)
    refused, tasks = [ConnectionRefusedError()], list[asyncio.Task[None]]()

    async def connect() -> Any:
        if refused:
            raise refused.pop()
        return await database.connect(database_url, NAME)

    yield lambda: tasks.append(asyncio.create_task(listener.listen(connect)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def said(engine: AsyncEngine, statement: sa.TextClause) -> None:
    async with engine.begin() as connection:
        await connection.execute(statement)


async def woken(*events: asyncio.Event) -> None:
    """All of them; they wait for the next time then."""
    async with asyncio.timeout(10):
        for event in events:
            await event.wait()
            event.clear()


async def test_all_who_wait_are_woken_by_a_notification(
    engine: AsyncEngine, listener: NotificationListener, listening: Callable[[], Any]
) -> None:
    with listener.subscribe() as one, listener.subscribe() as other:
        listening()
        await woken(one, other)  # it has begun
        await said(engine, NOTIFY)
        await woken(one, other)


async def test_who_waits_is_woken_when_the_connection_was_lost(
    engine: AsyncEngine,
    listener: NotificationListener,
    listening: Callable[[], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with listener.subscribe() as one:
        listening()
        await woken(one)
        await said(engine, KILL)
        await woken(one)
        await said(engine, NOTIFY)
        await woken(one)
    assert caplog.messages == ["suxin_test is not listened to: ConnectionRefusedError"]


async def test_who_does_not_wait_any_more_is_left_alone(listener: NotificationListener) -> None:
    with listener.subscribe() as one:
        pass
    listener.handle_notification("")
    assert not one.is_set()


# --- whether it hears -------------------------------------------------------------------------------------------------


@pytest.fixture
async def beating(database_url: sa.URL) -> AsyncIterator[tuple[Any, Heartbeat]]:
    """A connection that listens, and its heartbeat."""
    connection = await database.connect(database_url, NAME)
    await connection.add_listener(CHANNEL, lambda *_: None)
    beat = Heartbeat(connection, CHANNEL)
    await beat.begin()
    yield connection, beat
    await connection.close()


async def test_a_session_that_listens_no_more_is_deaf(beating: tuple[Any, Heartbeat]) -> None:
    """As when a pooler gives it to another client."""
    connection, beat = beating
    await beat.check()
    await connection.execute("DISCARD ALL")
    with pytest.raises(DeafError):
        await beat.check()


async def test_a_session_that_does_not_hear_itself_is_deaf(
    beating: tuple[Any, Heartbeat], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notification goes elsewhere."""
    monkeypatch.setattr(heartbeat, "NOTIFY_SECONDS", 0)
    monkeypatch.setattr(heartbeat, "PATIENCE_SECONDS", 1)
    await beating[1].check()
    monkeypatch.setattr(heartbeat, "NOTIFY", heartbeat.NOTIFY.replace("pg_notify('", "pg_notify('other_"))
    with pytest.raises(DeafError):
        await beating[1].check()


async def test_who_is_deaf_listens_anew(
    listener: NotificationListener,
    listening: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    checks = [DeafError()]

    async def check(beat: Heartbeat) -> None:
        if checks:
            raise checks.pop()

    before = DEAF.labels(CHANNEL)._value.get()
    monkeypatch.setattr(NotificationListener, "beat", 0.01)
    monkeypatch.setattr(Heartbeat, "check", check)
    monkeypatch.setattr(Heartbeat, "begin", lambda beat: asyncio.sleep(0))
    with listener.subscribe() as one:
        listening()
        await woken(one)
        await woken(one)
    assert caplog.messages[1:] == ["suxin_test is not listened to: DeafError"]
    assert DEAF.labels(CHANNEL)._value.get() == before + 1


async def test_an_answer_that_is_late_counts_as_deaf_until_it_comes(
    listener: NotificationListener, listening: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, turns = asyncio.Event(), asyncio.Queue[bool]()

    async def check(beat: Heartbeat) -> None:
        await answer.wait()

    monkeypatch.setattr(NotificationListener, "beat", 0.01)
    monkeypatch.setattr("postgres.listener.ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(Heartbeat, "check", check)
    monkeypatch.setattr(Heartbeat, "begin", lambda beat: asyncio.sleep(0))
    monkeypatch.setattr(listener, "handle_start", lambda: turns.put_nowait(True))
    monkeypatch.setattr(listener, "handle_stop", lambda: turns.put_nowait(False))
    listening()
    async with asyncio.timeout(10):
        assert (await turns.get(), await turns.get(), listener.hears) == (True, False, False)
        answer.set()
        assert (await turns.get(), listener.hears) == (True, True)
