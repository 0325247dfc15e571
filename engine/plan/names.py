"""Unique names of FROM elements.

Columns are written with these names, such as `r1.points`, and are valid at any depth. The correlation of SQLAlchemy
reaches only one level up.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.sql import SQL


class Named:
    """The columns of a FROM element by the names that frames use."""

    def __init__(self, alias: str, columns: Mapping[str, tuple[str, TypeEngine[Any]]]) -> None:
        self._alias, self._columns = alias, columns

    def __getattr__(self, name: str) -> SQL:
        try:
            column, type_ = self._columns[name]
        except KeyError:
            raise AttributeError(name) from None
        return sa.literal_column(f"{self._alias}.{column}", type_)

    def __iter__(self) -> Iterator[SQL]:
        return (getattr(self, name).label(name) for name in self._columns)


class Names:
    """Names the FROM elements of a statement."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def make_name(self) -> str:
        """Return an unused name."""
        return f"r{next(self._numbers)}"

    def take(self, source: Any) -> tuple[sa.FromClause, Named]:
        """Return the FROM element of a row type's source under a new name."""
        name = self.make_name()
        if isinstance(source, sa.Subquery):
            columns = {column.key: (column.name, column.type) for column in source.c}
            return source.element.subquery(name), Named(name, columns)
        mapper = sa.inspect(source).mapper
        columns = {kept.key: (kept.columns[0].name, kept.columns[0].type) for kept in mapper.column_attrs}
        return mapper.local_table.alias(name), Named(name, columns)

    def derive(self, select: sa.Select[Any], shared: bool = False) -> tuple[sa.FromClause, Named]:
        """Return a select as a FROM element under a new name. shared: whether several parts of a statement read it."""
        name = self.make_name()
        return _named(select.cte(name) if shared else select.subquery(name), name)

    def join(self, select: sa.Select[Any]) -> tuple[sa.FromClause, Named]:
        """Return a select as a lateral join under a new name."""
        name = self.make_name()
        return _named(select.lateral(name), name)


def _named(found: sa.FromClause, name: str) -> tuple[sa.FromClause, Named]:
    return found, Named(name, {column.key: (column.name, column.type) for column in found.c})
