"""Consents (授权) and share codes (分享码), which permit access to a person's data (R15)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.client import Client
from models.names import fold_default
from models.number_hashes import NumberHash


class ConsentOrigin(StrEnum):
    """The origin of a consent: a signed letter that its recipient registers, or the subject's portal."""

    LETTER = "LETTER"
    PORTAL = "PORTAL"


class Consent(Keyed):
    """A person's consent for one recipient, with purposes, scopes and a period.

    The subject is stored as a keyed hash, since the courts may not know the person. reference: number of the letter.
    evidence_hash: SHA-256 of the scanned letter. suspended_at: since when the consent answers nothing, because it is
    disputed or its letter is overdue (R27). lot_drawn: whether the letter has taken part in the draw of audits.
    """

    __tablename__ = "consent"
    __table_args__ = (
        UniqueConstraint("client_key", "reference"),
        CheckConstraint("valid_to > valid_from", name="lasts"),
        CheckConstraint("cardinality(purposes) > 0 AND cardinality(scopes) > 0", name="names_purpose_and_scope"),
        CheckConstraint("octet_length(evidence_hash) = 32", name="evidence"),
        Index("ix_consent_subject", "subject_index", "client_key"),
        Index("ix_consent_client_key_valid_to", "client_key", "valid_to"),
        index_where("ix_consent_client_key_revoked_at", "client_key", "revoked_at", where="revoked_at IS NOT NULL"),
        index_where("ix_consent_valid_to", "valid_to", where="revoked_at IS NULL"),
        index_where(
            "ix_consent_client_key_suspended_at", "client_key", "suspended_at", where="suspended_at IS NOT NULL"
        ),
        index_where("ix_consent_undrawn", "id", where="NOT lot_drawn AND evidence_hash IS NOT NULL"),
    )

    reference: Mapped[str]
    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    subject_index: Mapped[bytes] = mapped_column(NumberHash)
    origin: Mapped[ConsentOrigin] = mapped_column(server_default=ConsentOrigin.LETTER.value)
    purposes: Mapped[list[str]]
    scopes: Mapped[list[str]]
    signed_on: Mapped[date]
    evidence_hash: Mapped[bytes | None]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    lot_drawn: Mapped[bool] = mapped_column(server_default=text("false"))

    client: Mapped[Client] = link()


class ShareCode(Keyed):
    """A code with which a subject shows its own record. Only its SHA-256 is stored; hint: its last characters.

    The subject is stored as a keyed hash and may be unknown to the courts. shown_name, shown_number (masked): displayed
    to the viewer. single_use: for one answer, to the request `used_request`.
    """

    __tablename__ = "share_code"
    __table_args__ = (
        CheckConstraint("valid_to > created_at", name="lasts"),
        CheckConstraint("cardinality(purposes) > 0 AND cardinality(scopes) > 0", name="names_purpose_and_scope"),
        CheckConstraint(
            "'PUBLIC_LOOKUP' <> ALL (purposes) OR cardinality(purposes) = 1", name="shown_for_nothing_else"
        ),
        CheckConstraint("octet_length(code_hash) = 32", name="hashed"),
        CheckConstraint("shown_number LIKE '%*%'", name="masked_form"),
        CheckConstraint("(used_at IS NULL) = (used_request IS NULL)", name="used"),
        CheckConstraint("single_use OR used_at IS NULL", name="used_once"),
        Index("ix_share_code_subject_index", "subject_index"),
    )

    code_hash: Mapped[bytes] = mapped_column(unique=True)
    hint: Mapped[str]
    subject_index: Mapped[bytes] = mapped_column(NumberHash)
    shown_name: Mapped[str]
    shown_folded: Mapped[str] = mapped_column(default=fold_default("shown_name"))
    shown_number: Mapped[str]
    purposes: Mapped[list[str]]
    scopes: Mapped[list[str]]
    single_use: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]
    valid_to: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_request: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
