"""Single lifts (单次解禁) of the restrictions on a listed dishonest debtor, for one purpose and a few days.

The entry stays: it is public, colours and counts as before. What is lifted is its effect, and whoever applies that
reads `liftedUntil`. The purpose may be private (an illness, a funeral), and is for the court and the subject.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.events import lock_parties, tell, tell_subject
from casework.procedure import Act, authorize
from casework.record_steps import keep_step
from casework.refusal import Refusal
from casework.rows import find_own
from casework.texts import strip_text
from languages.sentence import say
from models.court import StaffRole
from models.event import EventKind
from models.listing import LONGEST_LIFT, Listing, ListingKind, ListingLift
from models.terms import to_court_day

LONGEST_PURPOSE = 200


@dataclass(frozen=True)
class LiftedFor:
    """What a lift is granted for: a purpose, and its number of days, of which today is the first."""

    purpose: str
    days: int


async def lift_listing(connection: AsyncConnection, key: int, lifted: LiftedFor, act: Act) -> int:
    """Lift the restrictions of a dishonest debtor's published entry once, from today. Return the entry's key.

    Whoever watches the party is told. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, BAD_EXTENT, BAD_TEXT,
    WRONG_STATE while another lift of the entry runs, or if the entry ends before.
    """
    authorize(act, StaffRole.JUDGE)
    today = to_court_day(act.at)
    until = _count_days(lifted.days, today)
    purpose = _read_purpose(lifted.purpose)
    found = await _find_published(connection, key, act)
    await lock_parties(connection, [found.party_id])
    await _check_free(connection, key, until, found.last_day, today)
    await keep_step(connection, found.party_id, act, listing_id=key)
    values = {"listing_id": key, "purpose": purpose, "lifted_on": today, "lifted_until": until, "granted_at": act.at}
    await connection.execute(sa.insert(ListingLift).values(values))
    if found.public:
        await tell(connection, [found.party_id], EventKind.LIST_LIFTED, act.at)
    else:
        await tell_subject(connection, found.party_id, EventKind.LIST_LIFTED, act.at)
    return key


def _count_days(days: int, today: date) -> date:
    """Return the last day of a lift. Raises Refusal BAD_EXTENT."""
    if not 1 <= days <= LONGEST_LIFT:
        message = say("A single lift lasts 1 to {longest_lift} days.", longest_lift=LONGEST_LIFT)
        raise Refusal("BAD_EXTENT", message, "Give fewer days; another lift may follow.", "days")
    return today + timedelta(days - 1)


def _read_purpose(purpose: str) -> str:
    """Return a purpose, stripped. Raises Refusal BAD_TEXT, also for an identity number (R18)."""
    message = say("A purpose has 1 to {longest} characters, and no identity number.", longest=LONGEST_PURPOSE)
    return strip_text(purpose, LONGEST_PURPOSE, Refusal("BAD_TEXT", message, "Say what it is lifted for.", "purpose"))


async def _find_published(connection: AsyncConnection, key: int, act: Act) -> Any:
    """Return the locked entry of a dishonest debtor that has begun and stands. Raises Refusal NOT_FOUND."""
    today = to_court_day(act.at)
    public = Listing.publicity.contains(today).label("public")
    last = sa.func.least(Listing.ends_on, Listing.removed_on - 1, type_=sa.Date()).label("last_day")
    standing = sa.select(Listing.party_id, Listing.court_code, public, last).where(
        Listing.id == key,
        Listing.kind == ListingKind.DISHONEST_DEBTOR,
        Listing.published_on <= today,
        Listing.removed_on.is_(None),
        sa.func.coalesce(Listing.ends_on >= today, sa.true()),
    )
    return await find_own(connection, standing.with_for_update(), act.officer, "listing of a dishonest debtor")


async def _check_free(connection: AsyncConnection, key: int, until: date, last: date | None, today: date) -> None:
    """Raise Refusal WRONG_STATE if a lift of the entry runs, or if the entry is over before this one is."""
    running = sa.select(ListingLift.lifted_until).where(
        ListingLift.listing_id == key, ListingLift.lifted_until >= today
    )
    if ends := (await connection.execute(running)).scalar_one_or_none():
        message = say("This entry is lifted until {ends}.", ends=ends)
        raise Refusal("WRONG_STATE", message, "Wait until it is over, and lift it again then.", "id")
    if last is not None and last < until:
        message = say("This entry ends on {last}, before the lift would.", last=last)
        raise Refusal("WRONG_STATE", message, "Give fewer days.", "days")


async def tell_ended_lifts(connection: AsyncConnection, day: date, at: datetime) -> None:
    """Write events for lifts that ended the day before, while their entries stand."""
    over = (
        sa.select(Listing.party_id)
        .join(ListingLift, ListingLift.listing_id == Listing.id)
        .where(ListingLift.lifted_until == day - timedelta(1), Listing.publicity.contains(day))
    )
    parties = (await connection.execute(over.distinct())).scalars().all()
    await tell(connection, parties, EventKind.LIST_LIFT_ENDED, at)
