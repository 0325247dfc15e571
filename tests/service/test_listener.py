"""Who waits for events is woken by each notification, and when one may have been missed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from postgres import database
from postgres.listener import NotificationListener

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
