"""The response to a GraphQL request (GraphQL over HTTP, section 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.responses import Response

from engine.answering import Result
from engine.document import deprecation
from transport.errors.catalogue import address_of
from transport.observation import Observation
from transport.refusals import ErrorResponse, format_retry

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """Builds the response to one request. strict: whether the client accepts `application/graphql-response+json`.
    issuer: the address below which error codes have their pages."""

    seen: Observation
    strict: bool
    issuer: str

    def answer(self, result: Result, extensions: Mapping[str, Any] | None = None) -> Response:
        """Return the response to an executed operation, or to a request error (GraphQL over HTTP, section 7)."""
        errors = list(result.errors)
        if result.data is None and errors and all(error.path is None for error in errors):
            return self.refuse(ErrorResponse(None, errors))
        data = orjson.Fragment(result.data) if isinstance(result.data, bytes) else result.data
        headers = format_retry(errors)
        status = 429 if headers and not result.data else 200
        return self._json(status, {"data": data}, errors, headers, extensions or {})

    def refuse(self, refusal: ErrorResponse) -> Response:
        """Return a response without data."""
        status = refusal.status or (400 if self.strict else 200)
        return self._json(status, {}, refusal.errors, refusal.headers, refusal.extensions)

    def _json(
        self,
        status: int,
        body: dict[str, Any],
        errors: Sequence[GraphQLError],
        headers: Mapping[str, str],
        extensions: Mapping[str, Any],
    ) -> Response:
        if errors:
            self.seen.outcome = code = (errors[0].extensions or {}).get("code", "INTERNAL")
            body = {"errors": [error.formatted for error in errors], **body}
            extensions = {"docUrl": address_of(self.issuer, code), **extensions}
        request_id = str(self.seen.request_id)
        body["extensions"] = {"requestId": request_id, **extensions}
        sent = {"x-request-id": request_id, "cache-control": "no-store", **headers}
        sent |= deprecation.write_headers(extensions)
        return JsonResponse(status, orjson.dumps(body), GRAPHQL_RESPONSE if self.strict else JSON, sent)


class JsonResponse(Response):
    """A response with JSON."""

    def __init__(self, status: int, body: bytes, media_type: str, headers: Mapping[str, str]) -> None:
        self.status_code, self.body, self.background = status, body, None
        whole = {"content-length": str(len(body)), "content-type": f"{media_type}; charset=utf-8", **headers}
        self.raw_headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in whole.items()]
