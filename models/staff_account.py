"""Accounts and sessions of staff, and authorization codes (RFC 6749, section 4.1)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class StaffAccount(Base):
    """The account of a member of staff. Written by `auth.server.accounts` only.

    password_hash: argon2id in PHC form. failures: consecutive wrong passwords. locked_until: no login before.
    """

    __tablename__ = "staff_account"
    __table_args__ = (
        CheckConstraint("username = lower(username)", name="lower_case"),
        CheckConstraint("failures >= 0", name="counted"),
    )

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    failures: Mapped[int] = mapped_column(SmallInteger, default=0)
    locked_until: Mapped[datetime | None]


class StaffSession(Base):
    """A browser session, by the SHA-256 of its cookie."""

    __tablename__ = "staff_session"
    __table_args__ = (CheckConstraint("octet_length(token_hash) = 32", name="hashed"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuthorizationCode(Base):
    """An authorization code, by its SHA-256, with its code challenge (RFC 7636).

    jkt: the thumbprint of the key that its token will be bound to, if the client has named it (RFC 9449, section 10).
    jti: the token it was redeemed for, revoked if the code is used again (RFC 6749, section 4.1.2).
    """

    __tablename__ = "authorization_code"
    __table_args__ = (CheckConstraint("octet_length(code_hash) = 32", name="hashed"),)

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    redirect_uri: Mapped[str]
    scope: Mapped[str]
    code_challenge: Mapped[str]
    jkt: Mapped[str | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    jti: Mapped[str | None]
