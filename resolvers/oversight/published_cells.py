"""Figures for others than courts: sums of published cells, and of nothing else.

A cell is one month of one court, stage, behaviour, colour and outcome. Its two numbers are rounded at random to one of
the two nearest multiples of BASE, in such a way that the expected value is the number itself (random rounding, as
statistical offices do it). The random part is an HMAC of the cell's name, so it is the same in every answer. Every
figure, whatever its grouping, filter and period, is a sum of the same rounded cells: shifting a period, taking
differences, and asking again give the rounded numbers of cells and never more.
A month is published when it is over. See docs/adr/0032.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from engine.declare.opaque import hash_in_sql
from engine.declare.sql import SQL
from engine.load.errors import BadInputError
from resolvers.oversight.statistics_dimensions import Dimension, first_of_month
from resolvers.oversight.statistics_sources import ASKED
from resolvers.view import TODAY

BASE = 5
CELL = ("court_code", "stage", "behaviour", "colour", "outcome")
WHOLE_MONTHS = "Your figures are of whole months: begin with the first day of a month, and end with the last of one."
NO_DAYS = "Your figures are of whole months: group by MONTH. Days are for courts."
A_DAY = timedelta(days=1)


def check_period(group_by: Collection[Dimension], first: date | None, last: date | None) -> None:
    """Raise BadInputError unless the period begins and ends with a month, and days are not grouped by."""
    if Dimension.DAY in group_by:
        raise BadInputError(NO_DAYS)
    if (first and first.day != 1) or (last and last < date.max and (last + A_DAY).day != 1):
        raise BadInputError(WHOLE_MONTHS)


def select_cells(things: Any, conditions: Sequence[SQL]) -> Any:
    """Select the published cells of rows that hold these conditions, which must hold of whole cells.

    Columns: those of the cell; `day`, the first of its month; `count_of_cell`, `subjects_of_cell`, multiples of BASE.
    """
    month = first_of_month(things.day)
    cell = [*(getattr(things, name) for name in CELL), month]
    count, subjects = sa.func.count(), sa.func.count(things.subject.distinct())
    published = (_round(count, cell).label("count_of_cell"), _round(subjects, cell).label("subjects_of_cell"))
    query = sa.select(*cell[:-1], month.label("day"), *published)
    over = things.day < first_of_month(TODAY)
    return query.where(over, *conditions).group_by(*cell).subquery("cells")


def sum_cells(cells: Any) -> Mapping[str, SQL]:
    """Return the figures of a group of cells. Sums of points and amounts are for courts."""
    total = {
        name: sa.cast(sa.func.sum(getattr(cells, f"{name}_of_cell")), sa.BigInteger) for name in ("count", "subjects")
    }
    return {**total, "points": sa.cast(sa.null(), sa.BigInteger), "amount": sa.cast(sa.null(), sa.Numeric(18, 2))}


def _round(number: SQL, cell: Sequence[SQL]) -> SQL:
    """Return SQL for a number of a cell, rounded up with the probability of its remainder."""
    name = sa.cast(sa.func.jsonb_build_array(ASKED["of"], *cell), sa.Text)
    octets = hash_in_sql(
        sa.func.convert_to(name, "UTF8", type_=sa.LargeBinary), ASKED["noise_inner"], ASKED["noise_outer"]
    )
    chance = sa.func.get_byte(octets, 0, type_=sa.Integer) % BASE
    return (number + chance) // BASE * BASE
