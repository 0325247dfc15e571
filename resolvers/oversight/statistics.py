"""Statistics: grouped counts and sums over one source, in one statement. The grouping is a bind parameter: every
dimension is in the statement, and null unless requested."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import About, Frame, Order, Prepared, Relation, Root
from engine.declare.sql import SQL
from engine.load.errors import BadInputError
from resolvers.oversight.statistics_sources import ASKED, KEYS, select_counted
from resolvers.register.subject_keys import check_text
from resolvers.visibility.audiences import EVERYBODY
from resolvers.visibility.reach import is_at_or_below

MOST_GROUPS = 1_000
LEAST_SUBJECTS = 5
"""Smaller groups are shown to courts only. Other audiences get numbers rounded to multiples of this, and no sums, so
that two groups never differ by one person."""


class Dimension(StrEnum):
    """A dimension of grouping."""

    COURT = "COURT"
    STAGE = "STAGE"
    BEHAVIOUR = "BEHAVIOUR"
    COLOUR = "COLOUR"
    OUTCOME = "OUTCOME"
    MONTH = "MONTH"
    DAY = "DAY"


class Statistic:
    """The row type's key: a group."""


def select_groups(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each group, the largest first, with the total number of groups."""
    things = sa.union_all(*select_counted(audience)).subquery("counted").c
    dimensions = {name.value.lower(): value for name, value in _dimensions(things).items()}
    measures = _measures(things, audience)
    order = sa.func.row_number().over(order_by=(measures["count"].desc(), *dimensions.values()))
    labelled = [value.label(name) for name, value in {**dimensions, **measures}.items()]
    total = sa.cast(sa.func.count().over(), sa.Integer)
    grouped = sa.select(*labelled, order.label("ordinal"), total.label("group_count"))
    large = grouped.where(*_filters(things)).group_by(*dimensions.values())
    if audience is not Audience.COURT:
        large = large.having(sa.func.count(things.subject.distinct()) >= LEAST_SUBJECTS)
    found = large.subquery("grouped")
    return sa.select(found).where(found.c.ordinal <= ASKED["first"]).subquery("groups")


def _measures(things: Any, audience: Audience) -> Mapping[str, SQL]:
    """Return the figures of a group: exact for courts, rounded for others."""
    count, subjects = sa.func.count(), sa.func.count(things.subject.distinct())
    if audience is not Audience.COURT:
        nothing: Mapping[str, SQL] = {
            "points": sa.cast(sa.null(), sa.BigInteger),
            "amount": sa.cast(sa.null(), sa.Numeric(18, 2)),
        }
        return {"count": _rounded(count), "subjects": _rounded(subjects), **nothing}
    amount = sa.cast(sa.func.sum(things.amount), sa.Numeric(18, 2))
    points = sa.cast(sa.func.sum(things.points), sa.BigInteger)
    return {"count": count, "subjects": subjects, "points": points, "amount": amount}


def _rounded(number: SQL) -> SQL:
    """Round to the nearest multiple of LEAST_SUBJECTS."""
    return (number + LEAST_SUBJECTS // 2) // LEAST_SUBJECTS * LEAST_SUBJECTS


def _dimensions(things: Any) -> Mapping[Dimension, SQL]:
    values = {
        Dimension.COURT: things.court_code,
        Dimension.STAGE: things.stage,
        Dimension.BEHAVIOUR: things.behaviour,
        Dimension.COLOUR: things.colour,
        Dimension.OUTCOME: things.outcome,
        Dimension.MONTH: sa.cast(sa.func.date_trunc("month", things.day), sa.Date),
        Dimension.DAY: things.day,
    }
    asked = ASKED["group_by"]
    return {name: sa.case((sa.literal(name.value, sa.Text) == sa.any_(asked), value)) for name, value in values.items()}


def _filters(things: Any) -> Iterator[SQL]:
    for name in ("stage", "colour", "outcome"):
        yield sa.or_(ASKED[name].is_(None), getattr(things, name) == ASKED[name])
    yield sa.or_(ASKED["court_code"].is_(None), is_at_or_below(things.court_code, ASKED["court_code"]))
    yield sa.or_(ASKED["from_day"].is_(None), things.day >= ASKED["from_day"])
    yield sa.or_(ASKED["to_day"].is_(None), things.day <= ASKED["to_day"])


def may_see_statistic(row: Frame, audience: Audience) -> SQL:
    """Every caller; the counted rows are narrowed."""
    return EVERYBODY


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the values of the arguments. Raises BadInputError."""
    if not 1 <= arguments["first"] <= MOST_GROUPS:
        raise BadInputError(f"`first` must be 1 to {MOST_GROUPS}.")
    chosen = arguments["filter"]
    values = {name: getattr(chosen, name) if chosen else None for name in ("from_day", "to_day")}
    enums = {name: getattr(chosen, name) if chosen else None for name in ("stage", "colour", "outcome", "court_code")}
    texts = {name: check_text(value and str(value), name) for name, value in enums.items()}
    group_by = sorted({dimension.value for dimension in arguments["group_by"]})
    return Prepared({"of": arguments["of"].value, "group_by": group_by, "first": arguments["first"], **values, **texts})


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
