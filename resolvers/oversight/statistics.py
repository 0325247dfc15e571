"""Figures for dashboards: counts and sums over one kind of thing, grouped, in one statement.

What is grouped by is a value and no shape: each dimension is in every statement, and empty unless it is asked for.
"""

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
from resolvers.register.subjects import check_text
from resolvers.visibility.audiences import EVERYBODY
from resolvers.visibility.reach import at_or_below

MOST_GROUPS = 1_000
LEAST_SUBJECTS = 5
"""Groups of fewer subjects are told only to courts. Others get numbers rounded to so many, so that no two groups differ
by a person, and no sums, which would differ all the same."""


class Dimension(StrEnum):
    """What is grouped by."""

    COURT = "COURT"
    STAGE = "STAGE"
    BEHAVIOUR = "BEHAVIOUR"
    COLOUR = "COLOUR"
    OUTCOME = "OUTCOME"
    MONTH = "MONTH"
    DAY = "DAY"


class Statistic:
    """The row type's key: one group."""


def select_groups(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """One row for each group, the largest first; each knows how many there are, however many are asked for."""
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
    """What a group comes to, for those who may see whom it is made of, and for others."""
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
    """A number to the nearest multiple of the least group."""
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
    yield sa.or_(ASKED["court_code"].is_(None), at_or_below(things.court_code, ASKED["court_code"]))
    yield sa.or_(ASKED["from_day"].is_(None), things.day >= ASKED["from_day"])
    yield sa.or_(ASKED["to_day"].is_(None), things.day <= ASKED["to_day"])


# --- the root ---------------------------------------------------------------------------------------------------------


def may_see_statistic(row: Frame, audience: Audience) -> SQL:
    """Whoever may ask is answered; what is counted is narrowed where it is read."""
    return EVERYBODY


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """The values of a question. Raises BadInputError."""
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
