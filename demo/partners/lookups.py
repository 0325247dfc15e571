"""Create half a year of the access log (R19)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from demo.city.draft import Draft, Row
from engine.audit import AnswerKind
from models.access_answer import AccessAnswer, AccessShape
from models.access_record import AccessResult, BorrowerRelation
from models.audience import Audience, Purpose
from models.consent import Consent, ShareCode
from models.party import Identity, Party, PartyKind
from models.terms import COURT_TIME
from resolvers.oversight.access_log import ARRAYS, compute_shape_key

DAYS = 180
"""The period of the log. The busiest day has about six times the look-ups of an ordinary day, as in Yuyao."""

BUSIEST_DAY, BUSIEST_SHARE = 40, 1037 / 31878
NOWHERE = "330283"
"""Fenghua's division until 2016, which no party of the city has."""

COLUMNS = {
    "party_id": ARRAYS["subject"],
    "subject_index": ARRAYS["index"],
    "consent_id": ARRAYS["consent"],
    "share_code_id": ARRAYS["share_code"],
    "reference": ARRAYS["reference"],
    "relation": ARRAYS["relation"],
}
"""Columns of an answer with a value for each subject."""

BRANCHES = ("余姚支行", "泗门支行", "低塘支行", "梁弄支行", "慈溪支行")


@dataclass(frozen=True)
class Habit:
    """The usual look-up of an audience."""

    audience: Audience
    purposes: tuple[Purpose, ...]
    field: str
    types: tuple[str, ...]
    results: tuple[AccessResult, ...] = (AccessResult.GIVEN,)


CREDIT = ("CodeRecord", "Deduction", "Listing", "Organization", "Person", "SubjectReport")
MATCHED = (AccessResult.MATCHED,)
LOAN = (Purpose.LOAN_APPROVAL, Purpose.LOAN_APPROVAL, Purpose.GUARANTEE_REVIEW)
BANK = Habit(Audience.BANK, LOAN, "subjects", CREDIT, MATCHED)
REFUSED = Habit(
    Audience.BANK,
    LOAN,
    "subjects",
    CREDIT,
    (
        AccessResult.CONSENT_REQUIRED,
        AccessResult.CONSENT_REQUIRED,
        AccessResult.NAME_MISMATCH,
        AccessResult.NOT_FOUND,
        AccessResult.INVALID_NUMBER,
    ),
)
COMMERCE = Habit(
    Audience.COMMERCE, (Purpose.SUPPLIER_DUE_DILIGENCE, Purpose.BIDDING_REVIEW), "subject", CREDIT, MATCHED
)
EMPLOYER = Habit(Audience.EMPLOYER, (Purpose.EMPLOYER_CHECK,), "subject", CREDIT, MATCHED)
COURT = Habit(Audience.COURT, (Purpose.JUDICIAL,), "parties", ("Deduction", "Participation", "Person"))
LITIGANT = Habit(Audience.LITIGANT_PORTAL, (Purpose.SELF,), "me", ("AccessRecord", "Deduction", "Litigant"))
PUBLIC = Habit(
    Audience.PUBLIC_PORTAL,
    (Purpose.PUBLIC_LOOKUP,),
    "publicRecords",
    ("PublicRecord",),
    (AccessResult.GIVEN, AccessResult.GIVEN, AccessResult.EMPTY),
)
HABITS = (BANK, COMMERCE, BANK, BANK, REFUSED, EMPLOYER, BANK, PUBLIC, BANK)
"""Look-ups by partners and the public in turn. More than half of them are from banks."""

OWN_HABITS = (COURT, LITIGANT)
"""Pages of staff and litigants, which are no look-ups (R28)."""

EVERY = len(HABITS) // len(OWN_HABITS)
"""There is one page of `OWN_HABITS` for so many look-ups."""


