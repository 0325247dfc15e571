"""The cost of an operation, computed before execution (IBM GraphQL Cost Directives).

An object costs 1 unless its type has `@cost`. The length of a list is that of its slicing argument, or the assumed size
(`@listSize`). Of several possible types, the most expensive counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    IntValueNode,
    ListValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from graphql.execution.collect_fields import FieldDetailsList

from engine.declare.directives import Cost, ListSize
from engine.load.errors import ExpectedError
from engine.plan.selection import Fields, Selection
from engine.policy import DEFINITION
from languages.sentence import say

MOST_COST = 50_000
Variables = Mapping[str, Any]


class TooCostlyError(ExpectedError):
    """The cost of the operation exceeds the maximum."""

    code = "COST_LIMIT_EXCEEDED"

    def __init__(self, cost: int) -> None:
        message = say(
            "This operation costs {cost}, and one may cost {most} at most. Ask for fewer rows at a time.",
            cost=cost,
            most=MOST_COST,
        )
        super().__init__(message, cost=cost, maximumCost=MOST_COST)


@dataclass(frozen=True)
class ListLength:
    """The length of a list: a number, or a variable that holds a number or a list."""

    number: int = 1
    variable: str | None = None

    def compute(self, variables: Variables) -> int:
        """Return the length for these variables."""
        value = self.number if self.variable is None else variables.get(self.variable)
        return max(0, value if isinstance(value, int) else len(value or ()))


@dataclass(frozen=True)
class Price:
    """The cost of a selection: a fixed part, a part for each row, and the most expensive of the possible types."""

    fixed: int
    lists: tuple[tuple[ListLength, "Price"], ...] = ()
    types: tuple["Price", ...] = ()

    @cached_property
    def constant(self) -> int | None:
        """The cost if it depends on no variable."""
        prices = [*(price for _, price in self.lists), *self.types]
        varies = any(size.variable for size, _ in self.lists) or any(price.constant is None for price in prices)
        return None if varies else self._compute({})

    def compute(self, variables: Variables) -> int:
        """Return the cost for these variables."""
        return self._compute(variables) if self.constant is None else self.constant

    def _compute(self, variables: Variables) -> int:
        by_row = sum(size.compute(variables) * price.compute(variables) for size, price in self.lists)
        return self.fixed + by_row + max((price.compute(variables) for price in self.types), default=0)


def compute_price(selection: Selection) -> Price:
    """Return the price of an operation."""
    return _Pricing(selection).fields(selection.root, selection.collect_roots())


@dataclass(frozen=True)
class _Pricing:
    selection: Selection

    def fields(self, kind: GraphQLObjectType, asked: Fields, sized: ListLength | None = None) -> Price:
        """Return the price of fields on an object. sized: the length of the lists that the parent's arguments size."""
        prices = [found for details in asked.values() for found in self._field(kind, details, sized)]
        fixed = sum(price.fixed for size, price in prices if size == ListLength() and not (price.lists or price.types))
        lists = [(size, price) for size, price in prices if size != ListLength() or price.lists or price.types]
        return Price(fixed, tuple(lists))

    def _field(
        self, kind: GraphQLObjectType, details: FieldDetailsList, sized: ListLength | None
    ) -> Iterator[tuple[ListLength, Price]]:
        node = details[0].node
        if node.name.value.startswith("__"):
            return
        defined = kind.fields[node.name.value]
        yield ListLength(), Price(_weight(defined.extensions[DEFINITION], 0))
        target: Any = get_named_type(defined.type)
        if not is_composite_type(target):
            return
        declared = _list_size(defined)
        length = _length(declared, node) if declared else None
        if declared and declared.sized_fields:
            yield ListLength(), self._objects(target, details, length)
        elif sized and node.name.value in {"nodes", "edges"}:
            yield sized, self._objects(target, details, None)
        else:
            yield length or ListLength(), self._objects(target, details, None)

    def _objects(self, target: Any, details: FieldDetailsList, sized: ListLength | None) -> Price:
        schema = self.selection.schema
        types = schema.get_possible_types(target) if is_abstract_type(target) else [target]
        prices = [self._object(kind, details, sized) for kind in types]
        return prices[0] if len(set(prices)) == 1 else Price(0, (), tuple(prices))

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList, sized: ListLength | None) -> Price:
        found = self.fields(kind, self.selection.collect_fields(kind, details), sized)
        return Price(found.fixed + _weight(kind.extensions[DEFINITION], 1), found.lists)


def _weight(declared: Any, otherwise: int) -> int:
    """Return the weight in the `@cost` directive of a type or a field."""
    return next((int(one.weight) for one in declared.directives or () if isinstance(one, Cost)), otherwise)


def _list_size(field: GraphQLField) -> ListSize | None:
    return next((one for one in field.extensions[DEFINITION].directives if isinstance(one, ListSize)), None)


def _length(declared: ListSize, node: FieldNode) -> ListLength:
    """Return the length of a list at a field node."""
    if not declared.slicing_arguments:
        return ListLength(declared.assumed_size or 1)
    given = (argument.value for argument in node.arguments or () if argument.name.value in declared.slicing_arguments)
    match next(given, None):
        case VariableNode(name=name):
            return ListLength(0, name.value)
        case IntValueNode(value=value):
            return ListLength(int(value))
        case ListValueNode(values=values):
            return ListLength(len(values))
    return ListLength()
