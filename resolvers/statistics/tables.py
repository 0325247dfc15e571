"""The rows that statistics count, with common columns, and the bind parameters of a question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

import models
from engine.declare.sql import SQL
from engine.load.statements import ARGUMENT
from models.terms import COURT_TIME
from resolvers.statistics.dimensions import CHOSEN, MADE_OF, PERIODS, TEXTS, Dimension, Quantity, StatisticsMeasure

KEYS: Mapping[str, TypeEngine[Any]] = {
    "of": sa.Text(),
    "group_by": sa.ARRAY(sa.Text()),
    "needed": sa.ARRAY(sa.Text()),
    "first": sa.Integer(),
    "court_code": sa.Text(),
    "from_day": sa.Date(),
    "to_day": sa.Date(),
    "before_from": sa.Date(),
    "before_to": sa.Date(),
    "shifts": sa.ARRAY(sa.Integer()),
    "last_shift": sa.Integer(),
    "days": sa.ARRAY(sa.Date()),
    **{dimension.column: sa.Text() for dimension in CHOSEN},
    "least_count": sa.Integer(),
    "sort_key": sa.Text(),
    "descending": sa.Boolean(),
    "noise_inner": sa.LargeBinary(),
    "noise_outer": sa.LargeBinary(),
}
"""The values of a question. needed: the dimensions that are grouped by or filtered. days: those of COLOURS."""

ASKED: Mapping[str, SQL] = {name: sa.bindparam(ARGUMENT + name, type_=type_) for name, type_ in KEYS.items()}

COLUMNS: Mapping[str, TypeEngine[Any]] = {
    **{dimension.column: sa.Text() for dimension in TEXTS},
    "day": sa.Date(),
    "subject_key": sa.Text(),
    "weight": sa.BigInteger(),
    Quantity.POINTS.value: sa.BigInteger(),
    Quantity.AMOUNT.value: sa.Numeric(18, 2),
    Quantity.LENT.value: sa.Numeric(18, 2),
    Quantity.REPAID.value: sa.Numeric(18, 2),
    Quantity.DAYS.value: sa.Integer(),
    Quantity.SUCCESS.value: sa.Boolean(),
}
"""The columns of every table; null where a table has none. `court` is a court's code, `subject` a party's key."""


@dataclass(frozen=True)
class CountedTable:
    """The rows of one table that a source counts, as SQL.

    rows: the FROM clause and its conditions, without columns. day: the day in whose month a row is counted. court: the
    code of its court; None if it is of no court. party: the key of its subject. subject: what tells subjects apart, if
    it is not `party`. weight: how many subjects a row stands for; None for itself. by: values of further dimensions.
    public: the condition of the rows that others than courts may count; None if they may count none.
    """

    rows: sa.Select[Any]
    day: Any
    court: Any = None
    party: Any = None
    subject: Any = None
    weight: Any = None
    by: Mapping[Dimension, Any] = field(default_factory=dict)
    quantities: Mapping[Quantity, Any] = field(default_factory=dict)
    public: Any = None

    @property
    def values(self) -> Mapping[Dimension, Any]:
        """The values of its dimensions, except the periods."""
        court = {} if self.court is None else {Dimension.COURT: self.court}
        return {**court, **self.by, **self._values_of_party}

    @property
    def _values_of_party(self) -> Mapping[Dimension, Any]:
        if self.party is None:
            return {}
        party = aliased(models.Party)
        kind = sa.select(party.kind).where(party.id == self.party).scalar_subquery()
        asked = is_among(Dimension.SUBJECT_KIND, ASKED["needed"])
        return {Dimension.SUBJECT_KIND: sa.case((asked, kind)), Dimension.SUBJECT: self.party}

    @property
    def dimensions(self) -> frozenset[Dimension]:
        """What its rows can be grouped by."""
        return frozenset({*self.values, *PERIODS})

    @property
    def measures(self) -> frozenset[StatisticsMeasure]:
        """What can be measured of its rows."""
        return frozenset(one for one in StatisticsMeasure if one not in MADE_OF or MADE_OF[one] in self.quantities)

    def select(self) -> sa.Select[Any]:
        """Select the common columns."""
        subject = self.party if self.subject is None else self.subject
        given = {
            **{dimension.column: value for dimension, value in self.values.items()},
            **{quantity.value: value for quantity, value in self.quantities.items()},
            **({} if subject is None else {"subject_key": subject}),
            **({} if self.weight is None else {"weight": self.weight}),
            "day": self.day,
        }
        columns = (sa.cast(given.get(name, sa.null()), type_).label(name) for name, type_ in COLUMNS.items())
        return self.rows.with_only_columns(*columns, maintain_column_froms=True)


def is_among(name: str, names: SQL) -> SQL:
    """Return whether a name is in an array."""
    found: SQL = sa.literal(str(name), sa.Text) == sa.any_(names)
    return found


def to_day(moment: Any) -> SQL:
    """Return the court's day of a time."""
    return sa.cast(sa.func.timezone(COURT_TIME.key, moment), sa.Date)


def to_moment(day: SQL) -> SQL:
    """Return the time at which a day of the court begins."""
    return sa.func.timezone(COURT_TIME.key, sa.cast(sa.cast(day, sa.Date), sa.DateTime))


def name_open(outcome: Any) -> SQL:
    """Return an outcome; OPEN if there is none yet."""
    found = sa.func.coalesce(sa.cast(outcome, sa.Text), sa.literal("OPEN", sa.Text))
    return sa.type_coerce(found, sa.Enum("OPEN", *outcome.type.enums, native_enum=False))


def name_state(*states: tuple[Any, str], otherwise: str) -> SQL:
    """Return the first state whose condition holds."""
    names = [name for _, name in states]
    found = sa.case(*((condition, sa.literal(name, sa.Text)) for condition, name in states), else_=otherwise)
    return sa.type_coerce(found, sa.Enum(*names, otherwise, native_enum=False))
