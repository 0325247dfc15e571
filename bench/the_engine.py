"""The engine of the service, built once for the programs that look into it."""

from engine.document import document
from engine.document.document import Operation
from schema.builder import build_engine

ENGINE = build_engine()


def prepared(query: str, name: str | None, scopes: frozenset[str]) -> Operation:
    """An operation of the service."""
    return document.prepare_operation(ENGINE, query, name, scopes)
