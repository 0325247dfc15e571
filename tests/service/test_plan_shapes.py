"""Selections of every shape: many fields, long names, fragments, types, merged places, conditions, variables."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from executors import Executors
from look_ups import node_id

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE
from postgres import database

COURT = Audience.COURT
SCALARS = (
    *("id", "role", "stage", "tier", "points", "status", "version", "underObjection", "determinedOn", "publishedAt"),
    *("expiresOn", "conductOn", "findingKind", "findingDocument", "proposedAt", "notifiedAt", "protected"),
)


# --- many fields, long names ------------------------------------------------------------------------------------------


def test_one_object_may_have_more_members_than_a_function_of_postgresql_has_arguments(executors: Executors) -> None:
    """PostgreSQL's functions take a hundred arguments, and JSON objects of its own make fifty members of them."""
    fields = {f"alias_{place}": SCALARS[place % len(SCALARS)] for place in range(200)}
    members = " ".join(f"{alias}: {name}" for alias, name in fields.items())
    found = executors.data(COURT, f"{{ deductions(first: 3) {{ nodes {{ {' '.join(SCALARS)} {members} }} }} }}")
    rows = found["deductions"]["nodes"]
    assert [list(row) for row in rows] == [[*SCALARS, *fields]] * 3
    assert all(row[alias] == row[name] for row in rows for alias, name in fields.items())


def test_one_object_may_have_sixty_lists(executors: Executors) -> None:
    pages = " ".join(f"list_{first}: deductions(first: {first}) {{ nodes {{ id }} }}" for first in range(1, 61))
    asked = f'{{ parties(first: 1, filter: {{name: "{CHEN.name}"}}) {{ nodes {{ {pages} }} }} }}'
    (party,) = executors.data(COURT, asked)["parties"]["nodes"]
    longest = party["list_60"]["nodes"]
    assert len(longest) > 1
    assert party == {f"list_{first}": {"nodes": longest[:first]} for first in range(1, 61)}


def test_one_document_may_have_twenty_roots(executors: Executors) -> None:
    roots = " ".join(f"root_{first}: parties(first: {first}) {{ nodes {{ id }} }}" for first in range(1, 21))
    found = executors.data(COURT, f"{{ {roots} }}")
    longest = found["root_20"]["nodes"]
    assert found == {f"root_{first}": {"nodes": longest[:first]} for first in range(1, 21)}


def test_names_are_told_apart_by_their_last_character(executors: Executors) -> None:
    """PostgreSQL cuts names of its own after 63 characters."""
    a, b = "x" * 199 + "a", "x" * 199 + "b"
    inner = f"{a}: deductions(first: 1) {{ {a}: totalCount }} {b}: listings(first: 1) {{ {b}: totalCount }}"
    page = f"nodes {{ {a}x: id {b}x: name {inner} }} {a}: totalCount {b}: nodes {{ {a}: __typename }}"
    asked = f"{{ {a}: parties(first: 1) {{ {page} }} {b}: parties(first: 2, orderBy: NAME_ASC) {{ {page} }} }}"
    found = executors.data(COURT, asked)
    assert {root: list(page) for root, page in found.items()} == {a: ["nodes", a, b], b: ["nodes", a, b]}
    rows = [row for page in found.values() for row in page["nodes"]]
    assert [list(row) for row in rows] == [[f"{a}x", f"{b}x", a, b]] * 3
    assert all((list(row[a]), list(row[b])) == ([a], [b]) for row in rows)


# --- fragments, types -------------------------------------------------------------------------------------------------


def test_fragments_may_be_ten_deep(executors: Executors) -> None:
    pair = """fragment D{0} on Deduction {{ points case {{ ...C{0} }} }}
      fragment C{0} on Case {{ stage deductions(first: 2) {{ nodes {{ ...D{1} }} }} }}"""
    fragments = [pair.format(depth, depth + 1) for depth in range(4)]
    last = "fragment D4 on Deduction { version ...Last } fragment Last on Deduction { id }"
    found = executors.data(COURT, " ".join(["{ deductions(first: 2) { nodes { ...D0 } } }", *fragments, last]))
    for _ in range(4):
        (deduction, *_) = found["deductions"]["nodes"]
        assert (list(deduction), list(deduction["case"])) == (["points", "case"], ["stage", "deductions"])
        found = deduction["case"]
    assert list(found["deductions"]["nodes"][0]) == ["version", "id"]


