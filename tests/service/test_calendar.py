"""What time brings: ends that are told, reminders, notices; each day once, missed days caught up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import DIGEST, Courtroom, open_courtroom
from emptying import empty_tables
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from the_engine import ENGINE
from world import KEYRING

from casework import batches, conversions, objections, sanctions
from casework.calendar import catch_up
from casework.colour import recolour
from casework.deductions import FindingDocument
from casework.transaction import transact
from jobs.dispatcher import Dispatcher
from jobs.outbound import Outbound
from jobs.worker import work
from models.calendar import CalendarDay, Reminder, ReminderKind
from models.court import StaffRole
from models.deduction import FindingKind
from models.event import Event, EventKind
from models.household import Household, Village
from models.party import Party
from models.point_conversion import ConversionStatus, PointConversion, VillageNotice
from models.sanction import SanctionKind
from postgres import database
from postgres.locks import HOLDS, Lock, is_led

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


TABLES = ("calendar_day", "event", "code_period", "batch", "court_case", "staff", "party", "household", "village")


@pytest.fixture
async def hall(engine: AsyncEngine) -> AsyncIterator[Courtroom]:
    """Two courts, committed: the worker has transactions of its own."""
    async with engine.begin() as connection:
        room = await open_courtroom(connection)
        await connection.execute(sa.insert(CalendarDay).values(day=date(2026, 3, 1), done_at=NINE))
    yield room
    async with engine.begin() as connection:
        await connection.run_sync(empty_tables, *TABLES)


RULING = FindingDocument(FindingKind.RULING, "(2026)浙0281执1号裁定", date(2026, 2, 20), DIGEST)


async def kinds(engine: AsyncEngine, party: int) -> list[EventKind]:
    async with engine.connect() as connection:
        query = sa.select(Event.kind).where(Event.party_id == party).order_by(Event.sequence)
        return list((await connection.execute(query)).scalars())


async def reminders(engine: AsyncEngine) -> list[tuple[ReminderKind, date]]:
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(Reminder.kind, Reminder.due_on).order_by(Reminder.id))
        return [(row.kind, row.due_on) for row in rows]


async def published(engine: AsyncEngine, hall: Courtroom) -> int:
    return await transact(engine, partial(hall.published))


async def test_the_first_day_of_a_service_is_begun_and_tells_of_no_ends(engine: AsyncEngine, hall: Courtroom) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.delete(CalendarDay))
    assert await catch_up(engine, NINE) == [date(2026, 3, 2)]
    assert await catch_up(engine, NINE + timedelta(hours=5)) == []


async def test_missed_days_are_caught_up_in_order_and_once(engine: AsyncEngine, hall: Courtroom) -> None:
    days = await catch_up(engine, NINE + timedelta(days=3))
    assert days == [date(2026, 3, day) for day in (2, 3, 4, 5)]
    assert await catch_up(engine, NINE + timedelta(days=3)) == []


async def test_a_day_begins_at_midnight_in_shanghai(engine: AsyncEngine, hall: Courtroom) -> None:
    await catch_up(engine, datetime(2026, 3, 2, 15, 59, tzinfo=UTC))
    assert await catch_up(engine, datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == [date(2026, 3, 3)]


async def skip_to(engine: AsyncEngine, day: date) -> None:
    """The days until then are done: nothing is due on them."""
    async with engine.begin() as connection:
        await connection.execute(sa.update(CalendarDay).values(day=day))


async def test_an_item_that_expires_and_its_colour_are_told_on_the_day(engine: AsyncEngine, hall: Courtroom) -> None:
    """E02 makes yellow Y20 until the item's publicity ends: both end on one day, and each is told once."""
    item = partial(hall.published, behaviour="E02", points=6, finding=RULING)
    await transact(engine, item)
    party = hall.parties[0]
    before = await kinds(engine, party)
    assert before == [EventKind.ENTRY_PUBLISHED, EventKind.COLOUR_CHANGED]
    await skip_to(engine, date(2028, 2, 20))
    await catch_up(engine, datetime(2028, 3, 1, 12, 0, tzinfo=UTC))
    assert await kinds(engine, party) == before
    await catch_up(engine, datetime(2028, 3, 2, 12, 0, tzinfo=UTC))
    await catch_up(engine, datetime(2028, 3, 4, 12, 0, tzinfo=UTC))
    assert await kinds(engine, party) == [*before, EventKind.ENTRY_EXPIRED, EventKind.COLOUR_CHANGED]


async def test_a_change_that_was_told_with_its_cause_is_not_told_again(engine: AsyncEngine, hall: Courtroom) -> None:
    await transact(engine, partial(hall.published, behaviour="E02", points=6, finding=RULING))
    await catch_up(engine, NINE + timedelta(hours=10))
    assert (await kinds(engine, hall.parties[0])).count(EventKind.COLOUR_CHANGED) == 1


