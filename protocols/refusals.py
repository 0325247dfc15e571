"""The answers to requests that are refused before they are read, as bytes."""

import json
from collections.abc import Iterable
from enum import Enum
from http import HTTPStatus

RETRY = (b"retry-after", b"1")
CLOSE = b"connection: close\r\n"
AGAIN = frozenset({429, 503})
"""The statuses after which a request may be sent again."""


class ErrorForm(Enum):
    """How errors are written: the start of the addresses, as GraphQL over HTTP, OAuth (RFC 6749, section 5.2), or text
    say."""

    GRAPHQL, OAUTH, TEXT = b"/graphql", b"/oauth/", b""


class Refused(Enum):
    """Why a connection or a request is refused: the label of the metric, the status, the message."""

    MALFORMED = ("malformed", 400, "This is not a request of HTTP/1.1.")
    HOST = ("host", 400, "A request of HTTP/1.1 has one header Host, with the host of its address.")
    CODING = ("coding", 501, "Send the body with Content-Length, or chunked: no other transfer coding is taken.")
    HEAD_SIZE = ("head_size", 431, "The head of this request has too many bytes or header fields. Send fewer.")
    HEAD_TIME = ("head_time", 408, "The head of this request did not arrive in time. Send it again.")
    BODY_TIME = ("body_time", 408, "The body of this request did not arrive in time. Send it again.")
    PIPELINED = ("pipelined", 429, "Too many requests wait on this connection. Wait for their answers.")
    CONNECTIONS = ("connections", 503, "Too many connections are open. Use those you have, or try again later.")
    SHARE = ("share", 429, "You have as many requests in work as one client may have. Wait for one of them.")
    HELD_OFF = ("held_off", 429, "You go on asking after refusals. Wait as long as Retry-After says.")
    STOPPING = ("stopping", 503, "This process of the service ends. Connect again.")
    OVERLOAD = ("overload", 503, "The service has as many requests in work as it can answer. Try again later.")

    def __init__(self, reason: str, status: int, message: str) -> None:
        self.reason, self.status, self.message = reason, status, message


CODES = {Refused.SHARE: "CONCURRENCY_LIMITED", Refused.HELD_OFF: "THROTTLED", Refused.OVERLOAD: "OVERLOADED"}
OAUTH_CODES = {True: "temporarily_unavailable", False: "invalid_request"}
"""The codes of RFC 6749, section 4.1.2.1, by whether the request may be repeated."""


def _body(refused: Refused, form: ErrorForm) -> tuple[bytes, bytes]:
    """Return the media type and the content."""
    error: dict[str, object]
    if form is ErrorForm.GRAPHQL:
        error = {"errors": [{"message": refused.message, "extensions": {"code": CODES.get(refused, "BAD_REQUEST")}}]}
    elif form is ErrorForm.OAUTH:
        error = {"error": OAUTH_CODES[refused.status in AGAIN], "error_description": refused.message}
    else:
        return b"text/plain; charset=utf-8", refused.message.encode()
    return b"application/json; charset=utf-8", json.dumps(error).encode()


def _parts(refused: Refused, form: ErrorForm) -> tuple[bytes, bytes]:
    """Return the status line, and what follows the fields that vary."""
    kind, content = _body(refused, form)
    fields = [(b"content-type", kind), (b"content-length", b"%d" % len(content)), (b"cache-control", b"no-store")]
    if refused.status in AGAIN:
        fields.append(RETRY)
    lines = b"".join(b"%s: %s\r\n" % one for one in fields)
    phrase = HTTPStatus(refused.status).phrase.encode()
    return b"HTTP/1.1 %d %s\r\n" % (refused.status, phrase), b"%s\r\n%s" % (lines, content)


PARTS = {(refused, form): _parts(refused, form) for refused in Refused for form in ErrorForm}


def write_refusal(refused: Refused, defaults: Iterable[tuple[bytes, bytes]], url: bytes, *, close: bool) -> bytes:
    """Return the answer. defaults: the header fields of every answer. url: whose form of errors is used. close:
    whether the connection is closed after it."""
    form = next(one for one in ErrorForm if url.startswith(one.value))
    line, rest = PARTS[refused, form]
    fields = b"".join(b"%s: %s\r\n" % one for one in defaults)
    return b"".join((line, fields, CLOSE if close else b"", rest))
