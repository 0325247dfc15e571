"""Three separate powers (三员分立): who administers, who grants and who audits are different people."""

import sqlalchemy as sa

from auth.administration.security_events import Happening, record
from models.court import AdministratorRole, Staff
from models.grant_proposal import PowerSeparation
from models.security_event import SecurityAct

NEEDS_GRANT = (
    "Powers are separated here: a system administrator proposes it at /oauth/account/grants, and a security "
    "administrator approves it there."
)
MISSING = "There is no active account of the power {missing}. Add one: suxin staff add NAME --administers {missing} …"


class PowerError(ValueError):
    """Somebody asks for what is of another power, or that needs another one. The message says which."""


def find_power(connection: sa.Connection, key: int) -> AdministratorRole | None:
    """Return the power of an active account; None for an officer."""
    return connection.scalar(sa.select(Staff.administers).where(Staff.id == key, Staff.left_at.is_(None)))


def require_power(connection: sa.Connection, key: int, *powers: AdministratorRole) -> None:
    """Raise PowerError unless an account has one of these powers."""
    found = find_power(connection, key)
    if found not in powers:
        wanted = " or ".join(powers)
        raise PowerError(f"This is for {wanted}; you act as {found or 'an officer of a court'}.")


def is_separated(connection: sa.Connection) -> bool:
    """Return whether nothing but an approved proposal grants a role or a scope."""
    return bool(connection.scalar(sa.select(sa.exists(sa.select(PowerSeparation.one)))))


def separate_powers(connection: sa.Connection) -> None:
    """Let nothing but an approved proposal grant a role or a scope, for good. Raises PowerError unless each power has
    an active account, or if it is so already."""
    if is_separated(connection):
        raise PowerError("Powers are separated already.")
    held = set(connection.scalars(sa.select(Staff.administers).where(Staff.left_at.is_(None)).distinct()))
    if missing := [power for power in AdministratorRole if power not in held]:
        raise PowerError(MISSING.format(missing=missing[0]))
    connection.execute(sa.insert(PowerSeparation).values(one=True))
    record(connection, Happening(SecurityAct.POWERS_SEPARATED, "service"))
