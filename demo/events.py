"""What partners may have had to know of all this, in the order in which it happened to each subject."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from demo.draft import Draft, Row
from models.certificate import Certificate
from models.code_record import CodeRecord
from models.consent import Consent
from models.deduction import Deduction, DeductionStatus
from models.event import Event, EventKind
from models.listing import Listing
from models.objection import Objection, ObjectionOutcome
from models.party import Identity
from models.repair import Repair, RepairOutcome
from models.terms import COURT_TIME

Happening = tuple[int, datetime, EventKind]
"""A party, a moment, and what happened to it."""

ENDS = {
    DeductionStatus.WITHDRAWN: EventKind.ENTRY_WITHDRAWN,
    DeductionStatus.SHIELDED: EventKind.RECORD_SHIELDED,
}
WARNED = timedelta(30)
"""How long before its end a consent is said to run out."""


def happen(draft: Draft) -> None:
    """Write down the events of everything that has happened so far, as the service would have."""
    told = [*_deducted(draft), *_objected(draft), *_repaired(draft), *_recorded(draft), *_consented(draft)]
    now, last = _day(draft.today + timedelta(1)), dict[int, int]()
    for party, at, kind in sorted(told):
        if at < now:
            last[party] = last.get(party, 0) + 1
            draft.add(Event, party_id=party, sequence=last[party], kind=kind, occurred_at=at)


def _day(day: date) -> datetime:
    """The beginning of a court day."""
    return datetime.combine(day, time(), COURT_TIME)


def _public(draft: Draft) -> dict[int, Row]:
    """The deductions that were published, by key; what is protected is never told of (R16)."""
    return {row["id"]: row for row in draft.rows[Deduction] if row.get("published_at") and not row["protected"]}


def _deducted(draft: Draft) -> Iterator[Happening]:
    for row in _public(draft).values():
        yield row["party_id"], row["published_at"], EventKind.ENTRY_PUBLISHED
        if row["status"] in ENDS:
            yield row["party_id"], row["ended_at"], ENDS[row["status"]]
        else:
            yield row["party_id"], _day(row["expires_on"]), EventKind.ENTRY_EXPIRED


def _objected(draft: Draft) -> Iterator[Happening]:
    public = _public(draft)
    for row in draft.rows[Objection]:
        if row["deduction_id"] in public:
            party = public[row["deduction_id"]]["party_id"]
            yield party, _day(row["filed_on"]), EventKind.OBJECTION_OPENED
            if row["outcome"] is ObjectionOutcome.AMENDED:
                yield party, row["decided_at"], EventKind.ENTRY_AMENDED
            if row["outcome"]:
                yield party, row["decided_at"], EventKind.OBJECTION_CLOSED


def _repaired(draft: Draft) -> Iterator[Happening]:
    for row in draft.rows[Repair]:
        if row.get("outcome") is RepairOutcome.SHORTENED:
            yield row["party_id"], row["decided_at"], EventKind.REPAIR_GRANTED


def _recorded(draft: Draft) -> Iterator[Happening]:
    for row in draft.rows[CodeRecord]:
        if not row["protected"]:
            yield row["party_id"], _day(row["effective_on"]), EventKind.COLOUR_CHANGED
    for row in draft.rows[Listing]:
        yield row["party_id"], _day(row["published_on"]), EventKind.LIST_ADDED
        if row["removed_on"]:
            yield row["party_id"], _day(row["removed_on"]), EventKind.LIST_REMOVED
    for row in draft.rows[Certificate]:
        yield row["party_id"], _day(row["issued_on"]), EventKind.CERTIFICATE_ISSUED
        if row["revoked_on"]:
            yield row["party_id"], _day(row["revoked_on"]), EventKind.CERTIFICATE_REVOKED


def _consented(draft: Draft) -> Iterator[Happening]:
    parties = {row["index"]: row["party_id"] for row in draft.rows[Identity]}
    for row in draft.rows[Consent]:
        if party := parties.get(row["subject_index"]):
            if row["revoked_at"]:
                yield party, row["revoked_at"], EventKind.CONSENT_REVOKED
            else:
                yield party, row["valid_to"] - WARNED, EventKind.CONSENT_EXPIRING
