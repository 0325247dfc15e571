"""Consequences of rows that were entered, changed or ended, by hand, by file or by date (R23).

Code records, measures, conversions, events and colours are written in the transaction of the rows. Events follow from a
comparison of the rows visible outside before and after.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import (
    assess_deductions,
    assess_listings,
    assess_records,
    find_record_keys,
    reassess,
    reverse_records,
)
from casework.conversions import reverse
from casework.events import lock_parties, tell, tell_gone, update_colours
from casework.keys import KEYS, bind_keys
from casework.majority import lower, read_adult_day
from casework.matters import COLUMNS, DEDUCTIONS, LISTINGS, MATTERS, Matter
from casework.measures import give, withdraw
from casework.notifications import Withdrawal
from casework.restorations import restore_repaired
from models.arbitral_award import AwardRefusal, RefusalState
from models.catalogue import CodeType
from models.code_record import CloseReason, CodeRecord
from models.deduction import Deduction, DeductionStatus
from models.event import EventKind
from models.keyring import Keyring
from models.listing import Listing
from models.point_conversion import PointConversion
from models.repair import Repair, RepairOutcome
from models.terms import to_court_day, to_midnight

Items = Mapping[Matter, Collection[int]]
"""Keys of rows, by kind."""


@dataclass(frozen=True)
class VisibleRow:
    """A row that is visible outside: its party, and its first day of publicity."""

    party_id: int
    since: date


Visible = Mapping[tuple[Matter, int], VisibleRow]


async def find_visible(connection: AsyncConnection, items: Items, at: datetime) -> Visible:
    """Return the rows that are visible outside now."""
    day = to_court_day(at)
    return {
        (matter, row.id): VisibleRow(row.party_id, row.since)
        for matter, keys in items.items()
        if keys
        for row in await connection.execute(_seen(matter, day), {"keys": sorted(set(keys))})
    }


async def find_items(connection: AsyncConnection, party_keys: Collection[int]) -> Items:
    """Return the keys of all rows about parties."""
    found = {}
    for matter in MATTERS:
        query = sa.select(matter.model.id).where(matter.model.party_id == sa.any_(KEYS))
        found[matter] = (await connection.execute(query, {"keys": sorted(party_keys)})).scalars().all()
    return found


async def establish(
    connection: AsyncConnection, keyring: Keyring | None, party_key: int, at: datetime, *days: date
) -> None:
    """Establish whether a person was of age on days of conduct, and update what follows from publicity (R16)."""
    day = await read_adult_day(connection, keyring, party_key, *days)
    if day is None:
        return
    items = await find_items(connection, [party_key])
    before = await find_visible(connection, items, at)
    await lower(connection, party_key, day)
    await follow(connection, items, before, at, amended=False)


def _seen(matter: Matter, day: date) -> sa.Select[Any]:
    """Select public rows, except those whose record is a suspicion, which only judges may see (R13)."""
    model = matter.model
    suspicion = (
        sa.select(CodeRecord.id)
        .join(CodeType)
        .where(matter.source == model.id, ~CodeType.partner_visible)
        .correlate(model)
        .exists()
    )
    since = sa.func.lower(model.publicity).label("since")
    return sa.select(model.id, model.party_id, since).where(
        model.id == sa.any_(KEYS), model.publicity.contains(day), ~suspicion
    )


async def follow(
    connection: AsyncConnection,
    items: Items,
    before: Visible,
    at: datetime,
    *,
    silent: bool = False,
    amended: bool = True,
) -> None:
    """Write all consequences of rows that were written in this transaction. Locks the parties.

    before: the result of `find_visible` before the change; empty for new rows. silent: update colours only, for former
    years. amended: the content of the rows has changed, not only their visibility.
    """
    parties = await _parties(connection, items) | {one.party_id for one in before.values()}
    await lock_parties(connection, parties)
    for matter, keys in items.items():
        await write_records(connection, matter, keys, to_court_day(at))
    if not silent:
        after = await find_visible(connection, items, at)
        await _measure(connection, items, at)
        await _tell(connection, before, after, at, amended)
    await update_colours(connection, parties, at, silent=silent)
    if not silent:
        await _convert(connection, items, at)


async def _parties(connection: AsyncConnection, items: Items) -> set[int]:
    """Return the parties of rows and of their records. The latter differ if a row has changed its party."""
    found: set[int] = set()
    for matter, keys in items.items():
        query = sa.select(matter.model.party_id).where(matter.model.id == sa.any_(KEYS))
        recorded = sa.select(CodeRecord.party_id).where(matter.source == sa.any_(KEYS))
        found |= set((await connection.execute(query.union(recorded), {"keys": list(keys)})).scalars())
    return found


async def write_records(connection: AsyncConnection, matter: Matter, keys: Collection[int], day: date) -> None:
    """Insert the missing code records of rows and update the changed ones.

    Clears the records that rows no longer make, and closes those of revoked rows.
    """
    if matter.described is None or not keys:
        return
    bound = {"keys": sorted(set(keys))}
    described = matter.described.subquery("described")
    await connection.execute(_missing(matter, described), bound)
    await connection.execute(_changed(matter, described), bound)
    if left := (await connection.execute(_undescribed(matter, described), bound)).scalars().all():
        await _clear(connection, left, day)
    if matter.revoked is not None:
        revoked = (await connection.execute(_revoked(matter, matter.revoked), bound)).scalars().all()
        await withdraw(connection, CodeRecord.id.in_(revoked), day)


def _revoked(matter: Matter, day: Any) -> Any:
    """Close the records of revoked rows, at the earliest on their day of effect (R12). day: the column of the
    revocation.
    """
    closed = {"closed_on": sa.func.greatest(day, CodeRecord.effective_on), "close_reason": CloseReason.REVOKED}
    of = (matter.source == sa.any_(KEYS), matter.source == matter.model.id, day.is_not(None))
    return sa.update(CodeRecord).values(closed).where(*of, CodeRecord.closed_on.is_(None)).returning(CodeRecord.id)


async def _clear(connection: AsyncConnection, keys: Collection[int], day: date) -> None:
    """Close records on their day of effect. Their rows remain, and may make them again."""
    values = {"closed_on": CodeRecord.effective_on, "close_reason": CloseReason.CLEARED}
    await connection.execute(sa.update(CodeRecord).where(CodeRecord.id.in_(keys)).values(values))
    await withdraw(connection, CodeRecord.id.in_(keys), day)


def _missing(matter: Matter, described: Any) -> Any:
    made = sa.exists().where(matter.source == described.c.id)
    columns = [described.c[name] for name in (*COLUMNS, "id")]
    chosen = sa.select(*columns).where(described.c.id == sa.any_(KEYS), ~made)
    return sa.insert(CodeRecord).from_select([*COLUMNS, matter.source.key], chosen)


def _changed(matter: Matter, described: Any) -> Any:
    """Update records from their rows, and reopen cleared ones. An end set by a repair is kept."""
    repaired = sa.exists().where(Repair.code_record_id == CodeRecord.id, Repair.outcome == RepairOutcome.SHORTENED)
    ends_on = sa.case((repaired, sa.func.least(CodeRecord.ends_on, described.c.ends_on)), else_=described.c.ends_on)
    values = {name: described.c[name] for name in COLUMNS if name != "ends_on"} | {"ends_on": ends_on}
    cleared = sa.and_(CodeRecord.close_reason == CloseReason.CLEARED, CodeRecord.closed_on == CodeRecord.effective_on)
    differs = sa.or_(cleared, *(getattr(CodeRecord, name).is_distinct_from(value) for name, value in values.items()))
    return (
        sa.update(CodeRecord)
        .values({**values, "closed_on": None, "close_reason": None})
        .where(matter.source == sa.any_(KEYS), matter.source == described.c.id)
        .where(sa.or_(CodeRecord.closed_on.is_(None), cleared), differs)
        .execution_options(synchronize_session=False)
    )


def _undescribed(matter: Matter, described: Any) -> Any:
    """Select the open records that their rows no longer make."""
    makes = sa.exists().where(described.c.id == matter.source)
    return sa.select(CodeRecord.id).where(matter.source == sa.any_(KEYS), CodeRecord.closed_on.is_(None), ~makes)


async def _measure(connection: AsyncConnection, items: Items, at: datetime) -> None:
    """Give public records to the credit platform, and withdraw those no longer public."""
    for matter, keys in items.items():
        of = matter.source == sa.any_(bind_keys(keys))
        await give(connection, of, at)
        hidden = sa.and_(of, sa.func.isempty(CodeRecord.publicity))
        await withdraw(connection, hidden, to_court_day(at))


async def _convert(connection: AsyncConnection, items: Items, at: datetime) -> None:
    """Update the conversions of rows and their records (DOMAIN 5)."""
    if DEDUCTIONS in items:
        await _convert_deductions(connection, items[DEDUCTIONS], at)
    if LISTINGS in items:
        await _convert_listings(connection, items[LISTINGS], at)
    for matter, keys in items.items():
        records = await find_record_keys(connection, matter.source == sa.any_(bind_keys(keys)))
        await reverse_records(connection, records, at)
        await assess_records(connection, records, at)


async def _convert_deductions(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert public deductions, reverse those of vanished ones, restore the share of repaired ones (DOMAIN 5)."""
    item = Deduction
    outside = sa.func.may_leave_court(item.party_id, item.case_id, item.conduct_on, sa.null())
    gone = sa.and_(sa.func.isempty(item.publicity), sa.or_(item.status != DeductionStatus.SHIELDED, ~outside))
    query = sa.select(item.id).where(item.id == sa.any_(KEYS), gone)
    hidden = (await connection.execute(query, {"keys": sorted(set(keys))})).scalars().all()
    await reverse(connection, PointConversion.deduction_id, hidden, at)
    await reassess(connection, keys, at)
    await assess_deductions(connection, keys, at)
    await restore_repaired(connection, keys, at)


