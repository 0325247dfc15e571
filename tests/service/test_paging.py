"""Pages of lists: every order is total, pages join to the whole list, and a cursor opens only the list it came from."""

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from world import KEYRING, World, sealed

import models
from auth.audiences import Audience
from engine.declare.opaque import unseal
from engine.declare.paging import Page, parse_place, read_cursor, start_after
from engine.declare.relations import Order
from engine.load.caller import LARGEST_PAGE
from engine.load.errors import BadCursorError, BadPageSizeError

FOREIGN = "`after` must be an endCursor of this same list, in this same order."
Ordered = tuple[Order, list[Any]]
ENTERED: Ordered = (Order(()), [models.Party.id])
NAMED: Ordered = (Order(("name",)), [models.Party.name, models.Party.id])
FILED: Ordered = (Order(("filed_on",), descending=True), [models.CourtCase.filed_on, models.CourtCase.id])
PROPOSED: Ordered = (Order(("proposed_at",)), [models.Deduction.proposed_at, models.Deduction.id])


def encoded(place: object) -> str:
    return sealed(place if isinstance(place, bytes) else json.dumps(place))


def past(order: Ordered, after: str) -> Any:
    columns = order[1]
    place = parse_place("ORDER", [column.type for column in columns], read_cursor(after, KEYRING.opaque_key))
    start = [sa.literal(value, column.type) for value, column in zip(place, columns, strict=True)]
    return start_after(order[0], columns, start)


# --- pure -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [1, 2, 50, LARGEST_PAGE])
def test_a_page_may_hold_1_to_100(first: int) -> None:
    assert Page(first, "KEY").first == first


@pytest.mark.parametrize("first", [-(2**31), -1, 0, 101, 2**31 - 1])
def test_other_sizes_are_refused(first: int) -> None:
    with pytest.raises(BadPageSizeError) as caught:
        Page(first, "KEY")
    assert caught.value.message == "`first` must be from 1 to 100; ask for more by `after`."


@pytest.mark.parametrize(
    ("order", "place", "compared"),
    [
        (ENTERED, ["ORDER", "7"], "party.id > 7"),
        (NAMED, ["ORDER", "张三", "7"], "(party.name, party.id) > ('张三', 7)"),
        (FILED, ["ORDER", "2026-01-31", "7"], "(court_case.filed_on, court_case.id) < ('2026-01-31', 7)"),
    ],
)
def test_a_cursor_means_the_rows_past_its_place(order: Ordered, place: list[str], compared: str) -> None:
    found = past(order, encoded(place)).compile(compile_kwargs={"literal_binds": True})
    assert str(found).replace("(party.id) > (7)", "party.id > 7") == compared


BROKEN = {
    "empty": "",
    "no base64": "!",
    "not ASCII": "张三",
    "padding": "WyI",
    "not UTF-8": encoded(b"\xff"),
    "not JSON": encoded(b"["),
    "deep": encoded(b"[" * 40_000),
    "long number": encoded(b'["ORDER",' + b"1" * 5_000 + b"]"),
    "an object": encoded({"0": "ORDER"}),
    "a number": encoded(7),
    "nothing in it": encoded([]),
    "too short": encoded(["ORDER"]),
    "too long": encoded(["ORDER", "1", "2", "3"]),
    "other order": encoded(["OTHER", "7"]),
    "no order": encoded([None, "7"]),
    "negative": encoded(["ORDER", "-1"]),
    "too large": encoded(["ORDER", str(2**63)]),
    "no integer": encoded(["ORDER", "1.5"]),
    "NaN": encoded(b'["ORDER",NaN]'),
    "a list in it": encoded(["ORDER", ["7"]]),
}


@pytest.mark.parametrize("after", BROKEN.values(), ids=BROKEN)
def test_what_is_no_cursor_of_this_list_is_refused(after: str) -> None:
    with pytest.raises(BadCursorError) as caught:
        past(ENTERED, after)
    assert caught.value.message == FOREIGN


