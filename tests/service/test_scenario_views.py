"""What courts do to one person, as every audience sees it: answers before and after each step."""

from datetime import timedelta

from chambers import Chambers
from looks import BANK, BODY, CENTRE, JUDGE, NOBODY, PANEL, PORTAL, Scenes, Step, look, of_courts, play
from play import ENFORCED, RULING, night
from views import key
from watching import consent

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, Subject

BEYOND = "{ parties(first: 1) { totalCount } }"
"""What courts alone may ask."""

EVASION = {
    "ground": "EVASION",
    "basisNumber": "(2025)浙0281民初1号",
    "basisUnit": "余姚市人民法院",
    "obligation": "还款十万元",
    "performance": "全部未履行",
    "reason": "规避执行。",
}


class CourtScenes(Scenes):
    """The steps of the courts and of those who answer them."""

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
        given = {"recordId": party["creditCode"]["records"][0]["id"], "reference": "YJ-1", "kind": "ASSETS_MOVED"}
        self.by(BANK, "reportRisk", **given, statement="名下车辆已过户。", noticedOn=self.today)

    def forward(self) -> None:
        given = {"deductionId": self.ids[CHEN.key], "reference": "ZJ-1", "disputedOn": self.today}
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
        self.by(BODY, "reportAwardPerformance", id=self.ids["award"], performedOn=self.today)

    def fine(self) -> None:
        case, party = self.chambers.party(ENFORCED, CHEN)
        given = {"number": "(2026)浙0281司惩3号", "caseId": case, "partyId": party, "kind": "FINE", "amount": "5000.00"}
        given |= {"decidedOn": self.today, "effectiveOn": self.today, "reason": "妨害执行。"}
        self.ids["fine"] = self.by(CENTRE, "recordSanction", **given)["id"]

    def revoke(self) -> None:
        self.by(CENTRE, "revokeSanction", id=self.ids["fine"], revokedOn=self.today, reason="复议撤销。")

    def confirm(self) -> None:
        self.by(Audience.MORAL_BANK, "confirmConversion", id=self.courts.conversion("MD3", -6))
        night(self.chambers)

    def list_with_grace(self) -> None:
        case, party = self.chambers.party(ENFORCED, CHEN)
        self.last_day = self.chambers.calendar.moment.date() + timedelta(20)
        given = {"caseId": case, "partyId": party, "grade": "ORDINARY", "graceEndsOn": str(self.last_day)}
        self.ids["entry"] = self.by(JUDGE, "listDebtor", **given, **EVASION)["id"]

    def end_grace(self) -> None:
        self.chambers.calendar.go_to(self.last_day + timedelta(1))
        night(self.chambers)

    def grade(self) -> None:
        self.by(JUDGE, "gradeListing", id=self.ids["entry"], grade="SERIOUS", reason="转移财产。")

    def lift(self) -> None:
        self.by(JUDGE, "liftListing", id=self.ids["entry"], purpose="赴外地就医。", days=10, reason="病历属实。")

    def remove(self) -> None:
        self.by(CENTRE, "removeListing", id=self.ids["entry"], reason="履行完毕。")


CONVERTED = (
    "MV2 0 COURT_ASSESSED MV2 0 COURT_ASSESSED MD3 6 COURT_ASSESSED MD4 -5 COURT_ASSESSED MD3 -6 VILLAGE_NOTIFIED"
)
GREEN_FILE = "200 GREEN 6 False AWARD_REFUSAL PERFORMED 1"


def listed(entry: str) -> dict[str, str]:
    """The looks at a person who stands on the list of dishonest debtors, with an entry of this grade and lift."""
    found = f"DISHONEST_DEBTOR {entry}"
    return {
        "bank": f"200 MATCHED YELLOW {found} 1 1",
        "employer": f"200 MATCHED {found}",
        "public": f"200 1 DISHONEST_DEBTOR False {entry}",
        "self": f"200 YELLOW 6 False {found} AWARD_REFUSAL PERFORMED 1",
        **of_courts(f"YELLOW 6 False {found} AWARD_REFUSAL YELLOW PERFORMED 1 1"),
    }


