"""The joins of a credit code: the period that covers a day, and the records active on it (R13, R14)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from models.catalogue import Colour
from models.code_record import Perspective
from resolvers.declarations import Frame, Order, Relation
from resolvers.sql import SQL
from resolvers.view import TODAY
from resolvers.visibility import EVERYBODY, NOBODY, sees, visible

AS_OF = {"as_of": sa.Date()}
UNBOUNDED: SQL = sa.func.daterange(sa.null(), sa.null(), type_=DATERANGE)


def day_asked(row: Frame) -> SQL:
    """The day that was asked for, or today."""
    return sa.func.coalesce(row.as_of, TODAY)


def period_of(party: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """The period of a party that covers the day asked, the court's or that of everyone else (R13).

    A party without periods is green, and always was. A party has few periods: they are found by the primary key, which
    is quicker than the index by which they exclude each other, so the day is compared by a function, not an operator.
    """
    period, one = aliased(models.CodePeriod), sa.select(sa.literal(1).label("one")).subquery("one")
    covers = sa.and_(
        period.party_id == party.id,
        period.perspective == perspective(audience),
        sa.func.range_contains_elem(period.during, sa.func.coalesce(arguments["as_of"], TODAY)),
    )
    found: Any = (
        sa.select(
            sa.type_coerce(party.id, sa.BigInteger).label("party_id"),
            sa.func.coalesce(period.colour, sa.literal(Colour.GREEN, models.CodePeriod.colour.type)).label("colour"),
            sa.func.coalesce(period.during, UNBOUNDED).label("during"),
        )
        .select_from(one)
        .outerjoin(period, covers)
    )
    return found  # type: ignore[no-any-return]  # a select


def _of_party(party: Frame, period: Frame) -> SQL:
    return sa.cast(period.party_id == party.id, sa.Boolean)


def _active(code: Frame, record: Frame) -> SQL:
    day = sa.func.coalesce(code.as_of, TODAY)
    return sa.and_(
        record.party_id == code.party_id,
        record.effective_on <= day,
        sa.or_(record.ends_on.is_(None), record.ends_on >= day),
        sa.or_(record.closed_on.is_(None), record.closed_on > day),
    )


CREDIT_CODE = Relation(
    target=models.CodePeriod, on=_of_party, keys={"id": sa.BigInteger()}, arguments=AS_OF, source=period_of
)
ACTIVE_RECORDS = Relation(
    target=models.CodeRecord,
    on=_active,
    keys={"party_id": sa.BigInteger(), **AS_OF},
    many=True,
    orders={"EFFECTIVE": Order(("effective_on",))},
)


class History:
    """The row type's key: one colour of a party, and the days that it lasted or will last."""


def history_of(code: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """The periods of a party, the court's or those that others see."""
    period = aliased(models.CodePeriod)
    columns = (period.party_id, period.colour, _bound(sa.func.lower(period.during)).label("from_day"))
    until = _bound(sa.func.upper(period.during)).label("until_day")
    seen = sa.and_(period.party_id == code.party_id, period.perspective == perspective(audience))
    ordinal = sa.func.row_number().over(order_by=sa.func.lower(period.during).asc().nulls_first()).label("ordinal")
    return sa.select(*columns, until, ordinal).where(seen)


def perspective(audience: Audience) -> Perspective:
    """Whose colours an audience is shown (R13, R16)."""
    return Perspective.COURT if audience is Audience.COURT else Perspective.OUTSIDE


HISTORY = Relation(
    target=History,
    on=lambda code, period: sa.cast(period.party_id == code.party_id, sa.Boolean),
    keys={"party_id": sa.BigInteger()},
    many=True,
    orders={"TIME": Order(("ordinal",))},
    source=history_of,
)


@sees(History)
def _history(row: Frame, audience: Audience) -> SQL:
    """The court's, and one's own; for others an ended record never was (R10), and neither was its colour."""
    return EVERYBODY if audience in {Audience.COURT, Audience.LITIGANT_PORTAL} else NOBODY


def next_colour(row: Frame, audience: Audience) -> SQL:
    """The colour after the next change that is already certain; null where none is."""
    later = aliased(models.CodePeriod)
    end: SQL = sa.func.upper(row.during)
    follows = sa.and_(
        later.party_id == row.party_id,
        later.perspective == perspective(audience),
        sa.func.lower(later.during) == end,
    )
    following = sa.select(later.colour).where(follows).scalar_subquery()
    green = sa.literal(Colour.GREEN, models.CodePeriod.colour.type)
    return sa.case((end.is_not(None), sa.func.coalesce(following, green)))


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
