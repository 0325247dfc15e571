"""Parse GraphQL requests: JSON of bounded size and depth (GraphQL over HTTP, section 5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from auth.clients.trusted_documents import SHA256
from auth.request_body import ONLY_IDENTITY, TAKEN, is_encoded, media_type_of, read_bounded
from engine.document.json_values import NO_NUL, JsonError, check_depth, read_json
from languages.sentence import say
from transport.refusals import RequestError

LARGEST_BODY = 64 * 1024
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u(?:0000|\{0+\})")
MEMBERS: Mapping[str, tuple[Any, str]] = {
    "query": (str | None, say("a string: the GraphQL document")),
    "documentId": (str | None, say("a string: the identifier of a registered document")),
    "variables": (dict | None, say("an object")),
    "operationName": (str | None, say("a string")),
    "extensions": (dict | None, say("an object")),
}


@dataclass(frozen=True)
class Body:
    """A GraphQL request. It has a `query`, the id of a registered document, or both, which must then agree.

    receipt: whether the client asks for a receipt.
    """

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    document_id: str | None = None
    receipt: bool = False


async def read_body(request: Request) -> Body:
    """Read the body of a POST request, at most 64 KiB. Raises RequestError."""
    if media_type_of(request.headers) != "application/json":
        raise RequestError("Send JSON: Content-Type must be application/json.", "UNSUPPORTED_MEDIA_TYPE", 415)
    if is_encoded(request.headers):
        raise RequestError(ONLY_IDENTITY, "UNSUPPORTED_MEDIA_TYPE", 415, TAKEN)
    raw = await read_bounded(request, LARGEST_BODY)
    if raw is None:
        raise RequestError(
            say("The body is larger than {largest_body} bytes.", largest_body=LARGEST_BODY), "BODY_TOO_LARGE", 413
        )
    return parse_body(raw)


def read_address(request: Request) -> Body:
    """Read the request from the query string of a GET request (GraphQL over HTTP, 6.2). An empty parameter
    equals none. Raises RequestError."""
    found: dict[str, Any] = {name: value for name, value in request.query_params.items() if value}
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = _json(found[name].encode())
    return check_shape(found)


def parse_body(raw: bytes) -> Body:
    """Parse a JSON body. Raises RequestError."""
    found = _json(raw)
    if not isinstance(found, dict):
        raise RequestError("The body must be one JSON object; batches of requests are not taken.")
    return check_shape(found)


def check_shape(found: Mapping[str, Any]) -> Body:
    """Check the types of the members; unknown members are ignored (GraphQL over HTTP, 5.1). An empty text equals null,
    and null equals none. Raises RequestError."""
    for name, (kind, words) in MEMBERS.items():
        if not isinstance(found.get(name), kind):
            raise RequestError(say("`{name}` must be {words}.", name=name, words=words))
    query, document_id = found.get("query") or "", _document_id(found)
    if not query and document_id is None:
        raise RequestError("Send `query`, the GraphQL document, or `documentId`, the identifier of a registered one.")
    if NUL.search(query):
        raise RequestError(NO_NUL)
    try:
        check_depth(found.get("variables"))
    except JsonError as error:
        raise RequestError(str(error)) from None
    receipt = (found.get("extensions") or {}).get("receipt")
    if not isinstance(receipt, bool | None):
        raise RequestError("`extensions.receipt` must be true or false: whether you want a receipt for the answer.")
    return Body(query, found.get("variables"), found.get("operationName") or None, document_id, bool(receipt))


def _document_id(found: Mapping[str, Any]) -> str | None:
    """Return the id from `documentId` or from Apollo's `persistedQuery`. Raises RequestError."""
    persisted = (found.get("extensions") or {}).get("persistedQuery")
    if persisted is None:
        return found.get("documentId") or None
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(digest, str) or persisted.get("version", 1) != 1:
        raise RequestError("`extensions.persistedQuery` must be {version: 1, sha256Hash}: the SHA-256 of the document.")
    if found.get("documentId"):
        raise RequestError("Send either `documentId` or `extensions.persistedQuery`.")
    return f"{SHA256}{digest}"


def _json(raw: bytes) -> Any:
    """Parse a JSON text. Raises RequestError."""
    try:
        return read_json(raw)
    except JsonError as error:
        raise RequestError(str(error), error.code) from None
