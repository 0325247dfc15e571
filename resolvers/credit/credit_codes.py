"""The joins of a credit code: the period that covers a day, and the records active on it (R13, R14).

The court, and a litigant of itself, may ask for the answer that was given on a day (R26): it rests on what was recorded
by that day's end. Everyone else reads today's knowledge.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import SQL
from models.base import choice
from models.catalogue import Colour
from models.code_record import ANNULLED, VANISHING, Perspective, Reading, known_today
from models.terms import COURT_TIME
from resolvers.joins import has_not_ended
from resolvers.view import TODAY
from resolvers.visibility.audiences import EVERYBODY, NOBODY
from resolvers.visibility.items import may_see_code_record

AS_OF: Mapping[str, TypeEngine[Any]] = {"as_of": sa.Date(), "reading": sa.Text()}
LOOKING_BACK = frozenset({Audience.COURT, Audience.LITIGANT_PORTAL})
"""Who may ask for another day, and for what was known then (R26)."""

KNOWN_FOR_GOOD: SQL = sa.literal_column("timestamptz 'infinity'", sa.DateTime(timezone=True))
UNBOUNDED: SQL = sa.func.daterange(sa.null(), sa.null(), type_=DATERANGE)


def day_asked(row: Frame) -> SQL:
    """The day that was asked for, or today."""
    return sa.func.coalesce(row.as_of, TODAY)


def reading_asked(row: Frame) -> SQL:
    """Which reading was asked for."""
    return sa.type_coerce(sa.func.coalesce(row.reading, Reading.VALID.value), choice(Reading))


def _in_knowledge(row: Any, audience: Audience, as_of: SQL, reading: SQL) -> SQL:
    """Whether a period, or a version of a record, belongs to the knowledge that is asked for."""
    if audience not in LOOKING_BACK:
        return known_today(row)
    next_day = sa.cast(sa.func.coalesce(as_of, TODAY), sa.DateTime) + sa.text("interval '1 day'")
    end_of_day = sa.func.timezone(COURT_TIME.key, next_day) - sa.text("interval '1 microsecond'")
    moment = sa.case((reading == Reading.KNOWN.value, end_of_day), else_=KNOWN_FOR_GOOD)
    return sa.func.range_contains_elem(row.known, moment, type_=sa.Boolean)


def period_of(party: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """The period of a party that covers the day asked, the court's or that of everyone else (R13).

    A party without periods is green, and always was. A party has few periods: they are found by the index of today's,
    or by the primary key, which are quicker than the index by which they exclude each other, so the day is compared by
    a function, not an operator.
    """
    period, one = aliased(models.CodePeriod), sa.select(sa.literal(1).label("one")).subquery("one")
    covers = sa.and_(
        period.party_id == party.id,
        period.perspective == perspective(audience),
        _in_knowledge(period, audience, arguments["as_of"], arguments["reading"]),
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
        has_not_ended(record, day),
    )


def records_of(code: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """The records of a party as they are known: with the end that they had in the knowledge asked for.

    What is annulled colours no day, and outside the court nothing that has vanished does.
    """
    record = aliased(models.CodeRecord)
    if audience not in LOOKING_BACK:
        return sa.select(record).where(record.party_id == code.party_id)
    version, columns = aliased(models.CodeRecordVersion), models.CodeRecord.__table__.columns.keys()
    said = [getattr(version if hasattr(models.CodeRecordVersion, name) else record, name) for name in columns]
    never = ANNULLED if audience is Audience.COURT else VANISHING
    return (
        sa.select(*(column.label(name) for name, column in zip(columns, said, strict=True)))
        .join_from(version, record, record.id == version.code_record_id)
        .where(
            version.party_id == code.party_id,
            _in_knowledge(version, audience, code.as_of, code.reading),
            sa.func.coalesce(version.close_reason.not_in(never), sa.true()),
        )
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
    source=records_of,
)


class History:
    """The row type's key: one colour of a party, and the days that it lasted or will last."""


def history_of(code: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """The periods of a party, the court's or those that others see."""
    period = aliased(models.CodePeriod)
    columns = (period.party_id, period.colour, _bound(sa.func.lower(period.during)).label("from_day"))
    until = _bound(sa.func.upper(period.during)).label("until_day")
    seen = sa.and_(
        period.party_id == code.party_id,
        period.perspective == perspective(audience),
        _in_knowledge(period, audience, code.as_of, code.reading),
    )
    ordinal = sa.func.row_number().over(order_by=sa.func.lower(period.during).asc().nulls_first()).label("ordinal")
    return sa.select(*columns, until, ordinal).where(seen)


def perspective(audience: Audience) -> Perspective:
    """Whose colours an audience is shown (R13, R16)."""
    return Perspective.COURT if audience is Audience.COURT else Perspective.OUTSIDE


HISTORY = Relation(
    target=History,
    on=lambda code, period: sa.cast(period.party_id == code.party_id, sa.Boolean),
    keys={"party_id": sa.BigInteger(), **AS_OF},
    many=True,
    orders={"TIME": Order(("ordinal",))},
    source=history_of,
)


def may_see_history(row: Frame, audience: Audience) -> SQL:
    """The court's, and one's own; for others an ended record never was (R10), and neither was its colour."""
    return EVERYBODY if audience in LOOKING_BACK else NOBODY


def next_colour(row: Frame, audience: Audience) -> SQL:
    """The colour after the next change that is already certain; null where none is."""
    later = aliased(models.CodePeriod)
    end: SQL = sa.func.upper(row.during)
    follows = sa.and_(
        later.party_id == row.party_id,
        later.perspective == perspective(audience),
        _in_knowledge(later, audience, row.as_of, row.reading),
        sa.func.lower(later.during) == end,
    )
    following = sa.select(later.colour).where(follows).scalar_subquery()
    green = sa.literal(Colour.GREEN, models.CodePeriod.colour.type)
    return sa.case((end.is_not(None), sa.func.coalesce(following, green)))


def begins_on(row: Frame, audience: Audience) -> SQL:
    """The first day of the colour; null where it has always been so.

    Outside the court an ended record never was (R10): there a colour is as old as the oldest of its records that run.
    """
    if audience in LOOKING_BACK:
        return _bound(sa.func.lower(row.during))
    record = aliased(models.CodeRecord)
    running = sa.and_(may_see_code_record(Frame(record), audience), record.colour == row.colour)
    oldest = sa.select(sa.func.min(record.effective_on)).where(record.party_id == row.party_id, running)
    return oldest.scalar_subquery()


def changes_on(row: Frame, audience: Audience) -> SQL:
    """The day of the next change that is already certain; null where none is."""
    return _bound(sa.func.upper(row.during))


def _bound(bound: SQL) -> SQL:
    return sa.type_coerce(bound, sa.Date())
