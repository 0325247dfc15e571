"""Audits of consents: disputed by the subject or drawn by lot, shown by the recipient, settled by a court (R27)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.events import tell_recipients
from casework.keys import bind_keys
from casework.procedure import Act, authorize, require_reason
from casework.refusal import Refusal, refuse_missing
from casework.subject_notices import note_consents
from models.consent import Consent, ConsentOrigin
from models.consent_audit import ConsentAudit, LetterFinding
from models.court import StaffRole
from models.event import EventKind
from models.keyring import Keyring
from models.subject_notice import NoticeKind

TERM = timedelta(days=15)
"""The term for showing a letter."""

MOST_DRAWN = 1000
"""Letters that take part in one draw."""


async def dispute_consent(connection: AsyncConnection, subject: bytes, key: int, statement: str, at: datetime) -> int:
    """Dispute a letter that the subject did not sign. Return the key of the audit.

    Reads that begin after the commit no longer find the consent. Raises Refusal NOT_FOUND, REASON_REQUIRED,
    NOT_ELIGIBLE, OBJECTION_OPEN, DECIDED.
    """
    said = require_reason(statement)
    consent = await _lock_consent(connection, Consent.id == key, Consent.subject_index == subject)
    if consent is None:
        raise refuse_missing("consent")
    if consent.origin is not ConsentOrigin.LETTER:
        raise Refusal("NOT_ELIGIBLE", "This consent has no letter: it was given in the portal.", "Revoke it.", "id")
    audit = await _open_dispute(connection, key, said, at)
    await _suspend(connection, [key], at)
    return audit


async def _open_dispute(connection: AsyncConnection, consent_key: int, statement: str, at: datetime) -> int:
    """Turn the open audit of a locked consent into a dispute, or open one. Raises Refusal OBJECTION_OPEN, DECIDED."""
    query = sa.select(ConsentAudit.id, ConsentAudit.finding, ConsentAudit.disputed_at)
    audits = (await connection.execute(query.where(ConsentAudit.consent_id == consent_key))).all()
    for audit in audits:
        if audit.disputed_at is not None:
            raise _refuse_twice(audit.finding)
    disputed = {"disputed_at": at, "statement": statement}
    drawn = next((audit.id for audit in audits if audit.finding is None), None)
    if drawn is not None:
        await connection.execute(sa.update(ConsentAudit).where(ConsentAudit.id == drawn).values(disputed))
        return int(drawn)
    written = sa.insert(ConsentAudit).values(consent_id=consent_key, due_at=at + TERM, **disputed)
    return int((await connection.execute(written.returning(ConsentAudit.id))).scalar_one())


def _refuse_twice(finding: LetterFinding | None) -> Refusal:
    if finding is None:
        return Refusal("OBJECTION_OPEN", "You dispute this consent already.", "Await the court's finding.", "id")
    return Refusal("DECIDED", "The court has settled your dispute of this consent.", "Revoke it to end it.", "id")


async def show_letter(
    connection: AsyncConnection, client_key: int, key: int, digest: bytes, signed_on: date, at: datetime
) -> None:
    """Show the letter of an audited consent. The file itself is sent to the court.

    digest: SHA-256 of the scan; it and the day of signature are those that were registered. A letter that was overdue
    and is not disputed answers again. Raises Refusal NOT_FOUND, DECIDED, RECORDED, BAD_DOCUMENT, BAD_DATE.
    """
    consent, audit = await _lock_audit(connection, key)
    if consent is None or consent.client_key != client_key:
        raise refuse_missing("audit of yours")
    _check_unsettled(audit)
    if audit.shown_at is not None:
        raise Refusal("RECORDED", "This letter has been shown.", "Await the court's finding.", "id")
    if digest != (consent.evidence_hash or digest):
        raise Refusal("BAD_DOCUMENT", "This is not the letter that was registered.", "Show that one.", "digest")
    if signed_on != consent.signed_on:
        raise Refusal("BAD_DATE", "This letter was registered with another day.", "Check the letter.", "signedOn")
    shown = sa.update(ConsentAudit).where(ConsentAudit.id == key)
    await connection.execute(shown.values(shown_at=at, shown_hash=digest))
    await note_consents(connection, [consent.id], NoticeKind.CONSENT_LETTER_SHOWN, at)
    if audit.disputed_at is None and consent.suspended_at is not None:
        await _restore(connection, consent.id, at)


async def settle_audit(connection: AsyncConnection, key: int, finding: LetterFinding, act: Act) -> None:
    """Settle an audit, with reasons. CONFIRMED restores the consent, REFUTED revokes it.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, DECIDED, EVIDENCE_REQUIRED, TOO_EARLY.
    """
    reasons = authorize(act, StaffRole.CENTRE)
    consent, audit = await _lock_audit(connection, key)
    if consent is None:
        raise refuse_missing("audit")
    _check_unsettled(audit)
    _check_shown(audit, finding, act.at)
    settled = {"finding": finding, "reasons": reasons, "settled_at": act.at, "settled_by": act.officer.key}
    await connection.execute(sa.update(ConsentAudit).where(ConsentAudit.id == key).values(settled))
    if finding is LetterFinding.CONFIRMED:
        await _confirm(connection, consent, act.at)
    else:
        await _refute(connection, consent, act.at)


def _check_unsettled(audit: Any) -> None:
    if audit.finding is not None:
        raise Refusal("DECIDED", "This audit is settled.", "Nothing more is needed.", "id")


def _check_shown(audit: Any, finding: LetterFinding, at: datetime) -> None:
    if audit.shown_at is not None:
        return
    if finding is LetterFinding.CONFIRMED:
        raise Refusal("EVIDENCE_REQUIRED", "The letter has not been shown.", "Await it, or refute it.", "finding")
    if at < audit.due_at:
        raise Refusal("TOO_EARLY", "The letter may still be shown.", "Await the end of the term.", "finding")


async def _confirm(connection: AsyncConnection, consent: Any, at: datetime) -> None:
    await note_consents(connection, [consent.id], NoticeKind.CONSENT_CONFIRMED, at)
    if consent.suspended_at is not None:
        await _restore(connection, consent.id, at)


async def _refute(connection: AsyncConnection, consent: Any, at: datetime) -> None:
    await note_consents(connection, [consent.id], NoticeKind.CONSENT_REFUTED, at)
    if consent.revoked_at is None:
        await connection.execute(sa.update(Consent).where(Consent.id == consent.id).values(revoked_at=at))
        await tell_recipients(connection, [consent.id], EventKind.CONSENT_REVOKED, at)


async def is_disputed(connection: AsyncConnection, client_key: int, subject: bytes) -> bool:
    """Return whether the subject disputes a letter of this recipient, and no court has settled it yet."""
    query = sa.select(ConsentAudit.id).join(Consent, Consent.id == ConsentAudit.consent_id)
    open_ = (ConsentAudit.disputed_at.is_not(None), ConsentAudit.finding.is_(None))
    of_both = (Consent.subject_index == subject, Consent.client_key == client_key)
    return (await connection.execute(query.where(*open_, *of_both).limit(1))).first() is not None


async def draw_letters(connection: AsyncConnection, keyring: Keyring, one_in: int, at: datetime) -> Sequence[int]:
    """Draw one in `one_in` of the letters that were registered since the last draw; none if it is 0.

    The lot of a letter is an HMAC of its key: nobody outside can compute it, and it comes out the same after a restore.
    Returns the keys of the consents drawn.
    """
    waiting = sa.select(Consent.id).where(~Consent.lot_drawn, Consent.evidence_hash.is_not(None)).order_by(Consent.id)
    locked = waiting.limit(MOST_DRAWN).with_for_update(skip_locked=True)
    keys = (await connection.execute(locked)).scalars().all()
    if not keys:
        return []
    await connection.execute(sa.update(Consent).where(Consent.id == sa.any_(bind_keys(keys))).values(lot_drawn=True))
    chosen = [key for key in keys if one_in and keyring.draw_lot(key) % one_in == 0]
    return await _open_audits(connection, chosen, at)


async def _open_audits(connection: AsyncConnection, consent_keys: Sequence[int], at: datetime) -> Sequence[int]:
    """Open audits of letters that are not audited yet, and notify their recipients. Returns the consents' keys."""
    if not consent_keys:
        return []
    rows = [{"consent_id": key, "drawn_at": at, "due_at": at + TERM} for key in consent_keys]
    opened = insert(ConsentAudit).values(rows).on_conflict_do_nothing().returning(ConsentAudit.consent_id)
    drawn = (await connection.execute(opened)).scalars().all()
    await tell_recipients(connection, drawn, EventKind.CONSENT_AUDITED, at)
    return drawn


