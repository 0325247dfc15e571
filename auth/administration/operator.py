"""Who acts, by which road and from where: said once where a request or a command comes in."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.requests import Request

from models.security_event import SecurityRoad


@dataclass(frozen=True)
class Operator:
    """Whoever acts. name: None as long as nobody is known. source: the address, or account and machine."""

    road: SecurityRoad
    source: str
    name: str | None = None


SERVICE = Operator(SecurityRoad.SERVICE, socket.gethostname(), "suxin")
"""The service itself: what it does on its own, and what tests and benchmarks do."""

OPERATOR: ContextVar[Operator] = ContextVar("operator", default=SERVICE)


def operator_of(request: Request, road: SecurityRoad) -> Operator:
    """Return whoever sent a request, who is not known yet."""
    return Operator(road, source_of(request))


def source_of(request: Request) -> str:
    """Return the address that a request comes from; empty if there is none."""
    return request.client.host if request.client else ""


@contextmanager
def acting_as(operator: Operator) -> Iterator[None]:
    """Say who acts within the block."""
    token = OPERATOR.set(operator)
    try:
        yield
    finally:
        OPERATOR.reset(token)
