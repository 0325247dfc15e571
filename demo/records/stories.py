"""The histories of the cast."""

from collections.abc import Callable
from datetime import date, timedelta

from demo.city import cast
from demo.city.cast import DEMO_COURT, Subject
from demo.city.docket import OLDEST_AGE, plan_docket
from demo.city.draft import Draft, Row
from demo.city.register import add_newcomer, enrol, settle
from demo.records.cases import open_case, take_part
from demo.records.codes import certify, enforce, enter_record, list_debtor
from demo.records.deductions import Charge, Progress, deduct
from demo.records.remedies import apply_for_repair, object_to, turn_blue
from models.court_case import Confidentiality, Role
from models.deduction import DeductionStatus, FindingKind
from models.objection import ObjectionOutcome
from models.repair import RepairGround, RepairOutcome
from models.terms import add_months

LAPSE = Charge("E01", FindingKind.COURT_RECORD, 2)
LATE_REPORT = Charge("E02", FindingKind.RULING, 6)
FALSEHOOD = Charge("T02", FindingKind.JUDGMENT, 7)

MINOR_TURNS_SIXTEEN = date(2026, 12, 1)


class Story:
    """The history of a subject of the cast."""

    def __init__(self, draft: Draft, subject: Subject, court: str = DEMO_COURT) -> None:
        self.draft = draft
        self.court = court
        self.party = enrol(draft, subject.kind, subject.name, subject.number, draft.ago(1000, 1100))

    def ago(self, days: int) -> date:
        return self.draft.today - timedelta(days)

    def tried(
        self,
        filed: int,
        role: Role = Role.DEFENDANT,
        cause: str | None = None,
        confidentiality: Confidentiality = Confidentiality.OPEN,
        *,
        minor: bool = False,
    ) -> Row:
        """A first-instance case that was filed `filed` days ago and took four months."""
        case = open_case(
            self.draft, self.court, "民初", self.ago(filed), self.ago(max(filed - 120, 2)), confidentiality, cause
        )
        other = Role.DEFENDANT if role is Role.PLAINTIFF else Role.PLAINTIFF
        take_part(self.draft, case, add_newcomer(self.draft, self.court, case["filed_on"]), other)
        take_part(self.draft, case, self.party, role, minor=minor)
        return case

    def enforced(self, filed: int) -> Row:
        """An open enforcement case that was filed `filed` days ago."""
        opponent = add_newcomer(self.draft, self.court, self.ago(filed))
        return enforce(self.draft, self.party, opponent, self.court, self.ago(filed), None)

    def published(self, case: Row, role: Role, charge: Charge, age: int) -> Row:
        """A deduction that was published with the batch of `age` months ago."""
        progress = Progress(DeductionStatus.PUBLISHED, age)
        return deduct(self.draft, self.party, case, role, charge, progress)

    def before(self, age: int) -> int:
        """Days since the filing of a case for the batch of `age` months ago."""
        return (self.draft.today - plan_docket(self.draft.today, age).proposed).days + 150


Teller = Callable[[Story], None]


def add_cast(draft: Draft) -> dict[str, Row]:
    """Create all of the cast but STRANGER. Returns the parties by key."""
    secluded = _secret(Confidentiality.PRIVACY, Charge("T12", FindingKind.RULING, 6), 4)
    family = _secret(Confidentiality.FAMILY, Charge("T10", FindingKind.COURT_RECORD, 3), 3, "离婚纠纷")
    trade = _secret(Confidentiality.TRADE_SECRET, Charge("T09", FindingKind.COURT_RECORD, 2), 5)
    tellers = {
        cast.CHEN: _chen, cast.LIN: _lin, cast.WANG: _gold, cast.ZHAO: _zhao, cast.FORGE: _forge,
        cast.TOOLS: _one_lapse, cast.AWARD: _gold, cast.MINOR: _minor, cast.SUSPECT: _suspect,
        cast.SECLUDED: secluded, cast.UNCONSENTED: _one_lapse, cast.EXPIRED_CONSENT: _ordinary,
        cast.REVOKED_CONSENT: _ordinary, cast.FAMILY: family, cast.TRADE: trade,
    }  # fmt: skip
    parties = {}
    for subject, teller in tellers.items():
        story = Story(draft, subject)
        teller(story)
        parties[subject.key] = story.party
    return parties


