"""GraphQL documents made from the printed schema: one for each path that leads to a field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

Fielded = GraphQLObjectType | GraphQLInterfaceType
Literals = Mapping[str, str]
"""What stands for an argument in a document, by its name, or by field and name where fields differ (`node.id`)."""


@dataclass(frozen=True)
class Step:
    """A field of the type `on`, met where a selection is on `under`; `option`: the optional argument it is given."""

    under: str
    on: str
    field: str
    option: str | None = None

    @property
    def alias(self) -> str:
        """A name that no other step of the same selection has, whatever its type."""
        return "_".join(filter(None, (self.on, self.field, self.option)))


Path = tuple[Step, ...]
Tree = dict[Step, "Tree"]


@dataclass(frozen=True)
class Documents:
    """Walks a schema from its roots, and writes down what it finds."""

    schema: GraphQLSchema
    literals: Literals

    def paths(self, depth: int) -> Iterator[Path]:
        """Every path of at most `depth` fields; pages and their edges are no step of their own."""
        root = self.schema.query_type
        assert root is not None
        yield from self._below(root, (), depth)

    def _below(self, parent: Fielded, before: Path, depth: int) -> Iterator[Path]:
        for kind in self.kinds(parent):
            for name, field in kind.fields.items():
                step = Step(parent.name, kind.name, name)
                left = depth if is_page(parent) else depth - 1
                if left >= 0:
                    yield (*before, step)
                    yield from ((*before, option) for option in self._options(step, field))
                    yield from self._beyond(field, (*before, step), left)

    def _beyond(self, field: GraphQLField, path: Path, depth: int) -> Iterator[Path]:
        target = get_named_type(field.type)
        if isinstance(target, Fielded):
            yield from self._below(target, path, depth)

    def _options(self, step: Step, field: GraphQLField) -> Iterator[Step]:
        optional = (name for name, argument in field.args.items() if not is_required_argument(argument))
        return (Step(step.under, step.on, step.field, name) for name in optional)

    def kinds(self, parent: Fielded) -> list[Fielded]:
        """The type itself, and what an inline fragment can be on inside of it."""
        if isinstance(parent, GraphQLObjectType):
            return [parent]
        return [parent, *self.schema.get_possible_types(parent)]

    def field(self, step: Step) -> GraphQLField:
        """The definition of the step's field."""
        kind = self.schema.type_map[step.on]
        assert isinstance(kind, Fielded)
        found: GraphQLField = kind.fields[step.field]
        return found

    def leads_to(self, step: Step) -> GraphQLNamedType:
        """The type of the step's field, lists and non-null aside."""
        return get_named_type(self.field(step).type)

    def write(self, *paths: Path) -> str:
        """The document that selects just these paths."""
        tree: Tree = {}
        for path in paths:
            branch = tree
            for step in path:
                branch = branch.setdefault(step, {})
        return self._selections(tree)

    def _selections(self, tree: Tree) -> str:
        chosen = (self._selected(step, branch) for step, branch in tree.items())
        return f"{{ {' '.join(chosen)} }}"

    def _selected(self, step: Step, branch: Tree) -> str:
        least = "{ __typename }" if is_composite_type(self.leads_to(step)) else ""
        inner = self._selections(branch) if branch else least
        text = f"{step.alias}: {step.field}{self._arguments(step)} {inner}"
        return text if step.on == step.under else f"... on {step.on} {{ {text} }}"

    def _arguments(self, step: Step) -> str:
        given = [
            f"{name}: {self.literal(step.field, name, argument)}"
            for name, argument in self.field(step).args.items()
            if is_required_argument(argument) or name == step.option
        ]
        return f"({', '.join(given)})" if given else ""

    def literal(self, field: str, name: str, argument: GraphQLArgument) -> str:
        """A valid value: from the table, or the plainest that the type has."""
        kind = get_named_type(argument.type)
        if found := self.literals.get(f"{field}.{name}") or self.literals.get(name):
            return found
        if isinstance(kind, GraphQLEnumType):
            return str(next(iter(kind.values)))
        assert isinstance(kind, GraphQLInputObjectType), f"{field}({name}:) needs a value in the table"
        return "{}"


def is_page(kind: GraphQLNamedType) -> bool:
    """Whether a type is a connection or an edge: plumbing between rows."""
    return kind.name.endswith(("Connection", "Edge"))
