"""Checks without which nothing may start: the right to write, sessions, the revision, the roles, the key ring (R18)."""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.doctor.finding import Finding, ok, problem, warning
from commands.doctor.sealed_numbers import examine_numbers
from models.transparency.tables import LogCheckpoint
from postgres import database, release, roles
from postgres.sessions.examination import keeps_sessions
from settings import DATABASE_URL, DIRECT_URL, OWNER_URL, Settings

WRITING, SESSIONS, REVISION, ROLES = "writing", "sessions", "migrations", "roles"
LOG_KEY = "key of the log"
BEFORE = (WRITING, SESSIONS, REVISION)
"""What must hold before a database is migrated."""


async def examine(connection: AsyncConnection, settings: Settings) -> list[Finding]:
    """Run the checks. Those of tables are left out if the schema is not up to date."""
    found = [await _writable(connection), await _sessions(settings), await _revision(connection)]
    if not found[-1].remedy:
        found.append(await connection.run_sync(_roles, settings.database_url is None))
        found.append(await connection.run_sync(examine_numbers, settings))
        found.append(await _signed(connection, settings))
    return found


PAUSED = sa.text(
    "SELECT pg_is_wal_replay_paused() AND current_setting('recovery_target_action') = 'pause' AND EXISTS ("
    "SELECT FROM pg_settings WHERE name IN"
    " ('recovery_target_time', 'recovery_target_name', 'recovery_target_lsn', 'recovery_target_xid') AND setting <> '')"
)
"""Whether a recovery to a moment has come to it and waits to be ended."""


async def _writable(connection: AsyncConnection) -> Finding:
    query = sa.text("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean")
    standby, read_only = (await connection.execute(query)).one()
    if standby and (await connection.execute(PAUSED)).scalar_one():
        remedy = "See that it is the right moment, then end it: `SELECT pg_wal_replay_resume()`."
        return problem(WRITING, "Recovery waits at its target: nothing can be written to the server.", remedy)
    if standby:
        return problem(WRITING, "The server is a standby: nothing can be written to it.", "Use the primary's address.")
    if read_only:
        remedy = "Set default_transaction_read_only to off for this user and database."
        return problem(WRITING, "Transactions are read-only.", remedy)
    return ok(WRITING, "The server takes writes.")


async def _sessions(settings: Settings) -> Finding:
    """Whether what is set for a session lasts: LISTEN and locks need it."""
    direct = settings.direct_url or settings.database_url
    if direct is None or await keeps_sessions(database.make_connection_options(database.read_url(direct))):
        return ok(SESSIONS, "Sessions last.")
    name = DIRECT_URL if settings.direct_url else DATABASE_URL
    text = f"{name} leads to a pooler that shares sessions between clients."
    return problem(SESSIONS, text, f"Set {DIRECT_URL} to an address of the database without a pooler.")


POWERFUL = sa.text(
    "SELECT current_user FROM pg_roles WHERE rolname = current_user AND (rolsuper"
    " OR EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND pg_has_role(tableowner, 'USAGE')))"
)


def _roles(connection: sa.Connection, embedded: bool) -> Finding:
    """Whether the service works without the rights of the owner (ADR 29). embedded: its user is chosen by Suxin."""
    if not roles.exist(connection):
        text = f"The roles {roles.SERVICE} and {roles.READER} do not exist."
        remedy = "Create them as a superuser (`CREATE ROLE ... NOLOGIN`), then run `suxin migrate`."
        return warning(ROLES, text, remedy)
    if wrong := roles.find_wrong_rights(connection):
        text = f"{roles.SERVICE} or {roles.READER} have other rights than they should on {', '.join(wrong[:5])}."
        return problem(ROLES, text, "Find out who changed them, then run `suxin migrate` as the owner.")
    if not embedded and (user := connection.scalar(POWERFUL)):
        text = f"The service connects as {user}, who may change the tables, the access log included."
        remedy = (
            f"Create a user in the role {roles.SERVICE} for {DATABASE_URL}, and set {OWNER_URL} to the owner's URL."
        )
        return warning(ROLES, text, remedy)
    return ok(ROLES, "The service owns no table.")


class Standing(StrEnum):
    """How the schema of a database stands to this Suxin."""

    EMPTY = "empty"
    OLDER = "older"
    NEWEST = "newest"
    NEWER = "newer"


async def find_standing(connection: AsyncConnection) -> tuple[Standing, str | None]:
    """Return how the schema of a database stands to this Suxin, and its revision."""
    known = database.list_revisions()
    there = (await connection.execute(sa.text("SELECT to_regclass('alembic_version')"))).scalar_one()
    query = sa.text("SELECT version_num FROM alembic_version")
    found = (await connection.execute(query)).scalar_one_or_none() if there else None
    if found is None:
        return Standing.EMPTY, None
    if found == known[0]:
        return Standing.NEWEST, found
    return (Standing.OLDER if found in known else Standing.NEWER), found


async def _revision(connection: AsyncConnection) -> Finding:
    standing, found = await find_standing(connection)
    if standing is Standing.NEWEST:
        return ok(REVISION, f"The database is at the newest revision, {found}.")
    if standing is Standing.NEWER:
        return await _newer(connection, found)
    if standing is Standing.EMPTY:
        return problem(REVISION, "The database is empty.", "Fill it with `suxin setup`, or use another database.")
    text = f"The database is at revision {found}; {database.list_revisions()[0]} is the newest."
    return problem(REVISION, text, "Run `suxin migrate`, with a backup at hand.")


async def _newer(connection: AsyncConnection, found: str | None) -> Finding:
    """The finding for a database of a newer release, which `suxin migrate` has written into it."""
    made = (await connection.execute(release.READ)).scalar_one_or_none()
    text = f"The database is at revision {found}, which this {release.get_name()} does not know."
    if made is None:
        return problem(REVISION, text, "Install the Suxin that migrated it, or a newer one.")
    return problem(REVISION, f"{text} {made} migrated it.", f"Install {made}, or a newer one.")


async def _signed(connection: AsyncConnection, settings: Settings) -> Finding:
    """Whether the key of the transparency log is there, if anything was signed with it: a new one would begin another
    log."""
    signed = (await connection.execute(sa.select(sa.exists().select_from(LogCheckpoint)))).scalar_one()
    file = settings.log_key_file
    if signed and not file.exists():
        text = "The transparency log was signed by a key that is not here."
        return problem(LOG_KEY, text, f"Restore the {file.name} that belongs to this database to {file}.")
    return ok(LOG_KEY, "The key of the log is there." if signed else "Nothing was signed yet.")
