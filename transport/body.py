"""What a GraphQL request is: bounded, JSON, and of the right shape."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from starlette.requests import Request

from auth.clients.trusted_documents import SHA256
from auth.content_coding import ONLY_IDENTITY, TAKEN, is_encoded
from engine.document.json_values import NO_NUL, JsonError, check_depth, read_json

LARGEST_BODY = 64 * 1024
NUL = re.compile(r"\\u(?:0000|\{0+\})")
MEMBERS: Mapping[str, tuple[Any, str]] = {
    "query": (str | None, "a string: the GraphQL document"),
    "documentId": (str | None, "a string: the identifier of a registered document"),
    "variables": (dict | None, "an object"),
    "operationName": (str | None, "a string"),
    "extensions": (dict | None, "an object"),
}


class BodyError(Exception):
    """A request that holds no GraphQL request, or not where it may. headers: of the reply."""

    def __init__(
        self, message: str, code: str = "BAD_REQUEST", status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.headers = code, status, headers

    def as_graphql(self) -> GraphQLError:
        """The same where there is no HTTP status."""
        return GraphQLError(str(self), extensions={"code": self.code})


@dataclass(frozen=True)
class Body:
    """A GraphQL request. document_id: of a registered document; it, or `query`, or both for a check, are there."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    document_id: str | None = None


async def read_body(request: Request) -> Body:
    """Read a request of at most 64 KiB. Raises BodyError with what is wrong and what to send instead."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BodyError("Send JSON: Content-Type must be application/json.", "UNSUPPORTED_MEDIA_TYPE", 415)
    if is_encoded(request.headers):
        raise BodyError(ONLY_IDENTITY, "UNSUPPORTED_MEDIA_TYPE", 415, TAKEN)
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            raise BodyError(f"The body is larger than {LARGEST_BODY} bytes.", "BODY_TOO_LARGE", 413)
    return parse_body(bytes(raw))


def read_address(request: Request) -> Body:
    """The request in the address of a GET (GraphQL over HTTP, 6.2); the server bounds addresses. Raises BodyError."""
    found: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = _json(found[name].encode())
    return check_shape(found)


def parse_body(raw: bytes) -> Body:
    """The request in `raw`. Raises BodyError."""
    found = _json(raw)
    if not isinstance(found, dict):
        raise BodyError("The body must be one JSON object; batches of requests are not taken.")
    return check_shape(found)


def check_shape(found: Mapping[str, Any]) -> Body:
    """A request whose members are of the right kinds. Others are not looked at (GraphQL over HTTP, 5.1).

    Raises BodyError.
    """
    for name, (kind, words) in MEMBERS.items():
        if not isinstance(found.get(name), kind):
            raise BodyError(f"`{name}` must be {words}.")
    query, document_id = found.get("query") or "", _document_id(found)
    if not query and document_id is None:
        raise BodyError("Send `query`, the GraphQL document, or `documentId`, the identifier of a registered one.")
    if NUL.search(query):
        raise BodyError(NO_NUL)
    try:
        check_depth(found.get("variables"))
    except JsonError as error:
        raise BodyError(str(error)) from None
    return Body(query, found.get("variables"), found.get("operationName"), document_id)


def _document_id(found: Mapping[str, Any]) -> str | None:
    """The identifier of a document, given by itself or as Apollo's clients do. Raises BodyError."""
    persisted = (found.get("extensions") or {}).get("persistedQuery")
    if persisted is None:
        return found.get("documentId")
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(digest, str) or persisted.get("version", 1) != 1:
        raise BodyError("`extensions.persistedQuery` must be {version: 1, sha256Hash}: the SHA-256 of the document.")
    if "documentId" in found:
        raise BodyError("Send either `documentId` or `extensions.persistedQuery`.")
    return f"{SHA256}{digest}"


def _json(raw: bytes) -> Any:
    """The value of a JSON text. Raises BodyError."""
    try:
        return read_json(raw)
    except JsonError as error:
        raise BodyError(str(error), error.code) from None
