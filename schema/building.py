"""The one GraphQL schema."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.mutation import Mutation
from schema.query import Query
from schema.register.party import Organization, Person
from schema.scalars import SCALARS
from schema.subscription import Subscription

SCHEMA = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Person, Organization],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)

GRAPHQL = SCHEMA._schema
"""The same as graphql-core has it."""
