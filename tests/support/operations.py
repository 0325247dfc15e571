"""Random operations over a schema: nested, with aliases, fragments and variables, and always valid."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from documents import Fielded, is_page
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
)

MOST_FIELDS = 4
ROOTS = 2
Values = Mapping[str, Callable[[Random], Any]]
"""A random value of each argument, by its name, or by field and name where fields differ."""


@dataclass
class Operation:
    """A document under way: its variables with their types and values, and its named fragments."""

    random: Random
    variables: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    names: int = 0

    def name(self, word: str) -> str:
        """A response name or the like that this operation has not used yet; what stands before `__` is the field."""
        self.names += 1
        return f"{word}__{self.names}"


@dataclass(frozen=True)
class Generator:
    """Writes operations; the same ones for the same `random`.

    conditional, repeated: the shares of fields under @skip or @include, and of those selected a second time in a
    fragment. optional: the share of optional arguments that are given.
    """

    schema: GraphQLSchema
    values: Values
    depth: int = 5
    conditional: float = 0.0
    repeated: float = 0.0
    optional: float = 0.5

    def write(self, random: Random) -> tuple[str, dict[str, Any]]:
        """A document and its variables."""
        operation, root = Operation(random), self.schema.query_type
        assert root is not None
        chosen = random.choices(list(root.fields), k=random.randint(1, ROOTS))
        text = " ".join(self._field(operation, name, root.fields[name], self.depth) for name in chosen)
        declared = ", ".join(f"${name}: {kind}" for name, kind in operation.types.items())
        header = f"query({declared})" if declared else "query"
        return " ".join([f"{header} {{ {text} }}", *operation.fragments]), operation.variables

    def _field(self, operation: Operation, name: str, found: GraphQLField, depth: int) -> str:
        target = get_named_type(found.type)
        called = f"{operation.name(name)}: {name}{self._arguments(operation, name, found)}"
        again = operation.random.random() < self.repeated
        written = [self._called(operation, called, target, depth) for _ in range(2 if again else 1)]
        return " ".join([written[0], *(f"... {{ {more} }}" for more in written[1:])])

    def _called(self, operation: Operation, called: str, target: Any, depth: int) -> str:
        selected = self._selected(operation, target, depth - 1) if isinstance(target, Fielded) else ""
        return f"{called} {self._condition(operation)} {selected}"

    def _condition(self, operation: Operation) -> str:
        """Nothing, or a directive that a variable or a literal decides."""
        random = operation.random
        if random.random() >= self.conditional:
            return ""
        directive, value = random.choice(("@skip", "@include")), random.random() < 0.5
        if random.random() < 0.5:
            return f"{directive}(if: {str(value).lower()})"
        variable = operation.name("condition")
        operation.types[variable], operation.variables[variable] = "Boolean!", value
        return f"{directive}(if: ${variable})"

    def _arguments(self, operation: Operation, name: str, found: GraphQLField) -> str:
        given = []
        for key, argument in found.args.items():
            value = self._value(name, key, argument)
            if value and (is_required_argument(argument) or operation.random.random() < self.optional):
                given.append(f"{key}: {self._given(operation, key, argument, value(operation.random))}")
        return f"({', '.join(given)})" if given else ""

    def _value(self, name: str, key: str, argument: GraphQLArgument) -> Callable[[Random], Any] | None:
        enum = get_named_type(argument.type)
        if isinstance(enum, GraphQLEnumType):
            return lambda random: random.choice(list(enum.values))
        return self.values.get(f"{name}.{key}") or self.values.get(key)

    def _given(self, operation: Operation, key: str, argument: GraphQLArgument, value: Any) -> str:
        """The value itself, now and then, where it reads the same in GraphQL and JSON; else a variable."""
        alike = isinstance(value, str | int) and not isinstance(get_named_type(argument.type), GraphQLEnumType)
        if alike and operation.random.random() < 0.3:
            return json.dumps(value, ensure_ascii=False)
        variable = operation.name(key)
        operation.types[variable], operation.variables[variable] = str(argument.type), value
        return f"${variable}"

    def _selected(self, operation: Operation, kind: Fielded, depth: int) -> str:
        """A selection of a few fields, always with the type's name, and the id where there is one."""
        if is_page(kind):
            return self._page(operation, kind, depth + 1)
        own = self._some(operation, kind, depth)
        fragments = [self._fragment(operation, member, depth) for member in self._members(operation, kind)]
        type_name = f"{operation.name('typename')}: __typename"
        return f"{{ {' '.join([type_name, *own, *fragments])} }}"

    def _page(self, operation: Operation, kind: Fielded, depth: int) -> str:
        if kind.name.endswith("Edge"):
            inner = self._field(operation, "node", kind.fields["node"], depth)
            return f"{{ {operation.name('cursor')}: cursor {inner} }}"
        rows = [self._field(operation, name, kind.fields[name], depth) for name in ("nodes", "edges")]
        counts = [f"{operation.name('totalCount')}: totalCount", "pageInfo { hasNextPage endCursor }"]
        return f"{{ {' '.join(rows)} {' '.join(counts)} }}"

    def _some(self, operation: Operation, kind: Fielded, depth: int) -> list[str]:
        names = [
            name for name, one in kind.fields.items() if depth > 0 or not hasattr(get_named_type(one.type), "fields")
        ]
        chosen = operation.random.sample(names, min(len(names), operation.random.randint(1, MOST_FIELDS)))
        wanted = dict.fromkeys([*chosen, *(["id"] if "id" in kind.fields else [])])
        return [self._field(operation, name, kind.fields[name], depth) for name in wanted]

    def _members(self, operation: Operation, kind: Fielded) -> Sequence[GraphQLObjectType]:
        """Types that an interface is narrowed to."""
        if isinstance(kind, GraphQLObjectType):
            return []
        members = self.schema.get_possible_types(kind)
        return operation.random.sample(members, min(len(members), 2))

    def _fragment(self, operation: Operation, member: GraphQLObjectType, depth: int) -> str:
        body = " ".join(self._some(operation, member, depth))
        if operation.random.random() < 0.5:
            return f"... on {member.name} {{ {body} }}"
        name = operation.name("Part")
        operation.fragments.append(f"fragment {name} on {member.name} {{ {body} }}")
        return f"...{name}"
