"""Checks without which nothing may start: the revision, the right to write, the roles, and the key ring (R18)."""

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.doctor.finding import Finding, ok, problem, warning
from models.keyring import Keyring, KeyringError, load_keyring
from models.party import Identity
from postgres import database, roles
from settings import DATABASE_URL, OWNER_URL, Settings

REVISION, KEYS = "migrations", "sealed numbers"


async def examine(connection: AsyncConnection, settings: Settings) -> list[Finding]:
    """Run the checks. Those of tables are left out if the schema is not up to date."""
    found = [await _writable(connection), await _revision(connection)]
    if not found[-1].remedy:
        found.append(await connection.run_sync(_roles, settings.database_url is None))
        found.append(await _sealed(connection, settings))
    return found


async def _writable(connection: AsyncConnection) -> Finding:
    query = sa.text("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean")
    standby, read_only = (await connection.execute(query)).one()
    if standby:
        return problem(
            "writing", "The server is a standby: nothing can be written to it.", "Use the primary's address."
        )
    if read_only:
        remedy = "Set default_transaction_read_only to off for this user and database."
        return problem("writing", "Transactions are read-only.", remedy)
    return ok("writing", "The server takes writes.")


POWERFUL = sa.text(
    "SELECT current_user FROM pg_roles WHERE rolname = current_user AND (rolsuper"
    " OR EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND pg_has_role(tableowner, 'USAGE')))"
)


def _roles(connection: sa.Connection, embedded: bool) -> Finding:
    """Whether the service works without the rights of the owner (ADR 29). embedded: its user is chosen by Suxin."""
    if not roles.exist(connection):
        text = f"The roles {roles.SERVICE} and {roles.READER} do not exist."
        remedy = "Create them as a superuser (`CREATE ROLE ... NOLOGIN`), then run `suxin migrate`."
        return warning("roles", text, remedy)
    if wrong := roles.find_wrong_rights(connection):
        text = f"{roles.SERVICE} or {roles.READER} have other rights than they should on {', '.join(wrong[:5])}."
        return problem("roles", text, "Find out who changed them, then run `suxin migrate` as the owner.")
    if not embedded and (user := connection.scalar(POWERFUL)):
        text = f"The service connects as {user}, who may change the tables, the access log included."
        remedy = (
            f"Create a user in the role {roles.SERVICE} for {DATABASE_URL}, and set {OWNER_URL} to the owner's URL."
        )
        return warning("roles", text, remedy)
    return ok("roles", "The service owns no table.")


async def _revision(connection: AsyncConnection) -> Finding:
    known = database.list_revisions()
    there = (await connection.execute(sa.text("SELECT to_regclass('alembic_version')"))).scalar_one()
    query = sa.text("SELECT version_num FROM alembic_version")
    found = (await connection.execute(query)).scalar_one_or_none() if there else None
    if found == known[0]:
        return ok(REVISION, f"The database is at the newest revision, {found}.")
    if found and found not in known:
        text = f"The database is at revision {found}, which this Suxin does not know."
        return problem(REVISION, text, "Install the Suxin that migrated it, or a newer one.")
    text = f"The database is at revision {found}; {known[0]} is the newest." if found else "The database is empty."
    return problem(REVISION, text, "Run `suxin migrate`, with a backup at hand.")


async def _sealed(connection: AsyncConnection, settings: Settings) -> Finding:
    """Check that the key ring opens the first and the last sealed number."""
    first, last = (
        sa.select(Identity.index, Identity.sealed).order_by(order).limit(1)
        for order in (Identity.party_id, Identity.party_id.desc())
    )
    rows = [*(await connection.execute(first)), *(await connection.execute(last))]
    if not rows:
        return ok(KEYS, "There are none yet.")
    remedy = f"Restore the {settings.key_file.name} that belongs to this database to {settings.key_file}."
    if not settings.key_file.exists():
        return problem(KEYS, "The database holds numbers that were sealed by keys that are not here.", remedy)
    try:
        ring = load_keyring(settings.key_file)
        fits = all(_fits(ring, index, sealed) for index, sealed in rows)
    except KeyringError:
        fits = False
    if not fits:
        return problem(KEYS, "The key ring does not open the numbers that the database holds.", remedy)
    return ok(KEYS, "The key ring opens what the database holds.")


def _fits(ring: Keyring, index: bytes, sealed: bytes) -> bool:
    try:
        return index in ring.probes(ring.open(sealed, index))
    except (InvalidTag, KeyringError):
        return False