STEPS: list[Step] = [
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
        CourtScenes.contest,
        {
            "bank": "200 MATCHED YELLOW 6 True 0 0",
            "public": "200 1 DEDUCTION True",
            "self": "200 YELLOW 6 True 0",
            **of_courts("YELLOW 6 True 0 0"),
        },
    ),
    ("the judge marks the case", CourtScenes.mark, of_courts("YELLOW 6 True YELLOW 0 0")),
    (
        "the bank reports a risk",
        CourtScenes.report_risk,
        {"bank": "200 MATCHED YELLOW 6 True 1 0", **of_courts("YELLOW 6 True YELLOW 1 0")},
    ),
    (
        "the bank forwards a dispute",
        CourtScenes.forward,
        {
            "bank": "200 MATCHED YELLOW 6 True 1 1",
            "self": "200 YELLOW 6 True 1",
            **of_courts("YELLOW 6 True YELLOW 1 1"),
        },
    ),
    (
        "the moral bank confirms",
        CourtScenes.confirm,
        {"moral_bank": "200 MD3 -6 VILLAGE_NOTIFIED", "village": "200 DEDUCT -6"},
    ),
    (
        "a refusal to perform an award is reported",
        CourtScenes.award,
        {
            "self": "200 YELLOW 6 True REPORTED 1",
            "labour_arbitration": "200 REPORTED",
            **of_courts("YELLOW 6 True YELLOW REPORTED 1 1"),
        },
    ),
    (
        "the court publishes the refusal",
        CourtScenes.publish_refusal,
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
        CourtScenes.perform,
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
        CourtScenes.withdraw,
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
        CourtScenes.fine,
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
        CourtScenes.revoke,
        {
            "bank": "200 MATCHED GREEN 1 1",
            "employer": "200 MATCHED",
            "public": "200 0",
            "self": GREEN_FILE,
            "moral_bank": f"200 {CONVERTED}",
            "credit_platform": "200 WITHDRAWN",
            **of_courts("GREEN 6 False AWARD_REFUSAL YELLOW PERFORMED 1 1"),
        },
    ),
    (
        "the person is listed, after a period of grace",
        CourtScenes.list_with_grace,
        {
            "self": "200 GREEN 6 False DISHONEST_DEBTOR ORDINARY AWARD_REFUSAL PERFORMED 1",
            **of_courts("GREEN 6 False DISHONEST_DEBTOR ORDINARY AWARD_REFUSAL YELLOW PERFORMED 1 1"),
        },
    ),
    (
        "the period of grace ends",
        CourtScenes.end_grace,
        listed("ORDINARY") | {"moral_bank": f"200 MV3 0 COURT_ASSESSED {CONVERTED}"},
    ),
    ("the entry is graded", CourtScenes.grade, listed("SERIOUS")),
    ("its restrictions are lifted once", CourtScenes.lift, listed("SERIOUS 2026-05-02")),
    (
        "the entry is removed",
        CourtScenes.remove,
        {
            "bank": "200 MATCHED GREEN 1 1",
            "employer": "200 MATCHED",
            "public": "200 0",
            "self": "200 GREEN 6 False DISHONEST_DEBTOR SERIOUS 2026-05-02 AWARD_REFUSAL PERFORMED 1",
            "moral_bank": f"200 MV3 0 COURT_ASSESSED MV3 0 COURT_ASSESSED {CONVERTED}",
            **of_courts("GREEN 6 False DISHONEST_DEBTOR SERIOUS 2026-05-02 AWARD_REFUSAL YELLOW PERFORMED 1 1"),
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
    assert play(CourtScenes(chambers, CHEN), STEPS, NOBODY) == {}
    outside = [audience for audience in Audience if audience is not Audience.COURT]
    beyond = {look(chambers, chambers.partner(audience, CHEN), BEYOND) for audience in outside}
    assert beyond == {"200 INVALID_DOCUMENT"}
