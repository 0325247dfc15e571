"""Reminders of courts: answers, reviews and publications that are due (R5, R8, R9)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.record_repairs import find_next_review, is_running
from models.batch import Batch, BatchStatus
from models.calendar import Reminder, ReminderKind
from models.catalogue import Colour
from models.code_record import CodeRecord
from models.court_case import CourtCase
from models.deduction import Deduction
from models.listing import Listing
from models.objection import Objection
from models.sanction import Sanction
from models.terms import add_months

AHEAD = timedelta(days=7)
"""How long in advance a court is reminded of an answer or a review."""

CONTESTED_RECORD = aliased(CodeRecord, name="contested_record")
COURT_OF_OBJECTION: sa.ColumnElement[Any] = sa.func.coalesce(
    CourtCase.court_code, Listing.court_code, Sanction.court_code, CONTESTED_RECORD.court_code
)
"""The court of what an objection is to, in a select of `join_courts`."""


def join_courts(objections: Any) -> Any:
    """Join what objections are to."""
    found = objections.outerjoin(Deduction, Deduction.id == Objection.deduction_id)
    found = found.outerjoin(CourtCase, CourtCase.id == Deduction.case_id)
    found = found.outerjoin(Listing, Listing.id == Objection.listing_id)
    found = found.outerjoin(Sanction, Sanction.id == Objection.sanction_id)
    return found.outerjoin(CONTESTED_RECORD, CONTESTED_RECORD.id == Objection.code_record_id)


OPEN_OBJECTIONS: Any = join_courts(
    sa.select(Objection.id, Objection.due_on, COURT_OF_OBJECTION.label("court_code")).select_from(Objection)
).where(Objection.outcome.is_(None))

Rows = Iterator[dict[str, Any]]


async def remind(connection: AsyncConnection, day: date, now: datetime) -> None:
    """Insert the reminders of a day; existing ones stay."""
    objections, reviews, batches = [
        (await connection.execute(query)).all() for query in (OPEN_OBJECTIONS, _running_repairs(day), _over(day))
    ]
    rows = [*_remind_of_objections(objections, day), *_remind_of_reviews(reviews, day), *_remind_of_batches(batches)]
    if rows:
        blank = dict.fromkeys(("objection_id", "code_record_id", "batch_id"))
        filled = [blank | row | {"given_at": now} for row in rows]
        await connection.execute(insert(Reminder).on_conflict_do_nothing(), filled)


def _remind_of_objections(found: Any, day: date) -> Rows:
    for row in found:
        common = {"court_code": row.court_code, "due_on": row.due_on, "objection_id": row.id}
        if row.due_on <= day + AHEAD:
            yield {"kind": ReminderKind.OBJECTION_DUE, **common}
        if row.due_on < day:
            yield {"kind": ReminderKind.OBJECTION_OVERDUE, **common}


def _running_repairs(day: date) -> sa.Select[int, str, date]:
    query = sa.select(CodeRecord.id, CodeRecord.court_code, CodeRecord.effective_on)
    return query.where(CodeRecord.colour == Colour.BLUE, is_running(day))


def _remind_of_reviews(found: Any, day: date) -> Rows:
    for row in found:
        due = find_next_review(row.effective_on, day - timedelta(days=1))
        if due <= day + AHEAD:
            common = {"court_code": row.court_code, "due_on": due, "code_record_id": row.id}
            yield {"kind": ReminderKind.REVIEW_DUE, **common}


def _over(day: date) -> sa.Select[int, str, date]:
    """Select the months that are over and not published."""
    query = sa.select(Batch.id, Batch.court_code, Batch.month)
    over = Batch.month < sa.literal(day.replace(day=1), sa.Date)
    return query.where(Batch.status != BatchStatus.PUBLISHED, over)


def _remind_of_batches(found: Any) -> Rows:
    for row in found:
        due = add_months(row.month, 1)
        yield {"kind": ReminderKind.BATCH_DUE, "court_code": row.court_code, "due_on": due, "batch_id": row.id}
