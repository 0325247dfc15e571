"""Used proofs of possession (RFC 9449, section 11.1). Neither table is logged: a crash empties both."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class UsedProof(Base):
    """A used proof, by the SHA-256 of its `jti`. expires_at: when it is too old to be accepted anyway."""

    __tablename__ = "used_proof"
    __table_args__ = (CheckConstraint("octet_length(digest) = 32", name="hashed"), {"prefixes": ["UNLOGGED"]})

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class ProofMemory(Base):
    """In one row, since when used proofs are remembered. Older proofs are not accepted."""

    __tablename__ = "proof_memory"
    __table_args__ = (CheckConstraint("one", name="one_row"), {"prefixes": ["UNLOGGED"]})

    one: Mapped[bool] = mapped_column(sa.Boolean, primary_key=True, server_default=sa.text("true"))
    since: Mapped[datetime]
