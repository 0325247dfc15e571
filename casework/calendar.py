"""Daily work: events for terms that begin or end by date, and reminders. Each day is processed once.

States and colours follow from dates without any processing (R6, R13); this module writes the events.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.assessments import assess_records, find_record_keys, reverse_records, select_overdue_vetoes
from casework.consequences import follow
from casework.conversions import tell_village
from casework.events import tell, tell_gone, tell_recipients
from casework.listing_lifts import tell_ended_lifts
from casework.matters import CERTIFICATES, LISTINGS, SANCTIONS, Matter
from casework.notifications import Withdrawal
from casework.record_repairs import delist
from casework.records import list_withdrawals
from casework.refusal import Refusal
from casework.reminders import remind
from casework.transaction import transact
from models.calendar import CalendarDay
from models.catalogue import Colour
from models.code_record import CodePeriod, CodeRecord, Perspective, is_known_today
from models.consent import Consent
from models.deduction import Deduction
from models.event import Event, EventKind
from models.listing import Listing
from models.point_conversion import ConversionStatus, PointConversion
from models.terms import to_court_day, to_midnight

WARNED = timedelta(days=30)
"""How long before its end the recipient of a consent is notified."""


async def catch_up(engine: AsyncEngine, now: datetime) -> Sequence[date]:
    """Process all days that have begun, oldest first, then send the villages' notices. Return those days.

    On its first start the service begins with today, without events, since nobody was notified of what ends.
    """
    today = to_court_day(now)
    async with engine.connect() as connection:
        last = (await connection.execute(sa.select(sa.func.max(CalendarDay.day)))).scalar_one()
    days = [today] if last is None else [last + timedelta(n) for n in range(1, (today - last).days + 1)]
    for day in days:
        await transact(engine, partial(_turn, day=day, now=now, first=last is None), now)
    await tell_villages(engine, now)
    return days


async def tell_villages(engine: AsyncEngine, now: datetime) -> None:
    """Send the notices of confirmed conversions to the villages, each in its own transaction."""
    confirmed = sa.select(PointConversion.id).where(PointConversion.status == ConversionStatus.CONFIRMED)
    async with engine.connect() as connection:
        keys = (await connection.execute(confirmed.order_by(PointConversion.id))).scalars().all()
    for key in keys:
        with suppress(Refusal):  # another process has sent it
            await transact(engine, partial(tell_village, key=key, at=now))


async def _turn(connection: AsyncConnection, *, day: date, now: datetime, first: bool) -> None:
    """Process one day, unless another process has done so."""
    done = insert(CalendarDay).values(day=day, done_at=now).on_conflict_do_nothing().returning(CalendarDay.day)
    if (await connection.execute(done)).scalar_one_or_none() is None:
        return
    if not first:
        begins = to_midnight(day)
        await _delist_performed(connection, day, begins)
        await tell_gone(connection, await _expired_items(connection, day), EventKind.ENTRY_EXPIRED, begins)
        await tell_gone(connection, await _ended_listings(connection, day), EventKind.LIST_REMOVED, begins)
        await follow(connection, {LISTINGS: await _keys(connection, _after_grace(day))}, {}, begins)
        await tell_ended_lifts(connection, day, begins)
        for matter in (SANCTIONS, LISTINGS, CERTIFICATES):
            await tell(connection, await _keys(connection, _begun(matter, day)), matter.entered, begins)
        await tell(connection, await _keys(connection, _turned(day)), EventKind.COLOUR_CHANGED, begins)
        await tell_recipients(
            connection, await _keys(connection, _ending(day + WARNED)), EventKind.CONSENT_EXPIRING, begins
        )
        await tell_recipients(
            connection, await _keys(connection, _ending(day - timedelta(1))), EventKind.CONSENT_EXPIRED, begins
        )
    await reverse_records(connection, await _keys(connection, select_overdue_vetoes(day)), to_midnight(day))
    records = await find_record_keys(connection, CodeRecord.effective_on == day)
    await assess_records(connection, records, to_midnight(day))
    await remind(connection, day, now)


async def _keys(connection: AsyncConnection, query: sa.Select[Any]) -> Sequence[int]:
    return list((await connection.execute(query)).scalars())


async def _expired_items(connection: AsyncConnection, day: date) -> list[Withdrawal]:
    """The items whose last day of publicity was the day before (R6, R16)."""
    published = (Deduction.expires_on == day - timedelta(1), sa.func.upper(Deduction.publicity) == day)
    found = await connection.execute(sa.select(Deduction.party_id, Deduction.published_at).where(*published))
    return [Withdrawal(row.party_id, row.published_at) for row in found]


async def _ended_listings(connection: AsyncConnection, day: date) -> list[Withdrawal]:
    over = sa.func.upper(Listing.publicity) == day
    open_until = (Listing.ends_on == day - timedelta(1), Listing.removed_on.is_(None), over)
    found = await connection.execute(sa.select(Listing.party_id, Listing.published_on).where(*open_until))
    return [Withdrawal(row.party_id, to_midnight(row.published_on)) for row in found]


def _begun(matter: Matter, day: date) -> sa.Select[Any]:
    """Select the parties of rows that become public on this day, unless an event says so already."""
    told = sa.select(Event.id).where(
        Event.party_id == matter.model.party_id, Event.kind == matter.entered, Event.occurred_at >= to_midnight(day)
    )
    return sa.select(matter.model.party_id).where(sa.func.lower(matter.model.publicity) == day, ~told.exists())


def _after_grace(day: date) -> sa.Select[Any]:
    """Select the entries whose period of grace ended the day before, without performance."""
    return sa.select(Listing.id).where(
        Listing.published_on == day, Listing.grace_ends_on.is_not(None), Listing.removed_on.is_(None)
    )


def _ending(day: date) -> sa.Select[Any]:
    within = (Consent.valid_to >= to_midnight(day), Consent.valid_to < to_midnight(day + timedelta(1)))
    return sa.select(Consent.id).where(*within, Consent.revoked_at.is_(None))


def _turned(day: date) -> sa.Select[Any]:
    """Select the parties whose colour changes outside on a day, unless an event says so already."""
    begins = to_midnight(day)
    told = sa.select(Event.id).where(
        Event.party_id == CodePeriod.party_id, Event.kind == EventKind.COLOUR_CHANGED, Event.occurred_at >= begins
    )
    outside = (CodePeriod.perspective == Perspective.OUTSIDE, sa.func.lower(CodePeriod.during) == day)
    return sa.select(CodePeriod.party_id).where(*outside, is_known_today(CodePeriod), ~told.exists())


async def _delist_performed(connection: AsyncConnection, day: date, at: datetime) -> None:
    """Remove the list entries of records whose repair was kept to its end (R9, R11)."""
    last = day - timedelta(1)
    kept = (CodeRecord.colour == Colour.BLUE, CodeRecord.ends_on == last, CodeRecord.closed_on.is_(None))
    for key in await _keys(connection, sa.select(CodeRecord.repaired_id).where(*kept)):
        for row in await delist(connection, key, day):
            await tell_gone(connection, list_withdrawals(row, row.published_on, last), EventKind.LIST_REMOVED, at)
