"""Judicial integrity reports: issued by their subject, viewed by whoever has the code, for as long as they hold."""

import logging
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alterations import altered
from look_ups import rows
from world import NOW, World

import models
from auth.audiences import Audience
from casework.share_codes import LONGEST
from demo.city.cast import CHEN, FAMILY, FORGE, LIN, MINOR, STRANGER, SUSPECT, TRADE, ZHAO, Subject
from reports.content import DOCUMENT
from schema.scalars import write_moment

PORTAL, BANK, EMPLOYER = Audience.LITIGANT_PORTAL, Audience.BANK, Audience.EMPLOYER
CREDIT, INTEGRITY = "person.credit.read", "person.integrity.read"
ISSUE = """mutation($input: IssueIntegrityReportInput!) { issueIntegrityReport(input: $input) {
  integrityReport { id views lastViewedAt shareCode { hint purposes scopes singleUse createdAt validTo revokedAt } }
  code address errors { code path hint } } }"""
REVOKE = """mutation($input: RevokeIntegrityReportInput!) { revokeIntegrityReport(input: $input) {
  integrityReport { shareCode { revokedAt } } errors { code } } }"""
MINE = "{ me { integrityReports { id views lastViewedAt } } }"
LOG = """{ me { accessRecords(first: 9) { nodes { field purpose client { audience } } } } }"""


def given(subject: Subject = CHEN, **changes: Any) -> dict[str, Any]:
    field = "organizationCode" if subject.number.startswith("9") else "idNumber"
    return {"name": subject.name, field: subject.number, "scopes": [CREDIT, INTEGRITY]} | changes


def payload(world: World, subject: Subject = CHEN, **changes: Any) -> Any:
    data = world.data(PORTAL, ISSUE, {"input": given(subject, **changes)}, subject=subject)
    return data["issueIntegrityReport"]


def issued(world: World, subject: Subject = CHEN, **changes: Any) -> Any:
    made = payload(world, subject, **changes)
    assert made["errors"] == []
    return made


def revoke(world: World, report: Any, subject: Subject = CHEN) -> Any:
    variables = {"input": {"id": report["integrityReport"]["id"]}}
    return world.data(PORTAL, REVOKE, variables, subject=subject)["revokeIntegrityReport"]


def viewed(world: World, report: Any) -> Any:
    return world.http.get(report["address"] + ".json").json()


def content(world: World, report: Any) -> Any:
    found = viewed(world, report)
    assert found["status"] == "VALID"
    return found["claims"]["subject"]


# --- what is issued ---------------------------------------------------------------------------------------------------


def test_a_report_is_issued_with_a_code_of_140_bits_and_the_address_of_its_page(world: World) -> None:
    made = issued(world)
    assert made["address"] == f"http://127.0.0.1:8000/reports/{made['code']}"
    assert len(made["code"].replace("-", "")) - len("SR") == 28
    assert made["integrityReport"] | {"id": ""} == {
        "id": "",
        "views": 0,
        "lastViewedAt": None,
        "shareCode": {
            "hint": made["code"][-4:],
            "purposes": ["SELF"],
            "scopes": [CREDIT, INTEGRITY],
            "singleUse": False,
            "createdAt": write_moment(NOW),
            "validTo": write_moment(NOW + timedelta(days=30)),
            "revokedAt": None,
        },
    }


def test_it_tells_what_it_is_and_what_the_law_says_of_it(world: World) -> None:
    claims = viewed(world, issued(world))["claims"]
    assert (claims["iss"], claims["iat"]) == ("http://127.0.0.1:8000", int(NOW.timestamp()))
    assert claims["exp"] - claims["iat"] == 30 * 24 * 60 * 60
    report = claims["report"]
    assert report["number"] == claims["jti"]
    assert claims["jti"].startswith("SX20261121-")
    (latest,) = rows(world, "SELECT to_char(max(month), 'YYYY-MM') AS month FROM batch WHERE published_at <= :n", n=NOW)
    assert (report["asOf"], report["latestMonth"]) == ("2026-11-21", latest.month)
    assert report["catalogue"]["label"]
    assert "no court has published its table" in report["catalogue"]["note"]
    assert "PIPL 24" in "".join(report["notices"])


REFUSALS = [
    ({"idNumber": LIN.number}, "NOT_YOURS", "idNumber"),
    ({"name": "陈某"}, "NOT_YOURS", "name"),
    ({"scopes": []}, "BAD_SCOPE", "scopes"),
    ({"scopes": ["self.read"]}, "BAD_SCOPE", "scopes"),
    ({"purpose": "JUDICIAL"}, "BAD_PURPOSE", "purposes"),
    ({"purpose": "SUPPLIER_DUE_DILIGENCE"}, "BAD_PURPOSE", "purposes"),
    ({"validTo": write_moment(NOW)}, "BAD_DATE", "validTo"),
    ({"validTo": write_moment(NOW + LONGEST + timedelta(seconds=1))}, "BAD_DATE", "validTo"),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSALS)