class Log:
    """Creates entries of the log, each about a subject that its client may look up."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.indexes: dict[int, bytes] = {row["party_id"]: row["index"] for row in draft.rows[Identity]}
        self.owners: dict[bytes, int] = {index: party for party, index in self.indexes.items()}
        self.disclosed = [row for row in draft.rows[Party] if row["disclosed"]]
        self.known_since = {row["id"]: row["created_at"] for row in self.disclosed}
        self.organizations = [row for row in self.disclosed if row["kind"] is PartyKind.ORGANIZATION]
        self.consents = [row for row in draft.rows[Consent] if row["revoked_at"] is None]
        asked = {self.owners.get(row["subject_index"]) for row in draft.rows[Consent]}
        persons = (row for row in self.disclosed if row["kind"] is PartyKind.PERSON)
        self.reserved = [row for row in persons if row["id"] not in asked]

    def write(self, habit: Habit, at: datetime) -> None:
        """Create an entry, unless the demo has no client of the audience."""
        client = self.draft.found.clients.get(habit.audience)
        if client is None:
            return
        result = self.draft.cycle(habit.results, AccessAnswer)
        told: dict[str, Any] = (
            {"purpose": self.draft.random.choice(habit.purposes)}
            | self._bank_data(habit, at)
            | self._subject(habit, result, at)
        )
        self.draft.add(
            AccessAnswer,
            at=at,
            request_id=UUID(int=self.draft.random.getrandbits(128), version=4),
            client_key=client,
            audience=habit.audience,
            shape_id=self._shape(habit),
            subjects=1,
            results=[result],
            salt=UUID(int=self.draft.random.getrandbits(128), version=4),
            **{COLUMNS.get(name, name): [value] if name in COLUMNS else value for name, value in told.items()},
        )

    def _shape(self, habit: Habit) -> int:
        """The key of what the habit's answers have in common."""
        kind = AnswerKind(sha256(habit.field.encode()).digest(), habit.field, habit.types)
        key: int = compute_shape_key(kind)
        if all(row["id"] != key for row in self.draft.rows[AccessShape]):
            row = {"operation": kind.operation, "field": kind.field, "types": list(kind.types)}
            self.draft.rows[AccessShape].append({"id": key, **row})
        return key

    def _bank_data(self, habit: Habit, at: datetime) -> dict[str, Any]:
        """Operator, branch, reference and relation."""
        if habit.audience is not Audience.BANK:
            return {}
        return {
            "operator": f"{self.draft.random.randint(101, 160):05d}",
            "branch": self.draft.random.choice(BRANCHES),
            "reference": f"DK{at:%Y%m%d}{len(self.draft.rows[AccessAnswer]):06d}",
            "relation": self.draft.random.choice(list(BorrowerRelation)),
        }

    def _subject(self, habit: Habit, result: AccessResult, at: datetime) -> dict[str, Any]:
        """The subject and the legal ground. A party is set only if the answer was about it."""
        if result is AccessResult.MATCHED:
            return self._by_right(habit, at) or self._about(self.organizations, at)
        if result is AccessResult.GIVEN:
            return self._about(self.disclosed, at)
        index = self._number(result)
        return {"subject_index": index} if index else {}

    def _number(self, result: AccessResult) -> bytes | None:
        """The keyed hash of a look-up that must not reveal whether there is a party (R20)."""
        if result is AccessResult.CONSENT_REQUIRED:
            return self.indexes[self.draft.random.choice(self.reserved)["id"]]
        if result is AccessResult.NAME_MISMATCH:
            return self.indexes[self.draft.random.choice(self.organizations)["id"]]
        if result is AccessResult.NOT_FOUND:
            return self.draft.keyring.index(self.draft.numbers.organization(NOWHERE))
        return None

    def _by_right(self, habit: Habit, at: datetime) -> dict[str, Any] | None:
        """A person by consent or share code, or None."""
        if habit is BANK and self.draft.random.random() < 0.7:
            return self._by_consent(at)
        return self._by_share_code(at) if habit is EMPLOYER else None

    def _by_share_code(self, at: datetime) -> dict[str, Any] | None:
        live = (row for row in self.draft.rows[ShareCode] if row["created_at"] < at < row["valid_to"])
        code = next((row for row in live if row["revoked_at"] is None), None)
        if code is None:
            return None
        return {
            "party_id": self.owners[code["subject_index"]],
            "subject_index": code["subject_index"],
            "share_code_id": code["id"],
            "purpose": Purpose.EMPLOYMENT_CHECK,
        }

    def _by_consent(self, at: datetime) -> dict[str, Any] | None:
        for consent in self.draft.random.choices(self.consents, k=8):
            mine = consent["client_key"] == self.draft.found.clients.get(Audience.BANK)
            party = self.owners.get(consent["subject_index"], 0)
            known = self.known_since.get(party)
            if mine and known and known < at and consent["valid_from"] < at < consent["valid_to"]:
                about = {"party_id": party, "subject_index": consent["subject_index"]}
                return about | {"consent_id": consent["id"], "purpose": self.draft.random.choice(consent["purposes"])}
        return None

    def _about(self, parties: list[Row], at: datetime) -> dict[str, Any]:
        """One of `parties` that was known at the time."""
        known = (party for party in self.draft.random.choices(parties, k=8) if party["created_at"] < at)
        party = next(known, None)
        return {"party_id": party["id"], "subject_index": self.indexes[party["id"]]} if party else {}


def add_lookups(draft: Draft, target: int) -> None:
    """Create `target` look-ups by partners and the public, and pages of staff and litigants, in order of time."""
    log = Log(draft)
    looked_up = ((at, HABITS[turn % len(HABITS)]) for turn, at in enumerate(sorted(_moments(draft, target))))
    pages = ((_ordinary(draft, turn), OWN_HABITS[turn % len(OWN_HABITS)]) for turn in range(target // EVERY))
    for at, habit in sorted([*looked_up, *pages], key=lambda found: found[0]):
        log.write(habit, at)


def _moments(draft: Draft, target: int) -> Iterator[datetime]:
    peak = round(target * BUSIEST_SHARE)
    busiest = draft.today - timedelta(BUSIEST_DAY)
    for turn in range(target):
        yield _moment(draft, busiest) if turn < peak else _ordinary(draft, turn)


def _ordinary(draft: Draft, turn: int) -> datetime:
    """A time of another day than the busiest."""
    early = turn % DAYS < BUSIEST_DAY
    return _moment(draft, draft.ago(1, BUSIEST_DAY - 1) if early else draft.ago(BUSIEST_DAY + 1, DAYS))


def _moment(draft: Draft, day: date) -> datetime:
    seconds = draft.random.randint(9 * 3600, 17 * 3600)
    return datetime(day.year, day.month, day.day, tzinfo=COURT_TIME) + timedelta(seconds=seconds)