@pytest.mark.parametrize(
    ("order", "value"),
    [
        (NAMED, "\0"),
        (NAMED, "\ud800"),
        (FILED, "2026-02-30"),
        (FILED, "yesterday"),
        (PROPOSED, "2026-11-21T00:00:00"),
        (PROPOSED, "0001-01-01T00:00:00+23:00"),
        (PROPOSED, "soon"),
    ],
)
def test_a_place_that_no_row_can_have_is_refused(order: Ordered, value: str) -> None:
    with pytest.raises(BadCursorError):
        past(order, encoded(["ORDER", value, "7"]))


@given(st.text() | st.binary().map(lambda octets: base64.b64encode(octets).decode()))
def test_no_text_breaks_the_reader(after: str) -> None:
    with pytest.raises(BadCursorError):
        past(ENTERED, after)


# --- over HTTP --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class List:
    """A root list of the court's. `sort`: the rows' sort values in the database, by their identifiers."""

    field: str
    order: str
    identifier: str
    filter: str
    sort: str
    descending: bool = False

    def __str__(self) -> str:
        return self.order

    @property
    def document(self) -> str:
        """Asks for one page."""
        return f"""query ($first: Int!, $after: String) {{
            page: {self.field}(first: $first, after: $after, orderBy: {self.order}, filter: {self.filter}) {{
                totalCount nodes {{ identifier: {self.identifier} }} edges {{ cursor }}
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
            }} }}"""


ORGANIZATIONS, ENFORCEMENTS = "{kind: ORGANIZATION}", "{stage: ENFORCEMENT}"
ENTERED_ON = "SELECT 'Party:' || id, id, id FROM party"
NAMED_AS = "SELECT 'Party:' || id, convert_to(name, 'UTF8'), id FROM party"
FILED_ON = "SELECT number, filed_on, id FROM court_case"
PROPOSED_AT = "SELECT 'Deduction:' || id, proposed_at, id FROM deduction"
LISTS = [
    List("parties", "ENTERED_ASC", "id", ORGANIZATIONS, ENTERED_ON),
    List("parties", "ENTERED_DESC", "id", ORGANIZATIONS, ENTERED_ON, True),
    List("parties", "NAME_ASC", "id", ORGANIZATIONS, NAMED_AS),
    List("cases", "FILED_ASC", "number", ENFORCEMENTS, FILED_ON),
    List("cases", "FILED_DESC", "number", ENFORCEMENTS, FILED_ON, True),
    List("deductions", "PROPOSED_ASC", "id", "{}", PROPOSED_AT),
    List("deductions", "PROPOSED_DESC", "id", "{}", PROPOSED_AT, True),
]


def pages(world: World, asked: List, first: int) -> Iterator[Any]:
    """The pages of a list, one by one, until it says that there are no more."""
    after = None
    while True:
        page = world.data(Audience.COURT, asked.document, {"first": first, "after": after})["page"]
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def rows(page: Any) -> list[str]:
    """Case numbers as they are, ids as what they stand for."""
    told = [node["identifier"] for node in page["nodes"]]
    return [text if text.startswith("(") else str(unseal(text, KEYRING.opaque_key)) for text in told]


def whole(world: World, asked: List) -> list[str]:
    return [row for page in pages(world, asked, LARGEST_PAGE) for row in rows(page)]


@pytest.fixture(scope="module")
def wholes(world: World) -> dict[List, list[str]]:
    """Every list, read by the largest pages."""
    return {asked: whole(world, asked) for asked in LISTS}


@pytest.mark.parametrize("asked", LISTS, ids=str)
def test_a_whole_list_is_in_total_order_and_complete(world: World, wholes: dict[List, list[str]], asked: List) -> None:
    found = wholes[asked]
    with world.engine.connect() as connection:
        places = {row[0]: tuple(row[1:]) for row in connection.execute(sa.text(asked.sort))}
    sorted_ = [places[row] for row in found]
    assert sorted_ == sorted(sorted_, reverse=asked.descending)
    assert len(set(found)) == len(found) == next(pages(world, asked, 1))["totalCount"]


@pytest.mark.parametrize(("first", "most"), [(1, 9), (3, 9)])
@pytest.mark.parametrize("asked", LISTS, ids=str)
def test_small_pages_join_to_the_same_list(
    world: World, wholes: dict[List, list[str]], asked: List, first: int, most: int
) -> None:
    found = [row for page in itertools.islice(pages(world, asked, first), most) for row in rows(page)]
    assert found == wholes[asked][: first * most]


