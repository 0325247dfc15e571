"""Browser sessions of litigants whom a portal has handed over."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.number_hashes import SEALED, NumberHash


class LitigantSession(Base):
    """A litigant's session, by the SHA-256 of its cookie.

    client_id: of the portal that vouched for the litigant. subject_index: keyed hash of the number. identity: name and
    number as the portal gave them, sealed (R18).
    """

    __tablename__ = "litigant_session"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="hashed"),
        CheckConstraint("octet_length(subject_index) = 21", name="keyed_hash"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    subject_index: Mapped[bytes] = mapped_column(NumberHash, info={SEALED: "identity"})
    identity: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)