async def suspend_overdue(connection: AsyncConnection, at: datetime) -> Sequence[int]:
    """Suspend the consents whose letters were not shown within the term. Returns their keys."""
    query = (
        sa.select(Consent.id)
        .join(ConsentAudit, ConsentAudit.consent_id == Consent.id)
        .where(ConsentAudit.finding.is_(None), ConsentAudit.shown_at.is_(None), ConsentAudit.due_at <= at)
        .where(Consent.suspended_at.is_(None), Consent.revoked_at.is_(None))
        .order_by(Consent.id)
        .with_for_update(of=Consent)
    )
    keys = (await connection.execute(query)).scalars().all()
    await _suspend(connection, keys, at)
    return keys


async def _suspend(connection: AsyncConnection, consent_keys: Sequence[int], at: datetime) -> None:
    """Suspend consents that are not suspended yet, and notify their recipients."""
    live = (Consent.id == sa.any_(bind_keys(consent_keys)), Consent.suspended_at.is_(None))
    ended = sa.update(Consent).where(*live).values(suspended_at=at).returning(Consent.id)
    keys = (await connection.execute(ended)).scalars().all()
    await tell_recipients(connection, keys, EventKind.CONSENT_SUSPENDED, at)


async def _restore(connection: AsyncConnection, consent_key: int, at: datetime) -> None:
    await connection.execute(sa.update(Consent).where(Consent.id == consent_key).values(suspended_at=None))
    await tell_recipients(connection, [consent_key], EventKind.CONSENT_RESTORED, at)


async def _lock_consent(connection: AsyncConnection, *which: sa.ColumnElement[bool]) -> Any:
    query = sa.select(Consent.__table__).where(*which)
    return (await connection.execute(query.with_for_update(key_share=True))).one_or_none()


async def _lock_audit(connection: AsyncConnection, key: int) -> tuple[Any, Any]:
    """Lock the consent of an audit, and return both; None if there is no such audit. Writers lock the consent first."""
    of_audit = sa.select(ConsentAudit.consent_id).where(ConsentAudit.id == key).scalar_subquery()
    consent = await _lock_consent(connection, Consent.id == of_audit)
    audit = await connection.execute(sa.select(ConsentAudit.__table__).where(ConsentAudit.id == key))
    return consent, audit.one_or_none()
