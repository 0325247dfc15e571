"""What a litigant does about itself: each is a mutation of the schema, made of a form and of who the litigant is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from auth.litigants.litigant_principal import PresentLitigant
from auth.scopes import PERSONS, Scope
from models.audience import Audience
from models.identifiers import PersonNumber, parse_party_number
from models.terms import to_court_day, to_midnight

DOCUMENT = Path(__file__).with_name("acts.graphql").read_text("utf-8")
TARGETS = ("deductionId", "listingId", "sanctionId", "codeRecordId")
SCOPES = {"all": PERSONS, "integrity": (Scope.PERSON_INTEGRITY,)}
LONGEST_DAYS = 5 * 365
CHOSEN = "for-"
"""What the names of boxes begin with, before a purpose."""


@dataclass(frozen=True)
class Filled:
    """A form that a litigant has filled. evidence: the SHA-256 of a file that came with it, if one did."""

    form: Mapping[str, str]
    litigant: PresentLitigant
    at: datetime
    evidence: str | None = None

    def text(self, name: str) -> str:
        """Return a field. Raises ValueError if it is missing or blank."""
        if not self.form.get(name):
            raise ValueError(name)
        return self.form[name]

    def target(self) -> dict[str, str]:
        """Return what an objection or application is about. Raises ValueError."""
        kind = self.text("kind")
        if kind not in TARGETS:
            raise ValueError("kind")
        return {kind: self.text("id")}

    def until(self) -> str:
        """Return the end of the last of as many days as the form says, so that a form that is sent again says the same.
        Raises ValueError."""
        days = int(self.text("days"))
        if not 0 < days <= LONGEST_DAYS:
            raise ValueError("days")
        return to_midnight(to_court_day(self.at) + timedelta(days=days + 1)).isoformat()

    def purposes(self) -> list[str]:
        """Return the purposes whose boxes are ticked. Raises ValueError if none is."""
        chosen = [name.removeprefix(CHOSEN) for name in self.form if name.startswith(CHOSEN)]
        if not chosen:
            raise ValueError("purposes")
        return chosen

    def scopes(self) -> list[str]:
        """Return the scopes of a choice. Raises ValueError."""
        if self.text("extent") not in SCOPES:
            raise ValueError("extent")
        return [str(scope) for scope in SCOPES[self.text("extent")]]

    def identity(self) -> dict[str, Any]:
        """Return name and number as inputs take them: as the portal gave them."""
        who = self.litigant
        if who.kind:
            return {"name": who.name, "document": {"kind": who.kind, "number": who.number}}
        person = isinstance(parse_party_number(who.number), PersonNumber)
        return {"name": who.name, "idNumber" if person else "organizationCode": who.number}


@dataclass(frozen=True)
class LitigantAct:
    """An act. operation: its name in the document. read: makes the input. Raises ValueError."""

    operation: str
    read: Callable[[Filled], dict[str, Any]]


def _object(filled: Filled) -> dict[str, Any]:
    return {**filled.target(), "statement": filled.text("statement")}


def _repair(filled: Filled) -> dict[str, Any]:
    asked: dict[str, Any] = {"ground": filled.text("ground"), "commitment": filled.text("commitment")}
    asked |= {"amountPerformed": filled.form.get("amount") or "0", **filled.target()}
    if filled.evidence:
        asked["evidence"] = {"document": filled.text("document"), "digest": filled.evidence}
    return asked


def _by_id(filled: Filled) -> dict[str, Any]:
    return {"id": filled.text("id")}


def _dispute(filled: Filled) -> dict[str, Any]:
    return {"id": filled.text("id"), "statement": filled.text("statement")}


def _claim(filled: Filled) -> dict[str, Any]:
    return {"participationId": filled.text("id"), "statement": filled.text("statement")}


def _grant(filled: Filled) -> dict[str, Any]:
    scopes = SCOPES["all" if filled.form.get("audience") == Audience.BANK else "integrity"]
    whom = {"recipientId": filled.text("id"), "purposes": filled.purposes(), "validTo": filled.until()}
    return {**whom, "scopes": [str(scope) for scope in scopes]}


def _share(filled: Filled) -> dict[str, Any]:
    extent = {"purposes": [filled.text("purpose")], "scopes": filled.scopes(), "validTo": filled.until()}
    return {**filled.identity(), **extent, "singleUse": "once" in filled.form}


def _report(filled: Filled) -> dict[str, Any]:
    extent = {"purpose": filled.text("purpose"), "scopes": filled.scopes(), "validTo": filled.until()}
    return {**filled.identity(), **extent}


ACTS: Mapping[str, LitigantAct] = {
    "object": LitigantAct("Object", _object),
    "repair": LitigantAct("Repair", _repair),
    "claim": LitigantAct("Claim", _claim),
    "grant": LitigantAct("Grant", _grant),
    "revoke": LitigantAct("Revoke", _by_id),
    "dispute": LitigantAct("Dispute", _dispute),
    "share": LitigantAct("Share", _share),
    "unshare": LitigantAct("Unshare", _by_id),
    "report": LitigantAct("Report", _report),
    "recall": LitigantAct("Recall", _by_id),
}
"""The acts by the names of their buttons."""
