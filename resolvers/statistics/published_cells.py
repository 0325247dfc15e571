"""Figures for others than courts: sums of published cells, and of nothing else.

A cell is one month of one court, stage, behaviour, colour and outcome of one source. Its two numbers are rounded at
random to one of the two nearest multiples of BASE, in such a way that the expected value is the number itself (random
rounding, as statistical offices do it). The random part is an HMAC of the cell's name, so it is the same in every
answer. Every figure, whatever its grouping, filter and period, is a sum of the same rounded cells: shifting a period,
taking differences, and asking again give the rounded numbers of cells and never more.
A month is published when it is over. See docs/adr/0032.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from engine.declare.opaque import hash_in_sql
from engine.declare.sql import SQL
from resolvers.statistics.dimensions import PERIODS, Dimension, first_of_month
from resolvers.statistics.tables import ASKED
from resolvers.view import TODAY

BASE = 5
CELL = (Dimension.COURT, Dimension.STAGE, Dimension.BEHAVIOUR, Dimension.COLOUR, Dimension.OUTCOME)
"""What names a cell, beside its source and month."""

SAME = (Dimension.ITEM, Dimension.AUDIENCE, Dimension.CODE_TYPE, Dimension.ROLE, Dimension.STATUS, Dimension.RESULT)
"""Dimensions that are BEHAVIOUR or OUTCOME of their source by another name, so that they divide no cell."""

PUBLISHED = frozenset({*CELL, *SAME, *PERIODS})


def select_cells(things: Any, conditions: Sequence[SQL]) -> Any:
    """Select the published cells of rows that hold these conditions, which must hold of whole cells.

    Columns: those of the cell; `day`, the first of its month; `count_of_cell`, `subjects_of_cell`, multiples of BASE.
    """
    month = first_of_month(things.day)
    named = [*(getattr(things, dimension.column) for dimension in CELL), month]
    same = [getattr(things, dimension.column) for dimension in SAME]
    count, subjects = sa.func.count(), sa.func.count(things.subject_key.distinct())
    published = (_round(count, named).label("count_of_cell"), _round(subjects, named).label("subjects_of_cell"))
    query = sa.select(*named[:-1], *same, month.label("day"), *published)
    over = things.day < first_of_month(TODAY)
    return query.where(over, *conditions).group_by(*named, *same).subquery("cells")


def _round(number: SQL, cell: Sequence[SQL]) -> SQL:
    """Return SQL for a number of a cell, rounded up with the probability of its remainder."""
    name = sa.cast(sa.func.jsonb_build_array(ASKED["of"], *cell), sa.Text)
    octets = hash_in_sql(
        sa.func.convert_to(name, "UTF8", type_=sa.LargeBinary), ASKED["noise_inner"], ASKED["noise_outer"]
    )
    chance = sa.func.get_byte(octets, 0, type_=sa.Integer) % BASE
    return (number + chance) // BASE * BASE
