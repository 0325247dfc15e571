"""Code records of published deductions (R10, R12)."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.events import tell, tell_gone, update_colours
from casework.measures import withdraw
from casework.notifications import Withdrawal
from casework.procedure import Act, Step, take
from casework.terms import compute_record_end, find_recorded_type
from models.catalogue import Behaviour, CodeType
from models.code_record import CloseReason, CodeRecord
from models.court_case import CourtCase
from models.deduction import Deduction
from models.event import EventKind
from models.objection import Objection
from models.terms import to_court_day, to_midnight

PUBLISHED = (
    sa.select(
        Deduction.__table__,
        CourtCase.court_code,
        Behaviour.code_type,
        CodeType.id.label("code_type_id"),
        CodeType.colour,
        CodeType.term_months,
        sa.exists().where(Objection.deduction_id == Deduction.id, Objection.outcome.is_(None)).label("annotated"),
    )
    .join(CourtCase, CourtCase.id == Deduction.case_id)
    .join(Behaviour, Behaviour.id == Deduction.behaviour_id)
    .outerjoin(CodeType, sa.and_(CodeType.code == Behaviour.code_type, CodeType.version_id == Behaviour.version_id))
)


async def record_publication(
    connection: AsyncConnection, keys: Collection[int]
) -> tuple[list[int], list[int], list[int]]:
    """Insert the records of deductions that were just published.

    Return the parties of public items (R16), those among them with an open objection, and those whose colour may
    change. An item whose publicity is over makes no record (R6).
    """
    found = (await connection.execute(PUBLISHED.where(Deduction.id.in_(keys)))).all()
    rows = [_record(row) for row in found if find_recorded_type(row.finding_kind, row.code_type)]
    rows = [row for row in rows if row["ends_on"] >= row["effective_on"]]
    if rows:
        await connection.execute(sa.insert(CodeRecord), rows)
    told = [row for row in found if to_court_day(row.published_at) in row.publicity]
    annotated = [row.party_id for row in told if row.annotated]
    return [row.party_id for row in told], annotated, [row["party_id"] for row in rows]


async def refresh_records(connection: AsyncConnection, keys: Collection[int]) -> None:
    """Update the records of public deductions that a file has changed, and insert missing ones (R6, R23)."""
    record = CodeRecord
    known = sa.select(record.deduction_id).where(record.deduction_id.in_(keys))
    recorded = set((await connection.execute(known)).scalars()) if keys else set()
    await record_publication(connection, set(keys) - recorded)
    for row in (await connection.execute(PUBLISHED.where(Deduction.id.in_(recorded)))).all():
        days = {name: day for name, day in _record(row).items() if name in ("effective_on", "ends_on")}
        of = (record.deduction_id == row.id, record.closed_on.is_(None))
        await connection.execute(sa.update(record).where(*of).values(days))


def _record(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "party_id": row.party_id,
        "code_type_id": row.code_type_id,
        "colour": row.colour,
        "court_code": row.court_code,
        "case_id": row.case_id,
        "effective_on": to_court_day(row.published_at),
        "ends_on": compute_record_end(row.term_months, row.determined_on, row.expires_on),
        "deduction_id": row.id,
    }


async def enter_record(connection: AsyncConnection, entry: Any, **values: Any) -> int:
    """Insert a record of a type of the catalogue. Return its key. The caller updates the colours."""
    made = sa.insert(CodeRecord).values(code_type_id=entry.id, colour=entry.colour, **values).returning(CodeRecord.id)
    key: int = (await connection.execute(made)).scalar_one()
    return key


ENDS = {
    Step.WITHDRAW: (CloseReason.WITHDRAWN, EventKind.ENTRY_WITHDRAWN),
    Step.SHIELD: (CloseReason.SHIELDED, EventKind.RECORD_SHIELDED),
}
"""The reason and the event of each end."""


def list_visible(row: Any, day: date) -> list[int]:
    """Return the party of an item that is public on a day, as a list; otherwise nothing (R10, R16)."""
    return [row.party_id] if day in row.publicity else []


def list_withdrawals(row: Any, since: date, day: date) -> list[Withdrawal]:
    """Return the withdrawal of an item that is public on a day; otherwise nothing (R10)."""
    return [Withdrawal(key, to_midnight(since)) for key in list_visible(row, day)]


async def tell_of(connection: AsyncConnection, found: Any, kind: EventKind, at: datetime) -> None:
    """Write an event of a deduction if it is public."""
    await tell(connection, list_visible(found, to_court_day(at)), kind, at)


async def end_item(connection: AsyncConnection, step: Step, found: sa.Row[Any], act: Act) -> None:
    """End a published deduction and its record; both vanish outside the court (R10). Raises Refusal as `take` does."""
    await take(connection, step, found, act, ended_at=act.at)
    await close_records(connection, CodeRecord.deduction_id == found.id, to_court_day(act.at), ENDS[step][0])
    if list_visible(found, to_court_day(act.at)):
        await tell_gone(connection, [Withdrawal(found.party_id, found.published_at)], ENDS[step][1], act.at)
    await update_colours(connection, [found.party_id], act.at)


async def close_records(
    connection: AsyncConnection, which: sa.ColumnElement[bool], day: date, reason: CloseReason
) -> None:
    """Close open records on a day, at the earliest on their day of effect, and withdraw their measures."""
    closed = sa.func.greatest(sa.literal(day, sa.Date), CodeRecord.effective_on)
    update = sa.update(CodeRecord).where(which, CodeRecord.closed_on.is_(None))
    await connection.execute(update.values(closed_on=closed, close_reason=reason))
    await withdraw(connection, which, day)


async def shorten_record(connection: AsyncConnection, deduction_key: int, day: date) -> None:
    """End the record of a deduction on a day, unless it ends earlier."""
    ends = sa.func.least(CodeRecord.ends_on, sa.literal(day, sa.Date))
    update = sa.update(CodeRecord).where(CodeRecord.deduction_id == deduction_key, CodeRecord.closed_on.is_(None))
    await connection.execute(update.values(ends_on=ends))
