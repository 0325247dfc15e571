"""The one GraphQL schema."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import GraphQLField
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_arguments

from resolvers.plan.selection import DEFINITION
from schema.party import Organization, Person
from schema.query import Query
from schema.scalars import SCALARS

SCHEMA = strawberry.Schema(
    query=Query,
    types=[Person, Organization],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)

GRAPHQL = SCHEMA._schema
"""The same as graphql-core has it."""


def read_arguments(field: GraphQLField, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Coerced argument values as Python code expects them: input objects as their classes, under Python names."""
    declared, registry = field.extensions[DEFINITION].arguments, SCHEMA.schema_converter.scalar_registry
    return convert_arguments(dict(values), declared, scalar_registry=registry, config=SCHEMA.config)
