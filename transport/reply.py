"""The response to a GraphQL request (GraphQL over HTTP, section 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.responses import Response

from engine.answering import Result
from engine.document import deprecation
from languages.negotiation import HEADER, Language, choose_language, prefers
from languages.words import find_remedy
from transport.errors.catalogue import address_of
from transport.event_stream import COMPLETE, EVENT_STREAM, write_next
from transport.observation import Observation
from transport.refusals import ErrorResponse, format_error, format_retry

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """Builds the response to one request. headers: of the request. issuer: the address below which error codes have
    their pages."""

    seen: Observation
    headers: Headers
    issuer: str

    @cached_property
    def accepted(self) -> Sequence[str]:
        """What the client accepts: the values of the header."""
        return self.headers.getlist("accept")

    @cached_property
    def strict(self) -> bool:
        """Whether the client accepts `application/graphql-response+json`, and likes it no less than JSON."""
        return prefers(self.accepted, GRAPHQL_RESPONSE, JSON)

    def takes_events(self) -> bool:
        """Return whether the client accepts an event stream."""
        return prefers(self.accepted, EVENT_STREAM)

    def choose_language(self) -> Language:
        """Return the language of messages. An answer without errors does not ask for it."""
        return choose_language(self.headers.get(HEADER))

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
        """Return a response without data. A request error is a stream of one event for a client that accepts only
        streams (GraphQL over SSE, distinct connections mode)."""
        status, events = refusal.status or (400 if self.strict else 200), refusal.status is None and self._is_listener()
        return self._json(status, {}, refusal.errors, refusal.headers, refusal.extensions, events)

    def _is_listener(self) -> bool:
        """Return whether the client accepts an event stream, and no JSON."""
        return self.takes_events() and not self.strict and not prefers(self.accepted, JSON)

    def _json(
        self,
        status: int,
        body: dict[str, Any],
        errors: Sequence[GraphQLError],
        headers: Mapping[str, str],
        extensions: Mapping[str, Any],
        events: bool = False,
    ) -> Response:
        if errors:
            language = self.choose_language()
            self.seen.outcome = code = (errors[0].extensions or {}).get("code", "INTERNAL")
            body = {"errors": [format_error(error, language) for error in errors], **body}
            extensions = {"docUrl": address_of(self.issuer, code), "remedy": find_remedy(code, language), **extensions}
            headers = {"content-language": language, "vary": HEADER, **headers}
        request_id = str(self.seen.request_id)
        body["extensions"] = {"requestId": request_id, **extensions}
        sent = {"x-request-id": request_id, "cache-control": "no-store", **headers}
        sent |= deprecation.write_headers(extensions)
        if events:
            return JsonResponse(status, write_next(orjson.dumps(body)) + COMPLETE, EVENT_STREAM, sent)
        return JsonResponse(status, orjson.dumps(body), GRAPHQL_RESPONSE if self.strict else JSON, sent)


class JsonResponse(Response):
    """A response with JSON, or with an event of it."""

    def __init__(self, status: int, body: bytes, media_type: str, headers: Mapping[str, str]) -> None:
        self.status_code, self.body, self.background = status, body, None
        whole = {"content-length": str(len(body)), "content-type": f"{media_type}; charset=utf-8", **headers}
        self.raw_headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in whole.items()]
