"""Limits on failed sign-ins: by source address and by account, and by device for devices that an account knows.

Failures are counted in the database, for all workers, under keyed hashes: of known and unknown user names alike (R20).
An attempt is counted before it is made, so that attempts made at once are all counted.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.server.token_store import prune
from models.keyring import Keyring
from models.staff_account import SignInFailure
from source_address import name_source

LOCKED = timedelta(minutes=15)
MOST_OF_ACCOUNT, MOST_OF_SOURCE = 5, 30


@dataclass(frozen=True)
class FailureCounter:
    """A counter of failures. most: failures after which it is closed for 15 minutes."""

    kind: str
    subject: str
    most: int = MOST_OF_ACCOUNT

    def hash(self, keyring: Keyring) -> bytes:
        """Return the key of its row."""
        return hmac.digest(keyring.sign_in_key, f"{self.kind}:{self.subject}".encode(), "sha256")


def count_account(username: str) -> FailureCounter:
    """Return the counter of a user name, for devices that the account does not know."""
    return FailureCounter("account", username)


def count_device(nonce: str) -> FailureCounter:
    """Return the counter of a known device."""
    return FailureCounter("device", nonce)


def count_officer(key: int) -> FailureCounter:
    """Return the counter of an officer who is signed in and gives the password again."""
    return FailureCounter("officer", str(key))


def count_source(address: str) -> FailureCounter:
    """Return the counter of a source address; of anything that is no address, one for all."""
    return FailureCounter("source", name_source(address), MOST_OF_SOURCE)


@dataclass(frozen=True)
class Throttle:
    """The counters, in the database."""

    keyring: Keyring

    def admit(
        self, connection: sa.Connection, counters: Sequence[FailureCounter], now: datetime
    ) -> FailureCounter | None:
        """Count an attempt as a failure; `forgive` takes it back. Returns a counter that is closed, or None. Rows are
        locked in the order of their keys, so that attempts do not wait for each other in a circle."""
        prune(connection, SignInFailure, now.timestamp())
        ordered = sorted(counters, key=lambda one: one.hash(self.keyring))
        closed = [one for one in ordered if self._count(connection, one, now) > one.most]
        return closed[0] if closed else None

    def _count(self, connection: sa.Connection, counter: FailureCounter, now: datetime) -> int:
        row, over = SignInFailure, SignInFailure.expires_at <= now
        new = {"key": counter.hash(self.keyring), "failures": 1, "expires_at": now + LOCKED}
        counted = sa.func.least(row.failures + 1, counter.most + 1)
        ends = sa.case((sa.or_(over, row.failures < counter.most), now + LOCKED), else_=row.expires_at)
        values = {"failures": sa.case((over, 1), else_=counted), "expires_at": ends}
        upsert = insert(row).values(new).on_conflict_do_update(index_elements=[row.key], set_=values)
        found: int = connection.execute(upsert.returning(row.failures)).scalar_one()
        return found

    def forgive(self, connection: sa.Connection, counters: Sequence[FailureCounter]) -> None:
        """Take back what a right attempt counted: a source has one failure less, an account and a device have none."""
        for counter in counters:
            mine = SignInFailure.key == counter.hash(self.keyring)
            left = SignInFailure.failures - 1 if counter.kind == "source" else 0
            connection.execute(sa.update(SignInFailure).where(mine).values(failures=left))

    def find_end(self, connection: sa.Connection, counter: FailureCounter, now: datetime) -> datetime | None:
        """Return when a closed counter opens; None if it is open."""
        full = (SignInFailure.key == counter.hash(self.keyring), SignInFailure.failures >= counter.most)
        ends = sa.select(SignInFailure.expires_at).where(*full, SignInFailure.expires_at > now)
        return connection.scalar(ends)
