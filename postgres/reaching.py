"""Questions to a server that may be away, may refuse the user, or may not have the database: the sentence for each; and
waiting for one that is away, without ending and with a reason to show."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sa

from postgres.errors import (
    DatabaseAwayError,
    DatabaseDeniedError,
    DatabaseError,
    DatabasePoolerError,
    is_read_only,
    is_too_long,
    is_unreachable,
)
from postgres.sessions.examination import SAID, explain_pooler

BUSY = (asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError, asyncpg.ConnectionDoesNotExistError)
TOUCH_SECONDS = 1.0
ANSWER_SECONDS = 15.0
PAUSE_SECONDS = 0.25
TOLD_SECONDS = 60.0
"""How often the database is asked for, and how often the log says so."""

log = logging.getLogger("suxin.database")
Found = TypeVar("Found")
REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError)


IDENTITY = (
    "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database())"
    " FROM pg_control_system()"
)
"""Identifies a server and a database."""


def ask(url: sa.URL, options: Mapping[str, Any], statement: str, remedy: str) -> asyncpg.Record:
    """Execute a statement on a new connection and return its row. options: the arguments of asyncpg.connect for `url`.

    Raises DatabaseDeniedError if the server refuses the user, DatabaseAwayError if none answers, DatabaseError if there
    is no such database. No message contains the password.
    """
    found: asyncpg.Record = inquire(url, _ask(options, statement), remedy)
    return found


def inquire(url: sa.URL, work: Coroutine[Any, Any, Found], remedy: str) -> Found:
    """Run `work`, which connects to `url`, and return its result. Raises as `ask` does, and what `work` raises of
    DatabaseError."""
    try:
        with ThreadPoolExecutor(1) as thread:  # the caller may be in an event loop
            return thread.submit(asyncio.run, _within_time(work)).result()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise _explain(error, url, remedy) from error
    except TypeError as error:
        unknown = ", ".join(sorted(url.query))
        raise DatabaseError(f"The address has a parameter that is not known: {unknown}. {remedy}") from error


async def _within_time(work: Coroutine[Any, Any, Found]) -> Found:
    """Wait for an answer for a time: a pooler takes connections whose server is away."""
    async with asyncio.timeout(ANSWER_SECONDS):
        return await work


async def _ask(options: Mapping[str, Any], statement: str) -> asyncpg.Record:
    connection = await asyncpg.connect(**options)
    try:
        async with connection.transaction():  # a pooler gives it one session
            return await connection.fetchrow(statement)
    finally:
        connection.terminate()


def _explain(error: Exception, url: sa.URL, remedy: str) -> DatabaseError:
    where, user = url.render_as_string(hide_password=True), url.username or "the user of this process"
    match error:
        case asyncpg.InvalidPasswordError():
            return DatabaseDeniedError(f"PostgreSQL refuses the password of {user} at {where}: {error}. {remedy}")
        case _ if isinstance(error, REFUSED):
            return DatabaseDeniedError(f"PostgreSQL does not let {user} in at {where}: {error}. {remedy}")
        case asyncpg.InvalidCatalogNameError():
            return DatabaseError(f"There is no such database at {where}: {error}. {remedy}")
        case _ if isinstance(error, SAID) and (told := explain_pooler(where, str(error))):
            return DatabasePoolerError(told)
        case _ if isinstance(error, BUSY):
            return DatabaseAwayError(f"PostgreSQL takes no connections at present at {where}: {error}.")
    reason = str(error) or type(error).__name__
    return DatabaseAwayError(f"No PostgreSQL answers at {where}: {reason}. {remedy}")


async def touch(options: Mapping[str, Any]) -> None:
    """Connect, within a second. options: the arguments of asyncpg.connect. Raises what it raises."""
    connection = await asyncpg.connect(**{**options, "timeout": TOUCH_SECONDS})
    connection.terminate()


def refuse_closed(connection: Any, *_: object) -> None:
    """Have a pool of SQLAlchemy make another connection for one that the server has closed. Handles `checkout`."""
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError


def leave_former_primary(context: Any) -> None:
    """Have an engine of SQLAlchemy make other connections if the server has become read-only: it was the primary before
    a failover. Handles `handle_error`."""
    if is_read_only(context.original_exception):
        context.is_disconnect = True


async def wait_for_database(
    attempt: Callable[[], Awaitable[None]], tell: Callable[[str], None] = lambda _: None
) -> None:
    """Attempt until the database is there. tell: is given the reason of each failure that says that it is away, which
    names no address. What merely took too long says nothing: the machine may be busy.

    Raises what `attempt` raises, unless the database is away.
    """
    told = float("-inf")
    while True:
        try:
            await attempt()
        except Exception as error:
            if not is_away(error):
                raise
            if not is_slow(error):
                tell(f"The database does not answer: {describe(error)}.")
            if monotonic() - told > TOLD_SECONDS:
                log.warning("the database is waited for: %s", describe(error))
                told = monotonic()
        else:
            if told > 0:
                log.info("the database is there")
            return
        await asyncio.sleep(PAUSE_SECONDS)


def is_away(error: BaseException) -> bool:
    """Return whether no server answers, or none takes connections at present."""
    return isinstance(error, DatabaseAwayError) or is_unreachable(error)


def is_slow(error: BaseException) -> bool:
    """Return whether a server did not answer in time."""
    return isinstance(error.__cause__ or error, TimeoutError) or is_too_long(error.__cause__ or error)


def describe(error: BaseException) -> str:
    """Return the kind of an error of connecting: its message may contain an address."""
    return type(error.__cause__ or error).__name__
