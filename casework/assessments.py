"""Moral-bank conversions of deductions, code records, settlements and refused awards (DOMAIN 5).

Only persons of a household have conversions, and only public matters are converted (R16). All functions are idempotent:
a source has at most one live conversion, and a returned one is not assessed again for the same household.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.catalogue import is_in_force
from casework.conversions import enter, enter_opposites, is_live, lock_live_entries
from casework.keys import bind_keys
from models.catalogue import Behaviour, CatalogueVersion, CodeType, Colour, ItemKind, MoralBankItem, Stage
from models.code_record import CodeRecord
from models.deduction import Deduction
from models.listing import Listing, ListingKind
from models.party import Party, PartyKind
from models.point_conversion import ConversionStatus, PointConversion
from models.sanction import Sanction, SanctionKind
from models.settlement import Settlement
from models.terms import to_court_day

STAGE_ITEMS = {Stage.FILING: "MD1", Stage.TRIAL: "MD2", Stage.ENFORCEMENT: "MD3"}
"""The item of a deduction, by stage."""

BONUS, SETTLED, REFUSED, CONVICTED, SANCTIONED, LISTED = "MB1", "MB2", "MD4", "MV1", "MV2", "MV3"
"""The items of certificates, of settlements, of refused awards, and of the records that veto benefits."""


async def assess_deductions(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert published deductions: their points, negated."""
    item = sa.case(*((Deduction.stage == stage, code) for stage, code in STAGE_ITEMS.items()))
    query = (
        _arising(Deduction, -Deduction.points, PointConversion.deduction_id)
        .join(Behaviour, Behaviour.id == Deduction.behaviour_id)
        .join(MoralBankItem, sa.and_(MoralBankItem.version_id == Behaviour.version_id, MoralBankItem.code == item))
        .where(Deduction.id.in_(keys), Deduction.publicity.contains(to_court_day(at)))
    )
    await _lock(connection, Deduction, keys)
    await enter(connection, query, "deduction_id", at)


