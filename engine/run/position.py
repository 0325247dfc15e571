"""Positions in the write-ahead log, and the tokens by which clients name them (docs/availability.md)."""

from typing import NamedTuple

from engine.declare.opaque import seal, unseal

KIND = "Position"


class Position(NamedTuple):
    """A place in the write-ahead log: what was committed before it is seen by whoever has replayed up to it."""

    timeline: int
    lsn: int


UNKNOWN = Position(0, 0)
"""Of a token that is not one of ours: no standby is on this timeline, so that the primary answers."""


def read_token(sent: str | None, key: bytes) -> Position | None:
    """Return the position of a token, or None without one. key: of opaque texts."""
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
