"""The second factor again, before what takes effect at once for many: publishing a list and granting rights (RFC 9470).
Runs in threads, but for `needs_proof`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.administration.security_events import Happening, record
from auth.server.accounts import find_username, name_account
from auth.server.oauth_http import Visit
from auth.server.token_store import to_datetime
from auth.staff.browser_session import BrowserSession
from auth.staff.second_factor import OwnFactor, accept, is_enrolled
from auth.staff.session_ends import keep_proof
from auth.staff.throttle import count_officer
from models.security_event import SecurityAct
from models.staff_account import SecondFactor
from models.staff_login import StaffLogin

FRESH = timedelta(minutes=5)
"""For how long a second factor counts after it was given."""

REQUIRED = "SECOND_FACTOR_REQUIRED"
FACTOR_FIELD = "factor"
"""The field that marks a form with a second factor; its fields `code` and `assertion` have it."""

FACTOR_FIELDS = frozenset({"csrf", "code", "assertion", FACTOR_FIELD})


def is_fresh(proven_at: datetime | None, now: datetime) -> bool:
    """Return whether a second factor was given at most five minutes ago."""
    return proven_at is not None and proven_at >= now - FRESH


async def needs_proof(connection: AsyncConnection, staff_key: int, proven_at: datetime | None, now: datetime) -> bool:
    """Return whether an officer has a second factor, here or at the provider, and has not given it within five minutes.
    Where it is required, nobody signs in without one."""
    if is_fresh(proven_at, now):
        return False
    linked = sa.exists().where(StaffLogin.staff_id == staff_key)
    return await connection.run_sync(is_enrolled, staff_key) or bool(await connection.scalar(sa.select(linked)))


@dataclass(frozen=True)
class StepUp:
    """Checks second factors that are given in a session."""

    session: BrowserSession

    def prove(self, connection: sa.Connection, visit: Visit, key: int) -> bool:
        """Return whether a form has the second factor of the member of staff, and keep that in the session. Right and
        wrong are recorded; failures are counted as those of passwords."""
        counters, now = [count_officer(key)], to_datetime(self.session.server.clock())
        if self.session.throttle.admit(connection, counters, now):
            self._record(connection, key, "LOCKED")
            return False
        given = self.session.read_factor(visit.form or {}, "code")
        factor = _find_factor(connection, key)
        if factor is None or not accept(connection, self.session.keys, factor, given, now):
            self._record(connection, key, "WRONG")
            return False
        self.session.throttle.forgive(connection, counters)
        keep_proof(connection, visit.cookies.get(self.session.session_cookie, ""), key, now)
        self._record(connection, key)
        return True

    def _record(self, connection: sa.Connection, key: int, reason: str | None = None) -> None:
        subject = name_account(find_username(connection, key))
        record(connection, Happening(SecurityAct.SECOND_FACTOR_GIVEN, subject, reason=reason, staff_key=key))


def _find_factor(connection: sa.Connection, key: int) -> OwnFactor | None:
    if not is_enrolled(connection, key):
        return None
    sealed = connection.scalar(sa.select(SecondFactor.secret).where(SecondFactor.staff_id == key))
    return OwnFactor(key, sealed or b"")
