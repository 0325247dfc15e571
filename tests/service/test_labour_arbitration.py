"""A labour-arbitration body over HTTP: awards, notices, refusals that the court publishes (MD4), performance; and what
every audience sees before, while and after."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import NINGBO, YUYAO, Chambers
from watching import consent

from auth.audiences import Audience
from demo.city.cast import CHEN, DEMO_VILLAGE, FORGE, LIN, MINOR, WANG, Subject
from models.court import StaffRole

BODY, BANK, PORTAL = Audience.LABOUR_ARBITRATION, Audience.BANK, Audience.LITIGANT_PORTAL
CENTRE, JUDGE = StaffRole.CENTRE, StaffRole.JUDGE
DIGEST = "ab" * 32
REFUSALS = """query($filter: AwardRefusalFilter) { awardRefusals(first: 20, filter: $filter) { totalCount nodes {
  id state reason award { number debtorName maskedNumber performedOn } } } }"""
MINE = "{ me { awards { number body notices { number } refusals { state reason statement } } } }"
EVENTS = "{ events(first: 100) { nodes { kind reference } } }"


def key(subject: Subject) -> dict[str, str]:
    of = "organizationCode" if subject.number.startswith("9") else "idNumber"
    return {"name": subject.name, of: subject.number}


class Body:
    """The arbitration body, and the court that decides on its reports."""

    def __init__(self, chambers: Chambers) -> None:
        self.chambers = chambers

    @property
    def token(self) -> str:
        return self.chambers.partner(BODY)

    @property
    def centre(self) -> str:
        return self.chambers.officer(CENTRE)

    def terms(self, number: str, subject: Subject, /, **changes: Any) -> dict[str, Any]:
        """An award of ten days ago, to be performed by yesterday."""
        today = self.chambers.calendar.moment.date()
        days = {"madeOn": today - timedelta(10), "effectiveOn": today - timedelta(8), "performBy": today - timedelta(1)}
        given = {"number": number, "kind": "AWARD", "obligation": "支付劳动报酬", "amount": "12500.00"}
        return given | {name: str(day) for name, day in days.items()} | key(subject) | changes

    def record(self, number: str, subject: Subject, **changes: Any) -> str:
        made = self.chambers.done(self.token, "recordAward", "id", **self.terms(number, subject, **changes))
        return str(made["id"])

    def notify(self, award: str, number: str, **changes: Any) -> Any:
        served = str(self.chambers.calendar.moment.date() - timedelta(3))
        given = {"awardId": award, "number": number, "servedOn": served, "digest": DIGEST} | changes
        return self.chambers.done(self.token, "issueAwardNotice", "number servedOn award { number }", **given)

    def refuse(self, number: str, subject: Subject) -> tuple[str, str]:
        """An award with its notice and a reported refusal: the ids of award and refusal."""
        award = self.record(number, subject)
        self.notify(award, f"告知{number}")
        made = self.chambers.done(self.token, "reportRefusal", "id", awardId=award, statement="经催告仍不支付。")
        return award, str(made["id"])

    def publish(self, refusal: str) -> Any:
        return self.chambers.done(self.centre, "publishRefusal", "state", id=refusal, reason="经核实。")

    def points(self) -> list[tuple[str, int, bool]]:
        """The conversions of refused awards: item, points, whether it reverses another."""
        query = (
            "SELECT i.code, c.points, c.reverses_id IS NOT NULL FROM point_conversion c"
            " JOIN moral_bank_item i ON i.id = c.item_id WHERE c.listing_id IS NOT NULL ORDER BY c.id"
        )
        with self.chambers.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]


@pytest.fixture(scope="module")
def body(chambers: Chambers) -> Body:
    return Body(chambers)


def seen(chambers: Chambers, subject: Subject) -> dict[str, Any]:
    """What each audience sees of the refusals of one subject: list entries by kind, or the states of refusals."""
    listed = "listings(first: 9) { nodes { kind basis: grounds } }"
    party = f"party {{ ... on Person {{ {listed} }} ... on Organization {{ {listed} }} }}"
    look_up = f"query($by: SubjectKey!, $access: AccessInput!) {{ subject(by: $by, access: $access) {{ {party} }} }}"

    def kinds(answer: Any) -> list[str]:
        nodes = answer["listings"]["nodes"] if answer else []
        return sorted(node["kind"] for node in nodes if node["kind"] == "AWARD_REFUSAL")

    def looked_up(audience: Audience, purpose: str) -> list[str]:
        asked = {"by": key(subject), "access": {"purpose": purpose}}
        return kinds(chambers.data(chambers.partner(audience), look_up, asked)["subject"]["party"])

    public = "query($name: String!) { publicRecords(name: $name, first: 9) { nodes { kind } } }"
    found = chambers.data(chambers.partner(Audience.PUBLIC_PORTAL), public, {"name": subject.name})
    mine = chambers.data(chambers.partner(PORTAL, subject), MINE)["me"]["awards"]
    return {
        "bank": looked_up(BANK, "LOAN_APPROVAL"),
        "employer": looked_up(Audience.EMPLOYER, "SENIOR_POST_QUALIFICATION"),
        "public": [node["kind"] for node in found["publicRecords"]["nodes"] if node["kind"] == "AWARD_REFUSAL"],
        "self": [refusal["state"] for award in mine for refusal in award["refusals"]],
        "court": states(chambers, chambers.officer(CENTRE), subject),
        "court above": states(chambers, chambers.officer(CENTRE, court=NINGBO), subject),
        "body": states(chambers, chambers.partner(BODY), subject),
    }


def states(chambers: Chambers, token: str, subject: Subject) -> list[str]:
    nodes = chambers.data(token, REFUSALS, {"filter": {}})["awardRefusals"]["nodes"]
    return [node["state"] for node in nodes if node["award"]["debtorName"] == subject.name]


def everywhere(state: str, listed: bool) -> dict[str, Any]:
    """An employer never learns of a candidate's labour dispute."""
    entry = ["AWARD_REFUSAL"] if listed else []
    of_courts = {who: [state] for who in ("self", "court", "court above", "body")}
    return {"bank": entry, "employer": [], "public": entry, **of_courts}