def _chen(story: Story) -> None:
    settle(story.draft, story.party, cast.DEMO_VILLAGE, cast.CHEN_HOUSEHOLD)
    lapse = story.published(story.enforced(story.before(3)), Role.JUDGMENT_DEBTOR, LAPSE, 3)
    object_to(story.draft, lapse, story.ago(6))
    case = story.enforced(story.before(11))
    late = story.published(case, Role.JUDGMENT_DEBTOR, LATE_REPORT, 11)
    apply_for_repair(story.draft, late, RepairOutcome.SHORTENED, RepairGround.CO_OPERATION)
    list_debtor(story.draft, story.party, case, story.ago(200), add_months(story.ago(200), 24))
    labour = story.tried(420, Role.PLAINTIFF, "劳动争议")
    certify(story.draft, story.party, labour, story.ago(150))


def _lin(story: Story) -> None:
    settle(story.draft, story.party, cast.DEMO_VILLAGE)
    case = story.enforced(640)
    listing, record = list_debtor(story.draft, story.party, case, story.ago(500), add_months(story.ago(500), 24))
    turn_blue(story.draft, record, story.ago(90))
    listing["ends_on"] = record["ends_on"]
    false = story.published(story.tried(story.before(10)), Role.DEFENDANT, FALSEHOOD, 10)
    apply_for_repair(story.draft, false, RepairOutcome.SHIELDED, RepairGround.REMORSE)
    wrong = story.published(story.tried(story.before(5)), Role.DEFENDANT, Charge("T10", FindingKind.COURT_RECORD, 2), 5)
    filed_on = story.draft.after(wrong["published_at"].date(), 6, 6)
    object_to(story.draft, wrong, filed_on, ObjectionOutcome.WITHDRAWN)
    story.published(case, Role.JUDGMENT_DEBTOR, LAPSE, 15)


def _gold(story: Story) -> None:
    certify(story.draft, story.party, story.tried(300), story.ago(120))


def _zhao(story: Story) -> None:
    case = story.enforced(story.before(6))
    hiding = Charge("E03", FindingKind.DETENTION_DECISION, 10)
    story.published(case, Role.JUDGMENT_DEBTOR, hiding, 6)
    list_debtor(story.draft, story.party, case, story.ago(180), add_months(story.ago(180), 24))


def _forge(story: Story) -> None:
    forged = Charge("T01", FindingKind.FINE_DECISION, 9)
    story.published(story.tried(story.before(8)), Role.DEFENDANT, forged, 8)
    case = story.enforced(story.before(4))
    story.published(case, Role.JUDGMENT_DEBTOR, LAPSE, 4)
    list_debtor(story.draft, story.party, case, story.ago(100), None)


def _one_lapse(story: Story) -> None:
    story.published(story.enforced(story.before(4)), Role.JUDGMENT_DEBTOR, LAPSE, 4)


def _minor(story: Story) -> None:
    """The case, the deduction and the record of a minor are not disclosed (R16)."""
    today = story.draft.today
    ages = (age for age in range(3, OLDEST_AGE) if plan_docket(today, age).proposed < MINOR_TURNS_SIXTEEN)
    age = next(ages, OLDEST_AGE)
    case = story.tried(story.before(age), minor=True)
    story.published(case, Role.DEFENDANT, FALSEHOOD, age)


def _suspect(story: Story) -> None:
    story.tried(500, Role.PLAINTIFF)
    case = story.tried(160, Role.PLAINTIFF, "民间借贷纠纷")
    start = story.ago(60)
    source = {"ends_on": add_months(start, 24), "case_id": case["id"]}
    enter_record(story.draft, story.party["id"], "Y03", story.court, start, **source)


def _secret(confidentiality: Confidentiality, charge: Charge, age: int, cause: str | None = None) -> Teller:
    """A deduction in a case of this confidentiality."""

    def tell(story: Story) -> None:
        case = story.tried(story.before(age), confidentiality=confidentiality, cause=cause)
        story.published(case, Role.DEFENDANT, charge, age)

    return tell


def _ordinary(story: Story) -> None:
    story.tried(330)