def test_a_report_that_cannot_be_is_refused_and_leaves_nothing(
    world: World, changes: dict[str, Any], code: str, field: str
) -> None:
    before = world.data(PORTAL, MINE)
    refused = payload(world, **changes)
    (error,) = refused["errors"]
    assert (error["code"], error["path"]) == (code, ["input", field])
    assert (refused["code"], refused["address"]) == (None, None)
    assert world.data(PORTAL, MINE) == before


def test_only_a_portal_issues_reports_and_for_who_has_signed_in(world: World) -> None:
    for audience in (BANK, EMPLOYER, Audience.COURT):
        answer = world.ask(audience, ISSUE, {"input": given()})
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_DOCUMENT"}
    made = issued(world)
    assert revoke(world, made, LIN)["errors"] == [{"code": "NOT_FOUND"}]
    assert made["integrityReport"]["id"] not in str(world.data(PORTAL, MINE, subject=LIN))
    assert viewed(world, made)["status"] == "VALID"


def test_a_repeated_request_tells_the_same_code(world: World) -> None:
    body = {"query": ISSUE, "variables": {"input": given()}}
    once, again = (world.post(world.token(PORTAL), body, **{"idempotency-key": "report-1"}).json() for _ in range(2))
    assert again["extensions"]["idempotencyReplayed"]
    assert once["data"] == again["data"]


def test_neither_code_nor_content_is_kept(world: World) -> None:
    made = issued(world)
    with world.engine.connect() as connection:
        kept = "".join(
            str(row)
            for table in ("share_code", "integrity_report", "access_record", "idempotency_key")
            for row in connection.execute(sa.text(f"SELECT {table}::text FROM {table}"))  # noqa: S608
        )
    assert made["code"] not in kept
    assert "违反财产报告制度" in str(content(world, made))
    assert "违反财产报告制度" not in kept


# --- what it tells ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [CHEN, LIN, ZHAO, SUSPECT, FAMILY, MINOR, STRANGER, FORGE, TRADE])
def test_it_tells_what_a_bank_is_told_by_the_same_code(world: World, subject: Subject) -> None:
    made = issued(world, subject, purpose="LOAN_APPROVAL")
    variables = {"code": made["code"], "purpose": "LOAN_APPROVAL", "credit": True, "integrity": True}
    body = {"query": DOCUMENT, "operationName": "Full", "variables": variables}
    assert content(world, made) == world.post(world.token(BANK), body).json()["data"]["sharedReport"]


def test_who_is_unknown_shows_that_nothing_is_shown(world: World) -> None:
    assert content(world, issued(world, STRANGER))["party"] is None
    assert content(world, issued(world, MINOR))["party"] is None
    page = world.http.get(issued(world, STRANGER)["address"]).text
    assert "没有可出示的记录" in page


def test_it_tells_of_what_its_subject_chose_and_of_nothing_else(world: World) -> None:
    """What is not chosen is not there, which is another thing than an empty list."""
    both, lists, credit = (issued(world, scopes=scopes) for scopes in ([CREDIT, INTEGRITY], [INTEGRITY], [CREDIT]))
    chosen = {"creditCode", "deductions", "sanctions"}, {"listings", "certificates"}
    assert content(world, both)["party"].keys() == {"__typename"} | chosen[0] | chosen[1]
    assert content(world, credit)["party"].keys() == {"__typename"} | chosen[0]
    assert content(world, lists)["party"].keys() == {"__typename"} | chosen[1]
    page = world.http.get(lists["address"]).text
    assert ("名单信息" in page, "扣分记录" in page) == (True, False)


def test_for_a_post_it_tells_what_an_employer_is_told(world: World) -> None:
    plain, senior = (
        content(world, issued(world, ZHAO, purpose=purpose))["party"]
        for purpose in ("EMPLOYMENT_CHECK", "SENIOR_POST_QUALIFICATION")
    )
    assert plain.keys() == {"__typename", "codeRecords", "certificates"}
    assert {record["colour"] for record in plain["codeRecords"]} == {"RED"}
    assert [listing["kind"] for listing in senior["listings"]["nodes"]] == ["DISHONEST_DEBTOR"]
    assert "creditCode" not in senior


