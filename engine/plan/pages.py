"""Pages of rows in a statement (Relay)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine.declare.opaque import seal_in_sql
from engine.declare.paging import write_place
from engine.declare.sql import SQL
from engine.plan.arguments import PageShape
from engine.plan.levels import Level

PLACE = "_place"
ONE_GROUP = sa.literal_column("true", sa.Boolean)
"""As a HAVING condition, it makes a select return one row for the whole page, even without aggregates."""


@dataclass
class PageOf:
    """A page of a relation."""

    level: Level
    shape: PageShape
    order: Sequence[SQL]
    sorted: Sequence[SQL]
    count: sa.Select[Any]
    first: SQL
    numbered: bool

    @property
    def shown(self) -> SQL | None:
        """The condition for rows of the page, without the one after it. None if that one is not fetched."""
        return self.number <= self.first if self.numbered else None

    @property
    def number(self) -> SQL:
        """The number of a row in its page, from one."""
        return getattr(self.level.frame, PLACE)  # type: ignore[no-any-return]  # SQL

    @property
    def subjects(self) -> SQL | None:
        """SQL for the subjects of the page's rows, aggregated."""
        if self.level.subjects is None:
            return None
        found = sa.func.string_agg(self.level.subjects, ",")
        return found if self.shown is None else found.filter(self.shown)

    def build_more(self) -> SQL:
        """Return SQL for whether another page follows, aggregated."""
        return sa.func.coalesce(sa.func.bool_or(self.number > self.first), sa.false())

    def build_cursor(self, end: bool) -> SQL:
        """Return SQL for the cursor of the first or the last row, aggregated."""
        chosen = self.number <= self.first if end else self.number == 1
        columns = [self._last(column, chosen) for column in self.order]
        return sa.case((sa.func.bool_or(chosen), seal_in_sql(write_place(self.shape.order, columns))))

    def _last(self, column: SQL, chosen: SQL) -> SQL:
        """Return SQL for the column in the last of the chosen rows, aggregated."""
        rows = sa.func.array_agg(aggregate_order_by(column, self.number.desc())).filter(chosen)
        return sa.type_coerce(rows, sa.ARRAY(column.type))[1]