KINDS = """
{ people: parties(first: 2, filter: {kind: PERSON}) { nodes { ...Either } }
  firms: parties(first: 2, filter: {kind: ORGANIZATION}) { nodes { ...Either } }
  all: parties(first: 100) { nodes { ...Either } } }
fragment Either on Party {
  __typename
  ... on Node { id }
  ... on Person { first: name list: deductions(first: 1) { nodes { id } } household { key } }
  ... on Party { maskedNumber }
  ... on Organization { list: deductions(first: 3) { nodes { points } } last: name creditCode { colour } }
  ... { listings(first: 1) { totalCount } }
}
"""
PERSON = ["__typename", "id", "first", "list", "household", "maskedNumber", "listings"]
ORGANIZATION = ["__typename", "id", "maskedNumber", "list", "last", "creditCode", "listings"]


def test_an_object_has_what_is_asked_of_its_type(executors: Executors) -> None:
    """Also where one name stands for other arguments on another type."""
    found = executors.data(COURT, KINDS)
    shapes = {"Person": PERSON, "Organization": ORGANIZATION}
    kinds = {root: {row["__typename"] for row in page["nodes"]} for root, page in found.items()}
    assert kinds == {"people": {"Person"}, "firms": {"Organization"}, "all": set(shapes)}
    rows = [row for page in found.values() for row in page["nodes"]]
    assert [list(row) for row in rows] == [shapes[row["__typename"]] for row in rows]


@pytest.mark.parametrize("kind", ["Person", "Organization", "Party"])
def test_nobody_is_told_of_by_what_is_asked_of_another_type(executors: Executors, kind: str) -> None:
    """The log names whom the cases of the one kind lead to, and not whom those of the other would lead to."""
    part = "participations(first: 5) { nodes { case { participations { party { id } } } } }"
    asked = f"{{ parties(first: 100) {{ nodes {{ id ... on {kind} {{ {part} }} }} }} }}"
    told = []
    for world in (executors.plans, executors.loaders):
        with world.logged() as entries:
            world.data(COURT, asked)
        told.append(sorted(entry["party_id"] for entry in entries))
    assert len(told[0]) > 100
    assert told[0] == told[1]


def test_a_type_that_is_not_asked_for_gives_an_empty_object(executors: Executors) -> None:
    asked = "{{ parties(first: 3, filter: {{kind: {0}}}) {{ nodes {{ ... on Person {{ __typename }} }} }} }}"
    assert executors.answer(COURT, asked.format("ORGANIZATION")) == b'{"parties":{"nodes":[{},{},{}]}}'
    assert executors.data(COURT, asked.format("PERSON")) == {"parties": {"nodes": [{"__typename": "Person"}] * 3}}


def test_a_node_is_of_the_type_of_its_id(executors: Executors) -> None:
    asked = (
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Deduction { version } ... on Party { name } } }"
    )
    (deduction,) = executors.data(COURT, "{ deductions(first: 1) { nodes { id version } } }")["deductions"]["nodes"]
    found = executors.data(COURT, "query ($name: String) { parties(first: 1, filter: {name: $name}) { nodes { id } } }",
                           {"name": FORGE.name})  # fmt: skip
    (forge,) = found["parties"]["nodes"]
    ids = [deduction["id"], forge["id"], node_id("Court", "浙0281")]
    assert executors.data(COURT, asked, {"ids": ids})["nodes"] == [
        {"__typename": "Deduction", "version": deduction["version"]},
        {"__typename": "Organization", "name": FORGE.name},
        {"__typename": "Court"},
    ]


def test_every_level_can_name_its_type(executors: Executors) -> None:
    asked = """{ __typename parties(first: 1, filter: {kind: PERSON}) { __typename nodes { __typename }
      edges { __typename node { __typename deductions(first: 1) { __typename nodes { __typename }
        edges { __typename } pageInfo { __typename } } } } pageInfo { __typename } } kind: __typename }"""
    inner = {"__typename": "DeductionConnection", "pageInfo": {"__typename": "PageInfo"}}
    found = executors.data(COURT, asked)
    page = found["parties"]["edges"][0]["node"]["deductions"]
    rows = {"nodes": [{"__typename": "Deduction"}] * len(page["nodes"])}
    rows["edges"] = [{"__typename": "DeductionEdge"}] * len(page["nodes"])
    assert found == {
        "__typename": "Query",
        "parties": {
            "__typename": "PartyConnection",
            "nodes": [{"__typename": "Person"}],
            "edges": [{"__typename": "PartyEdge", "node": {"__typename": "Person", "deductions": {**inner, **rows}}}],
            "pageInfo": {"__typename": "PageInfo"},
        },
        "kind": "Query",
    }


