"""The arguments of a root field and of everything below it: what varies from request to request.

Values are bound. What they change in the statement itself - which filters are given, which order, whether a page begins
after a cursor - is its shape: a statement is compiled for each shape that is asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from graphql import FieldNode, GraphQLField, VariableNode
from graphql.execution.values import VariableValues, get_argument_values

from resolvers.caller import Caller
from resolvers.declarations import Relation
from resolvers.paging import Page, page_of, place_types
from resolvers.sql import SQL

Arguments = Mapping[str, Any]
ArgumentReader = Callable[[GraphQLField, Arguments], Arguments]
"""Turns coerced values, by their GraphQL names, into what Python code expects."""


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
    reader: ArgumentReader

    def read(self, variables: VariableValues) -> Arguments:
        """The values of this request. Raises GraphQLError for one that does not fit its type."""
        return self.reader(self.field, get_argument_values(self.field, self.node, variables))

    @property
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
    """An edge with arguments: a page, or a relation that reads some."""

    argued: Argued
    relation: Relation

    def _name(self, name: str) -> str:
        return f"edge_{self.argued.number}_{name}"

    def page(self, arguments: Arguments, caller: Caller) -> tuple[PageShape, dict[str, Any]]:
        """The shape of the page and its values. Raises BadPageSizeError, BadCursorError."""
        page = page_of(self.relation, arguments, caller.keyring.opaque_key)
        return _shape(page), {self._name(name): value for name, value in _page_values(page)}

    def values(self, arguments: Arguments) -> dict[str, Any]:
        """The values of the relation's own arguments."""
        return {self._name(name): arguments.get(name) for name in self.relation.arguments}

    def binds(self) -> dict[str, SQL]:
        """What stands in the statement for `values`."""
        types = self.relation.arguments.items()
        return {name: sa.bindparam(self._name(name), type_=type_) for name, type_ in types}

    def first(self) -> SQL:
        """What stands for the length of the page."""
        return sa.bindparam(self._name("first"), type_=sa.BigInteger)

    def after(self, order: str) -> list[SQL]:
        """What stands for the place that the page begins after."""
        types = place_types(self.relation, self.relation.orders[order])
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


@dataclass(frozen=True)
class EdgeArguments:
    """The edges with arguments below one root, the root itself first if it is paged."""

    edges: tuple[ArguedEdge, ...]
    constant: Mapping[int, Arguments]

    @classmethod
    def of(cls, edges: Iterable[ArguedEdge]) -> "EdgeArguments":
        """Those edges, with what is the same in every request read once."""
        found = tuple(edges)
        nothing = VariableValues({}, {})
        constant = {edge.argued.number: edge.argued.read(nothing) for edge in found if edge.argued.constant}
        return cls(found, constant)

    def read(self, variables: VariableValues, caller: Caller) -> tuple[Shape, dict[str, Any]]:
        """The shape and the values of this request. Raises what the arguments raise."""
        shapes, values = [], {}
        for edge in self.edges:
            arguments = self.constant.get(edge.argued.number) or edge.argued.read(variables)
            values |= edge.values(arguments)
            shape = None
            if edge.relation.connection:
                shape, page = edge.page(arguments, caller)
                values |= page
            shapes.append(shape)
        return tuple(shapes), values
