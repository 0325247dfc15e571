"""What the engine answers a service that knows nothing of courts: plans and loaders say the same, and log the same."""

from typing import Any

import pytest
from library import Card
from library_served import ANNAS, BENS, LIBRARIAN, Library, Told
from library_tables import ANNA, BEN

from engine.execution import Executor, bind_plan
from engine.statement.bound import BoundStatement

EMMA = {"title": "Emma"}
ANNAS_ENTRY, BENS_ENTRY = (("LIBRARIAN", "loans", ["Loan"], reader, "GIVEN") for reader in (ANNA, BEN))


async def test_rows_edges_and_an_interface(library: Library) -> None:
    document = """{ reader shelves { name books(first: 2, orderBy: TITLE) { nodes {
        __typename title ... on PaperBook { pages } ... on AudioBook { minutes } shelf { name } } } } }"""
    novels, poems = {"name": "Novels"}, {"name": "Poems"}
    first: dict[str, Any] = {"__typename": "PaperBook", "title": "Dubliners", "pages": 160, "shelf": novels}
    second = {"__typename": "PaperBook", "title": "Emma", "pages": 474, "shelf": novels}
    third = {"__typename": "AudioBook", "title": "Duino Elegies", "minutes": 90, "shelf": poems}
    fourth = {"__typename": "PaperBook", "title": "Howl", "pages": 57, "shelf": poems}
    assert await library.answer(ANNAS, document) == Told(
        {
            "reader": ANNA,
            "shelves": [
                {"name": "Novels", "books": {"nodes": [first, second]}},
                {"name": "Poems", "books": {"nodes": [third, fourth]}},
            ],
        },
        [],
        [],
    )


async def test_a_root_with_an_argument(library: Library) -> None:
    document = "query($name: String!) { shelf(name: $name) { name books(first: 1) { totalCount } } }"
    found = {"shelf": {"name": "Poems", "books": {"totalCount": 3}}}
    assert await library.data(ANNAS, document, {"name": "Poems"}) == found
    assert await library.data(ANNAS, document, {"name": "Maps"}) == {"shelf": None}


@pytest.mark.parametrize(
    ("card", "shelves", "books", "loans"),
    [
        (LIBRARIAN, ["Novels", "Poems", "Vault"], 7, [(ANNA, EMMA), (BEN, EMMA), (BEN, {"title": "First Folio"})]),
        (ANNAS, ["Novels", "Poems"], 6, [(ANNA, EMMA), (ANNA, {"title": "Ulysses"})]),
        (BENS, ["Novels", "Poems"], 6, [(BEN, EMMA), (BEN, None)]),
    ],
)
async def test_an_audience_sees_its_own_rows(
    library: Library, card: Card, shelves: list[str], books: int, loans: list[tuple[int, Any]]
) -> None:
    document = "{ shelves { name } books(first: 1) { totalCount } loans(first: 3) { nodes { reader book { title } } } }"
    found = await library.data(card, document)
    assert [shelf["name"] for shelf in found["shelves"]] == shelves
    assert found["books"] == {"totalCount": books}
    assert [(loan["reader"], loan["book"]) for loan in found["loans"]["nodes"]] == loans


async def test_what_is_beside_a_row_is_joined_once(library: Library) -> None:
    document = "{ loans(first: 4) { nodes { reader one: book { title } two: book { year shelf { name } } } } }"
    found = await library.data(BENS, document)
    shelf = {"name": "Novels"}
    emma = {"reader": BEN, "one": {"title": "Emma"}, "two": {"year": 1815, "shelf": shelf}}
    assert found == {"loans": {"nodes": [emma, {"reader": BEN, "one": None, "two": None}]}}
    parts = bind_plan(library.asked(BENS, document), BENS)
    assert isinstance(parts, dict)
    (part,) = parts.values()
    assert isinstance(part, BoundStatement)
    assert part.statement.text.count("LATERAL") == 1


async def test_an_expression_reads_the_view(library: Library) -> None:
    document = "{ loans(first: 2) { nodes { dueOn returnedOn overdue } } }"
    returned = {"dueOn": "2026-12-01", "returnedOn": "2026-11-28", "overdue": False}
    late = {"dueOn": "2027-01-10", "returnedOn": None, "overdue": True}
    assert await library.data(LIBRARIAN, document) == {"loans": {"nodes": [returned, late]}}


