"""What is done for one user, as every audience sees it: answers before and after, with their status and error codes.

A look is one document of one audience, told as the status, the codes of errors and the values of the answer. A step
names the looks that it changes; all others, of all audiences, stay as they were.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chambers import NINGBO, Chambers
from play import ENFORCED, RULING, Courts, night
from views import key
from watching import consent

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, Subject
from models.court import StaffRole

BANK, PORTAL, BODY = Audience.BANK, Audience.LITIGANT_PORTAL, Audience.LABOUR_ARBITRATION
JUDGE, CENTRE, PANEL = StaffRole.JUDGE, StaffRole.CENTRE, StaffRole.PANEL

LISTS = "deductions(first: 9) { nodes { points underObjection } } listings(first: 9) { nodes { kind } }"
LENT_TO = f"""query($by: SubjectKey!) {{ subject(by: $by, access: {{ purpose: LOAN_APPROVAL }}) {{ outcome party {{
  creditCode {{ colour }} {LISTS} }} }} riskReports(first: 9) {{ totalCount }} forwardedDisputes(first: 9) {{
  totalCount }} }}"""
CANDIDATE = """query($by: SubjectKey!) { employmentCheck(by: $by, access: { purpose: SENIOR_POST_QUALIFICATION }) {
  outcome listings { kind } seriousRecords { colour } certificates { number } } }"""
SUPPLIER = """query($by: SubjectKey!) { commerceCheck(by: $by, access: { purpose: SUPPLIER_DUE_DILIGENCE }) { outcome
  organization { ... on Organization { creditCode { colour } deductions(first: 9) { totalCount } } } } }"""
PUBLIC = "query($name: String!) { publicRecords(name: $name, first: 9) { totalCount nodes { kind underObjection } } }"
MINE = f"""{{ me {{ party {{ creditCode {{ colour }} {LISTS} }} awards {{ refusals {{ state }} }} }}
  forwardedDisputes(first: 9) {{ totalCount }} }}"""
EMPLOYERS = "query($by: SubjectKey!) { employerCheck(by: $by) { outcome colour records(first: 9) { nodes { kind } } } }"
DESK = f"""query($name: String!) {{ parties(first: 1, filter: {{ name: $name }}) {{ nodes {{ creditCode {{ colour }}
  {LISTS} }} }} case(number: "{ENFORCED}") {{ marks {{ colour }} }} awardRefusals(first: 9) {{ nodes {{ state }} }}
  riskReports(first: 9) {{ totalCount }} forwardedDisputes(first: 9) {{ totalCount }} }}"""
OF_OTHERS = {
    Audience.MORAL_BANK: "{ pointConversions(first: 9) { nodes { item { code } points status } } }",
    Audience.VILLAGE: "{ villageNotices(first: 9) { nodes { category points } } }",
    Audience.CREDIT_PLATFORM: "{ measures(first: 9) { nodes { status } } }",
    Audience.AUDITOR: "{ statistics(of: DEDUCTIONS, first: 1) { count } }",
    BODY: "{ awardRefusals(first: 9) { nodes { state } } }",
}
BEYOND = "{ parties(first: 1) { totalCount } }"
"""What courts alone may ask."""


def values(found: Any) -> list[str]:
    """The values of an answer in order."""
    if isinstance(found, dict | list):
        return [value for one in (found.values() if isinstance(found, dict) else found) for value in values(one)]
    return [str(found)]


def look(chambers: Chambers, token: str, document: str, **given: Any) -> str:
    """An answer in a line: "200 MATCHED GREEN 0"."""
    response = chambers.post(token, document, given)
    answer = response.json()
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    return " ".join([str(response.status_code), *codes, *values(answer.get("data", []))])


def look_all(chambers: Chambers) -> dict[str, str]:
    """The answers of all audiences."""
    by, firm = key(CHEN), key(FORGE)
    partner, officer = chambers.partner, chambers.officer
    seen = {
        "bank": look(chambers, partner(BANK), LENT_TO, by=by),
        "employer": look(chambers, partner(Audience.EMPLOYER), CANDIDATE, by=by),
        "commerce": look(chambers, partner(Audience.COMMERCE), SUPPLIER, by=firm),
        "public": look(chambers, partner(Audience.PUBLIC_PORTAL), PUBLIC, name=CHEN.name),
        "public of the firm": look(chambers, partner(Audience.PUBLIC_PORTAL), PUBLIC, name=FORGE.name),
        "self": look(chambers, partner(PORTAL, CHEN), MINE),
        "another": look(chambers, partner(PORTAL, LIN), MINE),
        "worker": look(chambers, partner(PORTAL, LIN), EMPLOYERS, by=firm),
        "court": look(chambers, officer(CENTRE), DESK, name=CHEN.name),
        "court above": look(chambers, officer(CENTRE, court=NINGBO), DESK, name=CHEN.name),
    }
    seen |= {audience.lower(): look(chambers, partner(audience), document) for audience, document in OF_OTHERS.items()}
    return seen


class Scenes:
    """The steps of the scenarios."""

    def __init__(self, chambers: Chambers) -> None:
        self.chambers, self.courts, self.ids = chambers, Courts(chambers), dict[str, str]()

    def by(self, who: Any, name: str, shows: str = "id", /, **given: Any) -> Any:
        token = self.chambers.officer(who) if isinstance(who, StaffRole) else self.chambers.partner(who, CHEN)
        return self.chambers.done(token, name, shows, **given)

    def publish(self, subject: Subject, role: str = "JUDGMENT_DEBTOR") -> None:
        (self.ids[subject.key],) = self.courts.published((ENFORCED, subject, "E02", 6, RULING), role=role)

    def contest(self) -> None:
        item = self.ids[CHEN.key]
        self.ids["objection"] = self.by(PORTAL, "fileObjection", deductionId=item, statement="已申报。")["id"]

    def withdraw(self) -> None:
        given = {"id": self.ids["objection"], "outcome": "WITHDRAWN", "reason": "属实。"}
        self.chambers.done(self.chambers.officer(PANEL, 1), "answerObjection", "id", **given)

    def mark(self) -> None:
        case, party = self.chambers.party(ENFORCED, CHEN)
        self.by(JUDGE, "markCase", caseId=case, partyId=party, reason="请审理时注意。")

    def report_risk(self) -> None:
        asked = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { party {
          ... on Person { creditCode { records { id } } } } } }"""
        party = self.chambers.data(self.chambers.partner(BANK), asked, {"by": key(CHEN)})["subject"]["party"]
        day = self.chambers.calendar.moment.date().isoformat()
        given = {"recordId": party["creditCode"]["records"][0]["id"], "reference": "YJ-1", "kind": "ASSETS_MOVED"}
        self.by(BANK, "reportRisk", **given, statement="名下车辆已过户。", noticedOn=day)

    def forward(self) -> None:
        day = self.chambers.calendar.moment.date().isoformat()
        given = {"deductionId": self.ids[CHEN.key], "reference": "ZJ-1", "disputedOn": day}
        self.by(BANK, "forwardDispute", "reference", **given, statement="已履行完毕。")

    def award(self) -> None:
        today = self.chambers.calendar.moment.date()
        days = {"madeOn": today - timedelta(10), "effectiveOn": today - timedelta(8), "performBy": today - timedelta(1)}
        given = {"number": "余劳人仲案(2026)1号", "kind": "AWARD", "obligation": "支付劳动报酬", "amount": "12500.00"}
        given |= {name: str(day) for name, day in days.items()} | key(CHEN)
        self.ids["award"] = award = self.by(BODY, "recordAward", **given)["id"]
        served = {"awardId": award, "number": "告知1号", "servedOn": str(today - timedelta(3)), "digest": "ab" * 32}
        self.by(BODY, "issueAwardNotice", "number", **served)
        self.ids["refusal"] = self.by(BODY, "reportRefusal", awardId=award, statement="经催告仍不支付。")["id"]

    def publish_refusal(self) -> None:
        self.by(CENTRE, "publishRefusal", id=self.ids["refusal"], reason="经核实。")

    def perform(self) -> None:
        today = str(self.chambers.calendar.moment.date())
        self.by(BODY, "reportAwardPerformance", id=self.ids["award"], performedOn=today)

    def fine(self) -> None:
        case, party = self.chambers.party(ENFORCED, CHEN)
        today = str(self.chambers.calendar.moment.date())
        given = {"number": "(2026)浙0281司惩3号", "caseId": case, "partyId": party, "kind": "FINE", "amount": "5000.00"}
        given |= {"decidedOn": today, "effectiveOn": today, "reason": "妨害执行。"}
        self.ids["fine"] = self.by(CENTRE, "recordSanction", **given)["id"]

    def revoke(self) -> None:
        today = str(self.chambers.calendar.moment.date())
        self.by(CENTRE, "revokeSanction", id=self.ids["fine"], revokedOn=today, reason="复议撤销。")

    def confirm(self) -> None:
        self.by(Audience.MORAL_BANK, "confirmConversion", id=self.courts.conversion("MD3", -6))
        night(self.chambers)


