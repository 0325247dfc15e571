"""Deductions of synthetic subjects in every status, with objections and repairs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from demo.city.cast import DEMO_COURT
from demo.city.docket import DECIDED_AGE, OLDEST_AGE, OPEN_AGE, plan_docket
from demo.city.draft import Draft, Row
from demo.city.names import make_person_name
from demo.city.places import NEIGHBOUR_COURT
from demo.city.register import add_company, add_newcomer, add_person, enrol, settle
from demo.records.cases import open_case, take_part
from demo.records.codes import enforce
from demo.records.deductions import Charge, Progress, deduct
from demo.records.remedies import apply_for_repair, object_to
from models.catalogue import Tier
from models.court_case import Role
from models.deduction import DeductionStatus, FindingKind
from models.objection import ObjectionOutcome
from models.party import PartyKind
from models.repair import RepairOutcome

Remedy = Callable[[Draft, Row], object]

ROLES = {
    "F01": Role.AGENT,
    "T04": Role.WITNESS,
    "T06": Role.APPRAISER,
    "T09": Role.PLAINTIFF,
    "T10": Role.DEFENDANT,
    "T11": Role.AGENT,
    "T12": Role.THIRD_PARTY,
    "E07": Role.OUTSIDER,
    "E11": Role.ASSISTING_BODY,
    "E12": Role.OUTSIDER,
    "E13": Role.BIDDER,
}
"""Roles by behaviour. By default the plaintiff (F), the defendant (T) or the debtor (E)."""

STAGE_ROLES = {"F": Role.PLAINTIFF, "T": Role.DEFENDANT, "E": Role.JUDGMENT_DEBTOR}

OPPOSITES = {
    Role.PLAINTIFF: ("民初", Role.DEFENDANT),
    Role.JUDGMENT_DEBTOR: ("执", Role.ENFORCEMENT_APPLICANT),
    Role.OUTSIDER: ("执", Role.JUDGMENT_DEBTOR),
    Role.ASSISTING_BODY: ("执", Role.JUDGMENT_DEBTOR),
    Role.BIDDER: ("执", Role.JUDGMENT_DEBTOR),
}
"""The case type for a role, and the role of the opponent."""

CHARGES = {
    Tier.T1: ("E01", "T09", "F05", "E01", "T10", "F08", "E13", "T07", "E01", "F06", "T11"),
    Tier.T2: ("E02", "T02", "E11", "T04", "E05", "T12", "E12", "T06", "F04", "E08", "T03", "E06", "F07", "T08", "E10"),
    Tier.T3: ("F02", "T01", "E03", "E04", "T13", "E09", "F01", "F03", "T05", "E07"),
}
FINDINGS_IN_TURN = {
    Tier.T1: (FindingKind.COURT_RECORD,),
    Tier.T2: (FindingKind.RULING, FindingKind.JUDGMENT, FindingKind.ADMONITION),
    Tier.T3: (
        FindingKind.CRIMINAL_JUDGMENT,
        FindingKind.JUDGMENT,
        FindingKind.FINE_DECISION,
        FindingKind.DETENTION_DECISION,
        FindingKind.JUDGMENT,
    ),
}


@dataclass(frozen=True)
class Fate:
    """The status of a deduction, the range of ages of its batch, and the remedy of the subject."""

    tier: Tier
    reach: DeductionStatus
    ages: tuple[int, int]
    remedy: Remedy | None = None


def _objected(outcome: ObjectionOutcome | None) -> Remedy:
    def remedy(draft: Draft, deduction: Row) -> None:
        recent = draft.ago(5, 20) if outcome is None else draft.after(deduction["published_at"].date(), 5, 20)
        object_to(draft, deduction, recent, outcome)

    return remedy


def _repaired(outcome: RepairOutcome | None) -> Remedy:
    return lambda draft, deduction: apply_for_repair(draft, deduction, outcome)


PUBLISHED = DeductionStatus.PUBLISHED
RUNNING_FIRST = Fate(Tier.T1, PUBLISHED, (2, 9))
RUNNING_SECOND = Fate(Tier.T2, PUBLISHED, (2, OLDEST_AGE))

FATES = (
    RUNNING_FIRST,
    Fate(Tier.T1, DeductionStatus.PROPOSED, (OPEN_AGE, OPEN_AGE)),
    Fate(Tier.T1, PUBLISHED, (4, 9), _objected(ObjectionOutcome.WITHDRAWN)),
    RUNNING_SECOND,
    Fate(Tier.T1, DeductionStatus.CHIEF_RETURNED, (OPEN_AGE, 6)),
    Fate(Tier.T2, PUBLISHED, (9, 18), _repaired(RepairOutcome.SHIELDED)),
    Fate(Tier.T2, PUBLISHED, (9, 18), _repaired(RepairOutcome.SHORTENED)),
    Fate(Tier.T2, DeductionStatus.IN_BATCH, (OPEN_AGE, OPEN_AGE)),
    RUNNING_FIRST,
    Fate(Tier.T1, DeductionStatus.PANEL_REJECTED, (DECIDED_AGE, 9)),
    Fate(Tier.T1, PUBLISHED, (2, 6), _objected(None)),
    Fate(Tier.T3, PUBLISHED, (2, OLDEST_AGE)),
    Fate(Tier.T1, DeductionStatus.PANEL_APPROVED, (DECIDED_AGE, DECIDED_AGE)),
    Fate(Tier.T1, PUBLISHED, (14, OLDEST_AGE)),
    Fate(Tier.T2, PUBLISHED, (4, 12), _objected(ObjectionOutcome.AMENDED)),
    Fate(Tier.T1, DeductionStatus.CHIEF_APPROVED, (OPEN_AGE, OPEN_AGE)),
    Fate(Tier.T2, PUBLISHED, (4, 12), _objected(ObjectionOutcome.UPHELD_AS_PUBLISHED)),
    Fate(Tier.T1, PUBLISHED, (6, 9), _repaired(RepairOutcome.REFUSED)),
    RUNNING_SECOND,
    Fate(Tier.T2, PUBLISHED, (9, OLDEST_AGE), _repaired(None)),
    RUNNING_FIRST,
    Fate(Tier.T1, PUBLISHED, (14, OLDEST_AGE)),
    RUNNING_SECOND,
    RUNNING_FIRST,
    Fate(Tier.T3, PUBLISHED, (2, OLDEST_AGE)),
)


def charge_subjects(draft: Draft, persons: int) -> None:
    """Create deductions of `persons` natural persons, and of one organization for every four of them."""
    subjects = list(_subjects(draft, persons))
    turns = {tier: count() for tier in Tier}
    for turn in range(max(len(FATES), len(subjects) * 5 // 4)):
        subject, court, minor = subjects[turn % len(subjects)]
        fate = RUNNING_FIRST if minor else FATES[turn % len(FATES)]
        _live(draft, subject, court, fate, next(turns[fate.tier]), minor=minor)


def _subjects(draft: Draft, persons: int) -> Iterator[tuple[Row, str, bool]]:
    """The subjects, their courts, and whether they are minors: every sixth in Cixi, every fiftieth a minor."""
    for turn in range(max(persons, 1)):
        court = NEIGHBOUR_COURT if turn % 6 == 5 else DEMO_COURT
        minor = turn % 50 == 49
        yield (_child(draft) if minor else _villager(draft, court)), court, minor
        if turn % 4 == 0:
            yield add_company(draft, court, draft.ago(700, 900)), court, False


def _villager(draft: Draft, court: str) -> Row:
    party = add_person(draft, court, draft.ago(700, 900))
    if court == DEMO_COURT:
        settle(draft, party)
    return party


def _child(draft: Draft) -> Row:
    birth = draft.today - timedelta(draft.random.randint(16 * 366, 17 * 365))
    name, number = make_person_name(draft.random), draft.numbers.minor(birth)
    return enrol(draft, PartyKind.PERSON, name, number, draft.ago(700, 900))


def _live(draft: Draft, party: Row, court: str, fate: Fate, turn: int, *, minor: bool) -> None:
    code = CHARGES[fate.tier][turn % len(CHARGES[fate.tier])]
    finding = FINDINGS_IN_TURN[fate.tier][turn % len(FINDINGS_IN_TURN[fate.tier])]
    role = ROLES.get(code, STAGE_ROLES[code[0]])
    entry = draft.found.behaviours[code]
    low = entry["points_min"] + (fate.remedy is not None and fate.tier is not Tier.T3)
    charge = Charge(code, finding, draft.random.randint(low, entry["points_max"]))
    progress = Progress(fate.reach, draft.random.randint(*fate.ages))
    case = open_charged_case(draft, party, court, role, progress.age, minor=minor)
    deduction = deduct(draft, party, case, role, charge, progress)
    if fate.remedy:
        fate.remedy(draft, deduction)


def open_charged_case(draft: Draft, party: Row, court: str, role: Role, age: int, *, minor: bool = False) -> Row:
    """Create a case for misconduct in `role`, filed before the batch of this age."""
    filed = plan_docket(draft.today, age).proposed - timedelta(draft.random.randint(70, 150))
    opponent = add_newcomer(draft, court, filed)
    if role is Role.JUDGMENT_DEBTOR and not minor:
        return enforce(draft, party, opponent, court, filed, None)
    characters, opposite = OPPOSITES.get(role, ("民初", Role.PLAINTIFF))
    case = open_case(draft, court, characters, filed)
    take_part(draft, case, opponent, opposite)
    take_part(draft, case, party, role, minor=minor)
    return case
