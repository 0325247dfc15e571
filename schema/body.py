"""The body of a GraphQL request: bounded, JSON, and of the right shape."""

import re
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request

LARGEST_BODY = 64 * 1024
NUL = re.compile(rb"\\u(0000|\{0+\})")
KNOWN = {"query", "variables", "operationName", "extensions"}


class BodyError(Exception):
    """A body that holds no GraphQL request."""

    def __init__(self, message: str, code: str = "BAD_REQUEST", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Body:
    """A GraphQL request."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


async def read_body(request: Request) -> Body:
    """Read a request of at most 64 KiB. Raises BodyError with what is wrong and what to send instead."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BodyError("Send JSON: Content-Type must be application/json.", "UNSUPPORTED_MEDIA_TYPE", 415)
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            raise BodyError(f"The body is larger than {LARGEST_BODY} bytes.", "BODY_TOO_LARGE", 413)
    return parse_body(bytes(raw))


def parse_body(raw: bytes) -> Body:
    """The request in `raw`. Raises BodyError."""
    if NUL.search(raw):
        raise BodyError("The body holds the character U+0000, which no text here can hold.")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BodyError(f"The body is not JSON (RFC 8259): {error.msg} at line {error.lineno}.", "BAD_JSON") from None
    if not isinstance(found, dict):
        raise BodyError("The body must be one JSON object; batches of requests are not taken.")
    if unknown := sorted(found.keys() - KNOWN):
        raise BodyError(
            f"The body has {len(unknown)} members that GraphQL over HTTP does not know; it knows {sorted(KNOWN)}."
        )
    query, variables, name = found.get("query"), found.get("variables"), found.get("operationName")
    if not isinstance(query, str):
        raise BodyError("`query` must be a string: the GraphQL document.")
    if not isinstance(variables, dict | None):
        raise BodyError("`variables` must be an object.")
    if not isinstance(name, str | None):
        raise BodyError("`operationName` must be a string.")
    return Body(query, variables, name)