def test_an_organization_shows_itself_whole(world: World) -> None:
    party = content(world, issued(world, FORGE, scopes=[INTEGRITY]))["party"]
    assert party["creditCode"]["colour"] == "RED"
    assert party["deductions"]["totalCount"] > 0


# --- whether it holds -------------------------------------------------------------------------------------------------


def test_a_record_that_vanishes_takes_the_reports_that_showed_it_along(world: World) -> None:
    """The service never shows again what is shielded (R10), nor tells what changed."""
    made = issued(world)
    (item,) = rows(world, "SELECT d.id FROM deduction d JOIN party p ON p.id = party_id WHERE name = :n AND points = 2"
                   " AND status = 'PUBLISHED'", n=CHEN.name)  # fmt: skip
    with altered(world.engine, models.Deduction, item.id, points=3):
        answers = [world.http.get(made["address"] + suffix) for suffix in ("", ".json", ".pdf", ".jws")]
    assert {answer.status_code for answer in answers} == {410}
    assert answers[1].json() == {"status": "SUPERSEDED"}
    assert not [answer for answer in answers if CHEN.name in answer.text]
    assert viewed(world, made)["status"] == "VALID"


def test_a_report_that_is_withdrawn_shows_nothing(world: World) -> None:
    made = issued(world)
    assert revoke(world, made) == {"integrityReport": {"shareCode": {"revokedAt": write_moment(NOW)}}, "errors": []}
    answer = world.http.get(made["address"])
    assert (answer.status_code, CHEN.name in answer.text) == (410, False)
    assert viewed(world, made) == {"status": "REVOKED"}
    assert revoke(world, made)["errors"] == [{"code": "REVOKED"}]


def test_a_report_that_is_over_shows_nothing(world: World) -> None:
    made = issued(world)
    (code,) = rows(world, "SELECT id FROM share_code ORDER BY id DESC LIMIT 1")
    with altered(world.engine, models.ShareCode, code.id, created_at=NOW - timedelta(days=1), valid_to=NOW):
        assert viewed(world, made) == {"status": "EXPIRED"}


UNKNOWN = ["SR-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", "x", "SR-", "SX-7Q4M-K2TD-9WZR", "%00", "SR-é", "a" * 3000]


@pytest.mark.parametrize("code", UNKNOWN)
@pytest.mark.parametrize("suffix", ["", ".json", ".pdf", ".jws", ".exe", ".json.json"])
def test_what_was_never_a_report_looks_alike(world: World, code: str, suffix: str) -> None:
    expected = world.http.get(f"/reports/SR-BBBB-BBBB-BBBB-BBBB-BBBB-BBBB-BBBB{suffix}")
    with world.logged() as entries:
        answer = world.http.get(f"/reports/{code}{suffix}")
    assert (answer.status_code, answer.content) == (404, expected.content)
    assert entries == []


def test_a_partner_that_has_the_code_asks_by_it_as_by_any_share_code(world: World) -> None:
    made = issued(world, ZHAO, purpose="EMPLOYMENT_CHECK", scopes=[INTEGRITY])
    shared = """query($code: String!, $purpose: Purpose!) {
      sharedReport(code: $code, access: { purpose: $purpose }) { name singleUse } }"""
    asked = {"code": made["code"], "purpose": "EMPLOYMENT_CHECK"}
    assert world.data(EMPLOYER, shared, asked)["sharedReport"] == {"name": ZHAO.name, "singleUse": False}
    other = asked | {"purpose": "SENIOR_POST_QUALIFICATION"}
    assert world.data(EMPLOYER, shared, other)["sharedReport"] is None


# --- who viewed it ----------------------------------------------------------------------------------------------------


def test_each_view_is_counted_and_in_the_log(world: World) -> None:
    made = issued(world)
    with world.logged() as entries:
        for suffix in ("", ".json", ".pdf", ".jws"):
            assert world.http.get(made["address"] + suffix).status_code == 200
    assert [(row["field"], row["purpose"], row["result"], row["audience"]) for row in entries] == [
        ("integrityReport", "SELF", "MATCHED", "LITIGANT_PORTAL")
    ] * 4
    (code,) = rows(world, "SELECT share_code_id FROM integrity_report ORDER BY id DESC LIMIT 1")
    assert {row["share_code_id"] for row in entries} == {code.share_code_id}
    mine = world.data(PORTAL, MINE)["me"]["integrityReports"][0]
    assert (mine["views"], mine["lastViewedAt"]) == (4, write_moment(NOW))
    seen = world.data(PORTAL, LOG)["me"]["accessRecords"]["nodes"]
    (entry,) = {(row["purpose"], row["client"]["audience"]) for row in seen if row["field"] == "integrityReport"}
    assert entry == ("SELF", "LITIGANT_PORTAL")


