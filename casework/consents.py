"""Consents: registered by their recipient on a signed letter, or granted by their subject in its portal (R15)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.consent import LONGEST_CONSENT, RECIPIENTS, consentable
from auth.scopes import PERSONS
from casework.consent_audits import is_disputed
from casework.events import tell_recipients, tell_subjects
from casework.refusal import Refusal, refuse_missing
from casework.rows import insert_new
from casework.subject_notices import note_consents
from casework.texts import strip_text
from languages.sentence import say
from models.audience import Purpose
from models.client import Client
from models.consent import Consent, ConsentOrigin
from models.dates import EARLIEST_DAY
from models.event import EventKind
from models.references import Alphabet
from models.subject_notice import NoticeKind
from models.terms import to_court_day

LONGEST_REFERENCE = 80
AHEAD = timedelta(days=366)
"""How long before its beginning a consent may be given."""

PORTAL_NUMBER_BYTES = 8


@dataclass(frozen=True)
class Permission:
    """The purposes, scopes and period of a consent; it begins now if `valid_from` is None."""

    purposes: Sequence[Purpose]
    scopes: Sequence[str]
    valid_from: datetime | None
    valid_to: datetime


@dataclass(frozen=True)
class Letter:
    """A signed authorisation letter (授权书). evidence_hash: SHA-256 of its scan."""

    number: str
    signed_on: date
    evidence_hash: bytes


async def register_consent(
    connection: AsyncConnection, client_key: int, subject: bytes, letter: Letter, given: Permission, at: datetime
) -> int:
    """Register a letter that a person signed, for its recipient. Return the consent's key.

    The subject is notified (R27). Raises Refusal BAD_TEXT, BAD_DATE, BAD_PURPOSE, BAD_SCOPE, REGISTERED,
    OBJECTION_OPEN.
    """
    number = check_reference(letter.number, "letterNumber", Alphabet.LETTER)
    _check_signature_day(letter.signed_on, to_court_day(at))
    permitted = _permitted(await _recipient(connection, client_key), given, letter.signed_on, at)
    signed = {"signed_on": letter.signed_on, "evidence_hash": letter.evidence_hash, "origin": ConsentOrigin.LETTER}
    values = signed | permitted | {"reference": number, "subject_index": subject}
    refusal = Refusal("REGISTERED", "A letter of this number is registered.", "Give its own number.", "letterNumber")
    await _check_undisputed(connection, client_key, subject)
    key = await insert_new(connection, Consent, values, refusal)
    await note_consents(connection, [key], NoticeKind.CONSENT_REGISTERED, at)
    await tell_subjects(connection, [key], EventKind.CONSENT_REGISTERED, at)
    return key


def _check_signature_day(day: date, today: date) -> None:
    """Raise Refusal BAD_DATE for a day that cannot be that of a signature."""
    if day > today:
        raise Refusal("BAD_DATE", "This day has not come yet.", "Give the day of signature.", "signedOn")
    if day < EARLIEST_DAY:
        message = say("This day lies before {earliest}.", earliest=EARLIEST_DAY)
        raise Refusal("BAD_DATE", message, "Give the day of signature.", "signedOn")


async def _check_undisputed(connection: AsyncConnection, client_key: int, subject: bytes) -> None:
    """Raise Refusal OBJECTION_OPEN while the subject disputes another letter of this recipient (R27)."""
    if await is_disputed(connection, client_key, subject):
        message = "This person disputes a letter of yours, so that no other is registered until a court has settled it."
        raise Refusal("OBJECTION_OPEN", message, "Show that letter: `consentAudits` lists it.", "idNumber")


async def grant_consent(
    connection: AsyncConnection, recipient_key: int, subject: bytes, given: Permission, at: datetime
) -> int:
    """Enter a person's consent, given in its portal. Return the consent's key.

    Raises Refusal NOT_FOUND, BAD_DATE, BAD_PURPOSE, BAD_SCOPE.
    """
    today = to_court_day(at)
    permitted = _permitted(await _recipient(connection, recipient_key), given, today, at)
    number = f"P-{secrets.token_hex(PORTAL_NUMBER_BYTES).upper()}"
    signed = {"signed_on": today, "origin": ConsentOrigin.PORTAL, "reference": number, "subject_index": subject}
    written = sa.insert(Consent).values(signed | permitted).returning(Consent.id)
    key: int = (await connection.execute(written)).scalar_one()
    return key


async def revoke_consent(connection: AsyncConnection, whose: sa.ColumnElement[bool], key: int, at: datetime) -> None:
    """Revoke a consent now and notify the recipient. whose: the consents that the caller may revoke.

    Reads that begin after the commit no longer find it. Raises Refusal NOT_FOUND, REVOKED.
    """
    query = sa.select(Consent.id, Consent.revoked_at, Consent.valid_to).where(Consent.id == key, whose)
    found: Any = (await connection.execute(query.with_for_update(key_share=True))).one_or_none()
    if found is None:
        raise refuse_missing("consent")
    if found.revoked_at is not None or found.valid_to <= at:
        raise Refusal("REVOKED", "This consent has ended already.", "Nothing needs to be done.", "id")
    await connection.execute(sa.update(Consent).where(Consent.id == key).values(revoked_at=at))
    await tell_recipients(connection, [key], EventKind.CONSENT_REVOKED, at)


def check_reference(text: str, field: str, alphabet: Alphabet = Alphabet.OWN) -> str:
    """Return the caller's own reference, stripped. Raises Refusal BAD_TEXT for a blank or too long one, for other
    characters, and for an identity number (R18)."""
    message = say(
        "This has 1 to {longest_reference} characters, of {characters}; it holds no identity number.",
        longest_reference=LONGEST_REFERENCE,
        characters=alphabet.characters,
    )
    refusal = Refusal("BAD_TEXT", message, "Give one of your own.", field)
    reference = strip_text(text, LONGEST_REFERENCE, refusal)
    if not alphabet.covers(reference):
        raise refusal
    return reference


async def _recipient(connection: AsyncConnection, client_key: int) -> Any:
    """Return a client that persons may consent to. Raises Refusal NOT_FOUND."""
    query = sa.select(Client.id, Client.purposes, Client.scopes).where(
        Client.id == client_key, Client.audience.in_(RECIPIENTS), Client.disabled_at.is_(None)
    )
    found: Any = (await connection.execute(query)).one_or_none()
    if found is None:
        raise Refusal("NOT_FOUND", "There is no such recipient.", "Choose one of `recipients`.", "recipientId")
    return found


def _permitted(recipient: Any, given: Permission, signed_on: date, at: datetime) -> dict[str, Any]:
    """Return the columns of a consent to a recipient. Raises Refusal BAD_PURPOSE, BAD_SCOPE, BAD_DATE."""
    purposes = consentable(frozenset(map(Purpose, recipient.purposes)))
    scopes = frozenset(PERSONS) & frozenset(recipient.scopes)
    return {
        "client_key": recipient.id,
        **_period(given, signed_on, at),
        "purposes": check_choice(frozenset(given.purposes), purposes, "BAD_PURPOSE", "purposes"),
        "scopes": check_choice(frozenset(given.scopes), scopes, "BAD_SCOPE", "scopes"),
    }


def _period(given: Permission, signed_on: date, at: datetime) -> dict[str, datetime]:
    """Return the columns of the period, which begins on the day of signature or later. Raises Refusal BAD_DATE."""
    start = given.valid_from or at
    if start - at > AHEAD:
        raise Refusal("BAD_DATE", "A consent begins within a year.", "Give an earlier moment.", "validFrom")
    if to_court_day(start) < signed_on:
        message = say("A consent begins on the day of its signature, {signed_on}, or later.", signed_on=signed_on)
        raise Refusal("BAD_DATE", message, "Give that day's midnight in Shanghai, or leave it out.", "validFrom")
    if not (max(start, at) < given.valid_to and given.valid_to - start <= LONGEST_CONSENT):
        message = say(
            "A consent ends after it begins, in the future, and within {days} days.", days=LONGEST_CONSENT.days
        )
        raise Refusal("BAD_DATE", message, "Give another moment.", "validTo")
    return {"valid_from": start, "valid_to": given.valid_to}


def check_choice(named: frozenset[str], possible: frozenset[str], code: str, field: str) -> list[str]:
    """Return the chosen values, sorted. Raises Refusal `code` unless they are a non-empty subset of `possible`."""
    if named and named <= possible:
        return sorted(str(one) for one in named)
    choices = ", ".join(sorted(possible)) or "nothing"
    raise Refusal(
        code,
        say("Some of these cannot be consented to; for this recipient {choices} can.", choices=choices),
        "Choose.",
        field,
    )