async def test_a_change_that_was_told_late_is_not_told_again(engine: AsyncEngine, hall: Courtroom) -> None:
    """The worker was down on the day; the cause was written the day after, and took effect on the day."""
    item = partial(hall.published, behaviour="E02", points=6, finding=RULING)
    await transact(engine, item)
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE code_record SET effective_on = effective_on - 1"))
        await recolour(connection, hall.parties)
        await connection.execute(sa.update(CalendarDay).values(day=date(2026, 2, 28)))
    await catch_up(engine, NINE)
    assert (await kinds(engine, hall.parties[0])).count(EventKind.COLOUR_CHANGED) == 1


async def test_a_court_is_reminded_of_an_answer_a_week_before_and_when_it_is_late(
    engine: AsyncEngine, hall: Courtroom
) -> None:
    key = await published(engine, hall)
    party = hall.parties[0]
    filed = partial(objections.file_objection, party_key=party, deduction_key=key, statement="不属实。", at=hall.now)
    await transact(engine, filed)
    for day, wanted in ((25, []), (26, [ReminderKind.OBJECTION_DUE]), (31, [ReminderKind.OBJECTION_DUE])):
        await catch_up(engine, datetime(2026, 3, day, 1, tzinfo=UTC))
        assert [kind for kind, _ in await reminders(engine)] == wanted
    await catch_up(engine, datetime(2026, 4, 3, 1, tzinfo=UTC))
    assert await reminders(engine) == [
        (ReminderKind.OBJECTION_DUE, date(2026, 4, 2)),
        (ReminderKind.OBJECTION_OVERDUE, date(2026, 4, 2)),
    ]


async def test_a_month_that_is_over_and_not_published_is_reminded_of_once(engine: AsyncEngine, hall: Courtroom) -> None:
    await transact(engine, partial(batches.open_batch, month=date(2026, 3, 1), act=hall.act(StaffRole.CENTRE)))
    await catch_up(engine, datetime(2026, 3, 31, 1, tzinfo=UTC))
    assert await reminders(engine) == []
    await catch_up(engine, datetime(2026, 4, 10, 1, tzinfo=UTC))
    assert await reminders(engine) == [(ReminderKind.BATCH_DUE, date(2026, 4, 1))]


async def test_the_village_is_told_of_what_was_confirmed(engine: AsyncEngine, hall: Courtroom) -> None:
    async with engine.begin() as connection:
        await _house(connection, hall.parties[0])
    key = await published(engine, hall)
    async with engine.begin() as connection:
        entry = (
            await connection.execute(sa.select(PointConversion.id).where(PointConversion.deduction_id == key))
        ).scalar_one()
        await conversions.confirm(connection, entry, hall.now)
    await catch_up(engine, hall.now)
    await catch_up(engine, hall.now)
    async with engine.connect() as connection:
        notices = (await connection.execute(sa.select(VillageNotice.conversion_id, VillageNotice.points))).all()
        status = (await connection.execute(sa.select(PointConversion.status))).scalar_one()
    assert [tuple(row) for row in notices] == [(entry, -3)]
    assert status is ConversionStatus.VILLAGE_NOTIFIED


async def _house(connection: AsyncConnection, party: int) -> None:
    village = (await connection.execute(sa.insert(Village).values(name="小路下村").returning(Village.id))).scalar_one()
    values = {"key": "NH-1", "village_id": village}
    house = (await connection.execute(sa.insert(Household).values(values).returning(Household.id))).scalar_one()
    await connection.execute(sa.update(Party).where(Party.id == party).values(household_id=house))


async def test_two_at_once_do_each_day_once(engine: AsyncEngine, hall: Courtroom) -> None:
    await published(engine, hall)
    await skip_to(engine, date(2027, 2, 10))
    later = datetime(2027, 3, 5, 1, tzinfo=UTC)
    await asyncio.gather(*(catch_up(engine, later) for _ in range(2)))
    assert (await kinds(engine, hall.parties[0])).count(EventKind.ENTRY_EXPIRED) == 1