def views(world: World) -> int:
    return int(world.data(PORTAL, MINE)["me"]["integrityReports"][0]["views"])


PREVIEWS = {
    "a messenger": {"user-agent": "facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
    "WhatsApp": {"user-agent": "WhatsApp/2.23.20.0"},
    "DingTalk": {"user-agent": "DingTalkBot-LinkService/1.0 (+https://open.dingtalk.com/document/)"},
    "a search engine": {"user-agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"},
    "a browser's guess": {"sec-purpose": "prefetch;prerender"},
    "an older browser's guess": {"purpose": "prefetch"},
}


@pytest.mark.parametrize("headers", PREVIEWS.values(), ids=PREVIEWS)
@pytest.mark.parametrize("suffix", ["", ".pdf"])
def test_a_preview_is_no_view(world: World, headers: dict[str, str], suffix: str) -> None:
    """It tells nothing of the report, not even whether there is one."""
    made = issued(world)
    nothing = world.http.get("/reports/SR-BBBB-BBBB-BBBB-BBBB-BBBB-BBBB-BBBB", headers=headers)
    with world.logged() as entries:
        answer = world.http.get(made["address"] + suffix, headers=headers)
    assert (answer.status_code, answer.content) == (200, nothing.content)
    assert (entries, views(world)) == ([], 0)


@pytest.mark.parametrize("suffix", ["", ".json", ".pdf", ".jws"])
def test_head_is_no_view(world: World, suffix: str) -> None:
    made = issued(world)
    with world.logged() as entries:
        answer = world.http.head(made["address"] + suffix)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (entries, views(world)) == ([], 0)


def test_a_program_that_asks_for_what_is_for_programs_is_told(world: World) -> None:
    made = issued(world)
    told = world.http.get(made["address"] + ".json", headers={"user-agent": "CreditBot/1.0"}).json()
    assert (told["status"], views(world)) == ("VALID", 1)


@pytest.mark.parametrize("suffix", ["", ".", "。", "，", "%20", "%E3%80%82%EF%BC%8C"])
def test_a_code_is_read_as_it_was_meant(world: World, suffix: str) -> None:
    made = issued(world)
    code = made["code"]
    for written in (code, code.lower(), code.replace("-", ""), code.replace("-", "–"), f"%EF%BC%B3{code[1:]}"):
        assert CHEN.name in world.http.get(f"/reports/{written}{suffix}").text
    told = world.http.get(f"/reports/{code.lower()}.JSON{suffix}").json()
    assert told["status"] == "VALID"


def test_a_view_of_what_holds_no_more_is_in_the_log_and_not_counted(world: World) -> None:
    made = issued(world)
    revoke(world, made)
    with world.logged() as entries:
        viewed(world, made)
    assert [(row["field"], row["result"]) for row in entries] == [("integrityReport", "EMPTY")]
    assert world.data(PORTAL, MINE)["me"]["integrityReports"][0]["views"] == 0


def test_without_the_log_nothing_is_shown(world: World) -> None:
    """R19: the entry is there before the answer, or there is none."""
    made = issued(world)
    with world.engine.begin() as connection:
        connection.execute(
            sa.text("ALTER TABLE access_answer ADD CONSTRAINT shut CHECK (audience <> 'LITIGANT_PORTAL') NOT VALID")
        )
    try:
        answer = world.http.get(made["address"])
        assert (answer.status_code, CHEN.name in answer.text) == (503, False)
    finally:
        with world.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE access_answer DROP CONSTRAINT shut"))
    assert world.data(PORTAL, MINE)["me"]["integrityReports"][0]["views"] == 0


def test_the_code_goes_nowhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    made = issued(world)
    with caplog.at_level(logging.DEBUG):
        answers = [world.http.get(made["address"] + suffix) for suffix in ("", ".json", ".pdf", ".jws")]
    own = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [record for record in own if made["code"] in record.getMessage()]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-robots-tag"].startswith("noindex")
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


def test_the_page_loads_nothing_and_says_what_it_is(world: World) -> None:
    made = issued(world)
    page = world.http.get(made["address"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for text in (
        "司法诚信报告",
        "有效 valid",
        CHEN.name,
        "330281********0004",
        "黄色 yellow",
        "失信被执行人",
        "个人信息保护法",
    ):
        assert text in page.text
    assert not [word for word in ("<script", "<img", "http-equiv", "<link", " src=", CHEN.number) if word in page.text]
    assert f'href="{made["code"]}.pdf"' in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_report_is_only_read(world: World, method: str) -> None:
    assert world.http.request(method, issued(world)["address"]).status_code == 405
