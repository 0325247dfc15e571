"""The engine of the service, built once for the tests that look into it."""

from engine.document import audience_schema, document
from engine.document.coordinates import Reach
from engine.document.document import Operation
from schema.builder import build_engine

ENGINE = build_engine()
SCHEMA, GRAPHQL, POLICY, ROW_TYPES = ENGINE.schema, ENGINE.graphql, ENGINE.policy, ENGINE.rows


def printed(scopes: frozenset[str] | None = None) -> str:
    """The SDL, whole or as far as scopes reach."""
    return audience_schema.print_schema(ENGINE, scopes)


def prepared(query: str, name: str | None, scopes: frozenset[str], lasts: bool = False) -> Operation:
    """An operation of the service."""
    return document.prepare_operation(ENGINE, query, name, scopes, lasts)


def check(reach: Reach, scopes: frozenset[str]) -> None:
    """Hold what is reached to scopes."""
    document.check_scopes(POLICY, reach, scopes)
