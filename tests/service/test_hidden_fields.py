"""What an audience cannot have does not exist for it: a refusal names nothing that the caller did not name, and what is
hidden is refused as what there is not (R20)."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from graphql import GraphQLScalarType, build_schema, introspection_types, is_composite_type, is_input_type
from starlette.testclient import WebSocketTestSession
from the_engine import ENGINE, GRAPHQL, POLICY, printed
from world import World

from auth.audiences import SCOPES, Audience, scopes_of
from auth.scopes import Scope
from engine.document.audience_schema import build_audience_schema
from transport.websockets import PROTOCOL

AUDIENCES = pytest.mark.parametrize("audience", list(Audience))
NOTHING = "zzzNothing"
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
QUOTED = re.compile(r"'([^']*)'")
SCOPE = re.compile(r"[a-z.]+\.(?:read|write|check)")
FORMS = (
    "{{ {name} }}",
    "{{ {name} {{ id }} }}",
    '{{ {name}(first: "x", nothing: 1) {{ nothing }} }}',
    "query ($x: Int!) {{ a: {name}(first: $x) {{ totalCount }} viewer {{ clientId }} }}",
    "{{ ...F }} fragment F on Query {{ {name} {{ ... on Query {{ id }} }} }}",
)


@cache
def sdl(audience: Audience) -> str:
    """What is printed for an audience."""
    return printed(scopes_of(audience))


@cache
def known(audience: Audience) -> Any:
    """The schema that is printed for an audience."""
    return build_schema(sdl(audience))


@cache
def names_of(audience: Audience) -> frozenset[str]:
    """Every name in the schema that is printed for an audience, and those of introspection."""
    return frozenset({*WORD.findall(sdl(audience)), *introspection_types})


def hidden_roots(audience: Audience, root: str) -> list[str]:
    """The root fields that an audience does not have."""
    shown = known(audience).type_map.get(root)
    own = shown.fields if shown else {}
    return [name for name in getattr(GRAPHQL.type_map[root], "fields") if name not in own]  # noqa: B009


def refusal(world: World, audience: Audience, document: str, **headers: str) -> tuple[int, str, list[Any]]:
    """Status, challenge and errors of a document that is refused, as JSON or as the first event of a stream."""
    response = world.post(world.token(audience), {"query": document}, **headers)
    told = json.loads(response.text.removeprefix("event: next\ndata: ").partition("\n\n")[0])
    return response.status_code, response.headers.get("www-authenticate", ""), told["errors"]


def without_advice(message: str, audience: Audience) -> str:
    """A message without suggestions, each of which is in the audience's own schema."""
    told, _, advice = message.removesuffix("?").partition(" Did you mean ")
    suggested = advice.removeprefix("to use an inline fragment on ").split(", ") if advice else []
    assert set(suggested) <= names_of(audience)
    return told


def assert_alike(world: World, audience: Audience, form: str, names: list[str]) -> None:
    """Refusals of documents that differ in a name differ in the name alone."""
    status, challenge, errors = refusal(world, audience, form.format(name=NOTHING))
    assert {error["extensions"]["code"] for error in errors} == {"INVALID_DOCUMENT"}
    texts = [(without_advice(error["message"], audience), error["extensions"]) for error in errors]
    for name in names:
        found = refusal(world, audience, form.format(name=name))
        plain = [(without_advice(error["message"], audience), error["extensions"]) for error in found[2]]
        told = [(message.replace(f"'{name}'", f"'{NOTHING}'"), extensions) for message, extensions in plain]
        assert (name, *found[:2], told) == (name, status, challenge, texts)


@AUDIENCES
@pytest.mark.parametrize("form", FORMS)
def test_a_hidden_root_field_is_refused_as_an_unknown_one(world: World, audience: Audience, form: str) -> None:
    hidden = hidden_roots(audience, "Query")
    assert hidden
    assert_alike(world, audience, form, hidden)


@AUDIENCES
@pytest.mark.parametrize("root", ["Mutation", "Subscription"])
def test_a_hidden_mutation_or_subscription_too(world: World, audience: Audience, root: str) -> None:
    form = root.lower() + " {{ {name}(input: {{ x: 1 }}) {{ errors {{ code }} }} }}"
    lasting = {"accept": "text/event-stream"} if root == "Subscription" else {}
    names = hidden_roots(audience, root)
    told = [refusal(world, audience, form.format(name=name), **lasting) for name in (NOTHING, *names)]
    texts = [
        json.dumps([error | {"message": without_advice(error["message"], audience)} for error in errors]).replace(
            name, NOTHING
        )
        for name, (_, _, errors) in zip((NOTHING, *names), told, strict=True)
    ]
    assert len({re.sub(r'"column": [0-9]+', "", text) for text in texts}) == 1


