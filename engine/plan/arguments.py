"""The arguments of a root field and of everything below it: what varies from request to request.

Values are bound. What they change in the statement itself - which filters are given, which order, whether a page begins
after a cursor - is its shape: a statement is compiled for each shape that is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from graphql import FieldNode, GraphQLField, VariableNode
from graphql.execution.values import VariableValues, get_argument_values

from engine.declare.paging import Page, list_place_types, read_page
from engine.declare.relations import Relation, RowType
from engine.declare.sql import SQL
from engine.load.caller import LARGEST_PAGE, AnyCaller

Arguments = Mapping[str, Any]
ArgumentReader = Callable[[GraphQLField], Callable[[Arguments], Arguments]]
"""Makes what turns the coerced values of a field's arguments into what Python code expects."""


@dataclass(frozen=True)
class PageShape:
    """How a page is asked for, its values aside."""

    order: str
    after: bool
    filters: tuple[str, ...]


@dataclass(frozen=True)
class Argued:
    """A field with arguments, the `number`th of its plan."""

    number: int
    field: GraphQLField
    node: FieldNode
    convert: Callable[[Arguments], Arguments]

    def read(self, variables: VariableValues) -> Arguments:
        """The values of this request. Raises GraphQLError for one that does not fit its type."""
        return self.convert(get_argument_values(self.field, self.node, variables))

    @cached_property
    def constant(self) -> bool:
        """Whether no variable stands in the arguments."""
        return not any(_variables(argument.value) for argument in self.node.arguments or ())


def _variables(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    inner = [*(getattr(value, "values", None) or ()), *(field.value for field in getattr(value, "fields", None) or ())]
    return any(_variables(one) for one in inner)


@dataclass(frozen=True)
class ArguedEdge:
    """An edge with arguments: a page, or a relation that reads some. largest_page: rows that the page may have."""

    argued: Argued
    relation: Relation
    row_type: RowType
    largest_page: int = LARGEST_PAGE

    def _name(self, name: str) -> str:
        return f"edge_{self.argued.number}_{name}"

    def read(self, variables: VariableValues, caller: AnyCaller) -> "Read":
        """The shape of the page, if it is one, and the values. Raises BadPageSizeError, BadCursorError."""
        arguments = self.argued.read(variables)
        values = {self._name(name): arguments.get(name) for name in self.relation.arguments}
        if not self.relation.connection:
            return None, values
        page = read_page(self.row_type, self.relation, arguments, caller.opaque_key, self.largest_page)
        return _shape(page), values | {self._name(name): value for name, value in _page_values(page)}

    def binds(self) -> dict[str, SQL]:
        """What stands in the statement for the relation's own arguments."""
        types = self.relation.arguments.items()
        return {name: sa.bindparam(self._name(name), type_=type_) for name, type_ in types}

    def first(self) -> SQL:
        """What stands for the length of the page."""
        return sa.bindparam(self._name("first"), type_=sa.BigInteger)

    def after(self, order: str) -> list[SQL]:
        """What stands for the place that the page begins after."""
        types = list_place_types(self.row_type, self.relation.orders[order])
        return [sa.bindparam(self._name(f"after_{place}"), type_=type_) for place, type_ in enumerate(types)]

    def filter(self, name: str) -> SQL:
        """What stands for the value of a filter."""
        return sa.bindparam(self._name(f"filter_{name}"))


def _shape(page: Page) -> PageShape:
    return PageShape(page.order, page.after is not None, tuple(name for name, _ in page.filters))


def _page_values(page: Page) -> Iterator[tuple[str, Any]]:
    yield "first", page.first
    yield from ((f"after_{place}", value) for place, value in enumerate(page.after or ()))
    yield from ((f"filter_{name}", value) for name, value in page.filters)


Shape = tuple[PageShape | None, ...]


Read = tuple[PageShape | None, Mapping[str, Any]]


@dataclass(frozen=True)
class EdgeArguments:
    """The edges with arguments below one root, the root itself first if it is paged.

    constant: what was read once of those that are the same in every request.
    """

    edges: tuple[ArguedEdge, ...]
    constant: dict[int, Read] = field(default_factory=dict)

    def read(self, variables: VariableValues, caller: AnyCaller) -> tuple[Shape, dict[str, Any]]:
        """The shape and the values of this request. Raises what the arguments raise."""
        shapes, values = [], dict[str, Any]()
        for edge in self.edges:
            shape, read = self._read(edge, variables, caller)
            shapes.append(shape)
            values |= read
        return tuple(shapes), values

    def _read(self, edge: ArguedEdge, variables: VariableValues, caller: AnyCaller) -> Read:
        number = edge.argued.number
        if number not in self.constant:
            found = edge.read(variables, caller)
            if not edge.argued.constant:
                return found
            self.constant[number] = found
        return self.constant[number]
