"""Relations of a credit code: the period that covers a day, and the records active on it (R13, R14).

Courts, and litigants about themselves, may ask for the answer as of a day (R26), from what was recorded by its end.
Others get today's knowledge.
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
from engine.declare.sql import SQL, Operand
from models.base import map_enum
from models.catalogue import Colour
from models.code_record import ANNULLED, VANISHING, Perspective, Reading, is_known_today
from models.terms import COURT_TIME
from resolvers.joins import has_not_ended
from resolvers.register.cards import find_colour
from resolvers.view import TODAY
from resolvers.visibility.audiences import EVERYBODY, NOBODY
from resolvers.visibility.items import may_see_code_record

AS_OF: Mapping[str, TypeEngine[Any]] = {"as_of": sa.Date(), "reading": sa.Text()}
LOOKING_BACK = frozenset({Audience.COURT, Audience.LITIGANT_PORTAL})
"""Audiences that may ask for another day, and for what was known then (R26)."""

KNOWN_FOR_GOOD: SQL = sa.literal_column("timestamptz 'infinity'", sa.DateTime(timezone=True))
UNBOUNDED: SQL = sa.func.daterange(sa.null(), sa.null(), type_=DATERANGE)


def day_asked(row: Frame) -> SQL:
    """Return the requested day, today by default."""
    return sa.func.coalesce(row.as_of, TODAY)


def reading_asked(row: Frame) -> SQL:
    """Return the requested reading."""
    return sa.type_coerce(sa.func.coalesce(row.reading, Reading.VALID.value), map_enum(Reading))


def _in_knowledge(row: Any, audience: Audience, as_of: SQL, reading: SQL) -> SQL:
    """Return whether a period, or a version of a record, belongs to the requested knowledge."""
    if audience not in LOOKING_BACK:
        return is_known_today(row)
    next_day = sa.cast(sa.func.coalesce(as_of, TODAY), sa.DateTime) + sa.text("interval '1 day'")
    end_of_day = sa.func.timezone(COURT_TIME.key, next_day) - sa.text("interval '1 microsecond'")
    moment = sa.case((_is_known_then(reading, audience), end_of_day), else_=KNOWN_FOR_GOOD)
    return sa.func.range_contains_elem(row.known, moment, type_=sa.Boolean)


def _is_known_then(reading: SQL, audience: Audience) -> SQL:
    """Return whether the knowledge of the day is asked for, not today's (R26)."""
    return reading == Reading.KNOWN.value if audience in LOOKING_BACK else sa.false()


def _seen(period: Any, party_id: SQL, audience: Audience, as_of: SQL, reading: SQL) -> SQL:
    """Return whether a period is of the party, in the audience's perspective and the requested knowledge."""
    known = _in_knowledge(period, audience, as_of, reading)
    return sa.and_(period.party_id == party_id, period.perspective == perspective(audience), known)


def is_current(period: Any, party_id: Operand, audience: Audience) -> SQL:
    """Return whether a period is the party's present one, in the audience's perspective."""
    day = sa.func.range_contains_elem(period.during, TODAY)
    return sa.and_(
        period.party_id == party_id, period.perspective == perspective(audience), is_known_today(period), day
    )


def period_of(party: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """Return the period of a party that covers the day, of the court's perspective or the outside one (R13).

    A party without periods is green. The day is compared by a function, not an operator: a party has few periods, and
    the primary key and the index of current periods are faster than the index of the exclusion constraint.
    """
    day, known_then = sa.func.coalesce(arguments["as_of"], TODAY), _is_known_then(arguments["reading"], audience)
    ordinary = _period_of(party, audience, arguments)
    card = find_colour(party, audience, day, ~known_then)
    if card is None:
        return ordinary
    holds, colour, during = card
    own = sa.type_coerce(party.id, sa.BigInteger).label("party_id")
    carded = sa.select(own, colour.label("colour"), during.label("during")).where(holds)
    return sa.select(sa.union_all(carded, ordinary.where(~holds)).subquery("period"))


def _period_of(party: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    period, one = aliased(models.CodePeriod), sa.select(sa.literal(1).label("one")).subquery("one")
    covers = sa.and_(
        _seen(period, party.id, audience, arguments["as_of"], arguments["reading"]),
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
    day = day_asked(code)
    return sa.and_(record.party_id == code.party_id, record.effective_on <= day, has_not_ended(record, day))


def records_of(code: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """Return a party's records as of the requested knowledge. Annulled records are excluded, and outside the court
    those that have vanished."""
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
    """The row type's key: a colour of a party and its days."""


def history_of(code: Frame, audience: Audience, arguments: Mapping[str, SQL]) -> sa.Select[Any]:
    """Return the periods of a party, of the court's perspective or the outside one."""
    period = aliased(models.CodePeriod)
    columns = (period.party_id, period.colour, _bound(sa.func.lower(period.during)).label("from_day"))
    until = _bound(sa.func.upper(period.during)).label("until_day")
    seen = _seen(period, code.party_id, audience, code.as_of, code.reading)
    ordinal = sa.func.row_number().over(order_by=sa.func.lower(period.during).asc().nulls_first()).label("ordinal")
    return sa.select(*columns, until, ordinal).where(seen)


def perspective(audience: Audience) -> Perspective:
    """Return the perspective of an audience (R13, R16)."""
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
    """The court, and litigants about themselves; for others an ended record and its colour do not exist (R10)."""
    return EVERYBODY if audience in LOOKING_BACK else NOBODY


def next_colour(row: Frame, audience: Audience) -> SQL:
    """Return the colour after the next change that is already certain; null if there is none."""
    later = aliased(models.CodePeriod)
    end: SQL = sa.func.upper(row.during)
    known = _seen(later, row.party_id, audience, row.as_of, row.reading)
    follows = sa.and_(known, sa.func.lower(later.during) == end)
    following = sa.select(later.colour).where(follows).scalar_subquery()
    green = sa.literal(Colour.GREEN, models.CodePeriod.colour.type)
    return sa.case((end.is_not(None), sa.func.coalesce(following, green)))


def begins_on(row: Frame, audience: Audience) -> SQL:
    """Return the first day of the colour; null if it has no beginning. Outside the court an ended record does not exist
    (R10): the colour begins with the oldest running record."""
    if audience in LOOKING_BACK:
        return _bound(sa.func.lower(row.during))
    record = aliased(models.CodeRecord)
    running = sa.and_(may_see_code_record(Frame(record), audience), record.colour == row.colour)
    oldest = sa.select(sa.func.min(record.effective_on)).where(record.party_id == row.party_id, running)
    return oldest.scalar_subquery()


def changes_on(row: Frame, audience: Audience) -> SQL:
    """Return the day of the next change that is already certain; null if there is none."""
    return _bound(sa.func.upper(row.during))


def _bound(bound: SQL) -> SQL:
    return sa.type_coerce(bound, sa.Date())
