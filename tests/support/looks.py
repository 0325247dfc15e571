"""Scenarios of which every audience sees what they change, and nothing else: answers before and after each step.

A look is one document of one audience, told as the status, the codes of errors and the values of the answer. A step
names the looks that it changes; all others, of all audiences, stay as they were.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chambers import NINGBO, Chambers
from play import ENFORCED, Courts
from views import key

from auth.audiences import Audience
from demo.city.cast import FORGE, LIN, Subject
from models.court import StaffRole

BANK, PORTAL, BODY = Audience.BANK, Audience.LITIGANT_PORTAL, Audience.LABOUR_ARBITRATION
JUDGE, CENTRE, PANEL = StaffRole.JUDGE, StaffRole.CENTRE, StaffRole.PANEL

LISTED = "kind grade liftedUntil"
LISTS = f"deductions(first: 9) {{ nodes {{ points underObjection }} }} listings(first: 9) {{ nodes {{ {LISTED} }} }}"
LENT_TO = f"""query($by: SubjectKey!) {{ subject(by: $by, access: {{ purpose: LOAN_APPROVAL }}) {{ outcome party {{
  creditCode {{ colour }} {LISTS} }} }} riskReports(first: 9) {{ totalCount }} forwardedDisputes(first: 9) {{
  totalCount }} }}"""
CANDIDATE = f"""query($by: SubjectKey!) {{ employmentCheck(by: $by, access: {{ purpose: SENIOR_POST_QUALIFICATION }}) {{
  outcome listings {{ {LISTED} }} seriousRecords {{ colour }} certificates {{ number }} }} }}"""
SUPPLIER = """query($by: SubjectKey!) { commerceCheck(by: $by, access: { purpose: SUPPLIER_DUE_DILIGENCE }) { outcome
  organization { ... on Organization { creditCode { colour } deductions(first: 9) { totalCount } } } } }"""
PUBLIC = """query($name: String!) { publicRecords(name: $name, first: 9) { totalCount nodes { kind underObjection } }
  listings(first: 9, filter: { name: $name, kind: DISHONEST_DEBTOR }) { nodes { grade liftedUntil } } }"""
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
"""The answers about a person of whom nothing has happened."""

UNTOLD = (None, "SIGNED_IN")
"""Values that a look leaves out: of fields that hold nothing, and the notices of the looks' own sign-ins."""


def values(found: Any) -> list[str]:
    """The values of an answer in order; of a moment its day."""
    if isinstance(found, dict | list):
        return [value for one in (found.values() if isinstance(found, dict) else found) for value in values(one)]
    return [] if found in UNTOLD else [re.sub(r"(?<=\d)T[\d:.]+Z$", "", str(found))]


def look(chambers: Chambers, token: str, document: str, **given: Any) -> str:
    """An answer in a line: "200 MATCHED GREEN 0"."""
    response = chambers.post(token, document, given)
    answer = response.json()
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    return " ".join([str(response.status_code), *codes, *values(answer.get("data"))])


def of_courts(told: str) -> dict[str, str]:
    """Both courts see the same."""
    return {"court": f"200 {told}", "court above": f"200 {told}"}


class Scenes:
    """The steps of a scenario about one person, and the looks at it, at a firm and at who has nothing to do with it."""

    def __init__(self, chambers: Chambers, subject: Subject) -> None:
        self.chambers, self.subject = chambers, subject
        self.courts, self.ids = Courts(chambers), dict[str, str]()

    @property
    def today(self) -> str:
        """The day, as a date of an input."""
        return self.chambers.calendar.moment.date().isoformat()

    def by(self, who: Any, name: str, shows: str = "id", /, **given: Any) -> Any:
        """What a mutation changed: by a member of staff, a partner, or the person itself in its portal."""
        staff = isinstance(who, StaffRole)
        token = self.chambers.officer(who) if staff else self.chambers.partner(who, self.subject)
        return self.chambers.done(token, name, shows, **given)

    def look_all(self) -> dict[str, str]:
        """The answers of all audiences."""
        chambers, by, firm, name = self.chambers, key(self.subject), key(FORGE), self.subject.name
        partner, officer = chambers.partner, chambers.officer
        seen = {
            "bank": look(chambers, partner(BANK), LENT_TO, by=by),
            "employer": look(chambers, partner(Audience.EMPLOYER), CANDIDATE, by=by),
            "commerce": look(chambers, partner(Audience.COMMERCE), SUPPLIER, by=firm),
            "public": look(chambers, partner(Audience.PUBLIC_PORTAL), PUBLIC, name=name),
            "public of the firm": look(chambers, partner(Audience.PUBLIC_PORTAL), PUBLIC, name=FORGE.name),
            "self": look(chambers, partner(PORTAL, self.subject), MINE),
            "another": look(chambers, partner(PORTAL, LIN), MINE),
            "worker": look(chambers, partner(PORTAL, LIN), EMPLOYERS, by=firm),
            "court": look(chambers, officer(CENTRE), DESK, name=name),
            "court above": look(chambers, officer(CENTRE, court=NINGBO), DESK, name=name),
        }
        return seen | {one.lower(): look(chambers, partner(one), asked) for one, asked in OF_OTHERS.items()}


Step = tuple[str, Callable[[Any], Any], dict[str, str]]
"""What is done, by a method of the scenes, and the looks that it changes."""

BEFORE: Step = ("before", lambda scenes: None, {})


def play(scenes: Scenes, steps: Sequence[Step], before: Mapping[str, str]) -> dict[str, str]:
    """Take the steps. Gives the answers that are not as expected, by step and look; each once."""
    wrong, seen = dict[str, str](), dict(before)
    for name, step, changes in [BEFORE, *steps]:
        step(scenes)
        expected, seen = seen | changes, scenes.look_all()
        differ = [who for who in expected | seen if seen.get(who) != expected.get(who)]
        wrong |= {f"{name}: {who}": seen.get(who, "not asked") for who in differ}
    return wrong
