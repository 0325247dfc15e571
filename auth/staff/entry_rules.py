"""What staff do first after a sign-in: set a second factor up, choose a new password (GB/T 22239-2019, 8.1.4.1 a)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from auth.metadata import PASSWORD_PATH, SECOND_FACTOR_PATH
from auth.staff.second_factor import has_factor
from models.staff_account import StaffAccount
from settings import Settings

ENTRY_COLUMNS = (has_factor(StaffAccount.staff_id).label("enrolled"), StaffAccount.password_set_at)
"""What the rules look at, of an account."""


@dataclass(frozen=True)
class EntryRules:
    """The rules of an installation. second_factor: whether all need one. password_age: after which a password is
    changed, as is one that an operator gave; None for never."""

    second_factor: bool = False
    password_age: timedelta | None = None

    @classmethod
    def of(cls, settings: Settings) -> "EntryRules":
        """Return the rules by the settings."""
        age = timedelta(days=settings.password_days) if settings.password_days else None
        return cls(settings.require_second_factor, age)

    def find_page(
        self, account: sa.RowMapping, proven_at: datetime | None, now: datetime, *, by_provider: bool = False
    ) -> str | None:
        """Return the path of the page to go to first, or None. account: `ENTRY_COLUMNS`. by_provider: whether a
        provider has signed the person in, which has a second factor and needs no password."""
        if self.second_factor and proven_at is None and not account["enrolled"]:
            return SECOND_FACTOR_PATH
        return PASSWORD_PATH if not by_provider and self._is_old(account["password_set_at"], now) else None

    def find_page_of(
        self, connection: sa.Connection, staff_key: int, proven_at: datetime | None, now: datetime, *, by_provider: bool
    ) -> str | None:
        """Return the path of the page that a member of staff has to go to first, or None."""
        query = sa.select(*ENTRY_COLUMNS).where(StaffAccount.staff_id == staff_key)
        account = connection.execute(query).mappings().one()
        return self.find_page(account, proven_at, now, by_provider=by_provider)

    def is_due(self, connection: sa.Connection, staff_key: int, now: datetime) -> bool:
        """Return whether the password of a member of staff has to be changed."""
        query = sa.select(StaffAccount.password_set_at).where(StaffAccount.staff_id == staff_key)
        return self._is_old(connection.scalar(query), now)

    def _is_old(self, set_at: datetime | None, now: datetime) -> bool:
        if self.password_age is None:
            return False
        return set_at is None or set_at + self.password_age <= now


NO_RULES = EntryRules()
