"""Pushed authorization requests (RFC 9126)."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class PushedRequest(Base):
    """The parameters of an authorization request, by the SHA-256 of its `request_uri`.

    jkt: the thumbprint of the key that the code will be bound to (RFC 9449, section 10). expires_at: until when the
    sign-in page may be filled in; the request begins ten minutes before at the latest. used_at: when a code was issued
    for it.
    """

    __tablename__ = "pushed_request"
    __table_args__ = (CheckConstraint("octet_length(uri_hash) = 32", name="hashed"),)

    uri_hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    parameters: Mapped[dict[str, Any]]
    jkt: Mapped[str | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
