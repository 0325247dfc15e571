"""Writes the OpenAPI 3.1 document of the routes that carry operations."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.routing import BaseRoute

from openapi.operation import ApiAnswer, ApiOperation, ApiParameter, ApiRoute, SentHeader

VERSION = "3.1.1"
SCHEMAS = "#/components/schemas/{name}"
CONVERTOR = re.compile(r":[a-z]+\}")
WELL_KNOWN = "/.well-known/"
TEXT = {"type": "string"}


@dataclass(frozen=True)
class DescribedService:
    """What the document says beside the routes. schemes: the security schemes. tags: the chapters, in their order."""

    title: str
    version: str
    about: str
    address: str
    schemes: Mapping[str, Mapping[str, Any]]
    tags: Mapping[str, str]


def list_operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, ApiOperation]]:
    """Yield each operation with its path, in the order of the routes."""
    for route in routes:
        if isinstance(route, ApiRoute):
            for operation in route.operations:
                yield CONVERTOR.sub("}", route.path), operation


def write_document(routes: Iterable[BaseRoute], service: DescribedService) -> dict[str, Any]:
    """Return the OpenAPI document as JSON. The types of bodies become its schemas."""
    found = list(list_operations(routes))
    types = list(dict.fromkeys(_list_types(operation for _, operation in found)))
    references, schemas = msgspec.json.schema_components(types, ref_template=SCHEMAS)
    known = dict(zip(types, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for path, operation in found:
        item = paths.setdefault(path, _find_servers(path, service.address))
        item[operation.method.lower()] = _write_operation(operation, known)
    return {
        "openapi": VERSION,
        "info": {"title": service.title, "version": service.version, "description": service.about},
        "servers": [{"url": service.address}],
        "tags": [{"name": name, "description": about} for name, about in service.tags.items()],
        "paths": paths,
        "components": {
            "schemas": {name: _drop_title(schemas[name]) for name in sorted(schemas)},
            "securitySchemes": dict(service.schemes),
        },
    }


def _list_types(operations: Iterable[ApiOperation]) -> Iterator[Any]:
    for operation in operations:
        for bodies in (operation.bodies or {}, *(answer.bodies for answer in operation.answers)):
            yield from (kind for kind in bodies.values() if kind is not None)


def _find_servers(path: str, address: str) -> dict[str, Any]:
    """Return the servers of a path: well-known ones stand before the path of the address (RFC 8414, section 3.1)."""
    parts = urlsplit(address)
    if WELL_KNOWN in path and parts.path:
        return {"servers": [{"url": f"{parts.scheme}://{parts.netloc}"}]}
    return {}


def _write_operation(operation: ApiOperation, known: Mapping[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.details:
        told["description"] = operation.details
    sent = [_write_sent_header(header) for header in operation.headers]
    if parameters := [*map(_write_parameter, operation.parameters), *sent]:
        told["parameters"] = parameters
    if operation.bodies:
        content = _write_content(operation.bodies, known, operation.example)
        told["requestBody"] = {"required": True, "content": content}
    told["responses"] = {str(answer.status): _write_answer(answer, known) for answer in operation.answers}
    told["security"] = [{name: list(scopes)} if name else {} for name, scopes in (operation.callers or {}).items()]
    return told


def _write_parameter(parameter: ApiParameter) -> dict[str, Any]:
    schema: dict[str, Any] = dict(TEXT)
    if parameter.pattern:
        schema["pattern"] = parameter.pattern
    if parameter.values:
        schema["enum"] = list(parameter.values)
    told = {"name": parameter.name, "in": parameter.place, "required": parameter.required, "schema": schema}
    told["description"] = parameter.about
    return told | ({"example": parameter.example} if parameter.example else {})


def _write_sent_header(header: SentHeader) -> dict[str, Any]:
    told = {"name": header.name, "in": "header", "required": header.required, "schema": TEXT}
    return told | {"description": header.about}


def _write_answer(answer: ApiAnswer, known: Mapping[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.about}
    if answer.headers:
        told["headers"] = {one.name: {"description": one.about, "schema": TEXT} for one in answer.headers}
    if answer.bodies:
        told["content"] = _write_content(answer.bodies, known, answer.example)
    return told


def _write_content(bodies: Mapping[str, Any], known: Mapping[Any, Any], example: Any) -> dict[str, Any]:
    """Return the content by media type. Octets have no schema (OpenAPI 3.1, "binary data")."""
    content = {kind: {"schema": known[body]} if body is not None else {} for kind, body in bodies.items()}
    first: Sequence[str] = list(content)[:1]
    for kind in first if example is not None else ():
        content[kind]["example"] = example
    return content


def _drop_title(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without the title, which repeats its name: generators would name types by it. Nor does it list
    that nothing is required: older readers refuse an empty list (JSON Schema, draft 4)."""
    return {name: value for name, value in schema.items() if name != "title" and (name, value) != ("required", [])}
