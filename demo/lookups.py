"""Look-ups of half a year in the access log: who asked about whom, why, and what kind of answer it was (R19)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from demo.draft import Draft, Row
from models.access_record import AccessRecord, AccessResult
from models.audience import Audience, Purpose
from models.consent import Consent, ShareCode
from models.party import Identity, Party, PartyKind
from models.terms import COURT_TIME

DAYS = 180
"""How far back the log goes. The busiest day has some six times the look-ups of an ordinary one, as in Yuyao."""

BUSIEST_DAY, BUSIEST_SHARE = 40, 1037 / 31878
BRANCHES = ("余姚支行", "泗门支行", "低塘支行", "梁弄支行", "慈溪支行")


@dataclass(frozen=True)
class Habit:
    """What clients of one audience usually ask."""

    audience: Audience
    purposes: tuple[Purpose, ...]
    field: str
    types: tuple[str, ...]
    results: tuple[AccessResult, ...] = (AccessResult.GIVEN,)


CHECKED = (AccessResult.MATCHED, AccessResult.MATCHED, AccessResult.MATCHED, AccessResult.MATCHED, AccessResult.EMPTY)
CREDIT = ("Subject", "CodePeriod", "CodeRecord", "Deduction", "Listing")
BANK = Habit(Audience.BANK, (Purpose.LOAN_APPROVAL,), "checkSubjects", CREDIT, CHECKED)
REFUSED = Habit(
    Audience.BANK,
    (Purpose.LOAN_APPROVAL, Purpose.GUARANTEE_REVIEW),
    "checkSubjects",
    (),
    (
        AccessResult.CONSENT_REQUIRED,
        AccessResult.CONSENT_REQUIRED,
        AccessResult.NAME_MISMATCH,
        AccessResult.NOT_FOUND,
        AccessResult.INVALID_NUMBER,
    ),
)
SHARED = Habit(Audience.EMPLOYER, (Purpose.EMPLOYER_CHECK,), "sharedReport", ("Subject", "CodeRecord", "Certificate"))
HABITS = (
    BANK, BANK, BANK, REFUSED, BANK,
    Habit(
        Audience.COMMERCE, (Purpose.SUPPLIER_DUE_DILIGENCE, Purpose.BIDDING_REVIEW), "checkSubjects", CREDIT, CHECKED
    ),
    BANK,
    Habit(Audience.COURT, (Purpose.JUDICIAL,), "parties", ("Party", "Participation", "Deduction")),
    Habit(Audience.PUBLIC_PORTAL, (Purpose.PUBLIC_LOOKUP,), "publications", ("Publication",)),
    BANK, SHARED,
    Habit(Audience.LITIGANT_PORTAL, (Purpose.SELF,), "me", ("Party", "Deduction", "AccessRecord")),
)  # fmt: skip
"""Who asks, in turn: half of it banks, as "litigation credit +" goes."""

WITHOUT_SUBJECT = (AccessResult.NOT_FOUND, AccessResult.INVALID_NUMBER)


class Log:
    """Writes look-ups one after the other, each about somebody whom its client may ask about."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.indexes = {row["party_id"]: row["index"] for row in draft.rows[Identity]}
        self.disclosed = [row for row in draft.rows[Party] if row["disclosed"]]
        self.organizations = [row for row in self.disclosed if row["kind"] is PartyKind.ORGANIZATION]
        self.known_since = {row["id"]: row["created_at"] for row in draft.rows[Party]}
        self.consents = [row for row in draft.rows[Consent] if row["party_id"] and row["revoked_at"] is None]

    def write(self, habit: Habit, at: datetime) -> None:
        """One look-up of `habit` at a moment. The demo may lack a client of its audience."""
        client = self.draft.found.clients.get(habit.audience)
        if client is None:
            return
        result = self.draft.cycle(habit.results, AccessRecord)
        subject = {} if result in WITHOUT_SUBJECT else self._subject(habit, result, at)
        self.draft.add(
            AccessRecord,
            at=at,
            request_id=UUID(int=self.draft.random.getrandbits(128), version=4),
            client_key=client,
            audience=habit.audience,
            operation=sha256(habit.field.encode()).digest(),
            field=habit.field,
            types=list(habit.types),
            result=result,
            **{"purpose": self.draft.random.choice(habit.purposes)} | self._bank_data(habit, at) | subject,
        )

    def _bank_data(self, habit: Habit, at: datetime) -> dict[str, Any]:
        """What a bank sends along: operator, branch, and its own reference."""
        if habit.audience is not Audience.BANK:
            return {}
        return {
            "operator": f"柜员{self.draft.random.randint(101, 160)}",
            "branch": self.draft.random.choice(BRANCHES),
            "reference": f"DK{at:%Y%m%d}{len(self.draft.rows[AccessRecord]):06d}",
        }

    def _subject(self, habit: Habit, result: AccessResult, at: datetime) -> dict[str, Any]:
        """Who is asked about, and by what right; without one, an organization."""
        refused = result in (AccessResult.NAME_MISMATCH, AccessResult.CONSENT_REQUIRED)
        if refused or habit.audience in (Audience.COURT, Audience.LITIGANT_PORTAL, Audience.PUBLIC_PORTAL):
            return self._about(self.disclosed, at)
        by_right: dict[str, Any] | None = None
        if habit is SHARED:
            by_right = self._by_share_code(at)
        elif habit.audience is Audience.BANK and self.draft.random.random() < 0.7:
            by_right = self._by_consent(at)
        return by_right or self._about(self.organizations, at)

    def _by_share_code(self, at: datetime) -> dict[str, Any] | None:
        live = (row for row in self.draft.rows[ShareCode] if row["created_at"] < at < row["valid_to"])
        code = next((row for row in live if row["revoked_at"] is None), None)
        if code is None:
            return None
        return {
            "party_id": code["party_id"],
            "subject_index": self.indexes[code["party_id"]],
            "share_code_id": code["id"],
            "purpose": Purpose.EMPLOYMENT_CHECK,
        }

    def _by_consent(self, at: datetime) -> dict[str, Any] | None:
        for consent in self.draft.random.choices(self.consents, k=8):
            mine = consent["client_key"] == self.draft.found.clients.get(Audience.BANK)
            known = self.known_since[consent["party_id"]] < at
            if mine and known and consent["valid_from"] < at < consent["valid_to"]:
                about = {"party_id": consent["party_id"], "subject_index": consent["subject_index"]}
                return about | {"consent_id": consent["id"], "purpose": self.draft.random.choice(consent["purposes"])}
        return None

    def _about(self, parties: list[Row], at: datetime) -> dict[str, Any]:
        """One of `parties` whom the court knew by then."""
        known = (party for party in self.draft.random.choices(parties, k=8) if party["created_at"] < at)
        party = next(known, None)
        return {"party_id": party["id"], "subject_index": self.indexes[party["id"]]} if party else {}


def look_up(draft: Draft, target: int) -> None:
    """Write look-ups in order of time, as many as the figures say."""
    log = Log(draft)
    for turn, at in enumerate(sorted(_moments(draft, target))):
        log.write(HABITS[turn % len(HABITS)], at)


def _moments(draft: Draft, target: int) -> Iterator[datetime]:
    peak = round(target * BUSIEST_SHARE)
    for turn in range(target):
        yield _moment(draft, draft.today - timedelta(BUSIEST_DAY) if turn < peak else draft.ago(1, DAYS))


def _moment(draft: Draft, day: date) -> datetime:
    seconds = draft.random.randint(9 * 3600, 17 * 3600)
    return datetime(day.year, day.month, day.day, tzinfo=COURT_TIME) + timedelta(seconds=seconds)
