"""What is deprecated is named to who uses it: by `Deprecation`, by `Sunset`, and in the extensions of the reply."""

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType, build_schema, get_operation_ast, parse
from the_engine import GRAPHQL, printed
from world import World

from auth.audiences import Audience
from engine.declare.fields import column
from engine.document.deprecation import Use, _among_inputs, deprecate, list_uses_in_text, list_uses_in_variables
from engine.document.document import prepare_operation

SINCE, UNTIL = date(2026, 11, 1), date(2027, 11, 1)
REASON = "Since 2026-11-01, until 2027-11-01: read `b`."
SCHEMA = build_schema(
    f"""
    type Query {{ a(old: Int @deprecated(reason: "{REASON}"), new: Int, by: [By!], kind: Kind): Int
      gone: Query @deprecated(reason: "{REASON}") b: Int }}
    input By {{ old: Int @deprecated(reason: "{REASON}") by: [[By!]!] kind: Kind text: String }}
    enum Kind {{ OLD @deprecated(reason: "{REASON}") NEW }}
    """
)


def names(uses: tuple[Use, ...]) -> list[str]:
    assert {use.reason for use in uses} <= {REASON}
    return [use.coordinate for use in uses]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ b }", []),
        ("{ gone { b } }", ["Query.gone"]),
        ("{ ...F } fragment F on Query { gone { gone { b } } }", ["Query.gone"]),
        ("{ a(old: 1) }", ["Query.a(old:)"]),
        ("{ a(new: 1, kind: OLD) }", ["Kind.OLD"]),
        ("{ a(kind: NEW, by: [{ by: [[{ old: 1 }]] }]) }", ["By.old"]),
        ("{ gone { a(old: 1, by: [{ kind: OLD }]) } }", ["Kind.OLD", "Query.a(old:)", "Query.gone"]),
    ],
)
def test_what_a_text_uses(text: str, expected: list[str]) -> None:
    document = parse(text)
    operation = get_operation_ast(document)
    assert operation
    assert names(list_uses_in_text(SCHEMA, document, operation)) == expected


def test_what_other_operations_of_a_document_use_is_theirs() -> None:
    document = parse("query A { gone { b } } query B { b }")
    found = [get_operation_ast(document, name) for name in "AB"]
    assert [names(list_uses_in_text(SCHEMA, document, one)) for one in found if one] == [["Query.gone"], []]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, []),
        ({"kind": "OLD"}, ["Kind.OLD"]),
        ({"kind": None, "by": None}, []),
        ({"by": [{"text": "OLD", "kind": "NEW"}]}, []),
        ({"by": {"old": 1}}, ["By.old"]),
        ({"by": [{"old": 1}, {"by": [[{"old": 1, "kind": "OLD"}]]}]}, ["By.old", "Kind.OLD"]),
    ],
)
def test_what_values_use(variables: dict[str, Any], expected: list[str]) -> None:
    operation = get_operation_ast(parse("query($by: [By!], $kind: Kind) { a(by: $by, kind: $kind) }"))
    assert operation
    assert names(list_uses_in_variables(SCHEMA, operation, variables)) == expected


def test_a_declaration_tells_its_days() -> None:
    @strawberry.type
    class Query:
        old: int = deprecate(column("…"), SINCE, UNTIL, "read `b`.")

    assert f'old: Int! @deprecated(reason: "{REASON}")' in strawberry.Schema(Query).as_str()
    assert Use("Query.old", REASON).days == (SINCE, UNTIL)


def test_whatever_is_deprecated_in_the_schema_tells_its_days() -> None:
    for name, kind in build_schema(printed()).type_map.items():
        for member, found in {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}.items():
            for one in (found, *getattr(found, "args", {}).values()):
                assert not one.deprecation_reason or Use(f"{name}.{member}", one.deprecation_reason).days


@pytest.fixture
def aging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A schema in which two things are deprecated."""
    viewer, filter_ = GRAPHQL.type_map["Viewer"], GRAPHQL.type_map["PartyFilter"]
    assert isinstance(viewer, GraphQLObjectType)
    assert isinstance(filter_, GraphQLInputObjectType)
    for member, until in ((viewer.fields["name"], UNTIL), (filter_.fields["name"], date(2027, 5, 1))):
        reason = deprecate(SimpleNamespace(), SINCE, until, "…").deprecation_reason
        monkeypatch.setattr(member, "deprecation_reason", reason)
    prepare_operation.cache_clear()
    _among_inputs.cache_clear()
    yield
    prepare_operation.cache_clear()
    _among_inputs.cache_clear()


def test_a_reply_names_what_its_request_used(world: World, aging: None) -> None:
    token = world.token(Audience.COURT)
    document = "query($filter: PartyFilter) { viewer { name } parties(first: 1, filter: $filter) { nodes { id } } }"
    answer = world.post(token, {"query": document, "variables": {"filter": {"name": "陈守信"}}})
    assert answer.headers["deprecation"] == '@1793491200;fields="Viewer.name PartyFilter.name"'
    assert answer.headers["sunset"] == "Sat, 01 May 2027 00:00:00 GMT"
    assert answer.json()["extensions"]["deprecations"] == [
        {"coordinate": "Viewer.name", "reason": "Since 2026-11-01, until 2027-11-01: …"},
        {"coordinate": "PartyFilter.name", "reason": "Since 2026-11-01, until 2027-05-01: …"},
    ]


def test_a_reply_to_others_names_nothing(world: World, aging: None) -> None:
    answer = world.post(world.token(Audience.COURT), {"query": "{ viewer { clientId } }"})
    assert {"deprecation", "sunset"} & set(answer.headers) == set()
    assert "deprecations" not in answer.json()["extensions"]
