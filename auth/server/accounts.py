"""Accounts of court staff: what an operator may add, renew and end, and whether a password is right.

Passwords are made here and handed over once; argon2id by the parameters of RFC 9106, section 4.
"""

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
    """An account cannot be made or changed like this; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """A new member of staff. `username`: what they sign in with."""

    name: str
    username: str
    role: StaffRole
    court_code: str


@dataclass(frozen=True)
class Password:
    """What the operator hands over; it is stored nowhere."""

    username: str
    password: str = field(repr=False)


def add_staff(connection: sa.Connection, account: Account) -> Password:
    """Enter a member of staff with an account. Raises AccountError; the caller commits."""
    _check(connection, account)
    values = {"name": account.name.strip(), "role": account.role, "court_code": account.court_code}
    key = connection.execute(sa.insert(Staff).values(values).returning(Staff.id)).scalar_one()
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    connection.execute(
        sa.insert(StaffAccount).values(
            staff_id=key, username=account.username, password_hash=HASHER.hash(password), failures=0
        )
    )
    return Password(account.username, password)


def list_staff(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """Everybody with an account, by court and user name; no hashes."""
    query = sa.select(StaffAccount.username, Staff.name, Staff.role, Staff.court_code, Staff.left_at)
    joined = query.add_columns(StaffAccount.locked_until).join(Staff, Staff.id == StaffAccount.staff_id)
    return connection.execute(joined.order_by(Staff.court_code, StaffAccount.username)).mappings().all()


def renew_password(connection: sa.Connection, username: str, now: datetime) -> Password:
    """Replace a password, unlock the account, and sign its owner out everywhere. Raises AccountError."""
    key = _active(connection, username)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    values = {"password_hash": HASHER.hash(password), "failures": 0, "locked_until": None}
    connection.execute(sa.update(StaffAccount).where(StaffAccount.staff_id == key).values(values))
    sign_out(connection, key, now)
    return Password(username, password)


def remove_staff(connection: sa.Connection, username: str, now: datetime) -> None:
    """Somebody leaves: what they did stays theirs, and they do nothing more. Raises AccountError."""
    key = _active(connection, username)
    connection.execute(sa.update(Staff).where(Staff.id == key).values(left_at=now))
    sign_out(connection, key, now)


def sign_out(connection: sa.Connection, key: int, now: datetime) -> None:
    """End the sessions of a member of staff and the codes that are out, and revoke their tokens."""
    unused = (AuthorizationCode.staff_id == key, AuthorizationCode.used_at.is_(None))
    connection.execute(sa.update(AuthorizationCode).where(*unused).values(used_at=now))
    connection.execute(sa.delete(StaffSession).where(StaffSession.staff_id == key))
    live = (IssuedToken.staff_id == key, IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > now)
    connection.execute(sa.update(IssuedToken).where(*live).values(revoked_at=now))


def read_username(text: str) -> str:
    """A user name as it was meant: keyboards write it with a capital, in full width, or with blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def check_password(connection: sa.Connection, username: str, password: str, now: datetime) -> int | None:
    """The key of the member of staff, or None: unknown, gone, locked and wrong look alike, in time as well (R20).

    Five wrong passwords lock an account for a quarter of an hour. The row is locked meanwhile: guesses at one account
    wait for each other.
    """
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
    """The member of staff of that key, unless they have left."""
    query = sa.select(Staff.role, Staff.court_code).where(Staff.id == key, Staff.left_at.is_(None))
    found = connection.execute(query).one_or_none()
    return Officer(key, found.role, found.court_code) if found else None


# --- inside -----------------------------------------------------------------------------------------------------------


def _after(account: Any, right: bool, now: datetime) -> dict[str, Any]:
    """The account after a password was tried. A lock that has run out gives five new tries."""
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
    """A hash that no password has: an unknown name takes as long as a known one."""
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
