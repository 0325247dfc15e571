"""The engine: a schema, its policy and its access log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import strawberry
from graphql import GraphQLSchema

from engine.audit import Audit
from engine.declare.checks import check_declarations, collect_row_types
from engine.declare.opaque import hash_type
from engine.declare.relations import Relation, RowType
from engine.load.rows import check_names
from engine.policy import Policy, build_policy


@dataclass(frozen=True, eq=False)
class Engine:
    """A schema that is answered from PostgreSQL.

    audit: the access log. policy: the requirements by schema coordinate. rows: row types by model. Raises
    DeclarationError for an invalid declaration (`engine.declare.checks`).
    """

    schema: strawberry.Schema
    audit: Audit
    policy: Policy = field(init=False)
    rows: Mapping[type, RowType] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", build_policy(self.graphql))
        object.__setattr__(self, "rows", collect_row_types(self.graphql))
        check_declarations(self.graphql, self.rows, self.policy)
        check_names(self.rows.values())
        for name in self.nodes:
            hash_type(name)  # so that ids are read that another process has written

    @cached_property
    def graphql(self) -> GraphQLSchema:
        """The schema of graphql-core."""
        return self.schema._schema

    @cached_property
    def nodes(self) -> Mapping[str, RowType]:
        """The row types with ids by name."""
        return {row_type.name: row_type for row_type in self.rows.values() if row_type.key}

    def get_row_type(self, relation: Relation) -> RowType:
        """Return the row type that a relation leads to."""
        return self.rows[relation.target]
