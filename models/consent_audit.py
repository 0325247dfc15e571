"""Audits of consents: the recipient shows the letter, and a court decides whether it bears the consent (R27)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.consent import Consent


class LetterFinding(StrEnum):
    """The finding of a court on a letter: it bears the consent, or there is no such letter of this person."""

    CONFIRMED = "CONFIRMED"
    REFUTED = "REFUTED"


class ConsentAudit(Keyed):
    """An audit of a consent, open until it has a finding.

    drawn_at: when the letter was drawn. disputed_at: when its subject disputed it; a subject can do so once. An audit
    can be both. due_at: the end of the term for showing the letter. shown_hash: SHA-256 of the scan that was shown.
    """

    __tablename__ = "consent_audit"
    __table_args__ = (
        CheckConstraint("num_nonnulls(drawn_at, disputed_at) > 0", name="has_a_cause"),
        CheckConstraint("(disputed_at IS NULL) = (statement IS NULL)", name="disputed_with_statement"),
        CheckConstraint("due_at > coalesce(drawn_at, disputed_at)", name="lasts"),
        CheckConstraint("(shown_at IS NULL) = (shown_hash IS NULL)", name="shown_with_hash"),
        CheckConstraint("octet_length(shown_hash) = 32", name="hashed"),
        CheckConstraint("num_nulls(finding, reasons, settled_at, settled_by) IN (0, 4)", name="settled_with_reasons"),
        CheckConstraint("finding <> 'CONFIRMED' OR shown_at IS NOT NULL", name="confirmed_when_shown"),
        index_where("uq_consent_audit_open", "consent_id", where="finding IS NULL", unique=True),
        index_where("uq_consent_audit_disputed", "consent_id", where="disputed_at IS NOT NULL", unique=True),
        index_where("ix_consent_audit_due_at", "due_at", where="finding IS NULL AND shown_at IS NULL"),
    )

    consent_id: Mapped[int] = mapped_column(ForeignKey("consent.id"), index=True)
    drawn_at: Mapped[datetime | None]
    disputed_at: Mapped[datetime | None]
    statement: Mapped[str | None]
    due_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    shown_hash: Mapped[bytes | None]
    finding: Mapped[LetterFinding | None]
    reasons: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    consent: Mapped[Consent] = link()
