"""A bank reports a risk of its customer to the court of a record, which answers; nobody else is told (R15, R20)."""

from typing import Any

import pytest
from chambers import NINGBO, YUYAO, Chambers
from play import ENFORCED, RULING, Courts
from watching import consent, end_consents, key

from auth.audiences import Audience
from demo.city.cast import CHEN
from models.court import StaffRole

BANK, PORTAL = Audience.BANK, Audience.LITIGANT_PORTAL
CENTRE, CHIEF, JUDGE = StaffRole.CENTRE, StaffRole.CHIEF, StaffRole.JUDGE
MONITORING = {"purpose": "POST_LOAN_MONITORING"}
OF_BANK = "reference kind statement noticedOn response reply court { code }"
RECORDS = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { party {
  ... on Person { creditCode { records { id } } } } } }"""
LISTED = """query($filter: RiskReportFilter, $access: AccessInput) {
  riskReports(first: 9, filter: $filter, access: $access) { totalCount nodes { %s } } }"""


@pytest.fixture(scope="module")
def record(chambers: Chambers) -> str:
    """The id of a yellow record of Chen, as the bank was shown it."""
    consent(chambers, CHEN)
    Courts(chambers).published((ENFORCED, CHEN, "E02", 6, RULING))
    asked = {"by": key(CHEN, "L-1"), "access": MONITORING}
    party = chambers.data(chambers.partner(BANK), RECORDS, asked)["subject"]["party"]
    (found,) = party["creditCode"]["records"]
    return str(found["id"])


def risk(record: str, chambers: Chambers, name: str, **changes: Any) -> dict[str, Any]:
    given = {"recordId": record, "reference": name, "kind": "ASSETS_MOVED", "statement": "名下车辆已过户。"}
    return given | {"noticedOn": chambers.calendar.moment.date().isoformat()} | changes


def listed(chambers: Chambers, token: str, shows: str = "reference", **filter_: Any) -> list[Any]:
    found = chambers.data(token, LISTED % shows, {"filter": filter_})["riskReports"]
    assert found["totalCount"] == len(found["nodes"])
    return list(found["nodes"])


def test_a_risk_is_reported_and_answered(chambers: Chambers, record: str) -> None:
    bank = chambers.partner(BANK)
    courts = {court: chambers.officer(CENTRE, court=court) for court in (YUYAO, NINGBO)}
    assert [listed(chambers, token) for token in (bank, *courts.values())] == [[], [], []]
    made = chambers.done(bank, "reportRisk", f"id {OF_BANK}", **risk(record, chambers, "YJ-1"))
    id_ = made.pop("id")
    open_ = {"response": None, "reply": None, "court": {"code": YUYAO}}
    assert made == {name: risk(record, chambers, "YJ-1")[name] for name in OF_BANK.split()[:4]} | open_
    shows = "reference bank statement case { number } record { id }"
    (seen,) = listed(chambers, courts[YUYAO], shows, open=True)
    assert (seen["case"]["number"], seen["record"]["id"]) == (ENFORCED, record)
    assert (seen["bank"], seen["statement"]) == ("余姚农商银行 (demo)", "名下车辆已过户。")
    assert listed(chambers, courts[NINGBO]) == [{"reference": "YJ-1"}], "the court above sees those of the court below"
    refused = {"id": id_, "response": "ACTED_ON", "reason": "已查封。"}
    assert chambers.refused(courts[NINGBO], "answerRiskReport", "id", **refused)["code"] == "NOT_FOUND"
    assert chambers.refused(chambers.officer(CHIEF), "answerRiskReport", "id", **refused)["code"] == "WRONG_ROLE"
    blank = refused | {"reason": " "}
    assert chambers.refused(courts[YUYAO], "answerRiskReport", "id", **blank)["code"] == "REASON_REQUIRED"
    chambers.done(chambers.officer(JUDGE), "answerRiskReport", "id", **refused)
    assert chambers.refused(courts[YUYAO], "answerRiskReport", "id", **refused)["code"] == "ANSWERED"
    answered = {"response": "ACTED_ON", "reply": "已查封。"}
    assert listed(chambers, bank, "response reply", open=False) == [answered]
    assert listed(chambers, courts[YUYAO], open=True) == []


def test_the_customer_and_others_are_not_told(chambers: Chambers, record: str) -> None:
    """Not by the list, nor by the id."""
    (made,) = listed(chambers, chambers.partner(BANK), "id") or [None]
    node = "query($id: ID!) { node(id: $id) { id } }"
    for audience in (PORTAL, Audience.COMMERCE, Audience.EMPLOYER, Audience.AUDITOR, Audience.CREDIT_PLATFORM):
        token = chambers.partner(audience)
        answer = chambers.post(token, "{ riskReports(first: 9) { totalCount } }").json()
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_DOCUMENT"}
        assert chambers.data(token, node, {"id": made["id"]}) == {"node": None}
    assert chambers.data(chambers.partner(BANK), node, {"id": made["id"]})["node"] == made


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reference": "YJ-1"}, "RECORDED"),
        ({"reference": " "}, "BAD_TEXT"),
        ({"statement": " "}, "REASON_REQUIRED"),
        ({"statement": f"他的身份证是{CHEN.number}。"}, "BAD_TEXT"),
        ({"noticedOn": "2099-01-01"}, "BAD_DATE"),
        ({"recordId": "x"}, "BAD_ID"),
    ],
)
def test_a_report_that_cannot_be_is_refused(chambers: Chambers, record: str, changes: Any, code: str) -> None:
    given = risk(record, chambers, "YJ-2", **changes)
    assert chambers.refused(chambers.partner(BANK), "reportRisk", "id", **given)["code"] == code


def test_without_consent_a_record_is_as_one_that_is_not_there(chambers: Chambers, record: str) -> None:
    end_consents(chambers, CHEN)
    error = chambers.refused(chambers.partner(BANK), "reportRisk", "id", **risk(record, chambers, "YJ-3"))
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "recordId"])
    (kept,) = listed(chambers, chambers.partner(BANK), "reference case { number } record { id }")
    assert kept == {"reference": "YJ-1", "case": None, "record": None}, "its own words, and nothing of the courts"


def test_a_repeated_request_reports_once(chambers: Chambers, record: str) -> None:
    consent(chambers, CHEN)
    given = risk(record, chambers, "YJ-4")
    bank, same = chambers.partner(BANK), "0d1f6a1e-5f0b-4d8e-9a3c-0f2b7c1d9e11"
    made = [chambers.mutate(bank, "reportRisk", "id", key=same, **given) for _ in range(2)]
    assert made[0] == made[1]
    assert len([one for one in listed(chambers, bank) if one["reference"] == "YJ-4"]) == 1


def test_the_courts_own_look_is_in_the_customers_log(chambers: Chambers, record: str) -> None:
    """Reading the report is an answer about the customer, and logged; its content is not shown."""
    listed(chambers, chambers.officer(CENTRE))
    asked = "{ me { accessRecords(first: 1) { nodes { field purpose } } } }"
    (entry,) = chambers.data(chambers.partner(PORTAL, CHEN), asked)["me"]["accessRecords"]["nodes"]
    assert entry == {"field": "riskReports", "purpose": "JUDICIAL"}