async def _convert_listings(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert public entries of debtors of awards; reverse those of withdrawn refusals, and of minors (R16)."""
    if not keys:
        return
    wrong = sa.select(AwardRefusal.id).where(
        AwardRefusal.id == Listing.refusal_id, AwardRefusal.state == RefusalState.WITHDRAWN
    )
    outside = sa.func.may_leave_court(Listing.party_id, Listing.case_id, sa.null(), Listing.listed_on)
    query = sa.select(Listing.id).where(Listing.id == sa.any_(KEYS), sa.or_(wrong.exists(), ~outside))
    hidden = (await connection.execute(query, {"keys": sorted(set(keys))})).scalars().all()
    await reverse(connection, PointConversion.listing_id, hidden, at)
    await assess_listings(connection, keys, at)


async def _tell(connection: AsyncConnection, before: Visible, after: Visible, at: datetime, amended: bool) -> None:
    """Write events for rows that became visible, changed, or vanished."""
    entered = _by_kind(after, before)
    same = {one.party_id for place, one in after.items() if _same(before.get(place), one)}
    for kind, parties in entered.items():
        await tell(connection, parties, kind, at)
    if amended:
        await tell(connection, same, EventKind.ENTRY_AMENDED, at)
    for kind, gone in (await _vanished(connection, before, after)).items():
        await tell_gone(connection, gone, kind, at)


async def _vanished(connection: AsyncConnection, before: Visible, after: Visible) -> dict[EventKind, list[Withdrawal]]:
    """Return the vanished rows by kind of event. A shielded deduction was repaired, not withdrawn."""
    places = [place for place, one in before.items() if not _same(after.get(place), one)]
    deductions = [key for matter, key in places if matter is DEDUCTIONS]
    query = sa.select(Deduction.id).where(Deduction.id == sa.any_(KEYS), Deduction.status == DeductionStatus.SHIELDED)
    shielded = set((await connection.execute(query, {"keys": deductions})).scalars()) if deductions else set()
    found: dict[EventKind, list[Withdrawal]] = {}
    for matter, key in places:
        kind = EventKind.RECORD_SHIELDED if matter is DEDUCTIONS and key in shielded else matter.vanished
        one = before[matter, key]
        found.setdefault(kind, []).append(Withdrawal(one.party_id, to_midnight(one.since)))
    return found


def _by_kind(after: Visible, before: Visible) -> dict[EventKind, set[int]]:
    """Return the parties of rows that became visible, by kind of event."""
    found: dict[EventKind, set[int]] = {}
    for (matter, key), one in after.items():
        if not _same(before.get((matter, key)), one):
            found.setdefault(matter.entered, set()).add(one.party_id)
    return found


def _same(other: VisibleRow | None, one: VisibleRow) -> bool:
    """Test whether a row was and is visible, for the same party."""
    return other is not None and other.party_id == one.party_id
