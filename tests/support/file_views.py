"""What each audience is shown of those of whom files tell, in a form that fits on a line."""

from collections.abc import Mapping
from typing import Any

import views
from chambers import Chambers

from auth.audiences import Audience
from demo.city.cast import Subject
from models.court import StaffRole

BANK = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { outcome party {
  creditCode { colour records { type { code } } } listings(first: 9) { nodes { publishedOn } }
  certificates { number } sanctions(first: 9) { nodes { kind amount } } } } }"""
LISTED = "{ listings(first: 50) { totalCount nodes { publishedOn party { name } } } }"
COURT = """query($name: String!) { parties(first: 9, filter: { name: $name }) { nodes { name
  creditCode { colour records { type { code } } } } } }"""
SELF = """{ me { party { creditCode { colour records { type { code } } } listings(first: 9) { nodes { publishedOn } }
  certificates { number } sanctions(first: 9) { nodes { kind amount } } } } }"""


def key(subject: Subject) -> dict[str, str]:
    """How a partner names a subject."""
    number = "organizationCode" if subject.number.startswith("9") else "idNumber"
    return {"name": subject.name, number: subject.number}


def _shown(party: Any) -> tuple[Any, ...]:
    """Colour and reasons; then days of listings, certificates, and sanctions with their sums."""
    listed = [row["publishedOn"] for row in party["listings"]["nodes"]]
    grave = [" ".join(filter(None, (row["kind"], row["amount"]))) for row in party["sanctions"]["nodes"]]
    return views.code(party), [*listed, *(row["number"] for row in party["certificates"]), *grave]


def bank(chambers: Chambers, subject: Subject) -> Any:
    """What a bank is answered; the outcome alone, where that is all."""
    found = chambers.data(chambers.partner(Audience.BANK), BANK, {"by": key(subject)})["subject"]
    return _shown(found["party"]) if found["outcome"] == "MATCHED" else found["outcome"]


def litigant(chambers: Chambers, subject: Subject) -> Any:
    """What a subject sees of itself."""
    return _shown(chambers.data(chambers.partner(Audience.LITIGANT_PORTAL, subject), SELF)["me"]["party"])


def court(chambers: Chambers, subject: Subject) -> Any:
    """The parties of this name, each with its colour and reasons, as a judge sees them."""
    found = chambers.data(chambers.officer(StaffRole.JUDGE), COURT, {"name": subject.name})["parties"]
    return [views.code(party) for party in found["nodes"]]


def public(chambers: Chambers) -> Any:
    """The public lists, with persons masked."""
    found = chambers.data(chambers.partner(Audience.PUBLIC_PORTAL), LISTED)["listings"]
    assert found["totalCount"] == len(found["nodes"])
    return sorted((row["party"]["name"], row["publishedOn"]) for row in found["nodes"])


def snapshot(chambers: Chambers, subjects: Mapping[str, Subject]) -> dict[str, Any]:
    """Everything that everybody sees of these subjects, by the names that the test gives them."""
    seen: dict[str, Any] = {}
    for name, subject in subjects.items():
        seen[f"bank {name}"] = bank(chambers, subject)
        seen[f"court {name}"] = court(chambers, subject)
        seen[f"litigant {name}"] = litigant(chambers, subject)
    seen["public"] = public(chambers)
    seen["moral bank"], seen["platform"] = views.moral_bank(chambers), views.platform(chambers)
    return seen
