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
from models.court import Staff
from models.staff_account import SecondFactor, SecurityKey, StaffSession


async def admit_officer(
    connection: AsyncConnection, token: str, now: datetime, *, second_factor: bool
) -> Principal | None:
    """Return the principal of a live session's officer, who has not left; None if there is none. second_factor: whether
    an officer without one is none."""
    live = (StaffSession.token_hash == hash_secret(token), StaffSession.expires_at > now)
    officers = (
        Staff.left_at.is_(None),
        Staff.role.is_not(None),
    )  # administrators act in no procedure, and read no case
    query = sa.select(Staff.id, Staff.role, Staff.court_code, Staff.name, StaffSession.expires_at)
    query = query.join(StaffSession, StaffSession.staff_id == Staff.id).where(*live, *officers)
    if second_factor:
        factors = (sa.exists().where(kind.staff_id == Staff.id) for kind in (SecondFactor, SecurityKey))
        query = query.where(sa.or_(*factors))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    found = await admit_own_client(connection, _pages_of(row.court_code), now)
    if found is None:
        return None
    officer = Officer(row.id, row.role, row.court_code)
    return replace(found, officer=officer, officer_name=row.name, expires_at=row.expires_at)


def _pages_of(court_code: str) -> OwnClient:
    """Return the client that the pages of a court are: its identifier has the code in ASCII."""
    name = f"suxin-court-{court_code.encode().hex()}"
    return OwnClient(name, f"法院工作台 {court_code} (pages)", Audience.COURT, court_code=court_code)
