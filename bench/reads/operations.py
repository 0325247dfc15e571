"""Operations of the service's engine, which is built once per process and key."""

from engine.document import document
from engine.document.document import Operation
from schema.builder import build_engine


def prepare(query: str, name: str | None, scopes: frozenset[str], log_key: bytes = b"") -> Operation:
    """Prepare an operation of the service. log_key: with which the access log identifies documents."""
    return document.prepare_operation(build_engine(log_key), query, name, scopes)
