"""Links of accounts to logins at the provider: operators make them, and no sign-in does."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from auth.administration.security_events import Happening, record
from auth.server.accounts import AccountError, find_active, name_account, sign_out
from models.court import Staff
from models.readable import is_line
from models.security_event import SecurityAct
from models.staff_login import StaffLogin

TAKEN = "The login {subject} at {issuer} is linked to another account. Unlink that one first."


def link_login(connection: sa.Connection, username: str, issuer: str, subject: str, now: datetime) -> None:
    """Link an account to a login, in place of one of before, and end its sessions. Raises AccountError."""
    key = find_active(connection, username)
    if len(subject) > 255 or not is_line(subject):
        raise AccountError("A subject is the claim `sub` of the provider: 1 to 255 characters.")
    taken = (StaffLogin.issuer == issuer, StaffLogin.subject == subject, StaffLogin.staff_id != key)
    if connection.scalar(sa.select(StaffLogin.staff_id).where(*taken)) is not None:
        raise AccountError(TAKEN.format(subject=subject, issuer=issuer))
    before = _remove(connection, key)
    row = {"staff_id": key, "issuer": issuer, "subject": subject, "linked_at": now}
    connection.execute(sa.insert(StaffLogin).values(row))
    told = {"issuer": issuer, "subject": subject}
    record(connection, Happening(SecurityAct.LOGIN_LINKED, name_account(username), before, told))
    sign_out(connection, key, now)


def unlink_login(connection: sa.Connection, username: str, now: datetime) -> None:
    """Remove the link of an account, and end its sessions. Raises AccountError."""
    key = find_active(connection, username)
    before = _remove(connection, key)
    if before is None:
        raise AccountError(f"{username} is linked to no login.")
    record(connection, Happening(SecurityAct.LOGIN_LINKED, name_account(username), before))
    sign_out(connection, key, now)


def find_linked(connection: sa.Connection, issuer: str, subject: str) -> int | None:
    """Return the member of staff of a login, who has not left; None if there is none."""
    mine = (StaffLogin.issuer == issuer, StaffLogin.subject == subject, Staff.left_at.is_(None))
    return connection.scalar(sa.select(StaffLogin.staff_id).join(Staff, Staff.id == StaffLogin.staff_id).where(*mine))


def _remove(connection: sa.Connection, key: int) -> dict[str, Any] | None:
    mine = sa.delete(StaffLogin).where(StaffLogin.staff_id == key).returning(StaffLogin.issuer, StaffLogin.subject)
    row = connection.execute(mine).mappings().one_or_none()
    return dict(row) if row else None
