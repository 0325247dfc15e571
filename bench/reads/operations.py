"""The engine of the service, built once per process."""

from engine.document import document
from engine.document.document import Operation
from schema.builder import build_engine

ENGINE = build_engine()


def prepare(query: str, name: str | None, scopes: frozenset[str]) -> Operation:
    """Prepare an operation of the service."""
    return document.prepare_operation(ENGINE, query, name, scopes)