async def assess_records(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert code records in force: the bonus of a certificate, the vetoes of red records and debtor listings."""
    version = CodeType.version_id
    query = (
        _arising(CodeRecord, sa.func.coalesce(MoralBankItem.value, 0), PointConversion.code_record_id)
        .join(CodeType, CodeType.id == CodeRecord.code_type_id)
        .outerjoin(Sanction, Sanction.id == CodeRecord.sanction_id)
        .outerjoin(Listing, Listing.id == CodeRecord.listing_id)
        .join(MoralBankItem, sa.and_(MoralBankItem.version_id == version, MoralBankItem.code == _item_of_record()))
        .where(CodeRecord.id.in_(keys), CodeRecord.publicity.contains(to_court_day(at)))
    )
    await _lock(connection, CodeRecord, keys)
    await enter(connection, query, "code_record_id", at)


async def assess_settlements(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert settlements that are recorded as performed."""
    item = sa.and_(MoralBankItem.version_id == CatalogueVersion.id, MoralBankItem.code == SETTLED)
    told = sa.func.may_leave_court(Settlement.party_id, Settlement.case_id, Settlement.performed_on, sa.null())
    query = (
        _arising(Settlement, sa.func.coalesce(MoralBankItem.value, 0), PointConversion.settlement_id)
        .join(CatalogueVersion, is_in_force(to_court_day(at)))
        .join(MoralBankItem, item)
        .where(Settlement.id.in_(keys), Settlement.revoked_on.is_(None), told)
    )
    await _lock(connection, Settlement, keys)
    await enter(connection, query, "settlement_id", at)


async def assess_listings(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert public entries of debtors who refuse to perform an award; others are converted by their records."""
    day = to_court_day(at)
    item = sa.and_(MoralBankItem.version_id == CatalogueVersion.id, MoralBankItem.code == REFUSED)
    query = (
        _arising(Listing, sa.func.coalesce(MoralBankItem.value, 0), PointConversion.listing_id)
        .join(CatalogueVersion, is_in_force(day))
        .join(MoralBankItem, item)
        .where(Listing.id.in_(keys), Listing.kind == ListingKind.AWARD_REFUSAL, Listing.publicity.contains(day))
    )
    await _lock(connection, Listing, keys)
    await enter(connection, query, "listing_id", at)


async def assess_members(connection: AsyncConnection, party_keys: Collection[int], at: datetime) -> None:
    """Convert the public deductions, running records and list entries of newly enrolled persons, not settlements."""
    day, mine = to_court_day(at), list(party_keys)
    deductions = sa.select(Deduction.id).where(Deduction.party_id.in_(mine), Deduction.publicity.contains(day))
    records = sa.select(CodeRecord.id).where(CodeRecord.party_id.in_(mine), CodeRecord.publicity.contains(day))
    await assess_deductions(connection, (await connection.execute(deductions)).scalars().all(), at)
    await assess_records(connection, (await connection.execute(records)).scalars().all(), at)
    listings = sa.select(Listing.id).where(Listing.party_id.in_(mine), Listing.publicity.contains(day))
    await assess_listings(connection, (await connection.execute(listings)).scalars().all(), at)


async def reverse_records(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Reverse the vetoes of records that have ended, and the conversions of records that vanished or changed party.

    Records that still run are left alone. A bonus outlives the term of its certificate.
    """
    record = CodeRecord
    runs, gone = record.publicity.contains(to_court_day(at)), sa.func.isempty(record.publicity)
    standing = sa.select(record.id, record.party_id, runs, gone).where(record.id.in_(keys))
    state = {key: (party, runs, gone) for key, party, runs, gone in (await connection.execute(standing)).all()}
    entries = await lock_live_entries(connection, PointConversion.code_record_id, keys)
    ended = [entry for entry in entries if _is_over(entry, *state[entry.code_record_id])]
    await enter_opposites(connection, ended, at)


def _is_over(entry: Any, party: int, runs: bool, gone: bool) -> bool:
    """Test whether the record of an entry vanished, belongs to another party, or no longer vetoes."""
    return gone or entry.party_id != party or (entry.kind is ItemKind.VETO and not runs)


async def reassess(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Reverse the conversions of deductions whose points have changed, and enter them with the new points.

    This reverses the points that a repair restored as well; the caller restores them again with
    `casework.restorations.restore_repaired`.
    """
    amended = sa.select(Deduction.id, Deduction.points).where(Deduction.id == sa.any_(bind_keys(keys)))
    points = {row.id: -row.points for row in await connection.execute(amended)}
    live = await lock_live_entries(connection, PointConversion.deduction_id, keys)
    taken = [entry for entry in live if entry.kind is ItemKind.DEDUCT]
    entries = [entry for entry in taken if entry.points != points[entry.deduction_id]]
    amended_keys = {entry.deduction_id for entry in entries}
    await enter_opposites(connection, [entry for entry in live if entry.deduction_id in amended_keys], at)
    entry, deduction = PointConversion, Deduction
    again: Any = (
        sa.select(entry.party_id, entry.household_id, entry.item_id, -deduction.points, entry.deduction_id)
        .join(deduction, deduction.id == entry.deduction_id)
        .where(entry.id.in_([one.id for one in entries]))
    )
    await enter(connection, again, "deduction_id", at)


def select_overdue_vetoes(day: date) -> sa.Select[Any]:
    """Select the records that are no longer public on a day and whose veto is live."""
    entry = PointConversion
    return (
        sa.select(entry.code_record_id)
        .join(MoralBankItem, MoralBankItem.id == entry.item_id)
        .join(CodeRecord, CodeRecord.id == entry.code_record_id)
        .where(MoralBankItem.kind == ItemKind.VETO, is_live(entry), ~CodeRecord.publicity.contains(day))
    )


async def find_record_keys(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> Sequence[int]:
    """Return the keys of the code records that satisfy a condition."""
    return (await connection.execute(sa.select(CodeRecord.id).where(which))).scalars().all()


def _item_of_record() -> sa.Case[Any]:
    """The item of a record; null for a record that is not converted."""
    red, kind = CodeRecord.colour == Colour.RED, Sanction.kind
    return sa.case(
        (CodeRecord.certificate_id.is_not(None), BONUS),
        (sa.and_(red, kind == SanctionKind.CONVICTION), CONVICTED),
        (sa.and_(red, kind.in_((SanctionKind.FINE, SanctionKind.DETENTION))), SANCTIONED),
        (Listing.kind == ListingKind.DISHONEST_DEBTOR, LISTED),
    )


def _arising(source: Any, points: Any, column: Any) -> sa.Select[Any]:
    """Select new conversions of sources: those of persons with a household that have no conversion yet."""
    entry = aliased(PointConversion)
    same = sa.and_(getattr(entry, column.key) == source.id, entry.reverses_id.is_(None))
    returned = sa.and_(entry.status == ConversionStatus.RETURNED, entry.household_id == Party.household_id)
    there = sa.select(entry.id).where(same, sa.or_(returned, is_live(entry))).exists()
    return (
        sa.select(source.party_id, Party.household_id, MoralBankItem.id, points, source.id)
        .select_from(source)
        .join(Party, Party.id == source.party_id)
        .where(Party.kind == PartyKind.PERSON, Party.household_id.is_not(None), ~there)
        .order_by(source.id)
    )


async def _lock(connection: AsyncConnection, source: Any, keys: Collection[int]) -> None:
    """Lock the persons, so that concurrent conversions of one person wait for each other."""
    persons = sa.select(source.party_id).where(source.id.in_(keys))
    query = sa.select(Party.id).where(Party.id.in_(persons), Party.household_id.is_not(None)).order_by(Party.id)
    await connection.execute(query.with_for_update(key_share=True))
