"""Consents (授权) and share codes (分享码): the only roads to a natural person's data (R15)."""

from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Keyed
from models.client import Client
from models.party import Party


class Consent(Keyed):
    """A person's consent: to one recipient, for named purposes and scopes, for a period.

    It names its subject by keyed hash, so that it can stand before the court knows the person.
    """

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("valid_to > valid_from", name="lasts"),
        CheckConstraint("cardinality(purposes) > 0 AND cardinality(scopes) > 0", name="names_purpose_and_scope"),
        Index("ix_consent_subject", "subject_index", "client_key"),
    )

    reference: Mapped[str] = mapped_column(Text, unique=True)
    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    subject_index: Mapped[bytes] = mapped_column(LargeBinary)
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    signed_on: Mapped[date]
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_to: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    client: Mapped[Client] = relationship(viewonly=True, lazy="raise")


class ShareCode(Keyed):
    """A code by which a subject shows its own report. Only its SHA-256 is kept; its owner recognises it by `hint`."""

    __tablename__ = "share_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    hint: Mapped[str] = mapped_column(Text)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_to: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    party: Mapped[Party] = relationship(viewonly=True, lazy="raise")
