"""Notices to a person or organization of what is done in its name (R27)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.client import Client
from models.consent import Consent, ShareCode
from models.number_hashes import NumberHash


class NoticeKind(StrEnum):
    """The act that a notice is about."""

    CONSENT_REGISTERED = "CONSENT_REGISTERED"
    CONSENT_LETTER_SHOWN = "CONSENT_LETTER_SHOWN"
    CONSENT_CONFIRMED = "CONSENT_CONFIRMED"
    CONSENT_REFUTED = "CONSENT_REFUTED"
    SHARE_CODE_USED = "SHARE_CODE_USED"
    SIGNED_IN = "SIGNED_IN"
    DISPUTE_FORWARDED = "DISPUTE_FORWARDED"


class SubjectNotice(Keyed):
    """A notice to a subject, by the keyed hash of its number: the courts may not know it yet.

    client_key: who acted. answer_id: the answer to a share code, in the access log.
    """

    __tablename__ = "subject_notice"
    __table_args__ = (
        CheckConstraint("(consent_id IS NOT NULL) = (kind LIKE 'CONSENT%')", name="consents"),
        CheckConstraint("num_nulls(share_code_id, answer_id) IN (0, 2)", name="answered"),
        CheckConstraint("(share_code_id IS NOT NULL) = (kind = 'SHARE_CODE_USED')", name="share_codes"),
        UniqueConstraint("share_code_id", "answer_id"),
        Index("ix_subject_notice_subject", "subject_index", "at", "id"),
    )

    subject_index: Mapped[bytes] = mapped_column(NumberHash)
    kind: Mapped[NoticeKind]
    at: Mapped[datetime]
    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    consent_id: Mapped[int | None] = mapped_column(ForeignKey("consent.id"))
    share_code_id: Mapped[int | None] = mapped_column(ForeignKey("share_code.id"))
    answer_id: Mapped[int | None] = mapped_column(BigInteger)

    client: Mapped[Client] = link()
    consent: Mapped[Consent | None] = link()
    share_code: Mapped[ShareCode | None] = link()