def test_one_name_is_merged_from_all_places_in_the_order_of_the_first(executors: Executors) -> None:
    asked = """query { parties(first: 1) { nodes { id } } viewer { name } ...Rest parties(first: 1) { totalCount
      nodes { deductions(first: 2) { nodes { id } } } } }
    fragment Rest on Query { parties(first: 1) { nodes { name deductions(first: 2) { totalCount } id } }
      viewer { audience } }"""
    found: Any = executors.data(COURT, asked)
    assert {root: list(value) for root, value in found.items()} == {
        "parties": ["nodes", "totalCount"],
        "viewer": ["name", "audience"],
    }
    assert [list(row) for row in found["parties"]["nodes"]] == [["id", "name", "deductions"]]
    assert list(found["parties"]["nodes"][0]["deductions"]) == ["totalCount", "nodes"]


# --- conditions, variables --------------------------------------------------------------------------------------------

CONDITIONS = """
query ($yes: Boolean!, $no: Boolean! = false) {
  a: courts @include(if: $yes) { __typename } b: courts @include(if: $no) { __typename }
  c: courts @skip(if: $yes) { __typename } d: courts @skip(if: $no) { __typename }
  e: courts @include(if: $yes) @skip(if: $yes) { __typename } f: courts @include(if: true) @skip(if: false) { code }
  parties(first: 1) { nodes { id @include(if: $yes) name @skip(if: $yes)
    ...More @include(if: $yes) ... @include(if: $no) { maskedNumber } } totalCount @include(if: $no) }
}
fragment More on Party { deductions(first: 1) @skip(if: $no) { totalCount @include(if: $yes) nodes { id } } }
"""


@pytest.mark.parametrize(
    ("variables", "roots", "page", "row", "inner"),
    [
        ({"yes": True}, "adf", ["nodes"], ["id", "deductions"], ["totalCount", "nodes"]),
        ({"yes": True, "no": True}, "abf", ["nodes", "totalCount"], ["id", "maskedNumber"], None),
        ({"yes": False}, "cdf", ["nodes"], ["name"], None),
        ({"yes": False, "no": True}, "bcf", ["nodes", "totalCount"], ["name", "maskedNumber"], None),
    ],
)
def test_conditions_are_decided_by_the_request(
    executors: Executors, variables: Any, roots: str, page: Any, row: Any, inner: Any
) -> None:
    found = executors.data(COURT, CONDITIONS, variables)
    (party,) = found["parties"]["nodes"]
    assert (list(found), list(found["parties"]), list(party)) == ([*roots, "parties"], page, row)
    assert inner is None or list(party["deductions"]) == inner


OPPOSITE = """
query ($yes: Boolean!, $name: String!) {
  parties(first: 1, filter: {name: $name}) { nodes {
    one: deductions(first: 1) @skip(if: $yes) { nodes { ...Shared } }
    two: deductions(first: 1) @include(if: $yes) {
      nodes { ...Shared case { ...Deep @skip(if: $yes) ...Deep @include(if: $yes) } } }
  } }
}
fragment Shared on Deduction { points case { stage } }
fragment Deep on Case { number @include(if: $yes) court { code @skip(if: $yes) name } }
"""


def test_a_fragment_may_stand_under_opposite_conditions(executors: Executors) -> None:
    """One of two selections was empty where conditions are kept with a fragment and not with its place."""
    for _ in range(2):  # the second time from what is kept
        for yes, kept in ((True, "two"), (False, "one")):
            (party,) = executors.data(COURT, OPPOSITE, {"yes": yes, "name": CHEN.name})["parties"]["nodes"]
            assert list(party) == [kept]
            (row,) = party[kept]["nodes"]
            assert list(row) == ["points", "case"]
            assert list(row["case"]) == (["stage", "number", "court"] if yes else ["stage"])
            assert list(row["case"].get("court", {})) == (["name"] if yes else [])