def enrol(chambers: Chambers, subject: Subject) -> None:
    letter = {"consentNumber": "授2026-9", "consentedOn": "2026-02-01", "enrolledOn": "2026-02-01"}
    given = {"householdKey": f"NH-{subject.key}", "village": DEMO_VILLAGE, "relation": "户主"} | letter
    chambers.done(chambers.partner(Audience.MORAL_BANK), "enrolMember", "id", **given, **key(subject))


def test_a_refusal_is_published_and_ends_with_performance(chambers: Chambers, body: Body) -> None:
    """Chen, who employed a worker: before, reported, published, performed, as each audience sees it."""
    consent(chambers, CHEN)
    enrol(chambers, CHEN)
    nothing: dict[str, list[str]] = {
        "bank": [],
        "employer": [],
        "public": [],
        "self": [],
        "court": [],
        "court above": [],
        "body": [],
    }
    assert seen(chambers, CHEN) == nothing
    award, refusal = body.refuse("余劳人仲案(2026)1号", CHEN)
    assert seen(chambers, CHEN) == everywhere("REPORTED", listed=False)
    assert body.points() == []
    assert body.publish(refusal) == {"state": "PUBLISHED"}
    assert seen(chambers, CHEN) == everywhere("PUBLISHED", listed=True)
    assert body.points() == [("MD4", -5, False)]
    conversions = "{ pointConversions(first: 9) { nodes { points item { code } } } }"
    told = chambers.data(chambers.partner(Audience.MORAL_BANK), conversions)["pointConversions"]["nodes"]
    assert {"points": -5, "item": {"code": "MD4"}} in told
    today = str(chambers.calendar.moment.date())
    shows = "performedOn refusals { state }"
    made = chambers.done(body.token, "reportAwardPerformance", shows, id=award, performedOn=today)
    assert made == {"performedOn": today, "refusals": [{"state": "PERFORMED"}]}
    assert seen(chambers, CHEN) == everywhere("PERFORMED", listed=False)
    assert body.points() == [("MD4", -5, False)], "it refused; a repair restores points, not the performance alone"


