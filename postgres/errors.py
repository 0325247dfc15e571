"""Classification of PostgreSQL errors by SQLSTATE (PostgreSQL manual, appendix A)."""

import asyncpg
from sqlalchemy.exc import DBAPIError

from sqlstate import get_sqlstate

SERIALIZATION_FAILURE, DEADLOCK_DETECTED = "40001", "40P01"
LOCK_NOT_AVAILABLE, QUERY_CANCELED = "55P03", "57014"
FEATURE_NOT_SUPPORTED = "0A000"
"""Of a kept statement whose tables were changed since ("cached plan must not change result type")."""

READ_ONLY = "25006"
"""Of a write to a server that takes none."""

OUT_OF_ORDER = (SERIALIZATION_FAILURE, DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE, FEATURE_NOT_SUPPORTED)
TOO_LONG = (QUERY_CANCELED, LOCK_NOT_AVAILABLE)
UNREACHABLE = ("08", "26", "3D", "53", "57")
"""Classes: connection exception, invalid SQL statement name (lost by a pooler), invalid catalog name, insufficient
resources, operator intervention."""


class DatabaseError(RuntimeError):
    """The database cannot be used. The message gives the reason and a remedy."""


class DatabaseAwayError(DatabaseError):
    """No server answers, or it takes no connections at present."""


class DatabaseDeniedError(DatabaseError):
    """The server refuses the user: a wrong password, or a right is missing."""


class DatabaseVersionError(DatabaseError):
    """The server is of a version that cannot be used."""


class DatabasePoolerError(DatabaseError):
    """A pooler in front of the server does not keep what the service needs."""


class DatabasePlaceError(DatabaseError):
    """The embedded server cannot write to its directory."""


def is_out_of_order(error: BaseException | None) -> bool:
    """Return whether the transaction conflicted with another one or with a change of tables, and can be retried."""
    return get_sqlstate(error) in OUT_OF_ORDER


def is_too_long(error: BaseException | None) -> bool:
    """Return whether a statement or a lock exceeded its timeout."""
    return get_sqlstate(error) in TOO_LONG


def is_read_only(error: BaseException | None) -> bool:
    """Return whether the server takes no writes: it is a standby, and was the primary before a failover."""
    return get_sqlstate(error) == READ_ONLY


def is_unreachable(error: BaseException | None) -> bool:
    """Return whether the database is unavailable. This includes cancelled statements, and servers that take no writes:
    each answer is logged (R19)."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    gone = isinstance(error, OSError | asyncpg.InterfaceError)
    state = get_sqlstate(error) or ""
    return lost or gone or state == READ_ONLY or state[:2] in UNREACHABLE


def is_away(error: BaseException | None) -> bool:
    """Return whether nobody has used the database: it was unavailable, or no connection was free."""
    return is_unreachable(error) and not is_too_long(error)
