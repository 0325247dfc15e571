"""Idempotency keys: which mutation a client has sent before, and what it changed."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class IdempotencyKey(Base):
    """A mutation that was done.

    digest: SHA-256 of the caller and the key that it sent. fingerprint: SHA-256 of the document and its variables.
    changed: the key of the row that it changed; the answer is read from there again, and stored nowhere.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (CheckConstraint("octet_length(digest) = 32 AND octet_length(fingerprint) = 32", name="hashed"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    changed: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime] = mapped_column(index=True)
