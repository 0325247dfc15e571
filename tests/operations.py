"""Random operations over a schema: nested, with aliases, fragments and variables, and always valid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from documents import Fielded, is_page
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_required_argument

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
    """Writes operations; the same ones for the same `random`."""

    schema: GraphQLSchema
    values: Values
    depth: int = 5

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
        selected = self._selected(operation, target, depth - 1) if isinstance(target, Fielded) else ""
        return f"{operation.name(name)}: {name}{self._arguments(operation, name, found)} {selected}"

    def _arguments(self, operation: Operation, name: str, found: GraphQLField) -> str:
        given = []
        for key, argument in found.args.items():
            value = self.values.get(f"{name}.{key}") or self.values.get(key)
            if value and (is_required_argument(argument) or operation.random.random() < 0.5):
                variable = operation.name(key)
                operation.types[variable], operation.variables[variable] = str(argument.type), value(operation.random)
                given.append(f"{key}: ${variable}")
        return f"({', '.join(given)})" if given else ""

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
