"""Accounts of officers: operators add, renew and remove them; officers change their passwords; passwords are verified,
and hashed by argon2id (RFC 9106, section 4)."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from auth.administration.powers import NEEDS_GRANT, is_separated
from auth.administration.security_events import Happening, record
from auth.officer import Officer
from auth.staff import second_factor
from auth.staff.second_factor import GivenFactor, OwnFactor, has_factor
from auth.staff.security_keys import SecurityKeys
from auth.staff.throttle import Throttle, count_account
from models.court import AdministratorRole, Court, Staff, StaffRole
from models.issued_token import IssuedToken
from models.readable import is_line
from models.security_event import SecurityAct
from models.staff_account import AuthorizationCode, SecondFactor, SecurityKey, StaffAccount, StaffSession
from models.staff_login import StaffLogin

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
PASSWORD_BYTES = 12
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
FEWEST_CHARACTERS = 5
HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


class AccountError(ValueError):
    """An account cannot be created or changed. The message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """A new account. username: for signing in. number: of the person, as personnel has it; administrators have one.
    grant: the proposal that it is of, where powers are separated."""

    name: str
    username: str
    role: StaffRole | AdministratorRole
    court_code: str
    number: str | None = None
    grant: int | None = None

    def describe(self) -> dict[str, Any]:
        """Return the columns of the member of staff."""
        power = "administers" if isinstance(self.role, AdministratorRole) else "role"
        return {"name": self.name.strip(), power: self.role, "court_code": self.court_code, "number": self.number}


@dataclass(frozen=True)
class Password:
    """A new password for the operator to hand over. Only its hash is stored."""

    username: str
    password: str = field(repr=False)


def add_staff(connection: sa.Connection, account: Account) -> Password:
    """Create an officer with an account. Raises AccountError; the caller commits."""
    check_account(connection, account)
    if account.grant is None and is_separated(connection):
        raise AccountError(NEEDS_GRANT)
    values, granted = account.describe(), {"grant_id": account.grant}
    key = connection.execute(sa.insert(Staff).values(values | granted).returning(Staff.id)).scalar_one()
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    made = {"staff_id": key, "username": account.username, "password_hash": HASHER.hash(password)}
    connection.execute(sa.insert(StaffAccount).values(made))
    record(connection, Happening(SecurityAct.STAFF_ADDED, name_account(account.username), after=values))
    return Password(account.username, password)


def name_account(username: str) -> str:
    """Return how an account is named as the subject of a security event."""
    return f"account {username}"


