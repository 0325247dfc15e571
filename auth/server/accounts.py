"""Accounts of officers: operators add, renew and remove them; passwords are verified. Passwords are generated and shown
once, and hashed by argon2id (RFC 9106, section 4)."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from auth.officer import Officer
from models.court import Court, Staff, StaffRole
from models.issued_token import IssuedToken
from models.staff_account import AuthorizationCode, StaffAccount, StaffSession

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
PASSWORD_BYTES = 12
MOST_FAILURES = 5
LOCKED = timedelta(minutes=15)
HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


class AccountError(ValueError):
    """An account cannot be created or changed. The message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """A new account. username: for signing in."""

    name: str
    username: str
    role: StaffRole
    court_code: str


@dataclass(frozen=True)
class Password:
    """A new password for the operator to hand over. Only its hash is stored."""

    username: str
    password: str = field(repr=False)


def add_staff(connection: sa.Connection, account: Account) -> Password:
    """Create an officer with an account. Raises AccountError; the caller commits."""
    _check(connection, account)
    values = {"name": account.name.strip(), "role": account.role, "court_code": account.court_code}
    key = connection.execute(sa.insert(Staff).values(values).returning(Staff.id)).scalar_one()
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    made = {"staff_id": key, "username": account.username, "password_hash": HASHER.hash(password), "failures": 0}
    connection.execute(sa.insert(StaffAccount).values(made))
    return Password(account.username, password)


def list_staff(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """Return all accounts by court and user name, without hashes."""
    query = sa.select(StaffAccount.username, Staff.name, Staff.role, Staff.court_code, Staff.left_at)
    joined = query.add_columns(StaffAccount.locked_until).join(Staff, Staff.id == StaffAccount.staff_id)
    return connection.execute(joined.order_by(Staff.court_code, StaffAccount.username)).mappings().all()


def renew_password(connection: sa.Connection, username: str, now: datetime) -> Password:
    """Replace a password, unlock the account, and sign the officer out. Raises AccountError."""
    key = _active(connection, username)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    values = {"password_hash": HASHER.hash(password), "failures": 0, "locked_until": None}
    connection.execute(sa.update(StaffAccount).where(StaffAccount.staff_id == key).values(values))
    sign_out(connection, key, now)
    return Password(username, password)


def remove_staff(connection: sa.Connection, username: str, now: datetime) -> None:
    """Deactivate an officer's account; records keep the officer. Raises AccountError."""
    key = _active(connection, username)
    connection.execute(sa.update(Staff).where(Staff.id == key).values(left_at=now))
    sign_out(connection, key, now)


def sign_out(connection: sa.Connection, key: int, now: datetime) -> None:
    """End an officer's sessions, invalidate unused codes, and revoke tokens."""
    unused = (AuthorizationCode.staff_id == key, AuthorizationCode.used_at.is_(None))
    connection.execute(sa.update(AuthorizationCode).where(*unused).values(used_at=now))
    connection.execute(sa.delete(StaffSession).where(StaffSession.staff_id == key))
    live = (IssuedToken.staff_id == key, IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > now)
    connection.execute(sa.update(IssuedToken).where(*live).values(revoked_at=now))


def read_username(text: str) -> str:
    """Normalize a user name: case, full-width characters and whitespace."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def check_password(connection: sa.Connection, username: str, password: str, now: datetime) -> int | None:
    """Return the officer's key, or None. Unknown, removed, locked and wrong take the same time (R20). Five wrong
    passwords lock an account for 15 minutes. The row is locked, so that attempts at one account are serialized."""
    query = sa.select(StaffAccount.__table__).join(Staff, Staff.id == StaffAccount.staff_id)
    named = StaffAccount.username == read_username(username)
    known = query.where(named, Staff.left_at.is_(None)).with_for_update(of=StaffAccount)
    account: Any = connection.execute(known).one_or_none()
    right = _verify(account.password_hash if account else _nobodys_hash(), password)
    if account is None or (account.locked_until and account.locked_until > now):
        return None
    connection.execute(
        sa.update(StaffAccount).where(StaffAccount.staff_id == account.staff_id).values(_after(account, right, now))
    )
    return account.staff_id if right else None


def find_officer(connection: sa.Connection, key: int) -> Officer | None:
    """Return the officer of this key; None after they have left."""
    query = sa.select(Staff.role, Staff.court_code).where(Staff.id == key, Staff.left_at.is_(None))
    found = connection.execute(query).one_or_none()
    return Officer(key, found.role, found.court_code) if found else None


def _after(account: Any, right: bool, now: datetime) -> dict[str, Any]:
    """Return the columns after an attempt. An expired lock gives five new attempts."""
    if right:
        return {"failures": 0, "locked_until": None}
    failures = 1 if account.locked_until else account.failures + 1
    return {"failures": failures, "locked_until": now + LOCKED if failures >= MOST_FAILURES else None}


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False


@cache
def _nobodys_hash() -> str:
    """Return a hash that no password has, so that an unknown name takes as long as a known one."""
    return HASHER.hash(secrets.token_urlsafe(PASSWORD_BYTES))


def _check(connection: sa.Connection, account: Account) -> None:
    if not account.name.strip() or not account.name.isprintable():
        raise AccountError("Give the name of the member of staff.")
    if not USERNAME.fullmatch(account.username):
        raise AccountError("A user name is 2 to 64 lower-case letters, digits, dots, hyphens and underscores.")
    if not connection.scalar(sa.select(Court.code).where(Court.code == account.court_code)):
        raise AccountError(f"There is no court {account.court_code}.")
    if connection.scalar(sa.select(StaffAccount.staff_id).where(StaffAccount.username == account.username)):
        raise AccountError(f"There is a user {account.username} already. Choose another name.")


def _active(connection: sa.Connection, username: str) -> int:
    query = sa.select(Staff.id).join(StaffAccount, StaffAccount.staff_id == Staff.id)
    key = connection.scalar(query.where(StaffAccount.username == read_username(username), Staff.left_at.is_(None)))
    if key is None:
        raise AccountError(f"There is no active user {username}. See: suxin staff list.")
    return key
