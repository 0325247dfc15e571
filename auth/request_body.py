"""Request bodies: their media type, their size, and no content coding (RFC 9110, section 8.4.1).

A compressed body cannot be bounded before it is decompressed, so only `identity` is accepted.
"""

from collections.abc import Mapping

from starlette.requests import Request

IDENTITY = "identity"
TAKEN = {"Accept-Encoding": IDENTITY}
"""The header of a 415 response (RFC 9110, section 15.5.16)."""

ONLY_IDENTITY = "Send the body as it is, without Content-Encoding: no other encoding than identity is taken."


def media_type_of(headers: Mapping[str, str]) -> str:
    """Return the media type of a body in lower case, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Return whether a body has a content coding."""
    codings = headers.get("content-encoding", "").lower().split(",")
    return any(coding.strip() not in ("", IDENTITY) for coding in codings)


async def read_bounded(request: Request, largest: int) -> bytes | None:
    """Read a body; None if it is larger than `largest` bytes. Raises ClientDisconnect."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > largest:
            return None
    return bytes(raw)
