"""Documents that cannot run: each is refused with its code and every reason found, quickly, however it is built."""

import gc
import json
import time
from typing import Any

import pytest
from graphql import get_introspection_query
from hypothesis import given
from hypothesis import strategies as st
from the_engine import ENGINE, prepared
from world import World

from auth.audiences import Audience, scopes_of
from auth.scopes import Scope
from demo.city.cast import CHEN
from demo.examples import list_examples
from engine.document.document import NO_SUBSCRIPTIONS, DocumentError, prepare_operation
from engine.document.error_redaction import redact_message
from engine.document.limits import MOST_ALIASES, MOST_DIRECTIVES, MOST_FIELDS, MOST_LEVELS, MOST_PAIRS, MOST_ROOTS

ALL = frozenset(Scope)
VIEWER = "{ viewer { clientId } }"


def reasons(query: str, name: str | None = None, scopes: frozenset[Scope] = ALL) -> list[tuple[str, Any]]:
    """Why a document cannot run."""
    with pytest.raises(DocumentError) as caught:
        prepared(query, name, scopes)
    return [(error.message, (error.extensions or {})["code"]) for error in caught.value.errors]


def syntax(message: str) -> list[tuple[str, str]]:
    return [(f"Syntax Error: {message}", "SYNTAX_ERROR")]


def invalid(*messages: str) -> list[tuple[str, str]]:
    return [(message, "INVALID_DOCUMENT") for message in messages]


def too_complex(most: int, what: str) -> list[tuple[str, str]]:
    message = f"The document has more than {most} {what}, its fragments spread out; ask in several requests."
    return [(message, "DOCUMENT_TOO_COMPLEX")]


NAME_IT = [("Name the operation to run by `operationName`; it must be one of the document's.", "OPERATION_NOT_FOUND")]
ALONE = invalid("Ask about the schema in an operation of its own, without other fields.")
VIEWR, ORDERS = "Cannot query field 'viewr' on type 'Query'.", "It is one of: ENTERED_ASC, ENTERED_DESC, NAME_ASC."
DOCUMENTS = {
    "empty": ("", syntax("Unexpected <EOF>.")),
    "blank": (" \n\t,#", syntax("Unexpected <EOF>.")),
    "open": ("{ viewer", syntax("Expected Name, found <EOF>.")),
    "no GraphQL": ("SELECT * FROM party", syntax("Unexpected Name 'SELECT'.")),
    "a name in a wrong place": (f'{{ node(id: "x" "{CHEN.name}") {{ id }} }}', syntax("Expected Name, found String.")),
    "a number in a wrong place": (f"{{ {CHEN.number} }}", syntax("Expected Name, found Int '…'.")),
    "open string": (f'{{ node(id: "{CHEN.name}', syntax("Unterminated string.")),
    "lone surrogate": ('{ node(id: "\\uD800") { id } }', syntax("Invalid Unicode escape sequence: '\\uD800'.")),
    "mutation": ("mutation { x }", invalid("Cannot query field 'x' on type 'Mutation'.")),
    "two mutations": (
        "mutation { x y }",
        invalid("Send one mutation a request: each is done whole, or not at all, by itself."),
    ),
    "subscription": ("subscription { x }", invalid(NO_SUBSCRIPTIONS)),
    "only a fragment": ("fragment F on Query { viewer { clientId } }", NAME_IT),
    "two operations": ("query A { viewer { clientId } } query B { viewer { clientId } }", NAME_IT),
    "a type": (f"{VIEWER} type X {{ a: Int }}", invalid("The 'X' definition is not executable.")),
    "unknown field": ("{ viewr { clientId } }", invalid(f"{VIEWR} Did you mean viewer?")),
    "unknown field below": (
        "{ viewer { clientld } }",
        invalid("Cannot query field 'clientld' on type 'Viewer'. Did you mean clientId?"),
    ),
    "unknown argument": ("{ viewer(x: 1) { clientId } }", invalid("Unknown argument 'x' on field 'Query.viewer'.")),
    "unknown enum value": (
        "{ parties(first: 1, orderBy: NAME_ASK) { totalCount } }",
        invalid(f"Value does not exist in 'PartyOrder' enum. {ORDERS}"),
    ),
    "text for an enum": (
        '{ parties(first: 1, orderBy: "NAME_ASC") { totalCount } }',
        invalid(f"Enum 'PartyOrder' cannot represent non-enum. {ORDERS}"),
    ),
    "number for a text": (
        f"{{ case(number: {CHEN.number}) {{ number }} }}",
        invalid("String cannot represent a non string."),
    ),
    "unknown type": (
        "query ($x: Partyy) { parties(first: $x) { totalCount } }",
        invalid("Unknown type 'Partyy'. Did you mean Party?"),
    ),
    "wrong variable type": (
        "query ($x: String!) { parties(first: $x) { totalCount } }",
        invalid("Variable '$x' of type 'String!' used in position expecting type 'Int!'."),
    ),
    "undefined variable": ("{ parties(first: $x) { totalCount } }", invalid("Variable '$x' is not defined.")),
    "unused variable": (f"query ($x: Int) {VIEWER}", invalid("Variable '$x' is never used.")),
    "unused fragment": (
        f"{VIEWER} fragment F on Query {{ viewer {{ clientId }} }}",
        invalid("Fragment 'F' is never used."),
    ),
    "unknown fragment": ("{ ...F }", invalid("Unknown fragment 'F'.")),
    "unknown directive": ("{ viewer @x { clientId } }", invalid("Unknown directive '@x'.")),
    "no selection": ("{ viewer }", invalid("Field 'viewer' of type 'Viewer!' must have a selection of subfields.")),
    "needless selection": (
        "{ viewer { clientId { x } } }",
        invalid("Field 'clientId' must not have a selection since type 'String!' has no subfields."),
    ),
    "long integer": (
        f"{{ parties(first: {2**31}) {{ totalCount }} }}",
        invalid("Int cannot represent non 32-bit signed integer."),
    ),
    "a bad day": (
        '{ cases(first: 1, filter: {filedFrom: "2026-02-30"}) { totalCount } }',
        invalid(
            "Expected value of type 'Date', but encountered error "
            "'A Date must be a day of the calendar, such as 2026-11-21.'."
        ),
    ),
    "two reasons": (
        "{ viewr { x } nodee }",
        invalid(
            f"{VIEWR} Did you mean viewer?", "Cannot query field 'nodee' on type 'Query'. Did you mean node, nodes?"
        ),
    ),
    "self-spread": ("{ ...A } fragment A on Query { ...A }", invalid("The fragment A spreads itself.")),
    "cycle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        invalid("The fragment A spreads itself."),
    ),
    "cycle through fields": (
        "{ me { party { ...A } } } fragment A on Party { deductions(first: 1) { nodes { party { ...A x: id } } } }",
        invalid("The fragment A spreads itself."),
    ),
    "schema and data": ("{ __schema { queryType { name } } viewer { clientId } }", ALONE),
    "schema and data in fragments": (
        '{ ...A ... on Query { __type(name: "Party") { name } } } fragment A on Query { viewer { clientId } }',
        ALONE,
    ),
}


