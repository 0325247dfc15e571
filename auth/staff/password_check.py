"""Passwords that people send on pages, with the limits on failures: for the sign-in of the authorization server and for
that of the court's pages. Runs in threads."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from auth.administration.security_events import Happening, describe_event, record
from auth.server.accounts import check_password, name_account, read_username
from auth.server.oauth_http import Visit
from auth.server.token_store import to_datetime
from auth.staff.browser_session import BrowserSession
from auth.staff.second_factor import is_enrolled
from auth.staff.throttle import FailureCounter, count_account, count_device, count_source
from models.security_event import SecurityAct, SecurityEvent
from models.staff_account import StaffAccount


@dataclass(frozen=True)
class Tried:
    """What came of an attempt. key: of the officer, if everything was right. proven_at: when, with a second factor.
    wait: seconds until the source may try again, if it has failed too often."""

    key: int | None = None
    wait: int | None = None
    proven_at: datetime | None = None


@dataclass(frozen=True)
class PasswordCheck:
    """Checks the passwords of forms."""

    session: BrowserSession

    def knows(self, visit: Visit) -> bool:
        """Return whether the account of a form knows the device."""
        return self._device(visit) is not None

    def attempt(self, connection: sa.Connection, visit: Visit, admits: Callable[[int], bool]) -> Tried:
        """Check a form with a user name, a password and a code. admits: whether an officer may enter here; one who may
        not is answered as for a wrong password (R20)."""
        counters, now = self._counters(connection, visit), to_datetime(self.session.server.clock())
        closed = self.session.throttle.admit(connection, counters, now)
        if closed and closed.kind == "source":
            ends = self.session.throttle.find_end(connection, closed, now) or now
            return Tried(wait=max(1, math.ceil((ends - now).total_seconds())))
        if (openid := self.session.server.openid) and openid.terms.only:
            if not closed:
                self._record_failure(connection, visit, counters, "PASSWORDS_OFF")
            return Tried()
        key = None if closed else self._check(connection, visit)
        if key is None or not admits(key):
            if not closed:
                self._record_failure(connection, visit, counters, "WRONG" if key is None else "NOT_ADMITTED")
            return Tried()
        self.session.throttle.forgive(connection, counters)
        record(connection, Happening(SecurityAct.SIGN_IN, name_account(_username_of(visit)), staff_key=key))
        self.session.make_room(connection, key)
        return Tried(key, proven_at=now if is_enrolled(connection, key) else None)

    def _record_failure(
        self, connection: sa.Connection, visit: Visit, counters: Sequence[FailureCounter], reason: str
    ) -> None:
        """Record a refusal, and what it has locked. What comes while a counter is closed is counted there, and not
        recorded one by one: strangers would fill the table. Only names of accounts are kept (R20): others may be
        passwords."""
        mine, now = StaffAccount.username == _username_of(visit), to_datetime(self.session.server.clock())
        known = sa.select(sa.literal(name_account("")) + StaffAccount.username).where(mine).scalar_subquery()
        happened = [Happening(SecurityAct.SIGN_IN, reason=reason)]
        for counter in counters:
            if ends := self.session.throttle.find_end(connection, counter, now):
                locked = {"counter": counter.kind, "until": ends.isoformat()}
                happened.append(Happening(SecurityAct.ACCOUNT_LOCKED, after=locked))
        for one in happened:
            connection.execute(describe_event(one).values({SecurityEvent.subject: known}))

    def _device(self, visit: Visit) -> str | None:
        now = to_datetime(self.session.server.clock())
        return self.session.devices.find(visit.cookies, _username_of(visit), now)

    def _counters(self, connection: sa.Connection, visit: Visit) -> list[FailureCounter]:
        """Return what counts an attempt: the device if the account knows it and it is open, else the source and the
        account."""
        device, now = self._device(visit), to_datetime(self.session.server.clock())
        if device and not self.session.throttle.find_end(connection, count_device(device), now):
            return [count_device(device)]
        return [count_source(visit.source), count_account(_username_of(visit))]

    def _check(self, connection: sa.Connection, visit: Visit) -> int | None:
        """Return the officer of a form; None if user name, password or code are wrong."""
        form = visit.form or {}
        given = (_username_of(visit), form.get("password", ""), self.session.read_factor(form, "code"))
        return check_password(connection, self.session.keys, *given, to_datetime(self.session.server.clock()))


def _username_of(visit: Visit) -> str:
    return read_username((visit.form or {}).get("username", ""))
