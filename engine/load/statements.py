"""SELECT statements of relations, for many parents at once, and of roots."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.paging import Page, list_order_columns, sort_by, start_after, write_cursor
from engine.declare.relations import About, Audience, Frame, Relation, RowType
from engine.declare.sql import SQL
from engine.engine import Engine

ARGUMENT = "argument_"
KEYS = "keys_"


def make_argument_parameters(types: Mapping[str, TypeEngine[Any]]) -> dict[str, SQL]:
    """Return bind parameters for the arguments of a relation."""
    return {name: sa.bindparam(ARGUMENT + name, type_=type_) for name, type_ in types.items()}


def name_argument_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `make_argument_parameters`."""
    return {ARGUMENT + name: value for name, value in values.items()}


def name_key_values(relation: Relation, keys: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the values of the parents' keys, as one array for each key."""
    return {KEYS + name: [key[place] for key in keys] for place, name in enumerate(relation.keys)}


@lru_cache(1024)
def get_query(engine: Engine, relation: Relation, audience: Audience, *, root: bool = False) -> "RelationQuery":
    """Return the query of a relation. It contains no values of a request."""
    return RelationQuery(engine.get_row_type(relation), relation, audience, root=root)


class RelationQuery:
    """The query of one relation for one audience."""

    def __init__(self, row_type: RowType, relation: Relation, audience: Audience, *, root: bool = False) -> None:
        self.row_type, self.relation, self.audience = row_type, relation, audience
        arguments = make_argument_parameters(relation.arguments)
        self.parents = None if root else self._parents()
        self.parent = (
            Frame(self.parents) if self.parents is not None else Frame(None, make_argument_parameters(relation.keys))
        )
        made = relation.source(self.parent, audience, arguments).lateral("made") if relation.source else None
        self.source = self.row_type.source(audience, arguments) if made is None else made
        self.child = Frame(self.source, arguments)
        self._rows: dict[About | None, sa.Select[Any]] = {}

    def _parents(self) -> sa.FromClause:
        types = self.relation.keys.items()
        arrays = [sa.bindparam(KEYS + name, type_=sa.ARRAY(type_)) for name, type_ in types]
        columns = [sa.column(name, type_) for name, type_ in types]
        keys = sa.func.unnest(*arrays).table_valued(*columns, with_ordinality="ordinal", name="keys")
        return keys.render_derived()

    @property
    def ordinal(self) -> SQL | None:
        """The number of a row's parent, from one; None for a root."""
        return None if self.parents is None else self.parents.c.ordinal

    def build_conditions(self, page: Page | None = None) -> list[SQL]:
        """Return the join condition, the row predicate, and the filters of a page."""
        on = self.relation.on(self.parent, self.child)
        filters = page.filters if page else ()
        return [
            on,
            self.row_type.seen_by(self.child, self.audience),
            *(self.relation.filters[name](self.child, value) for name, value in filters),
        ]

    def _select(self, columns: Sequence[SQL], where: Sequence[SQL]) -> sa.Select[Any]:
        ordinal = [] if self.ordinal is None else [self.ordinal.label("_ordinal")]
        parents = [] if self.parents is None else [self.parents]
        return sa.select(*ordinal, *columns).select_from(*parents, self.source).where(*where)

    def select_rows(self, about: About | None = None) -> sa.Select[Any]:
        """Return the statement for all rows in the relation's order. It is cached: building it takes longer than
        running it.
        """
        if about not in self._rows:
            self._rows[about] = self._made(about)
        return self._rows[about]

    def _made(self, about: About | None) -> sa.Select[Any]:
        columns = [*self.row_type.columns(self.child, self.audience), *self._about(about)]
        statement = self._select(columns, self.build_conditions())
        if not self.relation.many:
            return statement
        order = self.relation.order
        return statement.order_by(*sort_by(order, list_order_columns(order, self.child, self.row_type.key)))

    def select_page(self, page: Page, about: About | None = None) -> sa.Select[Any]:
        """Return the statement for one page of each parent, with cursors and one row more than requested."""
        order = self.relation.orders[page.order]
        places = list_order_columns(order, self.child, self.row_type.key)
        where = self.build_conditions(page)
        if page.after is not None:
            start = zip(places, page.after, strict=True)
            where.append(
                start_after(order, places, [sa.bindparam(None, value, type_=column.type) for column, value in start])
            )
        number = sa.func.row_number().over(
            partition_by=self.ordinal if self.ordinal is not None else None, order_by=sort_by(order, places)
        )
        columns = [*self.row_type.columns(self.child, self.audience), *self._about(about)]
        numbered = self._select(
            [*columns, write_cursor(page.order, places).label("_cursor"), number.label("_number")], where
        )
        found = numbered.subquery("page")
        return sa.select(found).where(found.c["_number"] <= page.first + 1).order_by(found.c["_number"])

    def select_count(self, page: Page) -> sa.Select[Any]:
        """Return the statement that counts the rows of each parent that match the filters of the page."""
        statement = self._select([sa.func.count().label("_count")], self.build_conditions(page))
        return statement if self.ordinal is None else statement.group_by(self.ordinal)

    def _about(self, about: About | None) -> list[SQL]:
        columns = about.columns(self.child) if about else {}
        return [column.label(f"_about_{name}") for name, column in columns.items()]
