"""The printed schema: as it is committed, as each audience gets it, and as its introspection shows it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    get_named_type,
    lexicographic_sort_schema,
    print_schema,
    strip_ignored_characters,
    validate_schema,
)
from look_ups import errors
from scope_directives import ScopeDirectives
from the_engine import GRAPHQL, printed
from world import World

import schema.builder
from auth.audiences import Audience, scopes_of
from auth.scopes import Scope

AUDIENCES = pytest.mark.parametrize("audience", list(Audience))
COMMITTED = Path(schema.builder.__file__).with_name("schema.graphql")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
GENERIC = {"Node", "PageInfo", "Query"}
DESCRIBED = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)
DIRECTIVES = ScopeDirectives(printed())
WHOLE = build_schema(printed())


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text() == printed()


def own_types(found: GraphQLSchema) -> dict[str, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType]:
    """Types with fields, those of introspection left out."""
    kinds = found.type_map.items()
    return {name: kind for name, kind in kinds if isinstance(kind, DESCRIBED) and not name.startswith("__")}


# descriptions


def is_noun(name: str) -> bool:
    """Whether a type stands for something of the domain, and not for a page of it."""
    return name not in GENERIC and not name.endswith(("Connection", "Edge"))


def test_every_noun_is_described_in_english_and_chinese() -> None:
    nouns = {name: str(kind.description) for name, kind in own_types(GRAPHQL).items() if is_noun(name)}
    assert {name for name, text in nouns.items() if not CHINESE.search(text)} == set()
    assert {name for name, text in nouns.items() if not re.match(r"[A-Z]", text)} == set()
    assert len(nouns) > 35


def test_every_enum_is_described() -> None:
    enums = {name: kind for name, kind in GRAPHQL.type_map.items() if isinstance(kind, GraphQLEnumType)}
    texts = {name: kind.description or "" for name, kind in enums.items() if not name.startswith("__")}
    assert {name for name, text in texts.items() if not text.endswith(".")} == set()


def test_every_field_and_argument_is_described() -> None:
    bare = []
    for name, kind in own_types(GRAPHQL).items():
        for key, field in kind.fields.items():
            given = getattr(field, "args", {})
            bare += [f"{name}.{key}"] * (not field.description)
            bare += [f"{name}.{key}({argument}:)" for argument, value in given.items() if not value.description]
    assert bare == []


# each audience's schema


def reachable(audience: Audience) -> set[str]:
    """The fields that a walk over permitted types, fields and arguments meets, by the directives alone."""
    waiting, met = ["Query", "Mutation"], set[str]()
    types: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in types and permitted(name, audience):
            types.add(name)
            found = list(permitted_fields(name, audience))
            met |= {f"{name}.{key}" for key, _ in found}
            waiting += [*(target for _, target in found), *relatives(name)]
    return met


def permitted(coordinate: str, audience: Audience) -> bool:
    """Whether the audience's scopes meet the directive at a coordinate."""
    return DIRECTIVES.meets([coordinate], scopes_of(audience))


def permitted_fields(name: str, audience: Audience) -> Iterator[tuple[str, str]]:
    """The fields of a type that may be read, each with the type that it leads to."""
    kind = WHOLE.type_map[name]
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for key, field in kind.fields.items():
            target = get_named_type(field.type).name
            if permitted(f"{name}.{key}", audience) and permitted(target, audience):
                yield key, target


def relatives(name: str) -> list[str]:
    """The interfaces of a type, and the types of an interface other than Node: those are met where they are used."""
    kind = WHOLE.type_map[name]
    if isinstance(kind, GraphQLInterfaceType):
        return [] if name == "Node" else [implementation.name for implementation in WHOLE.get_possible_types(kind)]
    return [interface.name for interface in getattr(kind, "interfaces", ())]


@AUDIENCES
def test_an_audience_is_printed_what_it_may_read_and_no_more(audience: Audience) -> None:
    shown = build_schema(printed(scopes_of(audience)))
    fields = {
        f"{name}.{key}"
        for name, kind in own_types(shown).items()
        if not isinstance(kind, GraphQLInputObjectType)
        for key in kind.fields
    }
    lasting = {"Subscription.events"} if Scope.EVENT in scopes_of(audience) else set()
    assert fields == reachable(audience) | lasting


@AUDIENCES
def test_an_audience_is_printed_the_arguments_that_it_may_give(audience: Audience) -> None:
    for name, kind in own_types(build_schema(printed(scopes_of(audience)))).items():
        for key, field in kind.fields.items():
            whole = getattr(WHOLE.type_map[name], "fields")[key]  # noqa: B009 - of a type with fields
            wanted = {
                given
                for given, argument in getattr(whole, "args", {}).items()
                if permitted(f"{name}.{key}({given}:)", audience)
                and permitted(get_named_type(argument.type).name, audience)
            }
            assert (f"{name}.{key}", set(getattr(field, "args", {}))) == (f"{name}.{key}", wanted)


@AUDIENCES
def test_an_audiences_schema_is_valid(audience: Audience) -> None:
    assert validate_schema(build_schema(printed(scopes_of(audience)))) == []


def test_the_whole_schema_is_valid() -> None:
    assert validate_schema(WHOLE) == []


# introspection


def shape(found: GraphQLSchema) -> str:
    """A schema as text, in one order and without what introspection does not carry."""
    return strip_ignored_characters(print_schema(lexicographic_sort_schema(found)))


@AUDIENCES
def test_introspection_shows_the_printed_schema(world: World, audience: Audience) -> None:
    found = build_client_schema(world.data(audience, get_introspection_query()))
    held = frozenset(Scope(name) for name in world.data(audience, "{ viewer { scopes } }")["viewer"]["scopes"])
    assert held >= scopes_of(audience) - {Scope.PROCEDURE_WRITE}
    assert shape(found) == shape(build_schema(printed(held)))


HIDDEN = [
    "{ ...S } fragment S on Query { __schema { types { name } } }",
    "{ ... { __schema { types { name } } } }",
    "{ ... on Query { a: __schema { types { name } } } }",
    "{ __schema { ...T } } fragment T on __Schema { types { name } }",
]


@pytest.mark.parametrize("asked", HIDDEN)
def test_introspection_by_fragments_shows_no_more(world: World, asked: str) -> None:
    found = world.data(Audience.VILLAGE, asked)
    names = {kind["name"] for value in found.values() for kind in value["types"] if not kind["name"].startswith("__")}
    assert names == {name for name in build_schema(printed(scopes_of(Audience.VILLAGE))).type_map if name[:2] != "__"}


@pytest.mark.parametrize("name", ["Deduction", "Litigant", "PartyFilter", "Nothing"])
def test_types_out_of_reach_are_as_unknown_as_others(world: World, name: str) -> None:
    asked = "query($name: String!) { ...T } fragment T on Query { __type(name: $name) { name } }"
    assert world.data(Audience.VILLAGE, asked, {"name": name}) == {"__type": None}


def test_introspection_stands_alone(world: World) -> None:
    for asked in ("{ __schema { queryType { name } } viewer { name } }", "{ ... { __typename viewer { name } __schema { __typename } } }"):  # fmt: skip  # noqa: E501
        answer = world.ask(Audience.BANK, asked)
        assert (answer.get("data"), errors(answer)) == (None, ["INVALID_DOCUMENT"])
