"""Issued tokens and accepted client assertions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, index_where
from models.number_hashes import NumberHash


class IssuedToken(Base):
    """An access token by its `jti`. A token without a row, or with a revoked one, is not accepted.

    subject_index: keyed hash of the subject of a portal's token (R18). staff_id: the member of staff of a court's
    token. proven_at: when that one gave a second factor last before it was issued.
    """

    __tablename__ = "issued_token"
    __table_args__ = (
        CheckConstraint("expires_at > issued_at", name="lifetime"),
        CheckConstraint("num_nonnulls(subject_index, staff_id) <= 1", name="acts_for_one"),
        index_where("ix_issued_token_staff_id", "staff_id", where="staff_id IS NOT NULL"),
    )

    jti: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    subject_index: Mapped[bytes | None] = mapped_column(NumberHash)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    scope: Mapped[str]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    proven_at: Mapped[datetime | None]


class AssertionUse(Base):
    """An accepted client assertion. The primary key makes `jti` single-use."""

    __tablename__ = "assertion_use"

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
