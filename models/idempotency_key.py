"""Idempotency keys of mutations."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class IdempotencyKey(Base):
    """A completed mutation.

    digest: SHA-256 of the caller and its key. fingerprint: keyed hash of the document and its variables. changed: the
    key of the changed row, from which the answer is read again.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (CheckConstraint("octet_length(digest) = 32 AND octet_length(fingerprint) = 32", name="hashed"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    changed: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime] = mapped_column(index=True)
