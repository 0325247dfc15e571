"""The GraphQL schema and its engine."""

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from engine.engine import Engine
from resolvers.oversight.access_log import AccessLog
from schema.mutation import Mutation
from schema.query import Query
from schema.register.party import Organization, Person
from schema.scalars import SCALARS
from schema.subscription import Subscription


@cache
def build_engine(log_key: bytes = b"") -> Engine:
    """Build the engine with the schema, its policy and the access log, once for each key. log_key:
    `Keyring.log_key`, for engines that answer."""
    return Engine(_build_schema(), AccessLog(log_key))


@cache
def _build_schema() -> strawberry.Schema:
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Person, Organization],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    )