@pytest.mark.parametrize(("query", "told"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_cannot_run_says_why(query: str, told: list[tuple[str, str]]) -> None:
    assert reasons(query) == told


@pytest.mark.parametrize("name", ["", "C", "a", CHEN.name])
def test_the_operation_must_be_in_the_document(name: str) -> None:
    assert reasons("query A { viewer { clientId } } query B { viewer { clientId } }", name) == NAME_IT


def test_of_several_operations_the_named_one_runs() -> None:
    found = prepared("query A { viewer { clientId } } query B { courts { name } }", "B", ALL)
    assert found.list_types() == {"courts": ["Court"]}


def test_reasons_are_bounded() -> None:
    told = reasons("{ " + "nope " * 100 + "}")
    assert len(told) == 11
    assert told[-1] == ("Too many validation errors, error limit reached. Validation aborted.", "INVALID_DOCUMENT")


# --- size -------------------------------------------------------------------------------------------------------------


def spreading(levels: int, inside: str, start: str = "{{ {} }}", last: str = "viewer {{ clientId }}") -> str:
    """Fragments F0, F1, ... of which each holds the next one twice, as `inside` says."""
    fragments = (f"fragment F{n} on Query {{ {inside.format(f'...F{n + 1}')} }}" for n in range(levels))
    return start.format("...F0") + " ".join(fragments) + f"fragment F{levels} on Query {{ {last.format()} }}"


def parties(levels: int) -> str:
    """The same through fields, whose rows would double at each level."""
    once = "deductions(first: 1) {{ nodes {{ party {{ {0} }} }} }}"
    query = spreading(levels, f"a: {once} b: {once}", "{{ parties(first: 1) {{ nodes {{ {} }} }} }}", "id")
    return query.replace("on Query", "on Party")


LARGE = {
    "16 KiB": (
        f"{VIEWER} #{'x' * 16_384}",
        [("The document is larger than 16384 bytes; move values into variables, or split it.", "DOCUMENT_TOO_LARGE")],
    ),
    "16 KiB of Chinese": (
        f"{VIEWER} #{'诉' * 6_000}",
        [("The document is larger than 16384 bytes; move values into variables, or split it.", "DOCUMENT_TOO_LARGE")],
    ),
    "2,001 tokens": (
        "{ " + "a " * 2_000 + "}",
        [("Syntax Error: Document contains more than 2000 tokens. Parsing aborted.", "DOCUMENT_TOO_LARGE")],
    ),
    "300 deep": (
        "{ a " * 300 + "}" * 300,
        [("Syntax Error: Document is nested too deeply. Parsing aborted.", "DOCUMENT_TOO_LARGE")],
    ),
    "a list 300 deep": (
        f"{{ node(id: {'[' * 300}{']' * 300}) {{ id }} }}",
        [("Syntax Error: Document is nested too deeply. Parsing aborted.", "DOCUMENT_TOO_LARGE")],
    ),
    "60 deep": ("{ a " * 60 + "}" * 60, too_complex(MOST_LEVELS, "levels")),
    "200 fragments deep": (spreading(200, "{}"), too_complex(MOST_LEVELS, "levels")),
    "1,001 fields": ("{ viewer { " + "clientId " * 1_000 + "} }", too_complex(MOST_FIELDS, "fields")),
    "20 doubling fragments": (spreading(20, "{0} {0}"), too_complex(MOST_FIELDS, "fields")),
    "28 doubling fragments": (spreading(28, "{0} {0}"), too_complex(MOST_LEVELS, "levels")),
    "28 doubling fragments, unused": (VIEWER + spreading(28, "{0} {0}", ""), too_complex(MOST_LEVELS, "levels")),
    "10 doubling inline": (spreading(10, "... {{ {0} }} ... {{ {0} }}"), too_complex(MOST_FIELDS, "fields")),
    "28 doubling through fields": (parties(28), too_complex(MOST_LEVELS, "levels")),
    "200 operations": (
        " ".join(f"query Q{n} {{ ...F }}" for n in range(200)) + f"fragment F on Query {{ {'a b c d e f ' * 2} }}",
        too_complex(MOST_FIELDS, "fields"),
    ),
    "600 conflicting aliases": (
        "{ viewer { " + "a: name a: clientId " * 300 + "} }",
        too_complex(MOST_ALIASES, "aliases"),
    ),
    "400 conflicting aliases": (
        "{ viewer { " + "a: name a: clientId " * 200 + "} }",
        too_complex(MOST_PAIRS, "pairs of fields of one name"),
    ),
    "101 directives": (
        "{ viewer { " + "name @skip(if: true) " * 101 + "} }",
        too_complex(MOST_DIRECTIVES, "directives"),
    ),
    "21 root fields": (
        "{ " + " ".join(f"v{n}: viewer {{ name }}" for n in range(21)) + " }",
        too_complex(MOST_ROOTS, "root fields"),
    ),
    "400 equal nested fields": (
        "{ " + "viewer { clientId } " * 400 + "}",
        too_complex(MOST_PAIRS, "pairs of fields of one name"),
    ),
}


@pytest.mark.parametrize(("query", "told"), LARGE.values(), ids=LARGE)
def test_a_document_that_would_cost_too_much_is_refused_at_once(query: str, told: list[tuple[str, str]]) -> None:
    """A second is a hundred times what each takes, and a thousandth of what the doubling ones would. A
    collection of all that the tests have made takes longer."""
    gc.disable()
    try:
        started = time.thread_time()
        assert reasons(query) == told
        assert time.thread_time() - started < 1
    finally:
        gc.enable()


def test_introspection_cannot_be_nested_for_ever() -> None:
    deep = "{ __schema { types { " + "fields { type { " * 6 + "name" + " } }" * 6 + " } } }"
    assert reasons(deep)[0] == ("Maximum introspection depth exceeded.", "INVALID_DOCUMENT")


def test_ordinary_documents_are_within_the_limits() -> None:
    for example in list_examples():
        assert prepared(example.document, None, scopes_of(example.audience)).reach
    assert prepared(get_introspection_query(), None, ALL).reach is None
    assert prepared(f"{{ {'...F ' * 9} }} fragment F on Query {{ viewer {{ clientId name }} }}", None, ALL).reach


# --- introspection ----------------------------------------------------------------------------------------------------

ROOTS = [
    "{ __schema { queryType { fields { name } } } }",
    "{ ...F } fragment F on Query { ... { __schema { queryType { fields { name } } } } }",
]


@pytest.mark.parametrize("query", ROOTS)
def test_introspection_shows_what_the_token_reaches(world: World, query: str) -> None:
    village = world.data(Audience.VILLAGE, query)["__schema"]["queryType"]["fields"]
    auditor = world.data(Audience.AUDITOR, query)["__schema"]["queryType"]["fields"]
    assert sorted(field["name"] for field in village) == [
        "householdStanding",
        "householdStandings",
        "node",
        "nodes",
        "rateLimit",
        "registration",
        "requestLog",
        "transparencyLog",
        "trustedDocuments",
        "usage",
        "viewer",
        "villageNotices",
    ]
    assert sorted(field["name"] for field in auditor) == [
        "accessRecords",
        "bulkOperations",
        "clientAlarms",
        "node",
        "nodes",
        "rateLimit",
        "registration",
        "requestLog",
        "securityEvents",
        "statistics",
        "transparencyLog",
        "trustedDocuments",
        "usage",
        "viewer",
    ]


@pytest.mark.parametrize("name", ["Party", "Person", "CodePeriod", "Deduction", "Nobody"])
def test_a_type_out_of_reach_looks_like_one_that_is_not(world: World, name: str) -> None:
    query = "query ($name: String!) { __type(name: $name) { name } }"
    assert world.data(Audience.AUDITOR, query, {"name": name}) == {"__type": None}
    assert world.data(Audience.COURT, query, {"name": "Party"}) == {"__type": {"name": "Party"}}


def test_a_wrong_variable_of_introspection_is_told_as_any_other(world: World) -> None:
    query = "query ($name: String!) { __type(name: $name) { name } }"
    errors = world.ask(Audience.AUDITOR, query, {"name": int(CHEN.number)})["errors"]
    told = "Variable '$name' has invalid value: String cannot represent a non string."
    assert [(error["message"], error["extensions"]) for error in errors] == [(told, {"code": "BAD_VARIABLES"})]


def test_introspection_needs_a_token(world: World) -> None:
    assert world.post(None, {"query": get_introspection_query()}).status_code == 401


def test_introspection_is_not_about_anybody(world: World) -> None:
    with world.logged() as entries:
        world.data(Audience.BANK, get_introspection_query())
    assert entries == []


# --- discretion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Cannot query field 'x' on type 'Query'.", "Cannot query field 'x' on type 'Query'."),
        (f"Int cannot represent non-integer value: '{CHEN.name}'", "Int cannot represent non-integer."),
        (
            f"Expected value of type 'X' to be an object, found: '{CHEN.name}'.",
            "Expected value of type 'X' to be an object.",
        ),
        (f"Value '{CHEN.name}' does not exist in 'X' enum.", "Value does not exist in 'X' enum."),
        (f"Value 'a' does not exist in '{CHEN.name}' does not exist in 'X' enum.", "Value does not exist in 'X' enum."),
        ("Unknown thing. Did you mean 'x' or 'y'?", "Unknown thing."),
        (f"Something about {CHEN.number}", "Something about …."),
        ("Something about ３３０２８１１９０００１０１０００Ｘ.", "Something about …."),
        ("In 2026 at most 65536.", "In 2026 at most 65536."),
    ],
)
def test_messages_keep_what_is_about_the_schema(message: str, told: str) -> None:
    assert redact_message(message) == told


