"""A Bruno collection of the service: a request for each operation of the OpenAPI document, and for each example."""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from auth.audiences import Audience
from openapi.document import list_operations
from openapi.operation import ApiAnswer, ApiOperation, ApiRoute
from pages.developers.documents import EXAMPLE_FOLDERS, HOME
from transport.contract.graphql import GRAPHQL

PATH = "/developers/bruno.zip"
FORM, ZIP = "application/x-www-form-urlencoded", "application/zip"
SCRIPTS = Path(__file__).parent / "bruno_scripts"
KNOWN = {
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "{{assertion}}",
    "grant_type": "client_credentials",
    "token": "{{accessToken}}",
    "jwks": "{{publicKeys}}",
}
"""Values of parameters; the others are switched off, to be filled in."""

IN_JSON = {"jwks": "{{publicKeys}}", "dpop_bound_access_tokens": "{{bound}}"}
VARIABLE = re.compile(r'"(\{\{\w+\}\})"')

IN_FRONT = "requestToken", "registerClient"
DESCRIBED = ApiOperation(
    "GET",
    "brunoCollection",
    "Discovery",
    "A Bruno collection of this service",
    [ApiAnswer(200, "Unpack it, and open the folder in Bruno.", {ZIP: None})],
)


def list_files(routes: Iterable[BaseRoute], address: str) -> Iterator[tuple[str, str]]:
    """Yield the files of the collection by their paths. address: of the service, for the environment Sandbox."""
    yield (
        "bruno.json",
        json.dumps({"version": "1", "name": "Suxin", "type": "collection"}, indent=2),
    )
    yield "collection.bru", _read("collection.bru")
    yield "environments/Sandbox.bru", _write_environment(address)
    yield "environments/Production.bru", _write_environment("https://suxin.court.example")
    places: dict[str, int] = {}
    for path, operation in list_operations(routes):
        if operation.tag != GRAPHQL:
            places[operation.tag] = place = places.get(operation.tag, len(IN_FRONT)) + 1
            yield f"{operation.tag}/{operation.name}.bru", _write_request(path, operation, place)
    for audience in Audience:
        for place, file in enumerate(sorted((HOME / EXAMPLE_FOLDERS[audience.lower()]).glob("*.graphql")), start=1):
            yield f"{audience}/{file.stem}.bru", _write_question(file, place)


def _read(name: str) -> str:
    return (SCRIPTS / name).read_text("utf-8")


def write_block(name: str, lines: str | Sequence[str]) -> str:
    """Return a block of the Bru language: each line is set in by two blanks."""
    text = lines if isinstance(lines, str) else "\n".join(lines)
    return "\n".join([f"{name} {{", *(f"  {line}".rstrip() for line in text.splitlines()), "}", ""])


def _write_environment(address: str) -> str:
    return write_block("vars", [f"address: {address}", "clientId: "]) + "vars:secret [\n  privateKey,\n  proofKey\n]\n"


def _write_question(file: Path, place: int) -> str:
    """Return the request with an example and its variables."""
    variables = file.with_suffix(".json")
    blocks = [
        write_block("meta", [f"name: {file.stem}", "type: graphql", f"seq: {place}"]),
        write_block("post", ["url: {{address}}/graphql", "body: graphql", "auth: none"]),
        write_block("body:graphql", keep_braces(file.read_text("utf-8"))),
    ]
    if variables.exists():
        given = json.loads(variables.read_text("utf-8"))
        blocks.append(write_block("body:graphql:vars", json.dumps(given, ensure_ascii=False, indent=2)))
    blocks.append(write_block("assert", ["res.status: eq 200", "res.body.errors: isUndefined"]))
    return "\n".join(blocks)


def keep_braces(text: str) -> str:
    """Return a document without two braces in a row, which Bruno takes for a variable of its own."""
    while "{{" in text or "}}" in text:
        text = text.replace("{{", "{ {").replace("}}", "} }")
    return text


def _write_request(path: str, operation: ApiOperation, place: int) -> str:
    media = next(iter(operation.bodies or {}), "")
    kind, content = _write_body(media, operation)
    if operation.name in IN_FRONT:
        place = 1 + IN_FRONT.index(operation.name)
    query = [one for one in operation.parameters if one.place == "query"]
    named = [f"{one.name}: {one.example or ''}" for one in operation.parameters if one.place == "path"]
    address = "{{address}}" + path.replace("{", ":").replace("}", "")
    blocks = [
        write_block("meta", [f"name: {operation.name}", "type: http", f"seq: {place}"]),
        write_block(operation.method.lower(), [f"url: {address}", f"body: {kind}", "auth: none"]),
        write_block("params:path", named) if named else "",
        write_block("params:query", [f"~{one.name}: " for one in query]) if query else "",
        write_block("headers", [f"content-type: {media}"]) if kind == "text" else "",
        content,
        write_block("script:post-response", _read(f"{operation.name}.js")) if operation.name in IN_FRONT else "",
        write_block("docs", "\n".join(filter(None, [f"{operation.summary}.", operation.details]))),
    ]
    return "\n".join(block for block in blocks if block)


def _write_body(media: str, operation: ApiOperation) -> tuple[str, str]:
    """Return the kind of a body, and its block."""
    if not media:
        return "none", ""
    if media == FORM:
        fields = list(_list_fields((operation.bodies or {})[media]))
        return "formUrlEncoded", write_block("body:form-urlencoded", fields)
    if media.endswith("/json"):
        known = {name: value for name, value in IN_JSON.items() if name in (operation.example or {})}
        sent = json.dumps({**(operation.example or {}), **known}, ensure_ascii=False, indent=2)
        return "json", write_block("body:json", VARIABLE.sub(r"\1", sent))
    return "text", write_block("body:text", str(operation.example or ""))


def _list_fields(form: Any) -> Iterator[str]:
    fields: Mapping[str, Any] = form.__annotations__
    for name in fields:
        yield f"{name}: {KNOWN[name]}" if name in KNOWN else f"~{name}: "


def write_archive(files: Iterable[tuple[str, str]]) -> bytes:
    """Return a ZIP archive of the collection, in a folder of its own."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files:
            archive.writestr(zipfile.ZipInfo(f"suxin/{path}"), text)
    return held.getvalue()


def make_collection_route(address: str, headers: Mapping[str, str]) -> ApiRoute:
    """Return the route of the collection, which is written when it is first asked for."""
    written: list[bytes] = []

    async def send(request: Request) -> Response:
        if not written:
            written.append(write_archive(list_files(request.app.routes, address)))
        named = {"Content-Disposition": 'attachment; filename="suxin-bruno.zip"'}
        return Response(written[0], 200, {**headers, **named}, ZIP)

    return ApiRoute(PATH, send, DESCRIBED)
