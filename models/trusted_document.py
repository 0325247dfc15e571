"""Trusted documents, which a client has registered and sends by identifier."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed


class TrustedDocument(Keyed):
    """A document of a client. Written by `auth.clients.trusted_documents` only. Its text never changes.

    identifier: from the client's compiler, or the SHA-256 of the text. digest: that SHA-256. purposes: permitted with
    this document; empty for all of the client's.
    """

    __tablename__ = "trusted_document"
    __table_args__ = (
        UniqueConstraint("client_id", "identifier"),
        Index("ix_trusted_document_digest", "client_id", "digest"),
        CheckConstraint("digest = sha256(convert_to(text, 'UTF8'))", name="digest"),
        CheckConstraint("octet_length(text) <= 16384", name="text"),
    )

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    identifier: Mapped[str]
    digest: Mapped[bytes]
    text: Mapped[str]
    purposes: Mapped[list[str]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime]
