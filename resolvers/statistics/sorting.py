"""The order of groups, by one bind parameter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.declare.sql import SQL
from resolvers.statistics.tables import ASKED


def sort_groups(dimensions: Mapping[str, SQL], measures: Mapping[str, SQL]) -> Sequence[Any]:
    """Return the requested order, then the largest first, then by the dimensions. Null comes last."""
    by_text, by_number = _choose(dimensions, sa.Text()), _choose(measures, sa.Numeric())
    return [*_sort(by_text), *_sort(by_number), measures["count"].desc(), *dimensions.values()]


def _choose(columns: Mapping[str, SQL], type_: Any) -> SQL:
    """Return the column that is ordered by; null if it is not one of these."""
    keys = ((ASKED["sort_key"] == name.upper(), sa.cast(column, type_)) for name, column in columns.items())
    return sa.case(*keys)


def _sort(key: SQL) -> Iterator[Any]:
    yield sa.case((~ASKED["descending"], key)).asc().nulls_last()
    yield sa.case((ASKED["descending"], key)).desc().nulls_last()
