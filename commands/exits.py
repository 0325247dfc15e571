"""The exit codes of commands, documented in docs/operations.md. From 64 on they are those of sysexits.h."""

import errno
import os
from enum import IntEnum

import sqlalchemy as sa

from commands.doctor import sealed_numbers, vital
from models.keyring import KeyringError
from postgres.errors import (
    DatabaseAwayError,
    DatabaseDeniedError,
    DatabasePlaceError,
    DatabasePoolerError,
    DatabaseVersionError,
    is_unreachable,
)
from settings import SettingsError
from sqlstate import get_sqlstate

INSUFFICIENT_PRIVILEGE = "42501"


class ExitCode(IntEnum):
    """Why a command ended. Restarting helps against ENDED, AWAY, READ_ONLY and PORT only."""

    REFUSED = 1
    """What was asked for cannot be done; the sentence says why."""

    USAGE = 2
    """Wrong arguments; of `suxin import`: lines were rejected."""

    ENDED = 3
    """A serving process could not start; its log says why."""

    KEYS = 65
    """The key files do not fit the database, or cannot be read."""

    NO_DATABASE = 66
    """There is no database there, or it is empty."""

    AWAY = 69
    """No database server answers, or it takes no connections."""

    PORT = 71
    """The port is taken, or may not be listened on."""

    PLACE = 73
    """A directory or file cannot be written to."""

    READ_ONLY = 75
    """The database takes no writes: a standby, or read-only."""

    VERSION = 76
    """The database is of an older or newer version of Suxin, or the server of a PostgreSQL that is too old."""

    DENIED = 77
    """The database server refuses the password, or a right is missing."""

    SETTINGS = 78
    """A setting is unknown, invalid or contradicts another one, or a pooler does not keep what is needed."""


class CommandError(ValueError):
    """A command cannot run. The message says why and what to do. code: with which the command ends."""

    def __init__(self, message: str, code: ExitCode = ExitCode.REFUSED) -> None:
        super().__init__(message)
        self.code = code


BY_CHECK = {
    vital.WRITING: ExitCode.READ_ONLY,
    vital.REVISION: ExitCode.VERSION,
    vital.ROLES: ExitCode.DENIED,
    vital.SESSIONS: ExitCode.SETTINGS,
    sealed_numbers.KEYS: ExitCode.KEYS,
    vital.LOG_KEY: ExitCode.KEYS,
}
"""The exit codes of the vital checks."""

BY_KIND: tuple[tuple[type[Exception], ExitCode], ...] = (
    (SettingsError, ExitCode.SETTINGS),
    (DatabaseAwayError, ExitCode.AWAY),
    (DatabaseDeniedError, ExitCode.DENIED),
    (DatabaseVersionError, ExitCode.VERSION),
    (DatabasePlaceError, ExitCode.PLACE),
    (DatabasePoolerError, ExitCode.SETTINGS),
    (KeyringError, ExitCode.KEYS),
)


def get_exit_code(error: Exception) -> ExitCode:
    """Return the exit code for an expected error."""
    if isinstance(error, CommandError):
        return error.code
    if isinstance(error.__cause__, OSError) and isinstance(error, KeyringError):
        return ExitCode.PLACE
    return next((code for kind, code in BY_KIND if isinstance(error, kind)), ExitCode.REFUSED)


def explain_database(error: sa.exc.DBAPIError) -> CommandError | None:
    """Return the sentence for an error of the database that an operator can mend: a right is missing, or it went
    away. None for others, which are faults of Suxin."""
    if get_sqlstate(error) == INSUFFICIENT_PRIVILEGE:
        told = str(error.orig).rpartition(": ")[2].strip().splitlines()[0]
        remedy = "Run `suxin migrate`, which grants the rights, and see that the user is in the role suxin_service."
        return CommandError(f"The database refuses: {told}. {remedy}", ExitCode.DENIED)
    if is_unreachable(error) or isinstance(error, sa.exc.OperationalError):
        return CommandError("The database went away. Run the command again when it answers.", ExitCode.AWAY)
    return None


REMEDIES = {
    **dict.fromkeys((errno.EACCES, errno.EPERM), "Give it to the account of Suxin."),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "Make room there."),
}
"""What to do about a place that cannot be written to, by the number of the error."""


def explain_place(error: OSError) -> CommandError:
    """Return the sentence for a file or directory that cannot be written to."""
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    where = error.filename or "The place"
    remedy = REMEDIES.get(error.errno or 0, "Name another place.")
    return CommandError(f"{where} cannot be written to: {reason}. {remedy}", ExitCode.PLACE)


def explain_port(error: OSError, host: str, port: int) -> CommandError:
    """Return the sentence for an address that cannot be listened on."""
    match error.errno:
        case errno.EADDRINUSE:
            text = f"Port {port} of {host} is taken by another program. Stop it, or choose another port with --port."
        case errno.EACCES:
            text = f"Port {port} may be used by root only. Choose one above 1023, and let a proxy listen on {port}."
        case _:
            text = f"{host} is no address of this machine. Choose one with --host, such as 0.0.0.0 for all."
    return CommandError(text, ExitCode.PORT)