def test_who_is_told(chambers: Chambers, body: Body) -> None:
    """The debtor of notice, report and decision, the body of the decision by the number of its award."""
    mine = [node["kind"] for node in chambers.data(chambers.partner(PORTAL, CHEN), EVENTS)["events"]["nodes"]]
    steps = ["NOTICE_SERVED", "REFUSAL_REPORTED", "LIST_ADDED", "REFUSAL_DECIDED", "LIST_REMOVED"]
    assert [kind for kind in mine if kind in steps] == steps
    told = chambers.data(body.token, EVENTS)["events"]["nodes"]
    assert told == [{"kind": "REFUSAL_DECIDED", "reference": "余劳人仲案(2026)1号"}]
    assert chambers.data(chambers.partner(Audience.COMMERCE), EVENTS)["events"]["nodes"] == []
    notices = chambers.data(chambers.partner(PORTAL, CHEN), MINE)["me"]["awards"]
    assert [(one["number"], one["body"], len(one["notices"])) for one in notices] == [
        ("余劳人仲案(2026)1号", "余姚市劳动人事争议仲裁院 (demo)", 1)
    ]
    assert chambers.data(chambers.partner(PORTAL, WANG), MINE)["me"]["awards"] == []


def test_a_withdrawn_refusal_vanishes_with_its_points(chambers: Chambers, body: Body) -> None:
    enrol(chambers, LIN)
    before = body.points()
    _, refusal = body.refuse("余劳人仲案(2026)2号", LIN)
    body.publish(refusal)
    asked = {"id": refusal, "reason": "送达不合法。"}
    assert chambers.refused(chambers.officer(JUDGE), "withdrawRefusal", "id", **asked)["code"] == "WRONG_ROLE"
    assert chambers.done(body.centre, "withdrawRefusal", "state reason", **asked) == {
        "state": "WITHDRAWN",
        "reason": "送达不合法。",
    }
    assert body.points()[len(before) :] == [("MD4", -5, False), ("MD4", 5, True)]
    assert seen(chambers, LIN)["public"] == []
    assert chambers.refused(body.centre, "withdrawRefusal", "id", **asked)["code"] == "WRONG_STATE"


def test_a_withdrawn_award_takes_its_refusal_with_it(chambers: Chambers, body: Body) -> None:
    """An organization that no court knew; its entry is public at once, and gone with the award (R25)."""
    unknown = Subject("NEW", "余姚市新立服装有限公司", "91330281999999852R")
    award, refusal = body.refuse("余劳人仲案(2026)3号", unknown)
    body.publish(refusal)
    commerce = chambers.partner(Audience.COMMERCE)
    asked = {"by": key(unknown), "access": {"purpose": "SUPPLIER_DUE_DILIGENCE"}}
    document = """query($by: SubjectKey!, $access: AccessInput!) { commerceCheck(by: $by, access: $access) {
      outcome organization {
        ... on Organization { listings(first: 9) { nodes {
          kind grounds obligation caseNumber court { code } } } } } } }"""
    found = chambers.data(commerce, document, asked)["commerceCheck"]
    (entry,) = found["organization"]["listings"]["nodes"]
    assert (entry["kind"], entry["court"], entry["caseNumber"]) == ("AWARD_REFUSAL", {"code": YUYAO}, None)
    assert (entry["grounds"], entry["obligation"]) == ("拒不履行生效劳动人事争议仲裁裁决", "支付劳动报酬")
    shows = "withdrawalReason refusals { state }"
    made = chambers.done(body.token, "withdrawAward", shows, id=award, reason="裁决被撤销。")
    assert made == {"withdrawalReason": "裁决被撤销。", "refusals": [{"state": "WITHDRAWN"}]}
    gone = chambers.data(commerce, document, asked)["commerceCheck"]
    assert (gone["organization"] or {"listings": {"nodes": []}})["listings"]["nodes"] == []
    error = chambers.refused(body.token, "withdrawAward", "id", id=award, reason="再次。")
    assert (error["code"], error["path"]) == ("REVOKED", ["input", "id"])


