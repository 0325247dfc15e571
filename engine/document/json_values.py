"""Parsing of JSON from clients."""

import re
from itertools import chain
from typing import Any

import orjson

from languages.sentence import say

DEEPEST = 16
NESTED = (dict, list)
"""The types of values with levels below them, as orjson makes them."""
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON writes it: a backslash that no other one escapes."""

NO_NUL = "The body holds the character U+0000, which no text here can hold."


class JsonError(ValueError):
    """A text is not valid JSON or contains unsupported values. code: for the response."""

    def __init__(self, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.code = code


def holds_nul(raw: bytes) -> bool:
    """Return whether a JSON text holds U+0000, which PostgreSQL does not store."""
    return b"\\u0000" in raw and NUL.search(raw) is not None


def read_json(raw: bytes) -> Any:
    """Parse a JSON text (RFC 8259). Raises JsonError."""
    if holds_nul(raw):
        raise JsonError(NO_NUL)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise JsonError(
            say("The body is not JSON (RFC 8259): {msg} at line {lineno}.", msg=error.msg, lineno=error.lineno),
            "BAD_JSON",
        ) from None


def check_depth(variables: Any) -> None:
    """Raise JsonError if variables are nested deeper than 16 levels."""
    if not _shallow(variables, DEEPEST):
        raise JsonError(say("`variables` are nested deeper than {deepest} levels.", deepest=DEEPEST))


def _shallow(value: Any, levels: int) -> bool:
    """Return whether a JSON value has at most this number of levels."""
    level = [value] if type(value) in NESTED else []
    for _ in range(levels):
        inner = chain.from_iterable(one.values() if type(one) is dict else one for one in level)
        level = [one for one in inner if type(one) in NESTED]
    return not level
