"""Repair of code records: in enforcement a yellow record under repair is blue, until performed or broken (R9, R11)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import reverse_records
from casework.catalogue import find_code_type
from casework.events import tell, tell_gone, update_colours
from casework.procedure import Act, require, require_reason
from casework.record_steps import keep_step
from casework.records import close_records, enter_record, list_visible, list_withdrawals
from casework.refusal import Refusal, not_found
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
from casework.terms import compute_first_repair_day
from models.catalogue import Behaviour, CodeType, Colour
from models.code_record import CloseReason, CodeRecord
from models.colour import ENFORCEMENT_TYPES
from models.court import StaffRole
from models.event import EventKind
from models.listing import Listing
from models.repair import Repair, RepairOutcome
from models.sanction import Sanction
from models.terms import add_months, court_day

BLUE = "B01"
REVIEW_MONTHS = 3
"""Months between the reviews of a repair in enforcement."""


async def apply_for_record(
    connection: AsyncConnection, party_key: int, key: int, application: Application, at: datetime
) -> int:
    """A subject applies for repair of a yellow record of its own; gives the application's key.

    Red is never cleared so (R11). The minimum period runs from the day on which the record took effect, by the tier of
    the behaviour that was sanctioned (R9). Raises Refusal NOT_FOUND, TOO_EARLY, and as `enter_application` does.
    """
    today = court_day(at)
    query = (
        sa.select(CodeRecord.effective_on, Behaviour.tier)
        .join(CodeType, CodeType.id == CodeRecord.code_type_id)
        .outerjoin(Sanction, Sanction.id == CodeRecord.sanction_id)
        .outerjoin(Behaviour, Behaviour.id == Sanction.behaviour_id)
        .where(
            CodeRecord.id == key,
            CodeType.partner_visible,  # of a suspicion the subject itself does not know (R13)
            CodeRecord.party_id == party_key,
            CodeRecord.colour == Colour.YELLOW,
            CodeRecord.deduction_id.is_(None),  # such a record follows its deduction, which is repaired itself
            is_running(today),
        )
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise not_found("record")
    check_minimum(compute_first_repair_day(found.tier, found.effective_on), today)
    return await enter_application(connection, party_key, application, today, code_record_id=key)


async def decide(connection: AsyncConnection, key: int, decision: RepairDecision, act: Act) -> None:
    """The panel's decision on an application, whether it is for an item or for a record. Raises Refusal as both do."""
    query = sa.select(Repair.code_record_id).where(Repair.id == key)
    for_record = (await connection.execute(query)).scalar_one_or_none() is not None
    await (decide_record_repair if for_record else decide_repair)(connection, key, decision, act)


async def decide_record_repair(connection: AsyncConnection, key: int, decision: RepairDecision, act: Act) -> None:
    """The panel's decision on an application for a record.

    SHORTENED gives the record a new end and, for the types of enforcement, a blue record until then; SHIELDED closes
    it; REFUSED changes nothing. Raises Refusal WRONG_ROLE, NOT_FOUND, DECIDED, BAD_DATE, BLUE, REASON_REQUIRED.
    """
    require(act.officer, StaffRole.PANEL)
    require_reason(act.reason)
    repair = await lock_application(connection, key, Repair.code_record_id, act)
    record = await _locked(connection, repair.code_record_id, act)
    if decision.outcome is not RepairOutcome.REFUSED and not _runs(record, court_day(act.at)):
        raise Refusal("EXPIRED", "The record has ended.", "Refuse the application.", "id")
    if decision.outcome is RepairOutcome.SHORTENED:
        await _shorten(connection, record, decision.new_end, act)
    elif decision.outcome is RepairOutcome.SHIELDED:
        await close_records(connection, CodeRecord.id == record.id, court_day(act.at), CloseReason.SHIELDED)
    await write_decision(connection, key, decision, act)
    if decision.outcome is RepairOutcome.SHORTENED:
        await tell(connection, list_visible(record, court_day(act.at)), EventKind.REPAIR_GRANTED, act.at)
    elif decision.outcome is RepairOutcome.SHIELDED:
        lost = list_withdrawals(record, record.effective_on, court_day(act.at))
        await tell_gone(connection, lost, EventKind.RECORD_SHIELDED, act.at)
    if decision.outcome is not RepairOutcome.REFUSED:
        await update_colours(connection, [record.party_id], act.at)
        await restore_records(connection, {record.id: repair.ground}, act.at)


def _runs(record: Any, day: date) -> bool:
    ended = record.ends_on is not None and record.ends_on < day
    return not ended and (record.closed_on is None or day < record.closed_on)


async def end_repair(connection: AsyncConnection, code_record_key: int, performed: bool, act: Act) -> None:
    """End a blue record at a review: performed, and its yellow one ends with it; or broken, and yellow is back.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND.
    """
    require(act.officer, StaffRole.CENTRE)
    require_reason(act.reason)
    blue, today = await _locked(connection, code_record_key, act), court_day(act.at)
    if blue.colour is not Colour.BLUE or not _runs(blue, today):
        raise not_found("repair in progress")
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
    """What is performed leaves the list that it stood on; gives the entry as it was: party, since when, publicity."""
    listing = sa.select(CodeRecord.listing_id).where(CodeRecord.id == record_key).scalar_subquery()
    columns = (Listing.id, Listing.party_id, Listing.publicity, Listing.published_on)
    query = sa.select(*columns).where(Listing.id == listing, Listing.removed_on.is_(None)).with_for_update()
    found = (await connection.execute(query)).all()
    removed_on = sa.func.greatest(Listing.published_on, sa.literal(day, sa.Date))
    update = sa.update(Listing).where(Listing.id.in_([row.id for row in found])).values(removed_on=removed_on)
    await connection.execute(update)
    return found


async def _restore(connection: AsyncConnection, record_key: int) -> None:
    """Who breaks a repair keeps nothing of it: the record has its own term again."""
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
    """The next day on which a repair granted on a day is reviewed: every three months."""
    months = REVIEW_MONTHS
    while (day := add_months(since, months)) <= today:
        months += REVIEW_MONTHS
    return day


def is_running(day: date) -> sa.ColumnElement[bool]:
    """Whether a record is active on a day."""
    return sa.and_(
        CodeRecord.effective_on <= day,
        sa.or_(CodeRecord.ends_on.is_(None), CodeRecord.ends_on >= day),
        sa.or_(CodeRecord.closed_on.is_(None), CodeRecord.closed_on > day),
    )


async def _locked(connection: AsyncConnection, key: int, act: Act) -> Any:
    query = sa.select(CodeRecord.__table__, CodeType.code).join(CodeType, CodeType.id == CodeRecord.code_type_id)
    locked = query.where(CodeRecord.id == key).with_for_update(of=CodeRecord)
    found = await find_own(connection, locked, act.officer, "record")
    return found


async def _shorten(connection: AsyncConnection, record: Any, end: date | None, act: Act) -> None:
    today = court_day(act.at)
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