async def test_pages_follow_one_another_in_any_order(library: Library) -> None:
    document = """query($after: String, $order: BookOrder) { books(first: 3, after: $after, orderBy: $order) {
        edges { cursor node { title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"""
    for order, titles in ORDERS.items():
        first = (await library.data(LIBRARIAN, document, {"order": order}))["books"]
        cursors = [edge["cursor"] for edge in first["edges"]]
        assert first["pageInfo"] == {
            "hasNextPage": True,
            "hasPreviousPage": False,
            "startCursor": cursors[0],
            "endCursor": cursors[-1],
        }
        second = (await library.data(LIBRARIAN, document, {"order": order, "after": cursors[2]}))["books"]
        last = second["pageInfo"]["endCursor"]
        third = (await library.data(LIBRARIAN, document, {"order": order, "after": last}))["books"]
        assert [edge["node"]["title"] for page in (first, second, third) for edge in page["edges"]] == titles
        assert [page["pageInfo"]["hasNextPage"] for page in (first, second, third)] == [True, True, False]
        assert [page["totalCount"] for page in (first, second, third)] == [7, 7, 7]


ORDERS = {
    "BOUGHT": ["Emma", "Dubliners", "Ulysses", "Odes", "Duino Elegies", "Howl", "First Folio"],
    "TITLE": ["Dubliners", "Duino Elegies", "Emma", "First Folio", "Howl", "Odes", "Ulysses"],
    "NEWEST": ["Howl", "Duino Elegies", "Ulysses", "Dubliners", "Odes", "Emma", "First Folio"],
}


async def test_a_filter_holds_in_all_its_fields(library: Library) -> None:
    document = """query($filter: BookFilter) { books(first: 9, filter: $filter, orderBy: NEWEST) {
        totalCount nodes { title } } }"""
    found = await library.data(LIBRARIAN, document, {"filter": {"title": "s", "price": 10}})
    assert found == {"books": {"totalCount": 2, "nodes": [{"title": "Dubliners"}, {"title": "Odes"}]}}


async def test_an_answer_is_logged_for_each_reader_that_it_tells_of(library: Library) -> None:
    told = await library.answer(LIBRARIAN, "{ loans(first: 3) { nodes { reader } } }")
    readers = [{"reader": ANNA}, {"reader": BEN}, {"reader": BEN}]
    assert told == Told({"loans": {"nodes": readers}}, [], [ANNAS_ENTRY, BENS_ENTRY, BENS_ENTRY])


async def test_a_reader_met_on_the_way_is_logged_once(library: Library) -> None:
    document = '{ shelf(name: "Vault") { books(first: 1) { nodes { loans(first: 2) { nodes { reader } } } } } }'
    loans = {"nodes": [{"reader": BEN}]}
    assert await library.answer(LIBRARIAN, document) == Told(
        {"shelf": {"books": {"nodes": [{"loans": loans}]}}},
        [],
        [("LIBRARIAN", "shelf", ["Book", "Loan", "Shelf"], BEN, "GIVEN")],
    )


async def test_that_there_was_nothing_is_logged_too(library: Library) -> None:
    nobody = Card(ANNAS.audience, ANNAS.scopes, 103)
    told = await library.answer(nobody, "{ loans(first: 3) { totalCount nodes { reader } } }")
    assert told == Told({"loans": {"totalCount": 0, "nodes": []}}, [], [("READER", "loans", ["Loan"], None, "EMPTY")])


async def test_the_same_statements_however_many_rows(library: Library) -> None:
    document = """query($many: Int!) { shelves { name books(first: $many) { nodes {
        title loans(first: $many) { totalCount nodes { book { title } } } } } } }"""
    counts = []
    for many in (1, 5):
        with library.statements() as sent:
            await library.told(LIBRARIAN, document, {"many": many}, Executor.LOADERS)
        counts.append([statement.split()[0] for statement in sent])
    shelves_books_loans_count_book, log, taken_out_of_it = ["SELECT"] * 5, ["INSERT"], ["DELETE"]
    assert counts == [shelves_books_loans_count_book + log + taken_out_of_it] * 2


async def test_a_plan_is_one_statement_a_root(library: Library) -> None:
    request = library.asked(LIBRARIAN, "{ reader shelves { name } loans(first: 1) { nodes { book { title } } } }")
    parts = bind_plan(request, LIBRARIAN)
    assert isinstance(parts, dict)
    assert {name: isinstance(part, BoundStatement) for name, part in parts.items()} == {
        "reader": False,
        "shelves": True,
        "loans": True,
    }