def hidden_types(audience: Audience) -> Iterator[str]:
    """The types that an audience does not have."""
    return (name for name in GRAPHQL.type_map if name not in known(audience).type_map)


@AUDIENCES
def test_a_hidden_type_is_refused_as_an_unknown_one(world: World, audience: Audience) -> None:
    hidden = list(hidden_types(audience))
    objects = [name for name in hidden if is_composite_type(GRAPHQL.type_map[name])]
    inputs = [name for name in hidden if is_input_type(GRAPHQL.type_map[name])]
    assert objects
    assert_alike(world, audience, '{{ node(id: "x") {{ ... on {name} {{ nothing }} }} }}', objects)
    assert_alike(world, audience, "query ($x: {name}!) {{ viewer {{ clientId @skip(if: $x) }} }}", inputs)


def hidden_members(audience: Audience) -> list[tuple[str, str]]:
    """The fields, of types that an audience has, that it does not have itself."""
    shown, found = known(audience).type_map, list[tuple[str, str]]()
    for name, kind in GRAPHQL.type_map.items():
        if is_composite_type(kind) and name in shown and name not in {"Query", "Mutation", "Subscription"}:
            fields = getattr(kind, "fields", {})
            found += [(name, field) for field in fields if field not in shown[name].fields]
    return found


@AUDIENCES
def test_a_hidden_field_of_a_type_is_refused_as_an_unknown_one(world: World, audience: Audience) -> None:
    for kind, field in hidden_members(audience):
        form = f'{{{{ node(id: "x") {{{{ ... on {kind} {{{{ {{name}} {{{{ id }}}} }}}} }}}} }}}}'
        assert_alike(world, audience, form, [field])


def names_of_the_schema() -> set[str]:
    """Every name of the schema that could be told: types, fields, arguments, values, and scopes."""
    found = {str(scope) for scope in Scope}
    for name, kind in GRAPHQL.type_map.items():
        found |= {name, *getattr(kind, "fields", {}), *getattr(kind, "values", {})}
        for field in getattr(kind, "fields", {}).values():
            found |= set(getattr(field, "args", {}))
    return found


def names_known_to(audience: Audience) -> set[str]:
    """The names in the schema of an audience, and its scopes."""
    return set(WORD.findall(printed(scopes_of(audience)))) | set(scopes_of(audience))


def named_in(error: Any) -> set[str]:
    """The names that an error tells: what is quoted in its message, the values of its extensions, and scopes."""
    quoted = " ".join(QUOTED.findall(error["message"]))
    return set(WORD.findall(quoted + json.dumps(list(error["extensions"].values())))) | set(
        SCOPE.findall(error["message"])
    )


WRONG = (
    "{{ {name}(first: 1) {{ nodes {{ id name }} }} }}",
    '{{ {name}(by: {{ name: "x" }}, access: {{ purpose: NOTHING }}) {{ outcome }} }}',
    "{{ a: {name} b: {name}(first: 1) {{ totalCount }} }}",
    '{{ node(id: "x") {{ ... on Party {{ id {name} }} ... on Litigant {{ {name} }} ... on Deduction {{ points }} }} }}',
)


@AUDIENCES
def test_no_refusal_names_what_the_caller_did_not_name(world: World, audience: Audience) -> None:
    """Every root of the whole schema, in documents that are wrong in several ways."""
    secret, told = names_of_the_schema() - names_known_to(audience), list[tuple[str, set[str]]]()
    for name in getattr(GRAPHQL.type_map["Query"], "fields"):  # noqa: B009
        for form in WRONG:
            document = form.format(name=name)
            errors = world.post(world.token(audience), {"query": document}).json().get("errors", [])
            words = {word for error in errors for word in named_in(error)} & secret - set(WORD.findall(document))
            told += [(document, words)] if words else []
    assert told == []


# --- what the audience has, and the token has not ---------------------------------------------------------------------


ONE_SCOPE_READS = {Audience.VILLAGE, Audience.LITIGANT_PORTAL}
"""A village reads all by one scope; a portal has only what its subject gives."""


