"""The selections of an operation, merged by graphql-core."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from engine.policy import DEFINITION

TYPE_NAME = "__typename"

Fields = Mapping[str, FieldDetailsList]
"""Fields by response name, in order, each with all its nodes."""


@dataclass(frozen=True)
class Selection:
    """One operation for certain values of the variables in @skip and @include."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDetails]
    conditions: VariableValues

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        conditions: Mapping[str, bool],
    ) -> "Selection":
        """Return the selection of a validated operation."""
        fragments = {name: FragmentDetails(node) for name, node in collect_fragments(document).items()}
        return cls(schema, document, operation, fragments, VariableValues({}, dict(conditions)))

    @property
    def root(self) -> GraphQLObjectType:
        """The root type of the operation."""
        root = self.schema.get_root_type(self.operation.operation)
        assert root is not None  # noqa: S101 - ensured by validation
        return root

    def collect_roots(self) -> Fields:
        """Return the root fields."""
        return collect_fields(
            self.schema, dict(self.fragments), self.conditions, self.root, self.operation
        ).grouped_field_set

    def collect_fields(self, type_: GraphQLObjectType, fields: FieldDetailsList) -> Fields:
        """Return the selections below a field on objects of `type_`."""
        return collect_subfields(
            self.schema, dict(self.fragments), self.conditions, self.operation, type_, fields
        ).grouped_field_set


def collect_fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of a document by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def get_declaration(field: GraphQLField) -> Any:
    """Return the declaration of a field, or None if it has a resolver."""
    return getattr(field.extensions[DEFINITION], "declaration", None)


def get_python_name(field: GraphQLField) -> str:
    """Return the Python name of a field."""
    return str(field.extensions[DEFINITION].python_name)


def find_condition_variables(document: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """Return the variables in @skip and @include in an operation and its fragments."""
    return frozenset(_conditions(operation, collect_fragments(document)))


def _conditions(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> Iterator[str]:
    waiting: list[Any] = [operation]
    while waiting:
        node = waiting.pop()
        for directive in node.directives or ():
            values = (given.value for given in directive.arguments)
            yield from (value.name.value for value in values if isinstance(value, VariableNode))
        selected = getattr(node, "selection_set", None)
        waiting.extend(selected.selections if selected else ())
        if isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            waiting.append(fragments.pop(node.name.value))
