"""Pages, ids and days as plans answer them, and the one moment that all roots of a document tell of."""

from typing import Any

import pytest
import sqlalchemy as sa
from executors import Executors
from look_ups import node_id, rows
from world import KEYRING

from auth.audiences import Audience
from demo.city.cast import CHEN, LIN
from engine.declare.opaque import unseal
from engine.run import runner
from engine.statement.bound import BoundStatement

COURT = Audience.COURT
PAGE = """
query ($first: Int!, $after: String, $orderBy: PartyOrder, $filter: PartyFilter) {
  parties(first: $first, after: $after, orderBy: $orderBy, filter: $filter) {
    totalCount edges { cursor node { id name } } nodes { id name }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""
ORDERS = {
    "ENTERED_ASC": "id",
    "ENTERED_DESC": "id DESC",
    "NAME_ASC": 'name COLLATE "C", id',
}


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_pages_follow_each_other_to_the_end(executors: Executors, order: str) -> None:
    expected = rows(executors.plans, f"SELECT id, name FROM party WHERE kind = 'ORGANIZATION' ORDER BY {ORDERS[order]}")  # noqa: S608
    nodes = [{"id": node_id("Party", row.id), "name": row.name} for row in expected]
    asked: dict[str, Any] = {"first": 7, "orderBy": order, "filter": {"kind": "ORGANIZATION"}}
    assert len(nodes) > 14
    for place in range(0, len(nodes), 7):
        page = executors.data(COURT, PAGE, asked)["parties"]
        cursors = [edge["cursor"] for edge in page["edges"]]
        assert page == {
            "totalCount": len(nodes),
            "edges": [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, page["nodes"], strict=True)],
            "nodes": nodes[place : place + 7],
            "pageInfo": {
                "hasNextPage": place + 7 < len(nodes),
                "hasPreviousPage": place > 0,
                "startCursor": cursors[0],
                "endCursor": cursors[-1],
            },
        }
        asked["after"] = cursors[-1]
    assert executors.data(COURT, PAGE, asked)["parties"] == nothing(total=len(nodes), before=True)


def nothing(total: int, before: bool) -> dict[str, Any]:
    """A page without rows."""
    info = {"hasNextPage": False, "hasPreviousPage": before, "startCursor": None, "endCursor": None}
    return {"totalCount": total, "edges": [], "nodes": [], "pageInfo": info}


def test_a_list_without_rows_has_an_empty_page(executors: Executors) -> None:
    asked = {"first": 5, "filter": {"name": "无此人"}}
    assert executors.data(COURT, PAGE, asked)["parties"] == nothing(total=0, before=False)


@pytest.mark.parametrize("order", ORDERS)
def test_a_page_begins_after_any_row(executors: Executors, order: str) -> None:
    """Every cursor is a place to go on from, not the last of a page alone."""
    asked: dict[str, Any] = {"first": 10, "orderBy": order}
    whole = executors.data(COURT, PAGE, asked)["parties"]["edges"]
    for place in (0, 4, 8):
        after = executors.data(COURT, PAGE, {**asked, "after": whole[place]["cursor"]})["parties"]["edges"]
        assert after[: 9 - place] == whole[place + 1 :]


def test_a_page_of_exactly_all_rows_is_the_last(executors: Executors) -> None:
    asked = "{{ deductions(first: {0}, filter: {{tier: T3}}) {{ totalCount pageInfo {{ hasNextPage }} }} }}"
    total = executors.data(COURT, asked.format(1))["deductions"]["totalCount"]
    more = [executors.data(COURT, asked.format(first))["deductions"] for first in (total - 1, total, total + 1)]
    assert more == [{"totalCount": total, "pageInfo": {"hasNextPage": one}} for one in (True, False, False)]


def test_lists_below_have_pages_of_their_own(executors: Executors) -> None:
    asked = """query ($name: String!, $after: String) { parties(first: 1, filter: {name: $name}) { nodes {
      deductions(first: 1, after: $after) { totalCount nodes { id } edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""
    keys = rows(
        executors.plans,
        "SELECT deduction.id FROM deduction JOIN party ON party.id = party_id WHERE name = :name ORDER BY 1",
        name=CHEN.name,
    )
    ids, after = [node_id("Deduction", row.id) for row in keys], None
    assert len(ids) > 1
    for place, id in enumerate(ids):
        (party,) = executors.data(COURT, asked, {"name": CHEN.name, "after": after})["parties"]["nodes"]
        after = party["deductions"]["pageInfo"]["endCursor"]
        assert party["deductions"] == {
            "totalCount": len(ids),
            "nodes": [{"id": id}],
            "edges": [{"cursor": after, "node": {"id": id}}],
            "pageInfo": {
                "hasNextPage": place + 1 < len(ids),
                "hasPreviousPage": place > 0,
                "startCursor": after,
                "endCursor": after,
            },
        }


def test_a_count_needs_no_rows(executors: Executors) -> None:
    asked = "{ parties(first: 1) { totalCount } deductions(first: 1, filter: {tier: T1}) { totalCount } }"
    (parties,) = rows(executors.plans, "SELECT count(*) FROM party")
    found = executors.data(COURT, asked)
    assert found["parties"] == {"totalCount": parties.count}
    assert found["deductions"]["totalCount"] > 1


@pytest.mark.parametrize(
    "parts",
    ["nodes { id }", "edges { cursor }", "edges { node { id } }", "pageInfo { hasNextPage }", "pageInfo { endCursor }",
     "totalCount", "a: nodes { id } b: nodes { b: id } c: edges { node { id } cursor }", "__typename"],
)  # fmt: skip
def test_each_part_of_a_page_can_stand_alone(executors: Executors, parts: str) -> None:
    asked = f"{{ parties(first: 3) {{ {parts} }} }}"
    below = f"{{ parties(first: 3) {{ nodes {{ deductions(first: 2) {{ {parts} }} }} }} }}"
    assert executors.data(COURT, asked)["parties"]
    assert len(executors.data(COURT, below)["parties"]["nodes"]) == 3


# --- ids --------------------------------------------------------------------------------------------------------------


def test_ids_are_answered_in_order_also_twice_and_null_where_there_is_nothing(executors: Executors) -> None:
    """A consent is no matter of the court's; what no row has and what is not for the caller look alike."""
    (consent,) = rows(executors.plans, "SELECT min(id) AS id FROM consent")
    (party,) = rows(executors.plans, "SELECT id FROM party WHERE name = :name", name=CHEN.name)
    ((first, last),) = rows(executors.plans, "SELECT min(id), max(id) FROM deduction")
    given = [
        node_id("Deduction", last),
        node_id("Party", party.id),
        node_id("Deduction", 2**62),
        node_id("Consent", consent.id),
        node_id("Deduction", first),
        node_id("Party", party.id),
        node_id("Deduction", last),
        node_id("Court", "无"),
    ]
    nowhere = {given[2], given[3], given[7]}
    found = executors.data(COURT, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": given})
    assert found == {"nodes": [None if id in nowhere else {"id": id} for id in given]}
    for id in given:
        one = executors.data(COURT, "query ($id: ID!) { node(id: $id) { id } }", {"id": id})
        assert one == {"node": None if id in nowhere else {"id": id}}


@pytest.mark.parametrize("ids", [[], [node_id("Consent", 1)], [node_id("Consent", 1)] * 100])
def test_ids_of_nothing_are_answered_by_nulls(executors: Executors, ids: list[str]) -> None:
    asked = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
    assert executors.data(COURT, asked, {"ids": ids}) == {"nodes": [None] * len(ids)}


def test_a_hundred_ids_are_answered(executors: Executors) -> None:
    asked = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Party { name } } }"
    some = executors.data(COURT, "{ parties(first: 100, orderBy: NAME_ASC) { nodes { id name } } }")["parties"]["nodes"]
    assert executors.data(COURT, asked, {"ids": [row["id"] for row in some]}) == {"nodes": some}
    assert str(unseal(some[0]["id"], KEYRING.opaque_key)).startswith("Party:")


# --- days and moments -------------------------------------------------------------------------------------------------


def test_one_document_may_ask_for_many_days(executors: Executors) -> None:
    """A day given, none, null, by a variable: each alias has its own."""
    asked = """query ($name: String!, $day: Date, $none: Date) { parties(first: 1, filter: {name: $name}) { nodes {
      past: creditCode(asOf: "2019-01-01") { asOf colour records { id } } now: creditCode { asOf colour records { id } }
      day: creditCode(asOf: $day) { asOf colour records { id } } none: creditCode(asOf: $none) { asOf }
      same: creditCode(asOf: null) { asOf colour records { id } } } } }"""
    (found,) = executors.data(COURT, asked, {"name": LIN.name, "day": "2031-12-31"})["parties"]["nodes"]
    assert {name: code["asOf"] for name, code in found.items()} == {
        "past": "2019-01-01",
        "now": "2026-11-21",
        "day": "2031-12-31",
        "none": "2026-11-21",
        "same": "2026-11-21",
    }
    assert (found["past"]["colour"], found["now"]["colour"]) == ("GREEN", "BLUE")
    assert found["same"] == found["now"]
    assert found["past"]["records"] == []


def test_all_roots_of_a_document_tell_of_one_moment(executors: Executors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's change between two statements is not seen by the second."""
    fetch, seen = runner.fetch, list[tuple[Any, ...]]()
    told = "SELECT current_setting('transaction_isolation'), pg_backend_pid(), now()"

    async def fetch_and_change(connection: Any, ready: BoundStatement) -> bytes:
        answer = await fetch(connection, ready)
        seen.append(tuple(await connection.fetchrow(told)))
        with executors.plans.engine.begin() as other:
            update = sa.text("UPDATE party SET name = name || '甲' WHERE id = (SELECT min(id) FROM party)")
            other.execute(update)
        return answer

    before = executors.data(COURT, "{ parties(first: 1) { nodes { name } } }")["parties"]
    with monkeypatch.context() as during:
        during.setattr(runner, "fetch", fetch_and_change)
        asked = "{ a: parties(first: 1) { nodes { name } } b: parties(first: 1) { nodes { name } } }"
        found = executors.plans.data(COURT, asked)
    after = executors.data(COURT, "{ parties(first: 1) { nodes { name } } }")["parties"]
    assert found == {"a": before, "b": before}
    assert after["nodes"][0]["name"] == before["nodes"][0]["name"] + "甲甲"
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert seen[0][0] == "repeatable read"