def test_the_court_returns_a_report_with_a_reason(chambers: Chambers, body: Body) -> None:
    award, refusal = body.refuse("余劳人仲案(2026)4号", FORGE)
    above = chambers.officer(CENTRE, court=NINGBO)
    asked = {"id": refusal, "reason": "未附送达回证。"}
    assert chambers.refused(above, "returnRefusal", "id", **asked)["code"] == "NOT_FOUND"
    assert chambers.refused(chambers.officer(JUDGE), "returnRefusal", "id", **asked)["code"] == "WRONG_ROLE"
    assert chambers.refused(body.centre, "returnRefusal", "id", id=refusal, reason=" ")["code"] == "REASON_REQUIRED"
    chambers.done(body.centre, "returnRefusal", "state", **asked)
    assert chambers.refused(body.centre, "publishRefusal", "id", **asked)["code"] == "DECIDED"
    returned = chambers.data(body.token, REFUSALS, {"filter": {"state": "RETURNED"}})["awardRefusals"]["nodes"]
    assert [(one["reason"], one["award"]["maskedNumber"]) for one in returned] == [
        ("未附送达回证。", "913302********9127")
    ]
    again = chambers.done(body.token, "reportRefusal", "state", awardId=award, statement="补交送达回证。")
    assert again == {"state": "REPORTED"}


def test_a_number_under_another_name_is_not_told_to_the_body(chambers: Chambers, body: Body) -> None:
    """Known or unknown, the award is recorded alike (R20); the court sees, and cannot publish (R22)."""
    alias = Subject("ALIAS", "王另名", WANG.number)
    _, refusal = body.refuse("余劳人仲案(2026)5号", alias)
    asked = {"id": refusal, "reason": "经核实。"}
    error = chambers.refused(body.centre, "publishRefusal", "id", **asked)
    assert (error["code"], error["path"]) == ("OTHER_SUBJECT", ["input", "id"])
    document = "{ arbitralAwards(first: 20) { nodes { number identified party { name } } } }"
    nodes = chambers.data(body.centre, document)["arbitralAwards"]["nodes"]
    assert {"number": "余劳人仲案(2026)5号", "identified": False, "party": None} in nodes
    refused = chambers.post(body.token, "{ arbitralAwards(first: 1) { nodes { identified } } }").json()
    assert [one["extensions"]["code"] for one in refused["errors"]] == ["INVALID_DOCUMENT"]


def test_a_minor_is_never_listed(chambers: Chambers, body: Body) -> None:
    _, refusal = body.refuse("余劳人仲案(2026)6号", MINOR)
    error = chambers.refused(body.centre, "publishRefusal", "id", id=refusal, reason="经核实。")
    assert error["code"] == "NOT_ELIGIBLE"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"idNumber": "330281190001010005"}, "BAD_NUMBER", "idNumber"),
        ({"idNumber": None}, "BAD_NUMBER", "idNumber"),
        ({"name": "　"}, "BAD_TEXT", "name"),
        ({"number": " "}, "BAD_TEXT", "number"),
        ({"obligation": f"向{CHEN.number}付款"}, "BAD_TEXT", "obligation"),
        ({"amount": "0.00"}, "NEGATIVE_AMOUNT", "amount"),
        ({"madeOn": "2099-01-01"}, "BAD_DATE", "madeOn"),
        ({"effectiveOn": "2020-01-01"}, "BAD_DATE", "effectiveOn"),
        ({"performBy": "2020-01-01"}, "BAD_DATE", "performBy"),
        ({"number": "余劳人仲案(2026)1号"}, "RECORDED", "number"),
    ],
)
def test_an_award_that_cannot_be_is_refused(
    chambers: Chambers, body: Body, changes: Any, code: str, field: str
) -> None:
    given = body.terms("余劳人仲案(2026)7号", CHEN, **changes)
    error = chambers.refused(body.token, "recordAward", "id", **given)
    assert (error["code"], error["path"]) == (code, ["input", field])


