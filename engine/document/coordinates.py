"""The schema coordinates that an operation reaches, for authorization and for the access log.

Each fragment is read once, so that the time is linear in the size of the document.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_input_object_type,
)
from graphql.type import GraphQLInterfaceType, GraphQLObjectType

from engine.plan.selection import collect_fragments
from engine.policy import OPEN, Policy

INTROSPECTION = "__"


@dataclass(frozen=True)
class Reach:
    """The coordinates of one operation. roots: the coordinates below each root field, by name."""

    roots: Mapping[str, frozenset[str]]

    @property
    def coordinates(self) -> frozenset[str]:
        """All coordinates, including those of the root fields."""
        return frozenset().union(*self.roots.values())

    def list_types(self, policy: Policy) -> dict[str, list[str]]:
        """Return, for each root field, the types in its answer that require a scope."""
        return {root: sorted(_guarded(below, policy)) for root, below in self.roots.items()}


def _guarded(coordinates: Iterable[str], policy: Policy) -> set[str]:
    """Return the types with fields among the coordinates. A connection counts as the type of its rows."""
    fields = (name.partition(".")[0] for name in coordinates if "." in name and "(" not in name)
    types = {name.removesuffix("Connection") for name in fields}
    return {name for name in types if policy.requirements[name] != OPEN}


@dataclass
class Reader:
    """Reads one validated document. known: the coordinates of fragments by name."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    def read_selections(self, selections: SelectionSetNode | None, parent: GraphQLCompositeType) -> frozenset[str]:
        """Return the coordinates of a selection set on `parent`."""
        found: set[str] = {parent.name}
        for node in selections.selections if selections else ():
            found |= self.read_selection(node, parent)
        return frozenset(found)

    def read_selection(self, node: SelectionNode, parent: GraphQLCompositeType) -> frozenset[str]:
        """Return the coordinates of one selection."""
        if isinstance(node, FieldNode):
            return self.read_field(node, parent)
        if isinstance(node, InlineFragmentNode):
            return self.read_selections(node.selection_set, self.get_condition(node, parent))
        name = node.name.value  # type: ignore[attr-defined]  # only fragment spreads remain
        if name not in self.known:
            fragment = self.fragments[name]
            self.known[name] = self.read_selections(fragment.selection_set, self.get_condition(fragment, parent))
        return self.known[name]

    def get_condition(
        self, node: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLCompositeType
    ) -> GraphQLCompositeType:
        """Return the type condition of a fragment."""
        found = self.schema.type_map[node.type_condition.name.value] if node.type_condition else parent
        assert is_composite_type(found)  # noqa: S101 - ensured by validation
        return found

    def read_field(self, node: FieldNode, parent: GraphQLCompositeType) -> frozenset[str]:
        """Return the coordinates of a field, of its arguments and of its selections."""
        name = node.name.value
        if name.startswith(INTROSPECTION):
            return frozenset()
        assert isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)  # noqa: S101 - ensured by validation
        defined = parent.fields[name]
        coordinate = f"{parent.name}.{name}"
        leads_to = get_named_type(defined.type)
        below = self.read_selections(node.selection_set, leads_to) if is_composite_type(leads_to) else frozenset[str]()
        return below | {coordinate, *_arguments(node, defined, coordinate)}


def _arguments(node: FieldNode, defined: GraphQLField, coordinate: str) -> Iterable[str]:
    """Yield the coordinates of the given arguments, and the names of their input types."""
    for argument in node.arguments or ():
        yield f"{coordinate}({argument.name.value}:)"
        given = get_named_type(defined.args[argument.name.value].type)
        if is_input_object_type(given):
            yield given.name


def compute_reach(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Reach:
    """Return the coordinates that a validated operation reaches."""
    reader = Reader(schema, collect_fragments(document))
    roots: dict[str, frozenset[str]] = {}
    root = schema.get_root_type(operation.operation)
    assert root is not None  # noqa: S101 - ensured by validation
    for node in list_root_fields(document, operation):
        roots[node.name.value] = roots.get(node.name.value, frozenset()) | reader.read_field(node, root)
    return Reach(roots)


def list_root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> Iterator[FieldNode]:
    """Yield the root fields of an operation, including those in fragments. Each fragment is read once."""
    waiting, fragments = [operation.selection_set], collect_fragments(document)
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif fragment := fragments.pop(node.name.value, None):  # type: ignore[attr-defined]  # a fragment spread
                waiting.append(fragment.selection_set)
