"""Statistics: grouped figures of one source, in one statement. What is asked for are bind parameters: every source and
every dimension is in the statement, and null unless requested.

Others than courts get sums of published cells (`resolvers.statistics.published_cells`)."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.sql import SQL
from engine.statement.compilation import precompile
from resolvers.statistics.dimensions import CHOSEN, TEXTS, Dimension, first_of_month
from resolvers.statistics.measures import measure, sum_cells
from resolvers.statistics.published_cells import select_cells
from resolvers.statistics.sorting import sort_groups
from resolvers.statistics.sources import select_counted, select_nothing
from resolvers.statistics.tables import ASKED, is_among
from resolvers.visibility.reach import is_at_or_below

BEFORE = "_before"
"""The suffix of the figures of the period before."""

SHIFT = sa.func.unnest(ASKED["shifts"]).table_valued(sa.column("months", sa.Integer), name="shift").render_derived()
"""0 for the period, and the months to the period before, if it is asked for. Each row is looked at with each."""


def select_groups(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each group in the requested order, with the total number of groups."""
    return _build(audience)


@cache
def _build(audience: Audience) -> Any:
    exact = audience is Audience.COURT
    things = sa.union_all(*select_counted(audience), *([select_nothing()] if exact else [])).subquery("counted")
    counted = things if exact else select_cells(things.c, _list_filters(things.c))
    dimensions, measures = _list_dimensions(counted.c), _list_measures(counted.c, exact=exact)
    grouped = sa.select(
        *(value.label(name) for name, value in {**dimensions, **measures}.items()),
        sa.func.row_number().over(order_by=sort_groups(dimensions, measures)).label("ordinal"),
        sa.cast(sa.func.count().over(), sa.Integer).label("group_count"),
    )
    grouped = grouped.join_from(counted, SHIFT, sa.or_(counted.c.day.is_(None), _is_in_period(counted.c.day)))
    if exact:
        grouped = grouped.where(sa.or_(counted.c.day.is_(None), sa.and_(*_list_filters(counted.c))))
    found = grouped.group_by(*dimensions.values()).having(*_list_limits(measures, exact=exact)).subquery("grouped")
    party_id = sa.cast(found.c.subject, sa.BigInteger).label("party_id")
    return precompile(sa.select(found, party_id).where(found.c.ordinal <= ASKED["first"])).subquery("groups")


def _list_dimensions(counted: Any) -> Mapping[str, SQL]:
    """Return the values of the dimensions by name, null unless requested."""
    month = first_of_month(counted.day + sa.func.make_interval(0, SHIFT.c.months))
    texts = {one: getattr(counted, one.column, sa.cast(sa.null(), sa.Text)) for one in TEXTS}
    values = {**texts, Dimension.MONTH: month, Dimension.DAY: counted.day}
    return {one.column: sa.case((is_among(one, ASKED["group_by"]), value)) for one, value in values.items()}


def _list_measures(counted: Any, *, exact: bool) -> Mapping[str, SQL]:
    """Return the figures of a group, in the period and in the period before."""
    make, some, asked = measure if exact else sum_cells, counted.day.is_not(None), ASKED["last_shift"] > 0
    before = make(counted, sa.and_(SHIFT.c.months > 0, some))
    return {
        **make(counted, sa.and_(SHIFT.c.months == 0, some)),
        **{f"{name}{BEFORE}": sa.case((asked, value)) for name, value in before.items()},
    }


def _list_limits(measures: Mapping[str, SQL], *, exact: bool) -> Sequence[SQL]:
    """Return the conditions of the groups that are listed. Published groups that are rounded to nothing are not."""
    least = measures["count"] >= sa.func.coalesce(ASKED["least_count"], 0)
    seen = measures["count"] + sa.func.coalesce(measures[f"count{BEFORE}"], 0) > 0
    return [least] if exact else [least, seen]


def _is_in_period(day: SQL) -> SQL:
    """Return whether a day is in the period, or in the one before, whose bounds may be open."""
    now = sa.and_(SHIFT.c.months == 0, _is_within(day, "from_day", "to_day"))
    return sa.or_(now, sa.and_(SHIFT.c.months > 0, _is_within(day, "before_from", "before_to")))


def _is_within(day: SQL, first: str, last: str) -> SQL:
    after = sa.or_(ASKED[first].is_(None), day >= ASKED[first])
    return sa.and_(after, sa.or_(ASKED[last].is_(None), day <= ASKED[last]))


def _list_filters(things: Any) -> Sequence[SQL]:
    """Return the conditions of the filter, without its period."""
    equal = (sa.or_(ASKED[one.column].is_(None), getattr(things, one.column) == ASKED[one.column]) for one in CHOSEN)
    return [*equal, sa.or_(ASKED["court_code"].is_(None), is_at_or_below(things.court, ASKED["court_code"]))]
