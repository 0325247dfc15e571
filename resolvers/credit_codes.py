"""The joins of a credit code: the period that covers a day, and the records active on it (R13, R14)."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from resolvers.declarations import SQL, Frame, Order, Relation
from resolvers.view import TODAY
from resolvers.visibility import visible

AS_OF = {"as_of": sa.Date()}


def day_asked(row: Frame) -> SQL:
    """The day that was asked for, or today."""
    return sa.func.coalesce(row.as_of, TODAY)


def _covers(party: Frame, period: Frame) -> SQL:
    return sa.and_(period.party_id == party.id, period.during.op("@>")(day_asked(period)))


def _active(code: Frame, record: Frame) -> SQL:
    day = sa.func.coalesce(code.as_of, TODAY)
    return sa.and_(
        record.party_id == code.party_id,
        record.effective_on <= day,
        *(sa.or_(end.is_(None), end > day) for end in (record.ends_on, record.closed_on)),
    )


CREDIT_CODE = Relation(target=models.CodePeriod, on=_covers, keys={"id": sa.BigInteger()}, arguments=AS_OF)
ACTIVE_RECORDS = Relation(
    target=models.CodeRecord,
    on=_active,
    keys={"party_id": sa.BigInteger(), **AS_OF},
    many=True,
    orders={"EFFECTIVE": Order(("effective_on",))},
)


def begun(row: Frame, audience: Audience) -> SQL:
    """The first day of the colour; null where it has always been so.

    Outside the court an ended record never was (R10): there a colour is as old as the oldest of its records that run.
    """
    if audience in {Audience.COURT, Audience.LITIGANT_PORTAL}:
        return _bound(sa.func.lower(row.during))
    record = aliased(models.CodeRecord)
    running = sa.and_(visible(models.CodeRecord, Frame(record), audience), record.colour == row.colour)
    oldest = sa.select(sa.func.min(record.effective_on)).where(record.party_id == row.party_id, running)
    return oldest.scalar_subquery()


def changes(row: Frame, audience: Audience) -> SQL:
    """The day of the next change that is already certain; null where none is."""
    return _bound(sa.func.upper(row.during))


def _bound(bound: SQL) -> SQL:
    return sa.type_coerce(bound, sa.Date())
