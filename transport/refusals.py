"""Errors that the client caused, and the response to each: one rule for HTTP, WebSocket and server-sent events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from graphql import GraphQLError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.requests import ClientDisconnect

from auth.budget import Status, ThrottledError
from auth.proofs.proof import NONCE_HEADER
from auth.tokens import BEARER, TokenError
from engine.document.document import DocumentError
from engine.execution import InternalError, log_failure
from engine.load.errors import ForbiddenError
from languages.negotiation import Language
from languages.sentence import say
from languages.translation import translate
from postgres.errors import is_too_long, is_unreachable

RETRY = {"retry-after": "1"}


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


def format_error(error: GraphQLError, language: Language) -> Mapping[str, Any]:
    """Return an error as a response has it, with its message in the language of the client."""
    return {**error.formatted, "message": translate(error.message, language)}


def refusal_of(error: Exception, issuer: str, scheme: str = BEARER) -> ErrorResponse | None:
    """Return the response to an error that the client caused; None for any other error. scheme: of its token."""
    match error:
        case TokenError():
            challenge = {"www-authenticate": error.challenge(issuer), "link": f'<{issuer}/>; rel="service-doc"'}
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
            return ErrorResponse.of(400, say("The request ended before its body did."), "BAD_REQUEST", {})
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


def failure_of(error: Exception, request_id: UUID) -> ErrorResponse:
    """Return the response to an error of the service. The cause is logged without personal data, and not sent."""
    cause = error.__cause__ if isinstance(error, InternalError) and error.__cause__ else error
    if isinstance(error, TimeoutError | PoolTimeoutError) or is_too_long(cause):
        return ErrorResponse.of(503, say("This took too long. Ask for less, or try again."), "TIMEOUT", RETRY)
    log_failure(cause, request_id)
    if is_unreachable(cause):
        return ErrorResponse.of(503, say("The database is not reachable. Try again."), "UNAVAILABLE", RETRY)
    return ErrorResponse.of(500, say("Something went wrong here. Quote the request id to us."), "INTERNAL", {})
