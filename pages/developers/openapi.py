"""/developers/openapi.json: what is served over HTTP beside GraphQL, as an OpenAPI document of the routes that are
there."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from auth.audiences import Audience
from auth.server.contract.operations import DISCOVERY, OAUTH, describe_schemes
from openapi.document import DescribedService, write_document
from openapi.operation import ApiAnswer, ApiOperation, ApiParameter, ApiRoute

PATH = "/developers/openapi.json"
JSON = "application/json"
TAGS = {
    OAUTH: "Tokens for clients, and the sign-in of staff.",
    "GraphQL": "Everything about cases, parties and credit.",
    "Files": "Files of bulk operations.",
    "Reports": "Integrity reports, which their subjects hand out.",
    "Transparency log": "Proofs of what was logged. All of it is public: times and hashes.",
    DISCOVERY: "Where everything is.",
    "Operation": "For the operator.",
}
ABOUT = (
    "Suxin shares litigation credit of courts with partners. What is asked and done stands in the GraphQL "
    "schema; this document describes what is around it. "
    "Members and codes may be added: ignore those that you do not know."
)
DESCRIBED = ApiOperation(
    "GET", "openApi", DISCOVERY, "This document", [ApiAnswer(200, "OpenAPI 3.1.", {JSON: dict[str, Any]})]
)
SCHEMA = ApiOperation(
    "GET",
    "readSchema",
    DISCOVERY,
    "The GraphQL schema as an audience reaches it",
    [ApiAnswer(200, "In the schema definition language.", {"text/plain": str})],
    parameters=[ApiParameter("audience", "In lower case.", values=[audience.lower() for audience in Audience])],
)
HEADERS = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}


def describe_service(routes: Iterable[BaseRoute], address: str) -> dict[str, Any]:
    """Return the document of a service at an address."""
    service = DescribedService("Suxin", version("suxin"), ABOUT, address, describe_schemes(address), TAGS)
    return write_document(routes, service)


def make_document_route(address: str) -> ApiRoute:
    """Return the route of the document, which is written when it is first asked for."""
    written: list[bytes] = []

    async def send(request: Request) -> Response:
        if not written:
            written.append(orjson.dumps(describe_service(request.app.routes, address)))
        return Response(written[0], 200, HEADERS, JSON)

    return ApiRoute(PATH, send, DESCRIBED)
