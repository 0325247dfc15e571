"""Consistency tokens: a client that sends back the token of an answer is answered from no earlier state
(docs/availability.md)."""

from starlette.datastructures import Headers

from engine.declare.opaque import seal, unseal
from engine.run.meter import Position

HEADER = "suxin-consistency"
KIND = "Position"
UNKNOWN = Position(0, 0)
"""Of a token that is not one of ours: no standby is on this timeline, so that the primary answers."""


def read_token(headers: Headers, key: bytes) -> Position | None:
    """Return the position of the token of a request, or None if it sends none. key: of opaque texts."""
    sent = headers.get(HEADER)
    if sent is None:
        return None
    try:
        opened = unseal(sent, key) or ""
    except ValueError:
        return UNKNOWN
    kind, *numbers = opened.split(":")
    return Position(*map(int, numbers)) if kind == KIND else UNKNOWN


def write_token(position: Position, key: bytes) -> str:
    """Return the token of an answer."""
    return seal(f"{KIND}:{position.timeline}:{position.lsn}".encode(), key)
