"""Consents and share codes (R15)."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from hashlib import sha256
from itertools import islice

from auth.scopes import Scope
from demo.city import cast
from demo.city.cast import Subject
from demo.city.draft import Draft, Row
from models.audience import Audience, Purpose
from models.consent import Consent, ConsentOrigin, ShareCode
from models.identifiers import mask_number
from models.names import fold
from models.party import Identity, Party, PartyKind
from models.terms import COURT_TIME

BANK_PURPOSES = (
    Purpose.LOAN_APPROVAL,
    Purpose.GUARANTEE_REVIEW,
    Purpose.POST_LOAN_MONITORING,
    Purpose.INCENTIVE_LOAN,
)
BANK_SCOPES = (Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY)
EMPLOYER_PURPOSES = (Purpose.EMPLOYMENT_CHECK, Purpose.SENIOR_POST_QUALIFICATION)
EMPLOYER_SCOPES = (Scope.PERSON_INTEGRITY,)

CONSENTING = (
    cast.CHEN, cast.LIN, cast.MINOR, cast.SUSPECT, cast.SECLUDED, cast.STRANGER, cast.FAMILY, cast.EXPIRED_CONSENT,
    cast.REVOKED_CONSENT,
)  # fmt: skip
"""Subjects of the cast who gave BANK a full consent, valid or not."""

SIGNED, EXPIRED, REVOKED = 100, 400, 30
"""Days since most consents were signed, since EXPIRED_CONSENT signed, and since REVOKED_CONSENT revoked."""

VALID_DAYS = 365


def add_consents(draft: Draft, parties: Mapping[str, Row], count: int) -> None:
    """Create the consents of the cast, `count` consents in total, and the share codes."""
    for subject in CONSENTING:
        _cast_consent(draft, subject, Audience.BANK, BANK_PURPOSES)
    _cast_consent(draft, cast.WANG, Audience.BANK, (Purpose.INCENTIVE_LOAN,))
    _cast_consent(draft, cast.CHEN, Audience.EMPLOYER, EMPLOYER_PURPOSES)
    _cast_consent(draft, cast.ZHAO, Audience.EMPLOYER, (Purpose.SENIOR_POST_QUALIFICATION,))
    _others(draft, {row["id"] for row in parties.values()}, count - len(draft.rows[Consent]))
    _share(draft, cast.ZHAO, cast.ZHAO_SHARE_CODE, 5, 30)
    _share(draft, cast.ZHAO, cast.EXPIRED_SHARE_CODE, 60, 30)
    _share(draft, cast.CHEN, cast.REVOKED_SHARE_CODE, 20, 30)["revoked_at"] = draft.hour(draft.ago(12, 12))
    created = datetime.combine(draft.today - timedelta(3), time(10), COURT_TIME)
    shown = {"purposes": [Purpose.PUBLIC_LOOKUP], "scopes": [*BANK_SCOPES]}
    _share_at(draft, cast.CHEN, cast.CHEN_SHOWN_CODE, created, 90).update(shown)


def _cast_consent(draft: Draft, subject: Subject, audience: Audience, purposes: tuple[Purpose, ...]) -> None:
    index = draft.keyring.index(subject.number)
    signed = EXPIRED if subject is cast.EXPIRED_CONSENT else SIGNED
    consent = _consent(draft, index, audience, purposes, signed)
    if consent:
        consent["reference"] = subject.letter(audience)
        consent["revoked_at"] = draft.hour(draft.ago(REVOKED, REVOKED)) if subject is cast.REVOKED_CONSENT else None


def _consent(
    draft: Draft,
    index: bytes,
    audience: Audience,
    purposes: tuple[Purpose, ...],
    days_ago: int,
) -> Row | None:
    """A consent for a year to the demo client of `audience`; None without such a client."""
    client = draft.found.clients.get(audience)
    if client is None:
        return None
    signed = draft.ago(days_ago, days_ago)
    start = draft.hour(signed)
    return draft.add(
        Consent,
        reference=f"SQ-{audience}-{len(draft.rows[Consent]) + 1:06d}",
        client_key=client,
        subject_index=index,
        origin=ConsentOrigin.PORTAL if audience is Audience.EMPLOYER else ConsentOrigin.LETTER,
        purposes=list(purposes),
        scopes=list(BANK_SCOPES if audience is Audience.BANK else EMPLOYER_SCOPES),
        signed_on=signed,
        evidence_hash=sha256(index).digest() if audience is Audience.BANK else None,
        valid_from=start,
        valid_to=start + timedelta(VALID_DAYS),
        revoked_at=None,
    )


def _others(draft: Draft, known: set[int], count: int) -> None:
    """Consents of other persons: every tenth expired, every twelfth revoked, every eighth for the employer."""
    indexes = {row["party_id"]: row["index"] for row in draft.rows[Identity]}
    parties = draft.rows[Party]
    step = max(1, len(parties) // max(count * 2, 1))
    persons = (row for row in parties[::step] if row["kind"] is PartyKind.PERSON and row["id"] not in known)
    for turn, party in enumerate(islice(persons, max(count, 0))):
        audience, purposes = Audience.BANK, BANK_PURPOSES[: 1 + turn % 4]
        if turn % 8 == 7:
            audience, purposes = Audience.EMPLOYER, EMPLOYER_PURPOSES[: 1 + turn % 2]
        days = EXPIRED if turn % 10 == 9 else draft.random.randint(20, 300)
        consent = _consent(draft, indexes[party["id"]], audience, purposes, days)
        if consent and turn % 12 == 11:
            consent["revoked_at"] = consent["valid_from"] + timedelta(10)


def _share(draft: Draft, subject: Subject, code: str, days_ago: int, valid_days: int) -> Row:
    return _share_at(draft, subject, code, draft.hour(draft.ago(days_ago, days_ago)), valid_days)


def _share_at(draft: Draft, subject: Subject, code: str, created: datetime, valid_days: int) -> Row:
    return draft.add(
        ShareCode,
        code_hash=sha256(code.encode()).digest(),
        hint=code[-4:],
        subject_index=draft.keyring.index(subject.number),
        shown_name=subject.name,
        shown_folded=fold(subject.name),
        shown_number=mask_number(subject.number),
        purposes=[*EMPLOYER_PURPOSES],
        scopes=[*EMPLOYER_SCOPES],
        single_use=False,
        created_at=created,
        valid_to=created + timedelta(valid_days),
        revoked_at=None,
    )
