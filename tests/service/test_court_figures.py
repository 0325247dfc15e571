"""The court's dashboard: its panels, what their bars are made of, and the documents of officers."""

import html
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from officers import CSRF, PAGE, send, sign_in
from world import World

from auth.audiences import Audience
from auth.server.accounts import Account, Password, add_staff
from demo.city.cast import DEMO_COURT
from models.court import StaffRole
from pages.court.figures import saved_documents
from pages.court.figures.answer_table import AnswerTable
from pages.court.figures.panels import DOCUMENT, PANELS, write_rows


@pytest.fixture(scope="module")
def elsewhere(world: World) -> Password:
    """A chief of another court."""
    with world.engine.begin() as connection:
        others = sa.text("SELECT code FROM court WHERE code <> :own ORDER BY code LIMIT 1")
        court = connection.scalar(others, {"own": DEMO_COURT})
        return add_staff(connection, Account("某某", "p-elsewhere", StaffRole.CHIEF, court))


@pytest.mark.usefixtures("signed_out")
def test_the_dashboard_is_one_request_and_no_look_up(world: World, staff: dict[StaffRole, Password]) -> None:
    sign_in(world, staff[StaffRole.CHIEF])
    world.http.get("/court/figures", headers=PAGE)  # registers the client of the pages
    with world.logged() as entries:
        page = world.http.get("/court/figures", headers=PAGE)
    assert page.status_code == 200
    assert "script-src" not in page.headers["content-security-policy"]
    assert len({one["request_id"] for one in entries}) == 1
    assert {one["field"] for one in entries} == {"statistics", "objections"}
    asked = """query ($court: String!) {
      statistics(of: COLOURS, first: 10, groupBy: [COLOUR], filter: { courtCode: $court }) { colour count } }"""
    said = world.data(Audience.COURT, asked, {"court": DEMO_COURT})["statistics"]
    saved = world.http.get("/court/figures?panel=colours&format=json", headers=PAGE)
    assert saved.json() == said
    assert saved.headers["content-disposition"] == 'attachment; filename="colours.json"'
    table = world.http.get("/court/figures?panel=colours&format=csv", headers=PAGE).text.split()
    assert table == ["colour,count", *(f"{one['colour']},{one['count']}" for one in said)]
    for one in said:
        assert f"<td>{one['count']}</td>" in page.text
    assert world.http.get("/court/figures?panel=x&format=csv", headers=PAGE).status_code == 404


@pytest.mark.usefixtures("signed_out")
def test_a_document_of_a_panel_is_edited_and_run_with_the_officer_s_rights(
    world: World, staff: dict[StaffRole, Password]
) -> None:
    sign_in(world, staff[StaffRole.CHIEF])
    page = world.http.get("/court/figures", headers=PAGE).text
    csrf = CSRF.findall(page)[0]
    for document in re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL):
        answer = send(world, "/court/figures", {"csrf": csrf, "document": html.unescape(document)})
        assert answer.status_code == 200
        assert "<caption>" in answer.text
    mine = "{ deductions(first: 3) { nodes { points behaviour { code } } } }"
    said = world.data(Audience.COURT, mine)["deductions"]["nodes"]
    saved = send(world, "/court/figures", {"csrf": csrf, "document": mine, "format": "csv"})
    rows = [f"{one['points']},{one['behaviour']['code']}" for one in said]
    assert saved.text.split() == ["points,behaviour.code", *rows]
    refused = {
        'mutation { openBatch(input: { month: "2020-01-01" }) { errors { code } } }': "这里只能查询",
        "{ accessRecords(first: 1) { nodes { at } } }": 'role="alert"',
        "{ nonsense <script>": 'role="alert"',
    }
    for document, told in refused.items():
        answer = send(world, "/court/figures", {"csrf": csrf, "document": document})
        assert answer.status_code == 400
        assert told in answer.text
        assert "<script>" not in answer.text


@pytest.mark.usefixtures("signed_out")
def test_a_bar_leads_to_what_it_is_made_of(world: World, staff: dict[StaffRole, Password]) -> None:
    sign_in(world, staff[StaffRole.CHIEF])
    page = world.http.get("/court/figures", headers=PAGE).text
    saved = _ask_officer(world, DOCUMENT, page)
    label = {panel.name: panel.label for panel in PANELS}
    for name, rows in list(saved.items())[:-1]:
        leads = re.findall(f'href="(/court/figures/rows\\?panel={name}&amp;[^"]+)"', page)
        assert len(leads) == len([row for row in rows if row[label[name]]]), name
    for name in ("stages", "months", "behaviours", "repairs"):
        for row in saved[name][:3]:
            document = write_rows(name, row[label[name]])
            assert document is not None
            found = _ask_officer(world, document, page)
            counted = sum(one["totalCount"] for one in found.values())
            assert counted == row["count"], (name, row)
    for name in ("colours", "partners", "days", "durations"):
        row = saved[name][0]
        document = write_rows(name, row[label[name]])
        assert document is not None
        assert sum(one["count"] for one in _ask_officer(world, document, page)["statistics"]) == row["count"], name
    shown = world.http.get(
        f"/court/figures/rows?panel=behaviours&value={saved['behaviours'][0]['behaviour']}", headers=PAGE
    )
    assert shown.status_code == 200
    assert "behaviour.code" in shown.text


def _ask_officer(world: World, document: str, page: str) -> Any:
    variables = {"court": DEMO_COURT, "from": "2025-11-01", "recent": "2026-10-22"}
    used = {name: value for name, value in variables.items() if f"${name}" in document}
    headers = {"x-csrf-token": CSRF.findall(page)[0]}
    answer = world.http.post("/court/graphql", json={"query": document, "variables": used}, headers=headers).json()
    assert "errors" not in answer, answer
    return answer["data"]


