"""Policy profiles of courts (`models.policy_profile`): which applies on a day, and what changes when one begins.

A profile is declared before it begins. What it ends is certain from then on, so that the ends of items, their records,
colours and the days of change are written at once, and the daily work tells of each end on its day. A profile only
shortens: what a former one has ended stays ended.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import find_visible, follow
from casework.matters import DEDUCTIONS, LISTINGS
from casework.refusal import Refusal
from casework.security_events import record_act
from casework.terms import shorten
from casework.transparency.tree import Fetch, fetch_by
from casework.versions import COLUMNS
from languages.sentence import say
from models.code_record import CodeRecord
from models.court import Court
from models.court_case import CourtCase
from models.deduction import Deduction, DeductionStatus, DeductionVersion
from models.listing import Listing, ListingGrade, ListingKind
from models.policy_profile import IN_FORCE_FROM, CourtProfile, PolicyProfile, ProfileStart, grade_item
from models.security_event import SecurityAct
from models.terms import to_court_day


@dataclass(frozen=True)
class ChangedEnd:
    """An item whose publicity a profile shortens. kind: DEDUCTION or LISTING."""

    kind: str
    key: int
    case_number: str
    grade: ListingGrade
    ends_on: date | None
    new_end: date


async def find_profile(connection: AsyncConnection, court_code: str, day: date) -> PolicyProfile:
    """Return the profile of a court on a day; LOCAL_2021 where none was declared."""
    begun = sa.select(CourtProfile.profile).where(CourtProfile.court_code == court_code, CourtProfile.begins_on <= day)
    found = await connection.execute(begun.order_by(CourtProfile.begins_on.desc()).limit(1))
    return found.scalar_one_or_none() or PolicyProfile.LOCAL_2021


async def read_starts(connection: AsyncConnection, court_code: str | None = None) -> Mapping[str, list[ProfileStart]]:
    """Return the beginnings of profiles of a court, or of all, by day."""
    query = sa.select(CourtProfile.court_code, CourtProfile.profile, CourtProfile.begins_on)
    if court_code is not None:
        query = query.where(CourtProfile.court_code == court_code)
    found = defaultdict(list)
    for row in await connection.execute(query.order_by(CourtProfile.begins_on)):
        found[row.court_code].append(ProfileStart(*row))
    return found


def profile_on(court_code: Any, day: Any) -> Any:
    """Return the expression for the profile of a court on a day, null where none was declared."""
    begun = sa.select(CourtProfile.profile).where(CourtProfile.court_code == court_code, CourtProfile.begins_on <= day)
    return begun.order_by(CourtProfile.begins_on.desc()).limit(1).scalar_subquery()


async def list_changes(fetch: Fetch, start: ProfileStart) -> Sequence[ChangedEnd]:
    """Return what a profile would shorten, by case number: published deductions, and graded entries of debtors."""
    found = [*await _list_deductions(fetch, start), *await _list_entries(fetch, start)]
    return sorted(found, key=lambda one: (one.case_number, one.kind, one.key))


async def preview_profile(connection: AsyncConnection, start: ProfileStart) -> Sequence[ChangedEnd]:
    """Return what declaring a profile would change. Raises Refusal NOT_FOUND."""
    await _check_court(connection, start.court_code)
    return await list_changes(fetch_by(connection), start)


async def _list_deductions(fetch: Fetch, start: ProfileStart) -> Sequence[ChangedEnd]:
    item = Deduction
    columns = (item.id, CourtCase.number, item.tier, item.points, item.determined_on, item.expires_on)
    query = (
        sa.select(*columns)
        .join(CourtCase, CourtCase.id == item.case_id)
        .where(CourtCase.court_code == start.court_code, item.status == DeductionStatus.PUBLISHED)
        .where(item.expires_on >= start.begins_on)
    )
    found = []
    for row in await fetch(query, {}):
        grade = grade_item(row["tier"], row["points"])
        if new_end := shorten(start, grade, row["determined_on"], row["expires_on"]):
            found.append(ChangedEnd("DEDUCTION", row["id"], row["number"], grade, row["expires_on"], new_end))
    return found


async def _list_entries(fetch: Fetch, start: ProfileStart) -> Sequence[ChangedEnd]:
    item = Listing
    columns = (item.id, item.case_number, item.grade, item.published_on, item.ends_on)
    query = sa.select(*columns).where(
        item.court_code == start.court_code,
        item.kind == ListingKind.DISHONEST_DEBTOR,
        item.grade.is_not(None),
        item.removed_on.is_(None),
        sa.func.coalesce(item.ends_on >= start.begins_on, sa.true()),
    )
    return [
        ChangedEnd("LISTING", row["id"], row["case_number"], row["grade"], row["ends_on"], new_end)
        for row in await fetch(query, {})
        if (new_end := shorten(start, row["grade"], row["published_on"], row["ends_on"]))
    ]


async def declare_profile(connection: AsyncConnection, start: ProfileStart, at: datetime) -> Sequence[ChangedEnd]:
    """Declare a profile that begins on a day to come, and shorten what it ends. Return what has changed.

    Raises Refusal NOT_FOUND, BAD_DATE.
    """
    await _check_start(connection, start, to_court_day(at))
    values = {"court_code": start.court_code, "profile": start.profile, "begins_on": start.begins_on, "declared_at": at}
    await connection.execute(sa.insert(CourtProfile).values(values))
    changes = await list_changes(fetch_by(connection), start)
    items = {
        DEDUCTIONS: [one.key for one in changes if one.kind == "DEDUCTION"],
        LISTINGS: [one.key for one in changes if one.kind == "LISTING"],
    }
    before = await find_visible(connection, items, at)
    for one in changes:
        await _end(connection, one)
    await _keep_versions(connection, items[DEDUCTIONS], start, at)
    await follow(connection, items, before, at, amended=False)
    told = {"profile": start.profile, "from": start.begins_on.isoformat(), "shortened": len(changes)}
    await record_act(connection, SecurityAct.COURT_CHANGED, f"court {start.court_code}", after=told)
    return changes


async def _check_start(connection: AsyncConnection, start: ProfileStart, today: date) -> None:
    """Raise Refusal for an unknown court, and for a day that is not to come, before the law, or before another one."""
    await _check_court(connection, start.court_code)
    earliest = max(today + timedelta(1), IN_FORCE_FROM[start.profile])
    latest = sa.select(sa.func.max(CourtProfile.begins_on)).where(CourtProfile.court_code == start.court_code)
    if last := (await connection.execute(latest)).scalar_one():
        earliest = max(earliest, last + timedelta(1))
    if start.begins_on < earliest:
        message = say("This profile begins on {earliest} at the earliest.", earliest=earliest)
        raise Refusal("BAD_DATE", message, "Give that day, or a later one.", "beginsOn")


async def _check_court(connection: AsyncConnection, code: str) -> None:
    if (await connection.execute(sa.select(Court.code).where(Court.code == code))).first() is None:
        raise Refusal("NOT_FOUND", "There is no such court.", "See `courts`.", "courtCode")


async def _end(connection: AsyncConnection, changed: ChangedEnd) -> None:
    """Write the new end of an item, and of a deduction's record."""
    if changed.kind == "LISTING":
        entry = sa.update(Listing).where(Listing.id == changed.key)
        await connection.execute(entry.values(ends_on=changed.new_end))
        return
    item = sa.update(Deduction).where(Deduction.id == changed.key)
    await connection.execute(item.values(expires_on=changed.new_end, version=Deduction.version + 1))
    record = sa.update(CodeRecord).where(CodeRecord.deduction_id == changed.key, CodeRecord.closed_on.is_(None))
    ends = sa.func.least(CodeRecord.ends_on, sa.literal(changed.new_end, sa.Date))
    await connection.execute(record.values(ends_on=ends))


async def _keep_versions(connection: AsyncConnection, keys: Sequence[int], start: ProfileStart, at: datetime) -> None:
    """Keep the shortened deductions as new versions (R5), with the profile as the reason."""
    item = Deduction
    content = sa.select(
        item.id,
        item.version,
        item.behaviour_id,
        item.points,
        item.expires_on,
        sa.literal(at, sa.DateTime(timezone=True)),
        sa.literal(f"{start.profile} {start.begins_on}", sa.Text),
    ).where(item.id.in_(keys))
    await connection.execute(sa.insert(DeductionVersion).from_select(COLUMNS, content))
