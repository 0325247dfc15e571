"""Statistics: grouped counts and sums over one source, in one statement. The grouping is a bind parameter: every
dimension is in the statement, and null unless requested.

Others than courts get sums of published cells (`resolvers.oversight.published_cells`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.opaque import pad_key
from engine.declare.relations import About, Frame, Order, Prepared, Relation, Root
from engine.declare.sql import SQL
from engine.load.errors import BadInputError
from resolvers.oversight.published_cells import check_period, select_cells, sum_cells
from resolvers.oversight.statistics_dimensions import CHOSEN, list_values
from resolvers.oversight.statistics_sources import ASKED, KEYS, select_counted
from resolvers.register.subject_keys import check_text
from resolvers.visibility.audiences import EVERYBODY
from resolvers.visibility.reach import is_at_or_below

MOST_GROUPS = 1_000


class Statistic:
    """The row type's key: a group."""


def select_groups(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each group, the largest first, with the total number of groups."""
    things = sa.union_all(*select_counted(audience)).subquery("counted").c
    exact = audience is Audience.COURT
    counted = things if exact else select_cells(things, list_filters(things)).c
    dimensions, measures = _dimensions(counted), _measures(counted) if exact else sum_cells(counted)
    order = sa.func.row_number().over(order_by=(measures["count"].desc(), *dimensions.values()))
    labelled = [value.label(name) for name, value in {**dimensions, **measures}.items()]
    total = sa.cast(sa.func.count().over(), sa.Integer)
    grouped = sa.select(*labelled, order.label("ordinal"), total.label("group_count"))
    found = _shown(grouped.group_by(*dimensions.values()), things, measures, exact).subquery("grouped")
    return sa.select(found).where(found.c.ordinal <= ASKED["first"]).subquery("groups")


def _shown(grouped: sa.Select[Any], things: Any, measures: Mapping[str, SQL], exact: bool) -> sa.Select[Any]:
    """Filter the rows of exact figures, and leave out the published groups that are rounded to nothing."""
    return grouped.where(*list_filters(things)) if exact else grouped.having(measures["count"] > 0)


def _measures(things: Any) -> Mapping[str, SQL]:
    """Return the exact figures of a group."""
    count, subjects = sa.func.count(), sa.func.count(things.subject.distinct())
    amount = sa.cast(sa.func.sum(things.amount), sa.Numeric(18, 2))
    points = sa.cast(sa.func.sum(things.points), sa.BigInteger)
    return {"count": count, "subjects": subjects, "points": points, "amount": amount}


def _dimensions(counted: Any) -> Mapping[str, SQL]:
    """Return the values of the dimensions by name, null unless requested."""
    asked, values = ASKED["group_by"], list_values(counted)
    return {
        name.value.lower(): sa.case((sa.literal(name.value, sa.Text) == sa.any_(asked), value))
        for name, value in values.items()
    }


def list_filters(things: Any) -> Sequence[SQL]:
    """Return the conditions of the filter."""
    equal = (sa.or_(ASKED[name].is_(None), getattr(things, name) == ASKED[name]) for name in CHOSEN)
    return [
        *equal,
        sa.or_(ASKED["court_code"].is_(None), is_at_or_below(things.court_code, ASKED["court_code"])),
        sa.or_(ASKED["from_day"].is_(None), things.day >= ASKED["from_day"]),
        sa.or_(ASKED["to_day"].is_(None), things.day <= ASKED["to_day"]),
    ]


def may_see_statistic(row: Frame, audience: Audience) -> SQL:
    """Every caller; the counted rows are narrowed."""
    return EVERYBODY


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the values of the arguments. Raises BadInputError."""
    if not 1 <= arguments["first"] <= MOST_GROUPS:
        raise BadInputError(f"`first` must be 1 to {MOST_GROUPS}.")
    chosen = arguments["filter"]
    if context.view.audience is not Audience.COURT:
        check_period(arguments["group_by"], chosen and chosen.from_day, chosen and chosen.to_day)
    values = {name: getattr(chosen, name) if chosen else None for name in ("from_day", "to_day")}
    enums = {name: getattr(chosen, name) if chosen else None for name in ("stage", "colour", "outcome", "court_code")}
    texts = {name: check_text(value and str(value), name) for name, value in enums.items()}
    noise = dict(zip(("noise_inner", "noise_outer"), pad_key(context.keyring.noise_key), strict=True))
    group_by = sorted({dimension.value for dimension in arguments["group_by"]})
    asked = {"of": arguments["of"].value, "group_by": group_by, "first": arguments["first"]}
    return Prepared({**asked, **values, **texts, **noise})


ROOT = Root(
    Relation(
        target=Statistic,
        on=lambda arguments, group: sa.true(),
        keys=KEYS,
        many=True,
        orders={"LARGEST": Order(("ordinal",))},
        assumed=50,
    ),
    About(),
    prepare,
)
COURT = Relation(target=models.Court, on=lambda group, court: group.court == court.code, keys={"court": sa.Text()})
