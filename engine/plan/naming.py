"""FROM elements under names of their own, and frames that read their columns by name.

A column is written as `r1.points`, so that it means the same at any depth below its FROM element: nothing is left to
SQLAlchemy's correlation, which reaches one level up.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.sql import SQL


class Named:
    """A FROM element's columns, by the names that frames read them by."""

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
    """Gives each FROM element of a statement its name."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        """A name that no other FROM element has."""
        return f"r{next(self._numbers)}"

    def take(self, source: Any) -> tuple[sa.FromClause, Named]:
        """The FROM element of a row type's source, under a new name."""
        name = self.new()
        if isinstance(source, sa.Subquery):
            columns = {column.key: (column.name, column.type) for column in source.c}
            return source.element.subquery(name), Named(name, columns)
        mapper = sa.inspect(source).mapper
        columns = {kept.key: (kept.columns[0].name, kept.columns[0].type) for kept in mapper.column_attrs}
        return mapper.local_table.alias(name), Named(name, columns)

    def derive(self, select: sa.Select[Any], shared: bool = False) -> tuple[sa.FromClause, Named]:
        """A select as a FROM element under a new name; `shared` by several parts of the statement and read once."""
        name = self.new()
        found = select.cte(name) if shared else select.subquery(name)
        return found, Named(name, {column.key: (column.name, column.type) for column in found.c})
