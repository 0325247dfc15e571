"""Logins of staff at an external OpenID provider, and attempts to sign in by it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class StaffLogin(Base):
    """Which person at a provider an account is of. Written by operators only, never by a sign-in.

    subject: `sub`; with the issuer it is nobody else's (OpenID Connect Core, section 2). No address of mail or user
    name is compared: those change hands.
    """

    __tablename__ = "staff_login"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("length(subject) BETWEEN 1 AND 255", name="subject_fits"),
    )

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_account.staff_id"), primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    linked_at: Mapped[datetime]


class OpenIdAttempt(Base):
    """A browser that was sent to the provider, by the SHA-256 of `state`. It is deleted when the browser comes back.

    browser_hash: of the secret of the forms of the browser, which its cookie has. back: where it goes then. again:
    whether the person is authenticated anew.
    """

    __tablename__ = "openid_attempt"
    __table_args__ = (
        CheckConstraint("octet_length(state_hash) = 32 AND octet_length(browser_hash) = 32", name="hashed"),
    )

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    browser_hash: Mapped[bytes]
    back: Mapped[str]
    again: Mapped[bool]
    began_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
