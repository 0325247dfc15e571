"""What a service is made of: its schema, who may read what of it, and where answers are logged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import strawberry
from graphql import GraphQLSchema

from engine.audit import Audit
from engine.declare.relations import Relation, RowType
from engine.policy import DEFINITION, Policy, policy_of

ROW_TYPE = "__row_type__"
"""The attribute of a class that holds its `RowType` (`engine.declare.row_types`)."""


class DeclarationError(TypeError):
    """A declaration that cannot be answered; the message names the type, the field, and what to mend."""


@dataclass(frozen=True, eq=False)
class Engine:
    """A schema that is answered from PostgreSQL.

    audit: the access log. policy: what reading each type and field needs. rows: row types by model.
    Raises DeclarationError for a model that two types show, and for a relation to a model that no type shows.
    """

    schema: strawberry.Schema
    audit: Audit
    policy: Policy = field(init=False)
    rows: Mapping[type, RowType] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", policy_of(self.graphql))
        object.__setattr__(self, "rows", _rows(self.graphql))
        for row_type in self.rows.values():
            for name, relation in row_type.relations.items():
                self._check(relation, f"{row_type.name}.{name}")

    def _check(self, relation: Relation, coordinate: str) -> None:
        if relation.target not in self.rows:
            raise DeclarationError(f"{coordinate} leads to {relation.target.__name__}, which no type shows.")

    @cached_property
    def graphql(self) -> GraphQLSchema:
        """The schema as graphql-core has it."""
        return self.schema._schema

    @cached_property
    def nodes(self) -> Mapping[str, RowType]:
        """The row types that have ids, by name."""
        return {row_type.name: row_type for row_type in self.rows.values() if row_type.key}

    def row_type(self, relation: Relation) -> RowType:
        """The type that a relation leads to."""
        return self.rows[relation.target]


def _rows(schema: GraphQLSchema) -> dict[type, RowType]:
    found: dict[type, RowType] = {}
    for row_type in _declared(schema):
        if found.setdefault(row_type.model, row_type) is not row_type:
            raise DeclarationError(f"{row_type.name} and {found[row_type.model].name} show the same model.")
    return found


def _declared(schema: GraphQLSchema) -> Iterator[RowType]:
    for kind in schema.type_map.values():
        definition: Any = kind.extensions.get(DEFINITION)
        if row_type := getattr(getattr(definition, "origin", None), ROW_TYPE, None):
            yield row_type