def test_a_refusal_needs_a_notice_and_the_end_of_the_term(chambers: Chambers, body: Body) -> None:
    later = str(chambers.calendar.moment.date() + timedelta(2))
    award = body.record("余劳人仲案(2026)8号", WANG, performBy=later)
    report = {"awardId": award, "statement": "拒不支付。"}
    assert chambers.refused(body.token, "reportRefusal", "id", **report)["code"] == "NOT_NOTIFIED"
    early = {"awardId": award, "number": "告知8号", "servedOn": "2020-01-01", "digest": DIGEST}
    assert chambers.refused(body.token, "issueAwardNotice", "id", **early)["path"] == ["input", "servedOn"]
    assert body.notify(award, "告知8号")["award"] == {"number": "余劳人仲案(2026)8号"}
    again = early | {"servedOn": str(chambers.calendar.moment.date())}
    assert chambers.refused(body.token, "issueAwardNotice", "id", **again)["code"] == "ISSUED"
    assert chambers.refused(body.token, "reportRefusal", "id", **report)["code"] == "TOO_EARLY"
    chambers.calendar.turn(days=3)
    blank = report | {"statement": " "}
    assert chambers.refused(body.token, "reportRefusal", "id", **blank)["code"] == "REASON_REQUIRED"
    chambers.done(body.token, "reportRefusal", "state", **report)
    assert chambers.refused(body.token, "reportRefusal", "id", **report)["code"] == "RECORDED"
    today = str(chambers.calendar.moment.date())
    chambers.done(body.token, "reportAwardPerformance", "id", id=award, performedOn=today)
    assert (
        chambers.refused(body.token, "reportAwardPerformance", "id", id=award, performedOn=today)["code"] == "RECORDED"
    )
    assert chambers.refused(body.token, "reportRefusal", "id", **report)["code"] == "WRONG_STATE"


def test_a_repeated_request_records_once(chambers: Chambers, body: Body) -> None:
    same = "0d1f6a1e-5f0b-4d8e-9a3c-0f2b7c1d9e12"
    given = body.terms("余劳人仲案(2026)9号", WANG)
    made = [chambers.mutate(body.token, "recordAward", "id", key=same, **given) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0]["errors"] == []


def test_others_neither_list_nor_open_awards(chambers: Chambers, body: Body) -> None:
    found = chambers.data(body.token, "{ arbitralAwards(first: 1) { nodes { id refusals { id } notices { id } } } }")
    (award,) = found["arbitralAwards"]["nodes"]
    node = "query($id: ID!) { node(id: $id) { id } }"
    for audience in (BANK, Audience.EMPLOYER, Audience.COMMERCE, Audience.PUBLIC_PORTAL, Audience.MORAL_BANK):
        token = chambers.partner(audience)
        answer = chambers.post(token, "{ arbitralAwards(first: 9) { totalCount } }").json()
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_DOCUMENT"}
        assert chambers.data(token, node, {"id": award["id"]}) == {"node": None}
    assert chambers.data(chambers.partner(PORTAL, FORGE), node, {"id": award["id"]}) == {"node": None}


def test_the_bodys_answers_are_in_the_debtors_log(chambers: Chambers, body: Body) -> None:
    chambers.data(body.token, REFUSALS, {"filter": {}})
    asked = "{ me { accessRecords(first: 1) { nodes { field purpose client { name } } } } }"
    (entry,) = chambers.data(chambers.partner(PORTAL, CHEN), asked)["me"]["accessRecords"]["nodes"]
    body_name = {"name": "余姚市劳动人事争议仲裁院 (demo)"}
    assert entry == {"field": "awardRefusals", "purpose": "AWARD_ENFORCEMENT", "client": body_name}
