"""Which release of Suxin has migrated a database: the comment of the table `alembic_version` says it."""

from importlib.metadata import version

import sqlalchemy as sa

from postgres import roles
from postgres.errors import DatabaseVersionError

MINIMUM_VERSION = 150000
READ = sa.text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')")
"""The release that has migrated the database; NULL if that is not known."""


def get_name() -> str:
    """Return the name of this release."""
    return f"Suxin {version('suxin')}"


def note(connection: sa.Connection) -> None:
    """Write down that this release has migrated the database, if the user owns it."""
    if roles.owns(connection) and connection.scalar(READ) != get_name():
        connection.execute(sa.text(f"COMMENT ON TABLE alembic_version IS '{get_name()}'"))


def check_version(server: int) -> None:
    """Raise DatabaseVersionError for a server of a version that cannot be used. server: its version, as a number."""
    if server < MINIMUM_VERSION:
        raise DatabaseVersionError(f"Suxin needs PostgreSQL 15 or newer; this server is {server // 10000}.")