def test_rows_of_one_sort_value_are_neither_lost_nor_repeated(world: World) -> None:
    """Cases filed on one day, more than a page of them."""
    count = "SELECT filed_on FROM court_case WHERE starts_with(court_code, '浙0281') GROUP BY 1 ORDER BY count(*) DESC"
    with world.engine.connect() as connection:
        busiest = connection.scalars(sa.text(count)).first()
    assert isinstance(busiest, date)
    same_day = f'{{filedFrom: "{busiest}", filedTo: "{busiest}"}}'
    asked = List("cases", "FILED_DESC", "number", same_day, "")
    found = [row for page in pages(world, asked, 1) for row in rows(page)]
    assert len(found) > 1
    assert found == whole(world, asked)


@pytest.mark.parametrize("asked", [LISTS[2], LISTS[4]], ids=str)
def test_a_page_says_where_it_stands(world: World, asked: List) -> None:
    first, second = itertools.islice(pages(world, asked, 2), 2)
    cursors = [edge["cursor"] for edge in second["edges"]]
    assert first["pageInfo"]["hasPreviousPage"] is False
    assert second["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": True,
        "startCursor": cursors[0],
        "endCursor": cursors[1],
    }
    assert first["totalCount"] == second["totalCount"] == len(whole(world, asked))


def test_past_the_end_there_is_nothing(world: World) -> None:
    *_, last = pages(world, LISTS[0], LARGEST_PAGE)
    after = last["pageInfo"]["endCursor"]
    page = world.data(Audience.COURT, LISTS[0].document, {"first": 1, "after": after})["page"]
    assert page == {
        "totalCount": last["totalCount"],
        "nodes": [],
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
    }


NESTED = """query ($first: Int!, $after: String) { deductions(first: 100) { nodes { party {
    deductions(first: $first, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } }
} } } }"""


def nested(world: World, first: int, after: str | None = None) -> list[Any]:
    found = world.data(Audience.COURT, NESTED, {"first": first, "after": after})["deductions"]["nodes"]
    return [deduction["party"]["deductions"] for deduction in found]


def test_below_a_row_each_has_its_own_page_and_count(world: World) -> None:
    wholes, ones = nested(world, LARGEST_PAGE), nested(world, 1)
    assert max(len(found["nodes"]) for found in wholes) > 1
    for found, one in zip(wholes, ones, strict=True):
        assert one["nodes"] == found["nodes"][:1]
        assert one["totalCount"] == found["totalCount"] == len(found["nodes"])
        assert one["pageInfo"]["hasNextPage"] is (len(found["nodes"]) > 1)


def test_below_a_row_a_cursor_leads_on(world: World) -> None:
    wholes, ones = nested(world, LARGEST_PAGE), nested(world, 1)
    place = next(place for place, found in enumerate(wholes) if len(found["nodes"]) > 1)
    then = nested(world, LARGEST_PAGE, ones[place]["pageInfo"]["endCursor"])
    assert then[place]["nodes"] == wholes[place]["nodes"][1:]


def test_a_cursor_of_another_order_or_list_is_refused(world: World) -> None:
    named = next(pages(world, LISTS[2], 1))["pageInfo"]["endCursor"]
    filed = next(pages(world, LISTS[4], 1))["pageInfo"]["endCursor"]
    for asked, after in ((LISTS[0], named), (LISTS[2], filed), (LISTS[3], filed), (LISTS[5], named)):
        answer = world.ask(Audience.COURT, asked.document, {"first": 1, "after": after})
        told = [(error["message"], error["extensions"], error["path"]) for error in answer["errors"]]
        assert told == [(FOREIGN, {"code": "BAD_CURSOR"}, ["page"])]


def test_a_made_up_place_is_refused(world: World) -> None:
    """Only the service makes cursors: a place that nobody was given counts rows that nobody was shown."""
    forged = base64.b64encode(b'["ENTERED_ASC", "4611686018427387904"]12345678').decode()
    answer = world.ask(Audience.COURT, LISTS[0].document, {"first": 1, "after": forged})
    assert [(error["message"], error["extensions"]["code"]) for error in answer["errors"]] == [(FOREIGN, "BAD_CURSOR")]
