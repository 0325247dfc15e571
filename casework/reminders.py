"""What a court is reminded of: answers and reviews that fall due, months that wait for publication (R5, R8, R9)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.record_repairs import find_next_review, is_running
from models.batch import Batch, BatchStatus
from models.calendar import Reminder, ReminderKind
from models.catalogue import Colour
from models.code_record import CodeRecord
from models.court_case import CourtCase
from models.deduction import Deduction
from models.objection import Objection
from models.terms import add_months

AHEAD = timedelta(days=7)
"""How long before its day a court is reminded of an answer or a review."""

Row = dict[str, Any]


async def remind(connection: AsyncConnection, day: date, now: datetime) -> None:
    """Write the reminders of a day; those that are there already stay as they are."""
    rows = [
        *_objections(await _open_objections(connection), day),
        *_reviews(await _blue(connection, day), day),
        *_batches(await _unpublished(connection, day)),
    ]
    if rows:
        filled = [
            {**dict.fromkeys(("objection_id", "code_record_id", "batch_id")), **row, "given_at": now} for row in rows
        ]
        await connection.execute(insert(Reminder).on_conflict_do_nothing(), filled)


def _objections(found: Any, day: date) -> Iterator[Row]:
    for row in found:
        common = {"court_code": row.court_code, "due_on": row.due_on, "objection_id": row.id}
        if row.due_on <= day + AHEAD:
            yield {"kind": ReminderKind.OBJECTION_DUE, **common}
        if row.due_on < day:
            yield {"kind": ReminderKind.OBJECTION_OVERDUE, **common}


def _reviews(found: Any, day: date) -> Iterator[Row]:
    for row in found:
        due = find_next_review(row.effective_on, day - timedelta(days=1))
        if due <= day + AHEAD:
            common = {"court_code": row.court_code, "due_on": due, "code_record_id": row.id}
            yield {"kind": ReminderKind.REVIEW_DUE, **common}


def _batches(found: Any) -> Iterator[Row]:
    for row in found:
        due = add_months(row.month, 1)
        yield {"kind": ReminderKind.BATCH_DUE, "court_code": row.court_code, "due_on": due, "batch_id": row.id}


async def _open_objections(connection: AsyncConnection) -> Any:
    query = (
        sa.select(Objection.id, Objection.due_on, CourtCase.court_code)
        .join(Deduction, Deduction.id == Objection.deduction_id)
        .join(CourtCase, CourtCase.id == Deduction.case_id)
        .where(Objection.outcome.is_(None))
    )
    return (await connection.execute(query)).all()


async def _blue(connection: AsyncConnection, day: date) -> Any:
    query = sa.select(CodeRecord.id, CodeRecord.court_code, CodeRecord.effective_on)
    return (await connection.execute(query.where(CodeRecord.colour == Colour.BLUE, is_running(day)))).all()


async def _unpublished(connection: AsyncConnection, day: date) -> Any:
    """Months that are over and wait for their publication."""
    query = sa.select(Batch.id, Batch.court_code, Batch.month)
    return (
        await connection.execute(
            query.where(Batch.status != BatchStatus.PUBLISHED, Batch.month < sa.literal(day.replace(day=1), sa.Date))
        )
    ).all()