def list_staff(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """Return all accounts by court and user name, without hashes."""
    role = sa.func.coalesce(*(sa.cast(one, sa.Text) for one in (Staff.administers, Staff.role))).label("role")
    query = sa.select(StaffAccount.username, Staff.name, Staff.number, role, Staff.court_code, Staff.left_at)
    more = (has_factor(StaffAccount.staff_id).label("second_factor"), StaffLogin.subject.label("login"))
    joined = query.add_columns(*more).join(Staff, Staff.id == StaffAccount.staff_id).outerjoin(StaffLogin)
    return connection.execute(joined.order_by(Staff.court_code, StaffAccount.username)).mappings().all()


def renew_password(connection: sa.Connection, username: str, now: datetime, throttle: Throttle) -> Password:
    """Replace a password, unlock the account, and sign the officer out. Raises AccountError."""
    key = find_active(connection, username)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    _set_password(connection, key, password, None)
    throttle.forgive(connection, [count_account(read_username(username))])
    record(connection, Happening(SecurityAct.PASSWORD_CHANGED, name_account(username)))
    sign_out(connection, key, now)
    return Password(username, password)


def change_password(connection: sa.Connection, key: int, password: str, now: datetime) -> None:
    """Replace a password by one that the officer chose, and end all sessions and tokens. Raises AccountError."""
    check_new_password(find_username(connection, key), password)
    _set_password(connection, key, password, now)
    subject = name_account(find_username(connection, key))
    record(connection, Happening(SecurityAct.PASSWORD_CHANGED, subject, staff_key=key))
    sign_out(connection, key, now)


def _set_password(connection: sa.Connection, key: int, password: str, chosen_at: datetime | None) -> None:
    values = {"password_hash": HASHER.hash(password), "password_set_at": chosen_at}
    connection.execute(sa.update(StaffAccount).where(StaffAccount.staff_id == key).values(values))


def check_new_password(username: str, password: str) -> None:
    """Raise AccountError for a password that is short, long, of few characters, or short without the user name."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(
            f"新密码须为 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 个字符。"
            f"A new password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        )
    if len(set(password)) < FEWEST_CHARACTERS:
        raise AccountError("新密码的字符重复过多。A new password has at least five different characters.")
    if username in (folded := read_username(password)) and len(folded.replace(username, "")) < SHORTEST_PASSWORD:
        raise AccountError("新密码不得以用户名为主。A new password does not consist of the user name.")


def remove_second_factor(connection: sa.Connection, username: str, now: datetime) -> None:
    """Remove the second factors and the recovery codes of an officer, and end all sessions. Raises AccountError."""
    key = find_active(connection, username)
    if not second_factor.remove(connection, key):
        raise AccountError(f"{username} has no second factor.")
    record(connection, Happening(SecurityAct.SECOND_FACTOR_REMOVED, name_account(username)))
    sign_out(connection, key, now)


def remove_staff(connection: sa.Connection, username: str, now: datetime) -> None:
    """Deactivate an officer's account; records keep the officer. Raises AccountError."""
    key = find_active(connection, username)
    connection.execute(sa.update(Staff).where(Staff.id == key).values(left_at=now))
    record(connection, Happening(SecurityAct.STAFF_REMOVED, name_account(username)))
    sign_out(connection, key, now)


def sign_out(
    connection: sa.Connection,
    key: int,
    now: datetime,
    act: SecurityAct = SecurityAct.SESSION_ENDED,
    why: str | None = None,
) -> None:
    """End an officer's sessions, invalidate unused codes, and revoke tokens. act: as which sessions that end are
    recorded. why: recorded with them, if no other event says it."""
    unused = (AuthorizationCode.staff_id == key, AuthorizationCode.used_at.is_(None))
    connection.execute(sa.update(AuthorizationCode).where(*unused).values(used_at=now))
    ended = connection.execute(sa.delete(StaffSession).where(StaffSession.staff_id == key)).rowcount
    if ended:
        subject, own = name_account(find_username(connection, key)), key if act is SecurityAct.SIGN_OUT else None
        told = {"why": why} if why else None
        record(connection, Happening(act, subject, before={"sessions": ended}, after=told, staff_key=own))
    live = (IssuedToken.staff_id == key, IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > now)
    connection.execute(sa.update(IssuedToken).where(*live).values(revoked_at=now))


def read_username(text: str) -> str:
    """Normalize a user name: case, full-width characters and whitespace."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def check_password(
    connection: sa.Connection, keys: SecurityKeys, username: str, password: str, given: GivenFactor, now: datetime
) -> int | None:
    """Return the officer's key, or None. Unknown, removed and wrong take the same time, with a second factor and
    without (R20)."""
    keyed = sa.exists().where(SecurityKey.staff_id == StaffAccount.staff_id).label("keyed")
    query = sa.select(StaffAccount.staff_id, StaffAccount.password_hash, SecondFactor.secret, keyed)
    joined = query.join(Staff, Staff.id == StaffAccount.staff_id).outerjoin(SecondFactor)
    account: Any = connection.execute(
        joined.where(StaffAccount.username == username, Staff.left_at.is_(None))
    ).one_or_none()
    right = _verify(account.password_hash if account else _nobodys_hash(), password)
    guarded = account and (account.secret or account.keyed)
    factor = OwnFactor(account.staff_id, account.secret or b"") if guarded else None
    proven = second_factor.accept(connection, keys, factor, given, now, use=right)
    return account.staff_id if account and right and proven else None


def find_username(connection: sa.Connection, key: int) -> str:
    """Return the user name of an officer."""
    query = sa.select(StaffAccount.username).where(StaffAccount.staff_id == key)
    return connection.execute(query).scalar_one()


def find_officer(connection: sa.Connection, key: int) -> Officer | None:
    """Return the officer of this key; None after they have left, and for administrators."""
    query = sa.select(Staff.role, Staff.court_code).where(Staff.id == key, Staff.left_at.is_(None))
    found = connection.execute(query).one_or_none()
    return Officer(key, found.role, found.court_code) if found and found.role else None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False


@cache
def _nobodys_hash() -> str:
    """Return a hash that no password has, so that an unknown name takes as long as a known one."""
    return HASHER.hash(secrets.token_urlsafe(PASSWORD_BYTES))


def check_account(connection: sa.Connection, account: Account) -> None:
    """Raise AccountError if there cannot be such an account."""
    if not is_line(account.name):
        raise AccountError("Give the name of the member of staff.")
    if not USERNAME.fullmatch(account.username):
        raise AccountError("A user name is 2 to 64 lower-case letters, digits, dots, hyphens and underscores.")
    if not connection.scalar(sa.select(Court.code).where(Court.code == account.court_code)):
        raise AccountError(f"There is no court {account.court_code}.")
    if connection.scalar(sa.select(StaffAccount.staff_id).where(StaffAccount.username == account.username)):
        raise AccountError(f"There is a user {account.username} already. Choose another name.")
    if account.number is None and isinstance(account.role, AdministratorRole):
        raise AccountError("An administrator has a personnel number (--number): one person has one account.")
    active = (Staff.number == account.number, Staff.left_at.is_(None))
    if account.number is not None and connection.scalar(sa.select(Staff.id).where(*active)):
        raise AccountError(
            f"The person of number {account.number} has an account already. One person has one account, and one role."
        )


def find_active(connection: sa.Connection, username: str) -> int:
    """Return the key of the active account of a user name. Raises AccountError."""
    query = sa.select(Staff.id).join(StaffAccount, StaffAccount.staff_id == Staff.id)
    key = connection.scalar(query.where(StaffAccount.username == read_username(username), Staff.left_at.is_(None)))
    if key is None:
        raise AccountError(f"There is no active user {username}. See: suxin staff list.")
    return key
