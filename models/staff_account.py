"""Accounts, second factors and sessions of staff, failed sign-ins, and authorization codes (RFC 6749, section 4.1)."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.sealed_octets import BOUND


class StaffAccount(Base):
    """The account of a member of staff. Written by `auth.server.accounts` only.

    password_hash: argon2id in PHC form. password_set_at: when the person chose it; None for one that an operator gave.
    """

    __tablename__ = "staff_account"
    __table_args__ = (CheckConstraint("username = lower(username)", name="lower_case"),)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    password_set_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The time-based one-time password of an account (RFC 6238).

    secret: sealed by the key ring. last_step: of the last code that was accepted; no earlier one is accepted again.
    """

    __tablename__ = "second_factor"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_account.staff_id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(info={BOUND: "second-factor/{staff_id}"})
    last_step: Mapped[int] = mapped_column(BigInteger)
    enrolled_at: Mapped[datetime]


class SecurityKey(Base):
    """A security key of an account (WebAuthn), beside or instead of the one-time password.

    credential: its id, which the key chose. public_key: in COSE form. sign_count: the counter of its last answer.
    last_challenge: the time, in microseconds, of the challenge that it answered last; no earlier one is accepted again.
    """

    __tablename__ = "security_key"
    __table_args__ = (
        CheckConstraint("octet_length(credential) BETWEEN 1 AND 1023", name="credential_fits"),
        CheckConstraint("sign_count >= 0", name="counted"),
        CheckConstraint("length(name) BETWEEN 1 AND 40", name="named"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_account.staff_id"), index=True)
    credential: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    last_challenge: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """An unused recovery code of an account with a second factor, by its SHA-256. It is deleted when it is used."""

    __tablename__ = "recovery_code"
    __table_args__ = (CheckConstraint("octet_length(code_hash) = 32", name="hashed"),)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_account.staff_id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)


class SignInFailure(Base):
    """The failed sign-ins of one source address, account or device, by a keyed hash of it.

    expires_at: when the counter begins anew.
    """

    __tablename__ = "sign_in_failure"
    __table_args__ = (
        CheckConstraint("octet_length(key) = 32", name="hashed"),
        CheckConstraint("failures >= 0", name="counted"),
    )

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class StaffSession(Base):
    """A browser session, by the SHA-256 of its cookie.

    seen_at: when it was used last, to the minute. proven_at: when a second factor was given last, if one was.
    authenticated_at: when the person was, which a provider may have done before. entered_for: the SHA-256 of the path
    that a sign-in by a provider was begun for.
    """

    __tablename__ = "staff_session"
    __table_args__ = (CheckConstraint("octet_length(token_hash) = 32", name="hashed"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    authenticated_at: Mapped[datetime]
    entered_for: Mapped[bytes | None]


class AuthorizationCode(Base):
    """An authorization code, by its SHA-256, with its code challenge (RFC 7636).

    jkt: the thumbprint of the key that its token will be bound to, if the client has named it (RFC 9449, section 10).
    jti: the token it was redeemed for, revoked if the code is used again (RFC 6749, section 4.1.2). proven_at: of the
    session, when the code was issued.
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
    proven_at: Mapped[datetime | None]
