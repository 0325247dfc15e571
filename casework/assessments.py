"""What arises at the moral bank from deductions, code records and settlements (DOMAIN 5).

Of natural persons with a household only, and of what the world may know (R16). Each function takes keys of rows and
works on all of them at once, so that one mutation and one chunk of an import call the same. Called again with the same
keys nothing more arises: a source has at most one conversion that counts, and what the head office returned does not
arise again for the same household.
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
from models.terms import court_day

STAGE_ITEMS = {Stage.FILING: "MD1", Stage.TRIAL: "MD2", Stage.ENFORCEMENT: "MD3"}
"""The item that a deduction of each stage is converted into."""

BONUS, SETTLED, CONVICTED, SANCTIONED, LISTED = "MB1", "MB2", "MV1", "MV2", "MV3"
"""The items of certificates, of settlements, and of the records that veto benefits."""


async def assess_deductions(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert published deductions: the points, negated."""
    item = sa.case(*((Deduction.stage == stage, code) for stage, code in STAGE_ITEMS.items()))
    query = (
        _arising(Deduction, -Deduction.points, PointConversion.deduction_id)
        .join(Behaviour, Behaviour.id == Deduction.behaviour_id)
        .join(MoralBankItem, sa.and_(MoralBankItem.version_id == Behaviour.version_id, MoralBankItem.code == item))
        .where(Deduction.id.in_(keys), Deduction.publicity.contains(court_day(at)))
    )
    await _lock(connection, Deduction, keys)
    await enter(connection, query, "deduction_id", at)


async def assess_records(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert the code records that are in force: a certificate's bonus, the vetoes of red and of the debtors' list."""
    version = CodeType.version_id
    query = (
        _arising(CodeRecord, sa.func.coalesce(MoralBankItem.value, 0), PointConversion.code_record_id)
        .join(CodeType, CodeType.id == CodeRecord.code_type_id)
        .outerjoin(Sanction, Sanction.id == CodeRecord.sanction_id)
        .outerjoin(Listing, Listing.id == CodeRecord.listing_id)
        .join(MoralBankItem, sa.and_(MoralBankItem.version_id == version, MoralBankItem.code == _item_of_record()))
        .where(CodeRecord.id.in_(keys), CodeRecord.publicity.contains(court_day(at)))
    )
    await _lock(connection, CodeRecord, keys)
    await enter(connection, query, "code_record_id", at)


async def assess_settlements(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert settlements recorded as performed."""
    item = sa.and_(MoralBankItem.version_id == CatalogueVersion.id, MoralBankItem.code == SETTLED)
    told = sa.func.may_leave_court(Settlement.party_id, Settlement.case_id, Settlement.performed_on, sa.null())
    query = (
        _arising(Settlement, sa.func.coalesce(MoralBankItem.value, 0), PointConversion.settlement_id)
        .join(CatalogueVersion, is_in_force(court_day(at)))
        .join(MoralBankItem, item)
        .where(Settlement.id.in_(keys), Settlement.revoked_on.is_(None), told)
    )
    await _lock(connection, Settlement, keys)
    await enter(connection, query, "settlement_id", at)


async def assess_members(connection: AsyncConnection, party_keys: Collection[int], at: datetime) -> None:
    """Convert what is in force when persons are enrolled: public deductions, and records that run.

    A settlement is the deed of a day, and is not in force on a later one.
    """
    day, mine = court_day(at), list(party_keys)
    deductions = sa.select(Deduction.id).where(Deduction.party_id.in_(mine), Deduction.publicity.contains(day))
    records = sa.select(CodeRecord.id).where(CodeRecord.party_id.in_(mine), CodeRecord.publicity.contains(day))
    await assess_deductions(connection, (await connection.execute(deductions)).scalars().all(), at)
    await assess_records(connection, (await connection.execute(records)).scalars().all(), at)


async def reverse_records(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Reverse what these records no longer bear: vetoes of records that do not run, and bonuses that never were.

    Safe to call for any record: what still stands stays. A bonus outlives the term of its certificate.
    """
    record = CodeRecord
    runs, gone = record.publicity.contains(court_day(at)), sa.func.isempty(record.publicity)
    standing = sa.select(record.id, record.party_id, runs, gone).where(record.id.in_(keys))
    state = {key: (party, runs, gone) for key, party, runs, gone in (await connection.execute(standing)).all()}
    entries = await lock_live_entries(connection, PointConversion.code_record_id, keys)
    ended = [entry for entry in entries if _is_over(entry, *state[entry.code_record_id])]
    await enter_opposites(connection, ended, at)


def _is_over(entry: Any, party: int, runs: bool, gone: bool) -> bool:
    """Whether an entry's record never was, is another party's, or no longer vetoes."""
    return gone or entry.party_id != party or (entry.kind is ItemKind.VETO and not runs)


async def reassess(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Put right what amended deductions took: the opposite, and what they take now. What is right already stays.

    What a repair gave back of it is taken back as well: whoever calls this restores it anew
    (`casework.restorations.restore_repaired`).
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
    """The records that run no longer on a day, and whose veto still stands."""
    entry = PointConversion
    return (
        sa.select(entry.code_record_id)
        .join(MoralBankItem, MoralBankItem.id == entry.item_id)
        .join(CodeRecord, CodeRecord.id == entry.code_record_id)
        .where(MoralBankItem.kind == ItemKind.VETO, is_live(entry), ~CodeRecord.publicity.contains(day))
    )


async def find_record_keys(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> Sequence[int]:
    """The keys of the code records of which this holds."""
    return (await connection.execute(sa.select(CodeRecord.id).where(which))).scalars().all()


def _item_of_record() -> sa.Case[Any]:
    """The item that a record is converted into; null for all others."""
    red, kind = CodeRecord.colour == Colour.RED, Sanction.kind
    return sa.case(
        (CodeRecord.certificate_id.is_not(None), BONUS),
        (sa.and_(red, kind == SanctionKind.CONVICTION), CONVICTED),
        (sa.and_(red, kind.in_((SanctionKind.FINE, SanctionKind.DETENTION))), SANCTIONED),
        (Listing.kind == ListingKind.DISHONEST_DEBTOR, LISTED),
    )


def _arising(source: Any, points: Any, column: Any) -> sa.Select[Any]:
    """The new conversions of sources of persons with a household, that have none yet."""
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
    """Whoever converts what is a person's waits for whoever is converting it."""
    persons = sa.select(source.party_id).where(source.id.in_(keys))
    query = sa.select(Party.id).where(Party.id.in_(persons), Party.household_id.is_not(None)).order_by(Party.id)
    await connection.execute(query.with_for_update(key_share=True))
