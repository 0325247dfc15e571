"""The root of statistics: a question, and the groups of its answer."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.opaque import pad_key
from engine.declare.relations import About, Frame, Order, Prepared, Relation, Root
from engine.declare.sql import SQL
from resolvers.register.subject_keys import check_text
from resolvers.statistics.dimensions import CHOSEN
from resolvers.statistics.periods import read_times
from resolvers.statistics.questions import Question, list_needed, read_filters
from resolvers.statistics.tables import KEYS
from resolvers.visibility.audiences import EVERYBODY


class Statistic:
    """The row type's key: a group."""


def may_see_statistic(row: Frame, audience: Audience) -> SQL:
    """Every caller; the counted rows are narrowed."""
    return EVERYBODY


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the values of the arguments. Raises BadInputError."""
    chosen, order, group_by = arguments["filter"], arguments["order_by"], set(arguments["group_by"])
    filters = {one: str(check_text(value, one.column)) for one, value in read_filters(chosen).items()}
    question = Question(
        context.view.audience,
        arguments["of"],
        arguments["first"],
        group_by,
        filters,
        order.by.value if order else None,
        chosen.least_count if chosen else None,
    )
    question.check()
    times = read_times(question.of, group_by, chosen, arguments["months_before"], context.view.today)
    if not question.is_exact:
        times.period.check_months()
    noise = dict(zip(("noise_inner", "noise_outer"), pad_key(context.keyring.noise_key), strict=True))
    return Prepared(
        {
            "of": question.of.value,
            "group_by": sorted(one.value for one in group_by),
            "needed": list_needed(group_by, filters),
            "first": question.first,
            "court_code": check_text(chosen.court_code, "courtCode") if chosen else None,
            "from_day": times.period.first,
            "to_day": times.period.last,
            "before_from": times.before.first,
            "before_to": times.before.last,
            "shifts": [0, times.months] if times.months else [0],
            "last_shift": times.months or 0,
            "days": times.days,
            **{one.column: filters.get(one) for one in CHOSEN},
            "least_count": question.least_count,
            "sort_key": question.sort_key,
            "descending": bool(order and order.descending),
            **noise,
        }
    )


ROOT = Root(
    Relation(
        target=Statistic,
        on=lambda arguments, group: sa.true(),
        keys=KEYS,
        many=True,
        orders={"ORDER": Order(("ordinal",))},
        assumed=50,
    ),
    About(),
    prepare,
)
COURT = Relation(target=models.Court, on=lambda group, court: group.court == court.code, keys={"court": sa.Text()})
PARTY = Relation(
    target=models.Party, on=lambda group, party: group.party_id == party.id, keys={"party_id": sa.BigInteger()}
)
