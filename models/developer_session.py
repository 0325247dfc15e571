"""Browser sessions of the developers of clients, and the links that begin them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class DeveloperSession(Base):
    """A link for signing in, then the session that it began, by the SHA-256 of its secret.

    token_id: `jti` of the access token that asked for the link; its revocation deletes the row. scopes: of that token.
    bound: whether that token was bound to a key or a certificate. opened_at: when the link was used; from then on the
    secret is that of the cookie.
    """

    __tablename__ = "developer_session"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="hashed"),
        CheckConstraint("opened_at < expires_at", name="lasts"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    token_id: Mapped[str] = mapped_column(index=True)
    scopes: Mapped[list[str]]
    bound: Mapped[bool]
    opened_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
