"""/developers/schema: the schema as each audience reaches it, with the scopes of each field, from the policy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from auth.audiences import Audience, scopes_of
from engine.document.audience_schema import build_audience_schema, print_schema
from engine.engine import Engine
from engine.policy import OPEN, Policy
from pages.site import PUBLIC, Site

PATH = "/developers/schema"
ROOTS = ("Query", "Mutation", "Subscription")
Fielded = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


@dataclass(frozen=True)
class SchemaMember:
    """A field or a value of a type. kind: the type of a field, and target: its name where it has a page. scopes: what
    it needs beyond its type. audiences: who may reach it."""

    name: str
    description: str
    kind: str = ""
    target: str = ""
    arguments: Sequence["SchemaMember"] = ()
    scopes: str = ""
    audiences: Sequence[Audience] = ()


@dataclass(frozen=True)
class TypeSheet:
    """A type, as an audience reaches it."""

    name: str
    description: str
    scopes: str
    members: Sequence[SchemaMember]


@dataclass(frozen=True)
class Reference:
    """The pages of the schema. graphql: the schema, with its policy."""

    site: Site
    graphql: Engine

    async def types(self, request: Request) -> Response:
        """Return the page of all types that an audience reaches."""
        audience = _read_audience(request)
        names = list_types(self.graphql, audience)
        shown = {"audience": audience, "audiences": list(Audience), "types": names, "roots": ROOTS}
        return self.site.render(request, "developers/schema.html", 200, PUBLIC, **shown)  # type: ignore[arg-type]

    async def type(self, request: Request) -> Response:
        """Return the page of a type."""
        audience, name = _read_audience(request), request.path_params["type"]
        sheet = describe_type(self.graphql, audience, name)
        if sheet is None:
            raise HTTPException(404)
        return self.site.render(request, "developers/type.html", 200, PUBLIC, audience=audience, sheet=sheet)

    async def sdl(self, request: Request) -> Response:
        """Return the schema that an audience reaches, in the schema definition language."""
        audience = _read_audience(request)
        name = f'attachment; filename="suxin-{audience.lower()}.graphql"'
        headers = {"Content-Disposition": name, "Cache-Control": "public, max-age=300"}
        return PlainTextResponse(print_schema(self.graphql, scopes_of(audience)), headers=headers)


def _read_audience(request: Request) -> Audience:
    """Return the audience in the path of a request. Raises HTTPException."""
    try:
        return Audience(request.path_params["audience"].upper())
    except ValueError:
        raise HTTPException(404) from None


def list_types(engine: Engine, audience: Audience) -> dict[str, str]:
    """Return the first sentence about each type that an audience reaches, by name; the roots first."""
    found = {kind.name: _first_line(kind) for kind in _own_types(engine, audience)}
    return {name: found[name] for name in sorted(found, key=lambda name: (name not in ROOTS, name))}


def _own_types(engine: Engine, audience: Audience) -> Iterator[GraphQLNamedType]:
    for kind in build_audience_schema(engine, scopes_of(audience)).type_map.values():
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind):
            yield kind


def _first_line(kind: GraphQLNamedType) -> str:
    return (kind.description or "").partition("\n")[0]


@lru_cache(512)
def describe_type(engine: Engine, audience: Audience, name: str) -> TypeSheet | None:
    """Return a type as an audience reaches it; None if it does not."""
    kind = build_audience_schema(engine, scopes_of(audience)).type_map.get(name)
    if kind is None or is_introspection_type(kind) or is_specified_scalar_type(kind):
        return None
    return TypeSheet(name, kind.description or "", _spell(engine.policy, name), list(_list_members(engine, kind)))


def _list_members(engine: Engine, kind: GraphQLNamedType) -> Iterator[SchemaMember]:
    if isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield SchemaMember(name, value.description or "")
    if isinstance(kind, Fielded):
        for name, field in kind.fields.items():
            coordinate = f"{kind.name}.{name}"
            arguments = [
                SchemaMember(one, given.description or "", str(given.type), _target(given.type))
                for one, given in getattr(field, "args", {}).items()
            ]
            told = str(field.type), _target(field.type), arguments
            reached = _reach(engine.policy, coordinate)
            yield SchemaMember(name, field.description or "", *told, _spell(engine.policy, coordinate), reached)


def _target(kind: object) -> str:
    named = get_named_type(kind)  # type: ignore[call-overload]
    return "" if is_specified_scalar_type(named) else str(named)


def _reach(policy: Policy, coordinate: str) -> list[Audience]:
    if coordinate not in policy.requirements:
        return []
    return [audience for audience in Audience if policy.permits(coordinate, scopes_of(audience))]


def _spell(policy: Policy, coordinate: str) -> str:
    """Return the scopes that a coordinate needs, as a sentence; nothing where it needs none."""
    needed = policy.requirements.get(coordinate, OPEN)
    return "" if needed == OPEN else " | ".join(" + ".join(sorted(scopes)) for scopes in needed)
