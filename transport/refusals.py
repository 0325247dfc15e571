"""Errors that the client caused, and the response to each: one rule for HTTP, WebSocket and server-sent events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError
from starlette.requests import ClientDisconnect

from auth.budget import Status, ThrottledError
from auth.proofs.proof import NONCE_HEADER
from auth.tokens import BEARER, TokenError
from engine.document.document import DocumentError
from engine.load.errors import ForbiddenError


class RequestError(Exception):
    """A request that is refused before its document runs. code: of the GraphQL error; status, headers: of HTTP."""

    def __init__(
        self, message: str, code: str = "BAD_REQUEST", status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.headers = code, status, headers or {}


@dataclass(frozen=True)
class ErrorResponse:
    """A response that has errors and no data.

    status: None for a GraphQL request error, whose status depends on the media type (GraphQL over HTTP).
    """

    status: int | None
    errors: Sequence[GraphQLError]
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, message: str, code: str, headers: Mapping[str, str], **extensions: Any) -> "ErrorResponse":
        """Return a response with one error that is not about the document."""
        return cls(status, [GraphQLError(message, extensions={"code": code})], headers, extensions)


def refusal_of(error: Exception, issuer: str, scheme: str = BEARER) -> ErrorResponse | None:
    """Return the response to an error that the client caused; None for any other error. scheme: of its token."""
    match error:
        case TokenError():
            challenge = {"www-authenticate": error.challenge(issuer)}
            if error.nonce:
                challenge |= {NONCE_HEADER: error.nonce}
            return ErrorResponse.of(error.status, str(error), "UNAUTHENTICATED", challenge)
        case RequestError():
            return ErrorResponse.of(error.status, str(error), error.code, error.headers)
        case ThrottledError():  # RFC 6585, section 4
            cost, headers = (
                {"throttleStatus": format_throttle_status(error.status)},
                {"retry-after": str(error.retry_after)},
            )
            return ErrorResponse.of(429, str(error), error.code, headers, cost=cost)
        case ClientDisconnect():
            return ErrorResponse.of(400, "The request ended before its body did.", "BAD_REQUEST", {})
        case DocumentError():
            return ErrorResponse(None, error.errors)
        case ForbiddenError():
            return ErrorResponse(403, [error], {"www-authenticate": format_scope_challenge(error, scheme)})
        case GraphQLError(original_error=None):
            return ErrorResponse(None, [error])
    return None


def format_throttle_status(status: Status) -> dict[str, int]:
    """Return the state of a bucket as a response has it."""
    return {
        "maximumAvailable": status.maximum,
        "currentlyAvailable": status.available,
        "restoreRate": status.restored,
    }


def format_retry(errors: Sequence[GraphQLError]) -> dict[str, str]:
    """Return the header Retry-After if errors say when to ask again (RFC 9110, section 10.2.3)."""
    waits = [wait for error in errors if (wait := (error.extensions or {}).get("retryAfter"))]
    return {"retry-after": str(max(waits))} if waits else {}


def format_scope_challenge(error: ForbiddenError, scheme: str) -> str:
    """Return the challenge of RFC 6750, section 3.1."""
    scopes = " ".join((error.extensions or {})["missingScopes"])
    return f'{scheme} realm="suxin", error="insufficient_scope", scope="{scopes}"'