async def test_one_leads_and_another_takes_over_when_it_dies(
    engine: AsyncEngine, hall: Courtroom, database_url: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.worker.PAUSE_SECONDS", 0.02)
    monkeypatch.setattr("jobs.worker.SUCCESSION_SECONDS", 0.02)
    held = await database.connect(database_url, {})
    assert await held.fetchval("SELECT pg_try_advisory_lock($1)", Lock.LEADERSHIP)
    connections: list[Any] = []
    connected, asked, again = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def connect() -> Any:
        connections.append(await database.connect(database_url, {}))
        connected.set()
        return connections[-1]

    def now() -> datetime:
        (again if asked.is_set() else asked).set()
        return NINE

    task = asyncio.create_task(work(connect, engine, now, _dispatcher(engine)))
    async with asyncio.timeout(10):
        await connected.wait()
        assert (asked.is_set(), await _done(engine)) == (False, date(2026, 3, 1))
        await held.close()
        await again.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await _done(engine) == date(2026, 3, 2)
    assert connections[-1].is_closed()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker makes no pauses."""
    for name in ("PAUSE_SECONDS", "SUCCESSION_SECONDS", "HELD_SECONDS"):
        monkeypatch.setattr(f"jobs.worker.{name}", 0.02)


async def until_said(caplog: pytest.LogCaptureFixture, said: str, times: int, task: asyncio.Task[None]) -> None:
    """Wait until it is in the log as often, and end the worker."""
    async with asyncio.timeout(120):
        while caplog.messages.count(said) < times:  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("hall", "hurried")
async def test_a_leader_whose_lock_is_lost_leads_no_more(
    engine: AsyncEngine, database_url: sa.URL, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The session says that it holds another lock only."""
    caplog.set_level("INFO", "suxin.worker")
    monkeypatch.setattr("jobs.worker.HOLDS", HOLDS.replace("$1::bigint", "($1::bigint + 1)"))
    task = asyncio.create_task(work(lambda: database.connect(database_url, {}), engine, lambda: NINE))
    await until_said(caplog, "this process has lost the lock of the leader, and leads no more", 2, task)
    leads = [message for message in caplog.messages if message.startswith("this process")]
    assert leads[:3] == ["this process leads", leads[1], "this process leads"]


@pytest.mark.usefixtures("hall", "hurried")
async def test_who_does_not_hear_itself_takes_no_lock(
    engine: AsyncEngine, database_url: sa.URL, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a pooler shares sessions, the lock would stay with one of them."""
    monkeypatch.setattr("postgres.sessions.heartbeat.LISTENS", "SELECT false")
    task = asyncio.create_task(work(lambda: database.connect(database_url, {}), engine, lambda: NINE))
    await until_said(caplog, "the worker could not go on: DeafError", 2, task)
    async with engine.connect() as connection:
        assert not await is_led(connection)


async def test_a_busy_pool_does_not_end_the_worker(
    engine: AsyncEngine,
    hall: Courtroom,
    database_url: sa.URL,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("jobs.worker.PAUSE_SECONDS", 0.02)
    monkeypatch.setattr("jobs.worker.SUCCESSION_SECONDS", 0.02)
    small = database.make_async_engine(database_url, pool_size=1, statement_timeout=10)
    asked, again = asyncio.Event(), asyncio.Event()

    def now() -> datetime:
        (again if asked.is_set() else asked).set()
        return NINE

    async with asyncio.timeout(20):
        held = await small.connect()
        task = asyncio.create_task(work(lambda: database.connect(database_url, {}), small, now, _dispatcher(engine)))
        await again.wait()  # it asks for the time a second time only after the first attempt has failed
        await held.close()
        while await _done(engine) != date(2026, 3, 2):
            again.clear()
            await again.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await small.dispose()
    assert "the worker could not go on: TimeoutError" in caplog.text


def _dispatcher(engine: AsyncEngine) -> Dispatcher:
    """Nobody has a webhook here."""
    return Dispatcher(ENGINE.audit, engine, KEYRING, Outbound((), 1), lambda: NINE)


async def _done(engine: AsyncEngine) -> date:
    async with engine.connect() as connection:
        found: date = (await connection.execute(sa.select(sa.func.max(CalendarDay.day)))).scalar_one()
        return found


async def test_what_takes_effect_later_is_told_on_its_day(engine: AsyncEngine, hall: Courtroom) -> None:
    decision = sanctions.SanctionDecision(
        number="(2026)浙0281司惩1号",
        case_key=hall.case,
        party_key=hall.parties[0],
        kind=SanctionKind.FINE,
        decided_on=date(2026, 3, 1),
        effective_on=date(2026, 3, 4),
        amount=Decimal(1000),
    )
    act = hall.act(StaffRole.CENTRE)
    await transact(engine, lambda connection: sanctions.record_sanction(connection, decision, act))
    await catch_up(engine, NINE + timedelta(days=1))
    assert await kinds(engine, hall.parties[0]) == []
    await catch_up(engine, NINE + timedelta(days=2))
    assert await kinds(engine, hall.parties[0]) == [EventKind.ENTRY_PUBLISHED, EventKind.COLOUR_CHANGED]
    await catch_up(engine, NINE + timedelta(days=3))
    assert len(await kinds(engine, hall.parties[0])) == 2
