"""Repair of code records. A yellow record of an enforcement type is blue while its repair runs (R9, R11)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import reverse_records
from casework.catalogue import find_code_type
from casework.events import tell, tell_gone, update_colours
from casework.policy_profiles import find_profile
from casework.procedure import Act, authorize
from casework.record_steps import keep_step
from casework.records import close_records, enter_record, list_visible, list_withdrawals
from casework.refusal import Refusal, refuse_missing
from casework.repairs import (
    Application,
    RepairDecision,
    check_end,
    check_minimum,
    decide_repair,
    enter_application,
    lock_application,
    write_decision,
)
from casework.restorations import break_repairs, restore_records
from casework.rows import find_own
from casework.terms import compute_first_repair
from models.catalogue import Behaviour, CodeType, Colour
from models.code_record import CloseReason, CodeRecord
from models.colour import ENFORCEMENT_TYPES
from models.court import StaffRole
from models.event import EventKind
from models.listing import Listing
from models.repair import Repair, RepairOutcome
from models.sanction import Sanction
from models.terms import add_months, to_court_day

BLUE = "B01"
REVIEW_MONTHS = 3
"""Months between two reviews of a repair in enforcement."""


async def apply_for_record(
    connection: AsyncConnection, party_key: int, key: int, application: Application, at: datetime
) -> int:
    """Enter a subject's application for repair of its own yellow record. Return the application's key.

    The minimum period runs from the day of effect, by the tier of the sanctioned behaviour (R9), or as the profile of
    the court has it. Raises Refusal NOT_FOUND, TOO_EARLY, and as `enter_application` does.
    """
    today = to_court_day(at)
    query = (
        sa.select(CodeRecord.effective_on, CodeRecord.court_code, Behaviour.tier, Listing.grade)
        .join(CodeType, CodeType.id == CodeRecord.code_type_id)
        .outerjoin(Listing, Listing.id == CodeRecord.listing_id)
        .outerjoin(Sanction, Sanction.id == CodeRecord.sanction_id)
        .outerjoin(Behaviour, Behaviour.id == Sanction.behaviour_id)
        .where(
            CodeRecord.id == key,
            CodeType.partner_visible,  # suspicions are hidden from their subject (R13)
            CodeRecord.party_id == party_key,
            CodeRecord.colour == Colour.YELLOW,
            CodeRecord.deduction_id.is_(None),  # the deduction itself is repaired
            is_running(today),
        )
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise refuse_missing("record in your court")
    profile = await find_profile(connection, found.court_code, today)
    check_minimum(compute_first_repair(profile, found.tier, None, found.effective_on, found.grade), today)
    return await enter_application(connection, party_key, application, today, code_record_id=key)


async def decide(connection: AsyncConnection, key: int, decision: RepairDecision, act: Act) -> None:
    """Decide an application. Raises Refusal as `decide_repair` and `decide_record_repair` do."""
    query = sa.select(Repair.code_record_id).where(Repair.id == key)
    for_record = (await connection.execute(query)).scalar_one_or_none() is not None
    await (decide_record_repair if for_record else decide_repair)(connection, key, decision, act)


async def decide_record_repair(connection: AsyncConnection, key: int, decision: RepairDecision, act: Act) -> None:
    """Record the panel's decision on an application for a record.

    SHORTENED gives the record a new end and, for an enforcement type, a blue record until then. SHIELDED closes it.
    REFUSED changes nothing. Raises Refusal WRONG_ROLE, NOT_FOUND, DECIDED, EXPIRED, BAD_DATE, BLUE, REASON_REQUIRED.
    """
    authorize(act, StaffRole.PANEL)
    repair = await lock_application(connection, key, Repair.code_record_id, act)
    record = await _lock(connection, repair.code_record_id, act)
    if decision.outcome is not RepairOutcome.REFUSED and not _runs(record, to_court_day(act.at)):
        raise Refusal("EXPIRED", "The record has ended.", "Refuse the application.", "id")
    if decision.outcome is RepairOutcome.SHORTENED:
        await _shorten(connection, record, decision.new_end, act)
    elif decision.outcome is RepairOutcome.SHIELDED:
        await close_records(connection, CodeRecord.id == record.id, to_court_day(act.at), CloseReason.SHIELDED)
    await write_decision(connection, key, decision, act)
    if decision.outcome is RepairOutcome.SHORTENED:
        await tell(connection, list_visible(record, to_court_day(act.at)), EventKind.REPAIR_GRANTED, act.at)
    elif decision.outcome is RepairOutcome.SHIELDED:
        lost = list_withdrawals(record, record.effective_on, to_court_day(act.at))
        await tell_gone(connection, lost, EventKind.RECORD_SHIELDED, act.at)
    if decision.outcome is not RepairOutcome.REFUSED:
        await update_colours(connection, [record.party_id], act.at)
        await restore_records(connection, {record.id: repair.ground}, act.at)


def _runs(record: Any, day: date) -> bool:
    ended = record.ends_on is not None and record.ends_on < day
    return not ended and (record.closed_on is None or day < record.closed_on)


async def end_repair(connection: AsyncConnection, code_record_key: int, performed: bool, act: Act) -> None:
    """End a blue record at a review: as performed, which ends the yellow record too, or as broken, which restores it.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND.
    """
    authorize(act, StaffRole.CENTRE)
    blue, today = await _lock(connection, code_record_key, act), to_court_day(act.at)
    if blue.colour is not Colour.BLUE or not _runs(blue, today):
        raise refuse_missing("repair in progress in your court")
    await keep_step(connection, blue.party_id, act, code_record_id=code_record_key)
    if performed:
        which = CodeRecord.id.in_([blue.id, blue.repaired_id])
        await close_records(connection, which, today, CloseReason.PERFORMED)
        for row in await delist(connection, blue.repaired_id, today):
            await tell_gone(connection, list_withdrawals(row, row.published_on, today), EventKind.LIST_REMOVED, act.at)
    else:
        await close_records(connection, CodeRecord.id == blue.id, today, CloseReason.BREACHED)
        await _restore(connection, blue.repaired_id)
    await update_colours(connection, [blue.party_id], act.at)
    await (reverse_records if performed else break_repairs)(connection, [blue.repaired_id], act.at)


async def delist(connection: AsyncConnection, record_key: int, day: date) -> Sequence[Any]:
    """Remove the list entry of a performed record. Return its row from before: party, first day, publicity."""
    listing = sa.select(CodeRecord.listing_id).where(CodeRecord.id == record_key).scalar_subquery()
    columns = (Listing.id, Listing.party_id, Listing.publicity, Listing.published_on)
    query = sa.select(*columns).where(Listing.id == listing, Listing.removed_on.is_(None)).with_for_update()
    found = (await connection.execute(query)).all()
    removed_on = sa.func.greatest(Listing.published_on, sa.literal(day, sa.Date))
    update = sa.update(Listing).where(Listing.id.in_([row.id for row in found])).values(removed_on=removed_on)
    await connection.execute(update)
    return found


async def _restore(connection: AsyncConnection, record_key: int) -> None:
    """Give a record its own term again after its repair was broken."""
    query = (
        sa.select(CodeRecord.effective_on, CodeRecord.listing_id, CodeType.term_months, Listing.ends_on)
        .join(CodeType, CodeType.id == CodeRecord.code_type_id)
        .outerjoin(Listing, Listing.id == CodeRecord.listing_id)
        .where(CodeRecord.id == record_key)
    )
    record = (await connection.execute(query)).one()
    own = add_months(record.effective_on, record.term_months) if record.term_months else None
    ends_on = record.ends_on if record.listing_id else own
    await connection.execute(sa.update(CodeRecord).where(CodeRecord.id == record_key).values(ends_on=ends_on))


def find_next_review(since: date, today: date) -> date:
    """Return the next day of review, every three months from the day on which a repair was granted."""
    months = REVIEW_MONTHS
    while (day := add_months(since, months)) <= today:
        months += REVIEW_MONTHS
    return day


def is_running(day: date) -> sa.ColumnElement[bool]:
    """Test whether a record is active on a day."""
    return sa.and_(
        CodeRecord.effective_on <= day,
        sa.or_(CodeRecord.ends_on.is_(None), CodeRecord.ends_on >= day),
        sa.or_(CodeRecord.closed_on.is_(None), CodeRecord.closed_on > day),
    )


async def _lock(connection: AsyncConnection, key: int, act: Act) -> Any:
    query = sa.select(CodeRecord.__table__, CodeType.code).join(CodeType, CodeType.id == CodeRecord.code_type_id)
    locked = query.where(CodeRecord.id == key).with_for_update(of=CodeRecord)
    found = await find_own(connection, locked, act.officer, "record")
    return found


async def _shorten(connection: AsyncConnection, record: Any, end: date | None, act: Act) -> None:
    today = to_court_day(act.at)
    check_end(end, today, record.ends_on)
    covered = sa.select(CodeRecord.id).where(CodeRecord.repaired_id == record.id, is_running(today))
    if (await connection.execute(covered)).first():
        raise Refusal("BLUE", "This record is under repair already.", "End that repair first.", "id")
    entry = await find_code_type(connection, BLUE, today)
    await connection.execute(sa.update(CodeRecord).where(CodeRecord.id == record.id).values(ends_on=end))
    if record.code in ENFORCEMENT_TYPES:
        await _turn_blue(connection, entry, record, end, today)


async def _turn_blue(connection: AsyncConnection, entry: Any, record: Any, end: date | None, today: date) -> None:
    await enter_record(
        connection,
        entry,
        party_id=record.party_id,
        court_code=record.court_code,
        case_id=record.case_id,
        effective_on=today,
        ends_on=end,
        repaired_id=record.id,
        repaired_colour=record.colour,
    )