@pytest.mark.parametrize("audience", [one for one in Audience if one not in ONE_SCOPE_READS])
def test_a_field_of_the_audience_still_names_the_scopes_that_the_token_lacks(world: World, audience: Audience) -> None:
    own = scopes_of(audience)
    held = sorted(own & {Scope.CATALOGUE, Scope.NOTICE, Scope.AUDIT} or own)[0]
    fields = getattr(known(audience).type_map["Query"], "fields")  # noqa: B009
    needing = [name for name in fields if not POLICY.permits(f"Query.{name}", frozenset({held}))]
    assert needing
    for name in needing:
        given = "" if not fields[name].args else "(first: 1)"
        response = world.post(world.token(audience, held), {"query": f"{{ {name}{given} {{ __typename }} }}"})
        (error, *_) = response.json()["errors"]
        if error["extensions"]["code"] == "FORBIDDEN":
            assert response.status_code == 403
            assert set(error["extensions"]["missingScopes"]) <= own - {held}
            assert set(WORD.findall(response.headers["www-authenticate"])) & set(map(str, Scope)) <= own


def test_of_alternative_scopes_those_are_named_that_the_audience_may_hold() -> None:
    """A scope of another audience helps nobody, and tells of it."""
    for audience, own in SCOPES.items():
        held = frozenset[str]()
        shown = known(audience)
        coordinates = [
            f"{name}.{field}"
            for name, kind in shown.type_map.items()
            if is_composite_type(kind) and not name.startswith("__")
            for field in getattr(kind, "fields", {})
        ]
        missing = POLICY.find_missing(coordinates, held, own)
        assert frozenset().union(*missing.values()) <= own, audience


# --- every door -------------------------------------------------------------------------------------------------------

HIDDEN = "{ accessRecords(first: 1) { totalCount } }"
UNKNOWN = "{ zzzNothing(first: 1) { totalCount } }"


def over_socket(world: World, document: str) -> Any:
    """The error of a document over WebSocket."""
    token = {"authorization": f"Bearer {world.token(Audience.VILLAGE)}"}
    with world.http.websocket_connect("/graphql", subprotocols=[PROTOCOL]) as socket:
        started: WebSocketTestSession = socket
        started.send_json({"type": "connection_init", "payload": token})
        assert started.receive_json()["type"] == "connection_ack"
        started.send_json({"type": "subscribe", "id": "1", "payload": {"query": document}})
        return started.receive_json()["payload"]


def test_the_socket_tells_no_more(world: World) -> None:
    hidden = over_socket(world, "subscription { events { node { id } } }")
    unknown = over_socket(world, "subscription { zzz { node { id } } }")
    assert [error["message"].replace("events", "zzz") for error in hidden] == [error["message"] for error in unknown]


def test_an_address_tells_no_more(world: World) -> None:
    token = {"authorization": f"Bearer {world.token(Audience.BANK)}"}
    told = [world.http.get("/graphql", params={"query": one}, headers=token) for one in (HIDDEN, UNKNOWN)]
    assert {(one.status_code, "www-authenticate" in one.headers) for one in told} == {(200, False)}
    messages = [one.json()["errors"][0]["message"] for one in told]
    assert messages[0].replace("accessRecords", "zzzNothing") == messages[1]


def test_a_bulk_operation_tells_no_more(world: World) -> None:
    begin = """mutation Start($input: StartExportInput!) { startExport(input: $input) { errors { code message } } }"""
    told = [
        world.data(Audience.BANK, begin, {"input": {"document": one}})["startExport"]["errors"][0]
        for one in (HIDDEN, UNKNOWN)
    ]
    assert {one["code"] for one in told} == {"BAD_DOCUMENT"}
    assert told[0]["message"].replace("accessRecords", "zzzNothing") == told[1]["message"]


# --- what an own schema must not lose ---------------------------------------------------------------------------------


@AUDIENCES
def test_literals_of_scalars_are_checked_as_the_service_checks_them(audience: Audience) -> None:
    """A schema that is built from text alone takes any literal for a scalar."""

    made = build_audience_schema(ENGINE, scopes_of(audience))
    for name, kind in made.type_map.items():
        if isinstance(kind, GraphQLScalarType):
            served: Any = GRAPHQL.type_map[name]
            assert (name, kind.coerce_input_literal) == (name, served.coerce_input_literal)
            assert kind.coerce_input_value == served.coerce_input_value
