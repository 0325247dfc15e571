"""Arguments of the fields of a plan.

Values are bind parameters. What changes the statement itself is its shape: the filters given, the order, and whether a
page begins after a cursor. A statement is compiled for each shape.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from graphql import FieldNode, GraphQLField, GraphQLNonNull, Undefined, VariableNode
from graphql.execution.values import VariableValues, get_argument_values

from engine.declare.paging import Page, list_place_types, read_page
from engine.declare.relations import Relation, RowType
from engine.declare.sql import SQL
from engine.load.caller import LARGEST_PAGE, AnyCaller

Arguments = Mapping[str, Any]
ArgumentReader = Callable[[GraphQLField], Callable[[Arguments], Arguments]]
"""Makes a function that converts the coerced arguments of a field to Python values."""


@dataclass(frozen=True)
class PageShape:
    """The form of a request for a page, without its values."""

    order: str
    after: bool
    filters: tuple[str, ...]


@dataclass(frozen=True)
class Argued:
    """A field with arguments. number: its number in the plan."""

    number: int
    field: GraphQLField
    node: FieldNode
    convert: Callable[[Arguments], Arguments]

    def read(self, variables: VariableValues) -> Arguments:
        """Return the values for this request. Raises GraphQLError if a value does not fit its type."""
        found = self._read_plain(variables.coerced) if self.plain else None
        return self.convert(get_argument_values(self.field, self.node, variables) if found is None else found)

    @cached_property
    def plain(self) -> Sequence[tuple[str, str, bool]]:
        """The arguments that are variables: name, variable, whether it must not be null. Empty if one has a default
        value or a literal with variables inside."""
        given = {argument.name.value: argument.value for argument in self.node.arguments or ()}
        named = {name: value for name, value in given.items() if isinstance(value, VariableNode)}
        if any(_variables(value) for name, value in given.items() if name not in named):
            return ()
        found = [(name, value.name.value, self.field.args[name]) for name, value in named.items()]
        if any(declared.default_value is not Undefined for _, _, declared in found):
            return ()
        return [(name, variable, isinstance(declared.type, GraphQLNonNull)) for name, variable, declared in found]

    @cached_property
    def literals(self) -> Arguments:
        """The values of the other arguments, which are the same in every request."""
        variables = {name for name, _, _ in self.plain}
        declared = {name: one for name, one in self.field.args.items() if name not in variables}
        return get_argument_values(GraphQLField(self.field.type, declared), self.node)

    def _read_plain(self, coerced: Mapping[str, Any]) -> Arguments | None:
        """Return the values before conversion; None if graphql-core has to report that one is null or absent."""
        values = dict(self.literals)
        for name, variable, required in self.plain:
            if variable in coerced:
                values[name] = coerced[variable]
            if required and values.get(name) is None:
                return None
        return values

    @cached_property
    def constant(self) -> bool:
        """Whether the arguments contain no variables."""
        return not any(_variables(argument.value) for argument in self.node.arguments or ())


def _variables(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    inner = [*(getattr(value, "values", None) or ()), *(field.value for field in getattr(value, "fields", None) or ())]
    return any(_variables(one) for one in inner)


@dataclass(frozen=True)
class ArguedEdge:
    """An edge with arguments: a connection, or a relation with arguments. largest_page: the maximum number of rows in a
    page.
    """

    argued: Argued
    relation: Relation
    row_type: RowType
    largest_page: int = LARGEST_PAGE

    def _name(self, name: str) -> str:
        return f"edge_{self.argued.number}_{name}"

    def read(self, variables: VariableValues, caller: AnyCaller) -> "Read":
        """Return the shape of the page, if there is one, and the values. Raises BadPageSizeError, BadCursorError."""
        arguments = self.argued.read(variables)
        values = {self._name(name): arguments.get(name) for name in self.relation.arguments}
        if not self.relation.connection:
            return None, values
        page = read_page(self.row_type, self.relation, arguments, caller.opaque_key, self.largest_page)
        return _shape(page), values | {self._name(name): value for name, value in _page_values(page)}

    def bind_arguments(self) -> dict[str, SQL]:
        """Return the bind parameters of the relation's arguments."""
        types = self.relation.arguments.items()
        return {name: sa.bindparam(self._name(name), type_=type_) for name, type_ in types}

    def bind_first(self) -> SQL:
        """Return the bind parameter of the page size."""
        return sa.bindparam(self._name("first"), type_=sa.BigInteger)

    def bind_after(self, order: str) -> list[SQL]:
        """Return the bind parameters of the position after which the page begins."""
        types = list_place_types(self.row_type, self.relation.orders[order])
        return [sa.bindparam(self._name(f"after_{place}"), type_=type_) for place, type_ in enumerate(types)]

    def bind_filter(self, name: str) -> SQL:
        """Return the bind parameter of a filter."""
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
    """The edges with arguments below one root. The root itself is first if it is a connection.

    constant: values read once for edges whose arguments contain no variables.
    """

    edges: tuple[ArguedEdge, ...]
    constant: dict[int, Read] = field(default_factory=dict)

    def read(self, variables: VariableValues, caller: AnyCaller) -> tuple[Shape, dict[str, Any]]:
        """Return the shape and the values for this request. Raises what the arguments raise."""
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
