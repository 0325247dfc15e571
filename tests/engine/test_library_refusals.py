"""What the engine refuses: what no scope reaches, what costs too much, and ids and cursors that it did not give out."""

import base64
from typing import Any

import pytest
from library import Audience, Card
from library_served import ANNAS, BENS, LIBRARIAN, Library, Told

from engine.document.document import DocumentError
from engine.execution import introspect
from engine.load.errors import ForbiddenError

CATALOGUE = Card(Audience.READER, frozenset({"catalogue"}))
NOTHING = Card(Audience.READER, frozenset())
ID = "An id must be one that this service gave out, unchanged."
CURSOR = "`after` must be an endCursor of this same list, in this same order."


@pytest.mark.parametrize(
    ("document", "missing", "fields"),
    [
        ("{ loans(first: 1) { nodes { id } } }", ["loans"], ["Loan", "Loan.id", "Query.loans"]),
        ("{ books(first: 1) { nodes { loans(first: 1) { totalCount } } } }", ["loans"], ["Book.loans"]),
        ('{ books(first: 1, filter: {title: "x"}) { totalCount } }', ["purchasing"], ["BookFilter"]),
        (
            "{ books(first: 1) { nodes { price ... on PaperBook { loans(first: 1) { totalCount } } } } }",
            ["loans", "purchasing"],
            ["Book.price", "PaperBook.loans"],
        ),
    ],
)
def test_a_refusal_names_all_scopes_and_where_they_are_needed(
    library: Library, document: str, missing: list[str], fields: list[str]
) -> None:
    with pytest.raises(ForbiddenError) as refused:
        library.prepared(CATALOGUE, document)
    assert refused.value.formatted == {
        "message": f"This token lacks the scopes {', '.join(missing)}. "
        "Ask for a token with them, or leave out the fields.",
        "extensions": {"code": "FORBIDDEN", "missingScopes": missing, "fields": fields},
    }


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (
            "{ nothing }",
            {
                "message": "Cannot query field 'nothing' on type 'Query'.",
                "locations": [{"line": 1, "column": 3}],
                "extensions": {"code": "INVALID_DOCUMENT"},
            },
        ),
        (
            """{ books(first: 100) { nodes { loans(first: 100) { nodes {
                book { shelf { books(first: 2) { nodes { id } } } } } } } } }""",
            {
                "message": "This operation costs 50100, and one may cost 50000 at most. Ask for fewer rows at a time.",
                "extensions": {"code": "COST_LIMIT_EXCEEDED", "cost": 50_100, "maximumCost": 50_000},
            },
        ),
    ],
)
def test_a_document_that_cannot_run(library: Library, document: str, error: Any) -> None:
    with pytest.raises(DocumentError) as refused:
        library.asked(LIBRARIAN, document)
    assert [one.formatted for one in refused.value.errors] == [error]


def test_an_operation_costs_what_its_pages_may_hold(library: Library) -> None:
    shelves, books, loans, counts = 5, 5 * 10, 5 * 10 * 4, 5 * 10 * 10
    document = "{ shelves { name books(first: 10) { nodes { title loans(first: 4) { totalCount nodes { id } } } } } }"
    assert library.asked(LIBRARIAN, document).cost == shelves + books + loans + counts


NAMES = "{ __schema { types { name fields { name args { name } } } } }"


def shown(library: Library, card: Card) -> dict[str, dict[str, list[str]]]:
    """The fields that introspection shows of each type with fields, with their arguments."""
    found = introspect(library.prepared(card, NAMES), None)
    assert found.errors is None
    assert found.data is not None
    return {
        kind["name"]: {field["name"]: [one["name"] for one in field["args"]] for field in kind["fields"]}
        for kind in found.data["__schema"]["types"]
        if kind["fields"] and not kind["name"].startswith("__")
    }


def test_introspection_shows_what_scopes_reach(library: Library) -> None:
    whole, catalogue, nothing = (shown(library, card) for card in (LIBRARIAN, CATALOGUE, NOTHING))
    assert whole.keys() - catalogue.keys() == {"Loan", "LoanConnection", "LoanEdge", "Mutation"}
    assert whole["Query"].keys() - catalogue["Query"].keys() == {"loans"}
    assert whole["Book"].keys() - catalogue["Book"].keys() == {"price", "loans"}
    assert whole["Query"]["books"] == ["first", "after", "filter", "orderBy"]
    assert catalogue["Query"]["books"] == ["first", "after", "orderBy"]
    assert nothing == {"Node": {"id": []}, "Query": {"reader": [], "node": ["id"], "nodes": ["ids"]}}


