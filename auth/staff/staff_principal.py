"""The principal of an officer in a browser: the court's pages act with the officer's own rights, by the cookie of the
session."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import Audience
from auth.clients.authentication import hash_secret
from auth.clients.own_clients import OwnClient, admit_own_client
from auth.officer import Officer
from auth.principal import Principal
from auth.staff.entry_rules import ENTRY_COLUMNS, EntryRules
from auth.staff.session_ends import SessionEnd, end_sessions, is_due, judge, note_seen
from models.court import Staff
from models.staff_account import StaffAccount, StaffSession


class EntryError(Exception):
    """An officer has to go to a page first. path: of the page."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class SessionOverError(Exception):
    """The session of a cookie is over."""

    def __init__(self, why: SessionEnd) -> None:
        super().__init__(why)
        self.why = why


async def admit_officer(connection: AsyncConnection, token: str, now: datetime, entry: EntryRules) -> Principal | None:
    """Return the principal of a live session's officer, who has not left; None for administrators, who act in no
    procedure and read no case. connection: in autocommit. entry: what officers do first.
    Raises SessionOverError, after that is recorded, and EntryError."""
    mine, session = hash_secret(token), StaffSession
    query = sa.select(
        Staff.id,
        Staff.role,
        Staff.court_code,
        Staff.name,
        session.expires_at,
        session.seen_at,
        session.proven_at,
        session.entered_for,
        *ENTRY_COLUMNS,
    )
    joined = query.join(session, session.staff_id == Staff.id).join(StaffAccount, StaffAccount.staff_id == Staff.id)
    row = (await connection.execute(joined.where(session.token_hash == mine, Staff.left_at.is_(None)))).one_or_none()
    if row is None:
        raise SessionOverError(SessionEnd.OVER)
    if why := judge(row, now):
        await connection.execute(end_sessions(now, mine))
        raise SessionOverError(why)
    if is_due(row, now):
        await connection.execute(note_seen(mine, now))
    if row.role is None:
        return None
    if first := entry.find_page(row._mapping, row.proven_at, now, by_provider=row.entered_for is not None):
        raise EntryError(first)
    found = await admit_own_client(connection, _pages_of(row.court_code), now)
    if found is None:
        return None
    officer = Officer(row.id, row.role, row.court_code)
    known = {"officer_name": row.name, "expires_at": row.expires_at, "proven_at": row.proven_at}
    return replace(found, officer=officer, **known)


def _pages_of(court_code: str) -> OwnClient:
    """Return the client that the pages of a court are: its identifier has the code in ASCII."""
    name = f"suxin-court-{court_code.encode().hex()}"
    return OwnClient(name, f"法院工作台 {court_code} (pages)", Audience.COURT, court_code=court_code)
