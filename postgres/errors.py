"""PostgreSQL's errors by their SQLSTATE (appendix A of its manual), whichever driver raised them."""

import asyncpg
from sqlalchemy.exc import DBAPIError

SERIALIZATION_FAILURE, DEADLOCK_DETECTED = "40001", "40P01"
LOCK_NOT_AVAILABLE, QUERY_CANCELED = "55P03", "57014"
OUT_OF_ORDER = (SERIALIZATION_FAILURE, DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE)
TOO_LONG = (QUERY_CANCELED, LOCK_NOT_AVAILABLE)
UNREACHABLE = ("08", "3D", "53", "57")
"""Classes: no connection, no such database, no resources, stopped by its operator."""


def get_sqlstate(error: BaseException | None) -> str | None:
    """PostgreSQL's word for what went wrong, if it was PostgreSQL's error."""
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)


def is_out_of_order(error: BaseException | None) -> bool:
    """Whether a transaction met another one, and may succeed when it is run again."""
    return get_sqlstate(error) in OUT_OF_ORDER


def is_too_long(error: BaseException | None) -> bool:
    """Whether a statement, or a lock that it waited for, took longer than its timeout."""
    return get_sqlstate(error) in TOO_LONG


def is_unreachable(error: BaseException | None) -> bool:
    """Whether there is no database to ask now. A statement that was cancelled is one of these, too."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    gone = isinstance(error, OSError | asyncpg.InterfaceError)
    return lost or gone or (get_sqlstate(error) or "")[:2] in UNREACHABLE
