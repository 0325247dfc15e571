"""Measures: red and gold records that are given to the city's credit platform, and withdrawn."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.refusal import Refusal, refuse_missing
from models.catalogue import Colour
from models.code_record import CodeRecord
from models.measure import Measure, MeasureStatus
from models.party import Party
from models.terms import to_court_day

GIVEN = (Colour.RED, Colour.GOLD)
"""The colours of penalties and incentives, which both sides recognise."""


async def give(connection: AsyncConnection, records: sa.ColumnElement[bool], at: datetime) -> None:
    """Give the platform the records that it may have (R16), each once; a withdrawn measure may be given again."""
    chosen = (
        sa.select(
            CodeRecord.id,
            sa.literal(MeasureStatus.PUBLISHED, Measure.status.type),
            sa.func.greatest(CodeRecord.effective_on, sa.literal(to_court_day(at), sa.Date)),
        )
        .join(Party, Party.id == CodeRecord.party_id)
        .where(records, CodeRecord.colour.in_(GIVEN), CodeRecord.closed_on.is_(None))
        .where(~sa.func.isempty(CodeRecord.publicity), Party.disclosed)
    )
    arriving = insert(Measure).from_select(["code_record_id", "status", "published_on"], chosen)
    again = arriving.on_conflict_do_update(
        index_elements=[Measure.code_record_id],
        set_={name: arriving.excluded[name] for name in ("status", "published_on", "recognised_on", "withdrawn_on")},
        where=Measure.status == MeasureStatus.WITHDRAWN,
    )
    await connection.execute(again)


async def withdraw(connection: AsyncConnection, records: sa.ColumnElement[bool], day: date) -> None:
    """Withdraw the measures of records."""
    of = sa.select(CodeRecord.id).where(records)
    live = (Measure.code_record_id.in_(of), Measure.status != MeasureStatus.WITHDRAWN)
    withdrawn_on = sa.func.greatest(Measure.published_on, sa.literal(day, sa.Date))
    values: dict[str, Any] = {"status": MeasureStatus.WITHDRAWN, "withdrawn_on": withdrawn_on}
    await connection.execute(sa.update(Measure).where(*live).values(values))


async def recognise(connection: AsyncConnection, key: int, recognised_on: date, at: datetime) -> None:
    """Record the platform's recognition. Idempotent. Raises Refusal NOT_FOUND, WRONG_STATE, BAD_DATE."""
    query = sa.select(Measure.status, Measure.published_on).where(Measure.id == key).with_for_update()
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise refuse_missing("measure")
    if found.status is MeasureStatus.RECOGNISED:
        return
    if found.status is MeasureStatus.WITHDRAWN:
        raise Refusal("WRONG_STATE", "The court has withdrawn this measure.", "Drop it.", "id")
    if not found.published_on <= recognised_on <= to_court_day(at):
        message = "It is recognised after its publication, and not in time to come."
        raise Refusal("BAD_DATE", message, "Check it.", "recognisedOn")
    values = {"status": MeasureStatus.RECOGNISED, "recognised_on": recognised_on}
    await connection.execute(sa.update(Measure).where(Measure.id == key).values(values))
