"""Who gives a command, and the security events of commands: also of those that are refused."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import sqlalchemy as sa

from auth.administration.operator import Operator, acting_as
from auth.administration.security_events import Happening, record
from commands.configuration import NAMED
from models.security_event import SecurityRoad
from postgres import database
from postgres.errors import DatabaseError
from settings import Settings


def find_operator() -> Operator:
    """Return who gives this command: whom `--operator` names, else whoever used sudo, else the account. source: account
    and machine, with the address of a remote session."""
    account = find_account()
    remote = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
    source = f"{account}@{socket.gethostname()}{f' from {remote}' if remote else ''}"
    return Operator(SecurityRoad.COMMAND_LINE, source, NAMED.get() or os.environ.get("SUDO_USER") or account)


def find_account() -> str:
    """Return the account of the operating system; its number if it has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


@contextmanager
def record_refusal(url: sa.URL, attempt: Happening | None) -> Iterator[None]:
    """Record what a command tries as refused, in a transaction of its own, if the block raises. None: nothing."""
    try:
        yield
    except Exception as error:
        if attempt is not None and not isinstance(error, sa.exc.DBAPIError):
            record_at(url, replace(attempt, reason=str(error) or type(error).__name__))
        raise


def record_if_there(settings: Settings, happening: Happening) -> str | None:
    """Record an event of an act that needs no database, after it. Returns why it is not recorded, if the database does
    not answer: a key that is compromised is changed all the same."""
    try:
        with database.open_database(settings) as url, acting_as(find_operator()):
            record_at(database.get_direct_url(settings, url), happening)
    except (DatabaseError, sa.exc.DBAPIError) as error:
        return f"The database does not hold this as a security event ({type(error).__name__}): write it down yourself."
    return None


def record_at(url: sa.URL, happening: Happening) -> None:
    """Record an event in a transaction of its own."""
    engine = database.make_sync_engine(url)
    try:
        with engine.begin() as connection:
            record(connection, happening)
    finally:
        engine.dispose()