@pytest.mark.parametrize(
    "asked",
    [
        "{ parties(first: 1) @skip(if: true) { totalCount } }",
        "query ($no: Boolean = false) { courts @include(if: $no) { code } viewer @skip(if: true) { name } }",
        "query ($no: Boolean = false) { ... @include(if: $no) { parties(first: 1) { totalCount } __typename } }",
    ],
)
def test_a_document_without_a_root_is_answered_by_nothing(executors: Executors, asked: str) -> None:
    assert executors.answer(COURT, asked) == b"{}"


def test_an_object_without_a_field_is_empty(executors: Executors) -> None:
    asked = """query ($no: Boolean = false) { parties(first: 1) { nodes { id @include(if: $no) }
      pageInfo { endCursor @include(if: $no) } } viewer { name @include(if: $no) } }"""
    assert executors.answer(COURT, asked) == b'{"parties":{"nodes":[{}],"pageInfo":{}},"viewer":{}}'


DEFAULTS = """
query ($first: Int! = 2, $after: String, $filter: PartyFilter = {kind: ORGANIZATION}, $order: PartyOrder = NAME_ASC,
       $asOf: Date = "2020-02-29") {
  parties(first: $first, after: $after, filter: $filter, orderBy: $order) {
    nodes { __typename name creditCode(asOf: $asOf) { asOf } } }
}
"""


@pytest.mark.parametrize(
    ("variables", "same"),
    [
        ({}, '(first: 2, orderBy: NAME_ASC, filter: {kind: ORGANIZATION}) {'
             ' nodes { N creditCode(asOf: "2020-02-29") C'),
        ({"first": 3, "filter": None, "order": None, "asOf": None}, "(first: 3) { nodes { N creditCode C"),
        ({"filter": {}, "after": None}, '(first: 2, orderBy: NAME_ASC) { nodes { N creditCode(asOf: "2020-02-29") C'),
        ({"filter": {"kind": None, "name": CHEN.name}, "asOf": "2026-11-01"},
         f'(first: 2, filter: {{name: "{CHEN.name}"}}) {{ nodes {{ N creditCode(asOf: "2026-11-01") C'),
    ],
)  # fmt: skip
def test_variables_say_what_literals_say(executors: Executors, variables: Any, same: str) -> None:
    """Not given, a variable is what its default says; null, it is nothing."""
    written = same.replace("N ", "__typename name ").replace(" C", " { asOf } } } }")
    assert executors.answer(COURT, DEFAULTS, variables) == executors.answer(COURT, f"{{ parties{written}")


# --- changes of the database ------------------------------------------------------------------------------------------

PLAIN_INDEXES = """
SELECT pg_get_indexdef(indexrelid) AS made, indexrelid::regclass::text AS name FROM pg_index
WHERE indrelid IN ('party'::regclass, 'identity'::regclass, 'deduction'::regclass, 'court_case'::regclass)
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


CHANGES = (
    "ALTER TABLE party ADD COLUMN spare integer DEFAULT 7",
    "ALTER TABLE court ALTER COLUMN name TYPE varchar(500)",
)
BACK = "ALTER TABLE party DROP COLUMN spare", "ALTER TABLE court ALTER COLUMN name TYPE text"
KEPT = """
query ($name: String!) {
  parties(first: 2, filter: {name: $name}) {
    nodes { name deductions(first: 3) { nodes { points version case { stage court { name } } } } } }
  courts { name } }
"""


def test_kept_statements_outlive_a_change_of_the_tables(executors: Executors, database_copy: sa.URL) -> None:
    """Services refused requests after a migration until they were started again: the statements that their connections
    keep were planned for tables and indexes that had changed."""

    def ask() -> list[Any]:
        return [executors.data(COURT, KEPT, {"name": CHEN.name}) for _ in range(8)]

    def change(connection: sa.Connection, statements: Sequence[str]) -> None:
        for made, name in connection.execute(sa.text(PLAIN_INDEXES)).all():
            connection.execute(sa.text(f"DROP INDEX {name}"))
            connection.execute(sa.text(made))
        for statement in statements:
            connection.execute(sa.text(statement))

    before = ask()
    engine = database.make_sync_engine(database_copy)
    with engine.begin() as connection:
        change(connection, CHANGES)
    after = ask()
    with engine.begin() as connection:
        change(connection, BACK)
    engine.dispose()
    assert before == after == ask()