@pytest.mark.usefixtures("signed_out")
@pytest.mark.parametrize(
    "query",
    [
        "panel=x&value=1",
        "panel=due&value=2026-01-01",
        "panel=months&value=soon",
        "panel=stages&value=a%7D",
        "panel=days",
        "",
    ],
)
def test_a_bar_that_there_is_not_leads_nowhere(world: World, staff: dict[StaffRole, Password], query: str) -> None:
    sign_in(world, staff[StaffRole.CHIEF])
    assert world.http.get(f"/court/figures/rows?{query}", headers=PAGE).status_code == 404


@pytest.mark.usefixtures("signed_out")
def test_a_document_is_saved_shared_with_the_court_and_removed(
    world: World, staff: dict[StaffRole, Password], elsewhere: Password
) -> None:
    sign_in(world, staff[StaffRole.CHIEF])
    csrf = CSRF.findall(world.http.get("/court/figures", headers=PAGE).text)[0]
    document = "{ statistics(of: COLOURS, first: 9, groupBy: [COLOUR]) { colour count } }"
    form = {"csrf": csrf, "document": document, "title": "信用码 <b>"}
    own = send(world, "/court/figures/saved", form).headers["location"]
    page = world.http.get(own, headers=PAGE)
    assert page.status_code == 200
    assert "信用码 &lt;b&gt;" in page.text
    assert '<svg class="chart"' in page.text
    assert (
        send(world, "/court/figures/saved", form | {"shared": "yes", "document": f"{document} "}).headers["location"]
        == own
    )
    private = send(world, "/court/figures/saved", form | {"title": "我的"}).headers["location"]
    for missing in ({"title": ""}, {"document": ""}):
        assert send(world, "/court/figures/saved", form | missing).status_code == 400
    sign_in(world, staff[StaffRole.JUDGE])
    assert "信用码" in world.http.get("/court/figures", headers=PAGE).text
    assert world.http.get(own, headers=PAGE).status_code == 200
    assert world.http.get(private, headers=PAGE).status_code == 404
    csrf = CSRF.findall(world.http.get("/court/figures", headers=PAGE).text)[0]
    assert send(world, "/court/figures/saved", {"csrf": csrf, "remove": own.rpartition("/")[2]}).status_code == 303
    assert world.http.get(own, headers=PAGE).status_code == 200
    sign_in(world, elsewhere)
    assert world.http.get(own, headers=PAGE).status_code == 404
    sign_in(world, staff[StaffRole.CHIEF])
    csrf = CSRF.findall(world.http.get("/court/figures", headers=PAGE).text)[0]
    assert send(world, "/court/figures/saved", {"csrf": csrf, "remove": own.rpartition("/")[2]}).status_code == 303
    assert world.http.get(own, headers=PAGE).status_code == 404


@pytest.mark.usefixtures("signed_out")
def test_an_officer_saves_no_more_than_fifty_documents(
    world: World, staff: dict[StaffRole, Password], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_documents, "MOST_DOCUMENTS", 1)
    sign_in(world, staff[StaffRole.PANEL])
    csrf = CSRF.findall(world.http.get("/court/figures", headers=PAGE).text)[0]
    form = {"csrf": csrf, "document": "{ courts { name } }"}
    assert send(world, "/court/figures/saved", form | {"title": "一"}).status_code == 303
    refused = send(world, "/court/figures/saved", form | {"title": "二"})
    assert refused.status_code == 400
    assert "已达上限" in refused.text
    page = world.http.get("/court/figures", headers=PAGE).text
    assert re.findall(r'href="/court/figures/saved/\d+">([^<]+)<', page).count("二") == 0


@pytest.mark.usefixtures("signed_out")
def test_officers_ask_by_their_session_and_no_token(world: World, staff: dict[StaffRole, Password]) -> None:
    document = {"query": "{ viewer { name } }"}
    assert world.http.post("/court/graphql", json=document).status_code == 403
    sign_in(world, staff[StaffRole.CHIEF])
    page = world.http.get("/court/explorer", headers=PAGE)
    assert page.status_code == 200
    assert world.http.cookies["suxin-session"] not in page.text
    csrf = json.loads(html.unescape(re.findall(r'data-told="([^"]*)"', page.text)[0]))["csrf"]
    told = world.http.post("/court/graphql", json=document, headers={"x-csrf-token": csrf})
    assert told.json()["data"] == {"viewer": {"name": f"法院工作台 {DEMO_COURT} (pages)"}}
    schema = {"query": "{ __schema { queryType { name } } }"}
    told = world.http.post("/court/graphql", json=schema, headers={"x-csrf-token": csrf})
    assert told.json()["data"] == {"__schema": {"queryType": {"name": "Query"}}}
    for headers in ({}, {"x-csrf-token": "x" * 43}, {"x-csrf-token": csrf, "sec-fetch-site": "cross-site"}):
        assert world.http.post("/court/graphql", json=document, headers=headers).status_code == 403
    refused = world.http.post(
        "/court/graphql", json={"query": "{ accessRecords(first: 1) { nodes { at } } }"}, headers={"x-csrf-token": csrf}
    )
    assert [one["extensions"]["code"] for one in refused.json()["errors"]] == ["INVALID_DOCUMENT"]
    del world.http.cookies["suxin-session"]
    ended = world.http.post("/court/graphql", json=document, headers={"x-csrf-token": csrf})
    assert (ended.status_code, ended.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


def test_a_cell_that_a_spreadsheet_would_compute_is_text() -> None:
    table = AnswerTable.of([{"statement": "=HYPERLINK(1)", "count": -1}, {"statement": "ok", "count": 2}])
    assert table.write_csv().splitlines() == ["statement,count", "'=HYPERLINK(1),-1", "ok,2"]
