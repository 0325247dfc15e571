"""Create the events of the city, and the notifications of partners."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from demo.city.draft import Draft, Row
from demo.partners.watches import list_watches
from demo.records.cases import may_be_told
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
from models.watch import Notification

Happening = tuple[int, datetime, EventKind]
"""A party, a time and a kind of event."""

Told = tuple[datetime, EventKind, int | None, int | None]
"""A time, a kind of event, and the key of a party or of a consent."""

ENDS = {
    DeductionStatus.WITHDRAWN: EventKind.ENTRY_WITHDRAWN,
    DeductionStatus.SHIELDED: EventKind.RECORD_SHIELDED,
}
WARNED = timedelta(30)
"""Days before the end of a consent at which its expiry is announced."""


def add_events(draft: Draft) -> None:
    """Create events and notifications as the service would have."""
    of_parties = [*_deducted(draft), *_objected(draft), *_repaired(draft), *_recorded(draft)]
    told = sorted([*((at, kind, party, None) for party, at, kind in of_parties), *_consented(draft)], key=_place)
    now, last, watches = _day(draft.today + timedelta(1)), dict[int, int](), _watches(draft)
    consents = {row["id"]: row for row in draft.rows[Consent]}
    for at, kind, party, consent in told:
        if at >= now:
            continue
        if party is None:
            event = draft.add(Event, consent_id=consent, kind=kind, occurred_at=at)
            _notify(draft, event, consents[consent]["client_key"], None, consents[consent]["reference"])
            continue
        last[party] = last.get(party, 0) + 1
        event = draft.add(Event, party_id=party, sequence=last[party], kind=kind, occurred_at=at)
        watch = watches.get(party)
        if watch and watch["created_at"] < at:
            _notify(draft, event, watch["client_key"], watch["id"], watch["reference"])


def _place(told: Told) -> tuple[datetime, str, int]:
    at, kind, party, consent = told
    return at, kind, party or consent or 0


def _watches(draft: Draft) -> dict[int, Row]:
    """The open watches by party."""
    parties = {row["index"]: row["party_id"] for row in draft.rows[Identity]}
    return {parties[index]: watch for index, watch in list_watches(draft).items() if index in parties}


def _notify(draft: Draft, event: Row, client: int, watch: int | None, reference: str) -> None:
    draft.add(Notification, event_id=event["id"], client_key=client, watch_id=watch, reference=reference)


def _day(day: date) -> datetime:
    return datetime.combine(day, time(), COURT_TIME)


def _public(draft: Draft) -> dict[int, Row]:
    """The published deductions by key, without those that must not leave the court (R16)."""
    return {row["id"]: row for row in draft.rows[Deduction] if row.get("published_at") and may_be_told(draft, row)}


def _deducted(draft: Draft) -> Iterator[Happening]:
    for row in _public(draft).values():
        yield row["party_id"], row["published_at"], EventKind.ENTRY_PUBLISHED
        if row["status"] in ENDS:
            yield row["party_id"], row["ended_at"], ENDS[row["status"]]
        else:
            yield row["party_id"], _day(row["expires_on"] + timedelta(1)), EventKind.ENTRY_EXPIRED


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
        if may_be_told(draft, row):
            yield row["party_id"], _day(row["effective_on"]), EventKind.COLOUR_CHANGED
    for row in draft.rows[Listing]:
        yield row["party_id"], _day(row["published_on"]), EventKind.LIST_ADDED
        if row["removed_on"]:
            yield row["party_id"], _day(row["removed_on"]), EventKind.LIST_REMOVED
    for row in draft.rows[Certificate]:
        yield row["party_id"], _day(row["issued_on"]), EventKind.CERTIFICATE_ISSUED
        if row["revoked_on"]:
            yield row["party_id"], _day(row["revoked_on"]), EventKind.CERTIFICATE_REVOKED


def _consented(draft: Draft) -> Iterator[Told]:
    for row in draft.rows[Consent]:
        if row["revoked_at"]:
            yield row["revoked_at"], EventKind.CONSENT_REVOKED, None, row["id"]
        else:
            yield row["valid_to"] - WARNED, EventKind.CONSENT_EXPIRING, None, row["id"]
            yield _day(row["valid_to"].date() + timedelta(1)), EventKind.CONSENT_EXPIRED, None, row["id"]