@given(st.text(), st.sampled_from(["{}, found: {}.", "{} value: {}", "{}; found: {}"]))
def test_no_value_survives(value: str, pattern: str) -> None:
    assert redact_message(pattern.format("It is wrong", value)) == "It is wrong."


@pytest.mark.parametrize("scopes", [frozenset[Scope](), frozenset({Scope.AUDIT})])
def test_a_document_is_refused_for_its_own_faults_before_its_scopes(scopes: frozenset[Scope]) -> None:
    assert reasons("{ parties(first: 1) { nope } }", None, scopes) == invalid(
        "Cannot query field 'nope' on type 'PartyConnection'."
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("{ cases(first: 1) { totalCount } }", ["Cannot query field 'cases' on type 'Query'."]),
        ("{ watchs(first: 1) { id } }", ["Cannot query field 'watchs' on type 'Query'. Did you mean watches?"]),
        ("{ viewer { nam } }", ["Cannot query field 'nam' on type 'Viewer'. Did you mean name?"]),
        ("query ($x: Dat) { node(id: $x) { id } }", ["Unknown type 'Dat'. Did you mean Date?"]),
    ],
)
def test_suggestions_are_near_to_what_was_written(query: str, told: list[str]) -> None:
    """A bank's `cases` is not its `nodes`, which differ in three of five letters."""
    own = scopes_of(Audience.BANK)
    with pytest.raises(DocumentError) as caught:
        prepare_operation(ENGINE, query, None, own, within=own)
    assert [error.message for error in caught.value.errors] == told


def test_over_http_a_refusal_names_places_and_nothing_else(world: World) -> None:
    response = world.post(world.token(Audience.BANK), {"query": "{\n  viewr { clientId }\n}"})
    error = {"message": f"{VIEWR} Did you mean viewer?", "locations": [{"line": 2, "column": 3}]}
    assert response.json()["errors"] == [error | {"extensions": {"code": "INVALID_DOCUMENT"}}]
    assert json.dumps(response.json()).count("viewr") == 1