GREEN_FILE = "200 GREEN 6 False AWARD_REFUSAL PERFORMED 1"
NOBODY = {
    "bank": "200 MATCHED GREEN 0 0",
    "employer": "200 MATCHED",
    "commerce": "200 MATCHED GREEN 0",
    "public": "200 0",
    "public of the firm": "200 0",
    "self": "200 GREEN 0",
    "another": "200 GREEN 0",
    "worker": "200 MATCHED GREEN",
    "court": "200 GREEN 0 0",
    "court above": "200 GREEN 0 0",
    **{audience.lower(): "200" for audience in OF_OTHERS},
}
"""The answers while nothing has happened."""


def of_courts(told: str) -> dict[str, str]:
    """Both courts see the same."""
    return {"court": f"200 {told}", "court above": f"200 {told}"}


STEPS: list[tuple[str, Callable[[Scenes], None], dict[str, str]]] = [
    (
        "a deduction is published",
        lambda scenes: scenes.publish(CHEN),
        {
            "bank": "200 MATCHED YELLOW 6 False 0 0",
            "public": "200 1 DEDUCTION False",
            "self": "200 YELLOW 6 False 0",
            "moral_bank": "200 MD3 -6 COURT_ASSESSED",
            **of_courts("YELLOW 6 False 0 0"),
        },
    ),
    (
        "its subject objects",
        Scenes.contest,
        {
            "bank": "200 MATCHED YELLOW 6 True 0 0",
            "public": "200 1 DEDUCTION True",
            "self": "200 YELLOW 6 True 0",
            **of_courts("YELLOW 6 True 0 0"),
        },
    ),
    ("the judge marks the case", Scenes.mark, of_courts("YELLOW 6 True YELLOW 0 0")),
    (
        "the bank reports a risk",
        Scenes.report_risk,
        {"bank": "200 MATCHED YELLOW 6 True 1 0", **of_courts("YELLOW 6 True YELLOW 1 0")},
    ),
    (
        "the bank forwards a dispute",
        Scenes.forward,
        {
            "bank": "200 MATCHED YELLOW 6 True 1 1",
            "self": "200 YELLOW 6 True 1",
            **of_courts("YELLOW 6 True YELLOW 1 1"),
        },
    ),
    (
        "the moral bank confirms",
        Scenes.confirm,
        {"moral_bank": "200 MD3 -6 VILLAGE_NOTIFIED", "village": "200 DEDUCT -6"},
    ),
    (
        "a refusal to perform an award is reported",
        Scenes.award,
        {
            "self": "200 YELLOW 6 True REPORTED 1",
            "labour_arbitration": "200 REPORTED",
            **of_courts("YELLOW 6 True YELLOW REPORTED 1 1"),
        },
    ),
    (
        "the court publishes the refusal",
        Scenes.publish_refusal,
        {
            "bank": "200 MATCHED YELLOW 6 True AWARD_REFUSAL 1 1",
            "public": "200 2 AWARD_REFUSAL False DEDUCTION True",
            "self": "200 YELLOW 6 True AWARD_REFUSAL PUBLISHED 1",
            "moral_bank": "200 MD4 -5 COURT_ASSESSED MD3 -6 VILLAGE_NOTIFIED",
            "labour_arbitration": "200 PUBLISHED",
            **of_courts("YELLOW 6 True AWARD_REFUSAL YELLOW PUBLISHED 1 1"),
        },
    ),
    (
        "the award is performed",
        Scenes.perform,
        {
            "bank": "200 MATCHED YELLOW 6 True 1 1",
            "public": "200 1 DEDUCTION True",
            "self": "200 YELLOW 6 True AWARD_REFUSAL PERFORMED 1",
            "labour_arbitration": "200 PERFORMED",
            **of_courts("YELLOW 6 True AWARD_REFUSAL YELLOW PERFORMED 1 1"),
        },
    ),
    (
        "the panel withdraws the deduction",
        Scenes.withdraw,
        {
            "bank": "200 MATCHED GREEN 1 1",
            "public": "200 0",
            "self": GREEN_FILE,
            "moral_bank": "200 MD3 6 COURT_ASSESSED MD4 -5 COURT_ASSESSED MD3 -6 VILLAGE_NOTIFIED",
            **of_courts("GREEN 6 False AWARD_REFUSAL YELLOW PERFORMED 1 1"),
        },
    ),
    (
        "the court fines",
        Scenes.fine,
        {
            "bank": "200 MATCHED RED 1 1",
            "employer": "200 MATCHED RED",
            "public": "200 1 RED_RECORD False",
            "self": GREEN_FILE.replace("GREEN", "RED"),
            "moral_bank": "200 MV2 0 COURT_ASSESSED MD3 6 COURT_ASSESSED MD4 -5 COURT_ASSESSED MD3 -6 VILLAGE_NOTIFIED",
            "credit_platform": "200 PUBLISHED",
            **of_courts("RED 6 False AWARD_REFUSAL YELLOW PERFORMED 1 1"),
        },
    ),
    (
        "the fine is revoked",
        Scenes.revoke,
        {
            "bank": "200 MATCHED GREEN 1 1",
            "employer": "200 MATCHED",
            "public": "200 0",
            "self": GREEN_FILE,
            "moral_bank": "200 MV2 0 COURT_ASSESSED MV2 0 COURT_ASSESSED MD3 6 COURT_ASSESSED MD4 -5 COURT_ASSESSED"
            " MD3 -6 VILLAGE_NOTIFIED",
            "credit_platform": "200 WITHDRAWN",
            **of_courts("GREEN 6 False AWARD_REFUSAL YELLOW PERFORMED 1 1"),
        },
    ),
    (
        "a deduction of an employer is published",
        lambda scenes: scenes.publish(FORGE, "ENFORCEMENT_APPLICANT"),
        {
            "commerce": "200 MATCHED YELLOW 1",
            "public of the firm": "200 1 DEDUCTION False",
            "worker": "200 MATCHED YELLOW YELLOW_RECORD DEDUCTION",
        },
    ),
]
"""The steps, and the looks that each changes."""


def test_each_step_changes_the_answers_of_those_whom_it_concerns(chambers: Chambers) -> None:
    night(chambers)
    consent(chambers, CHEN)
    scenes, expected = Scenes(chambers), dict(NOBODY)
    assert look_all(chambers) == expected
    for name, step, changes in STEPS:
        step(scenes)
        expected |= changes
        seen = look_all(chambers)
        assert {who: told for who, told in seen.items() if told != expected[who]} == {}, name
    outside = [audience for audience in Audience if audience is not Audience.COURT]
    beyond = {look(chambers, chambers.partner(audience, CHEN), BEYOND) for audience in outside}
    assert beyond == {"200 INVALID_DOCUMENT"}
