"""What can go wrong. Each message says what to do."""

from collections.abc import Mapping, Sequence
from typing import Any


class ClientError(Exception):
    """A request was not answered. The message says why and what to do."""


class UnreachableError(ClientError):
    """Nobody answers at the address, or not in time. The same request may be sent again."""


class RefusedError(ClientError):
    """The client or its token is refused. code: of OAuth (RFC 6749, section 5.2) or of the service."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class AnswerError(ClientError):
    """The answer has errors. errors: as GraphQL sends them. data: what there is beside them. retry_after: seconds after
    which to ask again, or None."""

    def __init__(
        self, errors: Sequence[dict[str, Any]], data: Any, extensions: Mapping[str, Any], retry_after: float | None
    ) -> None:
        first, request_id = errors[0], extensions.get("requestId")
        code, page = (first.get("extensions") or {}).get("code", ""), extensions.get("docUrl")
        told = f"{code}: {first.get('message')}" if code else str(first.get("message"))
        super().__init__(told + (f" See {page}" if page else "") + (f" (request {request_id})" if request_id else ""))
        self.errors, self.data, self.request_id, self.retry_after = list(errors), data, request_id, retry_after
        self.code = str(code)