async def ids(library: Library) -> dict[str, str]:
    """Ids of a row of each type."""
    document = """{ books(first: 3) { nodes { id } } shelves { id } loans(first: 4) { nodes { id } } }"""
    found = await library.data(LIBRARIAN, document)
    emma, _, ulysses = (book["id"] for book in found["books"]["nodes"])
    annas, bens = (found["loans"]["nodes"][place]["id"] for place in (0, 1))
    return {"Emma": emma, "Ulysses": ulysses, "Vault": found["shelves"][2]["id"], "Anna's": annas, "Ben's": bens}


NODES = """query($ids: [ID!]!) { nodes(ids: $ids) {
    __typename ... on Book { title } ... on Shelf { name } ... on Loan { reader } } }"""


async def test_rows_by_their_ids_are_those_that_an_audience_sees(library: Library) -> None:
    asked = list((await ids(library)).values())
    emma, ulysses = {"__typename": "PaperBook", "title": "Emma"}, {"__typename": "AudioBook", "title": "Ulysses"}
    assert await library.answer(BENS, NODES, {"ids": asked}) == Told(
        {"nodes": [emma, ulysses, None, None, {"__typename": "Loan", "reader": BENS.reader}]},
        [],
        [("READER", "nodes", ["Book", "Loan", "Shelf"], BENS.reader, "GIVEN")],
    )


async def test_an_id_opens_no_type_beyond_the_scopes(library: Library) -> None:
    found = await ids(library)
    document = "query($id: ID!) { node(id: $id) { __typename id } }"
    assert await library.data(CATALOGUE, document, {"id": found["Anna's"]}) == {"node": None}
    emma = {"node": {"__typename": "PaperBook", "id": found["Emma"]}}
    assert await library.data(CATALOGUE, document, {"id": found["Emma"]}) == emma


def forged(opaque: str, place: int) -> str:
    """An id with one bit changed."""
    octets = bytearray(base64.b64decode(opaque))
    octets[place] ^= 1
    return base64.b64encode(octets).decode()


@pytest.mark.parametrize("opaque", ["", "1", "Loan:1", "????", "Qm9vazox", "TG9hbjox"])
async def test_what_is_no_id(library: Library, opaque: str) -> None:
    told, reason = await library.told(ANNAS, "query($id: ID!) { node(id: $id) { id } }", {"id": opaque})
    error = {
        "message": ID,
        "locations": [{"line": 1, "column": 19}],
        "path": ["node"],
        "extensions": {"code": "BAD_ID"},
    }
    assert (told, reason) == (Told({"node": None}, [error], []), "arguments")


@pytest.mark.parametrize("place", [0, 4, 11, 12, 19])
async def test_a_changed_id_is_of_no_row(library: Library, place: int) -> None:
    own = (await ids(library))["Anna's"]
    document = "query($id: ID!) { node(id: $id) { id } }"
    assert await library.data(ANNAS, document, {"id": own}) == {"node": {"id": own}}
    assert await library.data(ANNAS, document, {"id": forged(own, place)}) == {"node": None}


async def test_a_cursor_of_another_list_is_refused(library: Library) -> None:
    given = await library.data(LIBRARIAN, "{ books(first: 1, orderBy: TITLE) { pageInfo { endCursor } } }")
    document = "query($after: String) { books(first: 1, orderBy: NEWEST, after: $after) { totalCount } }"
    after = given["books"]["pageInfo"]["endCursor"]
    told, reason = await library.told(LIBRARIAN, document, {"after": after})
    error = {
        "message": CURSOR,
        "locations": [{"line": 1, "column": 25}],
        "path": ["books"],
        "extensions": {"code": "BAD_CURSOR"},
    }
    assert (told, reason) == (Told(None, [error], []), "arguments")


@pytest.mark.parametrize(
    ("document", "data", "error"),
    [
        (
            "{ loans(first: 101) { totalCount } }",
            None,
            {
                "message": "`first` must be from 1 to 100; ask for more by `after`.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["loans"],
                "extensions": {"code": "BAD_PAGE_SIZE"},
            },
        ),
        (
            '{ shelf(name: "") { name } }',
            {"shelf": None},
            {
                "message": "`name` must not be empty.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["shelf"],
                "extensions": {"code": "BAD_INPUT"},
            },
        ),
    ],
)
async def test_arguments_that_are_refused_leave_no_entry(
    library: Library, document: str, data: Any, error: Any
) -> None:
    assert await library.told(ANNAS, document) == (Told(data, [error], []), "arguments")
