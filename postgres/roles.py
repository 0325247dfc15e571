"""Roles of the database (ADR 29): the owner of the tables, who migrates; `suxin_service`, with whose rights the service
works; `suxin_reader`, which only reads.

The two are group roles: the users that log in are their members.
"""

import secrets
from pathlib import Path

import sqlalchemy as sa

from postgres.locks import HOLD, Lock
from secret_file import create_secret

SERVICE, READER = "suxin_service", "suxin_reader"
EMBEDDED_USER = "suxin_app"
"""The user of the service in the embedded server."""

CREATE = """
DO $$
BEGIN
    CREATE ROLE {role} NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN NULL;
END $$
"""
SECRETS = (
    "authorization_code", "client", "developer_session", "earlier_hash", "identity", "identity_act", "litigant_session",
    "openid_attempt", "recovery_code", "second_factor", "security_key", "share_code", "staff_account", "staff_session",
    "webhook",
)  # fmt: skip
"""Tables with hashes of secrets, or with what keys seal. Readers do not see them."""

BY_FUNCTIONS = ("access_log_closing", "alembic_version")
"""Tables that are written by functions of the owner, or by the owner."""

MONTH = "(c.relispartition OR c.relname ~ '^access_(answer|index)_[0-9]{4}_[0-9]{2}$')"
"""A partition of the access log, or one that was detached to be archived."""

TABLES = f"""
    SELECT c.oid AS key, c.oid::regclass::text AS name, NOT {MONTH} AS may_read,
        NOT {MONTH} AND c.relname <> ALL (ARRAY{list(SECRETS)}) AS reader_may,
        NOT {MONTH} AND c.relkind <> 'v' AND c.relname <> ALL (ARRAY{list(BY_FUNCTIONS)}) AS may_add,
        NOT {MONTH} AND c.relkind <> 'v' AND c.relname <> 'alembic_version' AND NOT EXISTS (
            SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only'
        ) AS may_change,
        (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
            FROM pg_trigger AS t JOIN pg_attribute AS a ON a.attrelid = c.oid
            WHERE t.tgrelid = c.oid AND t.tgname = 'append_only' AND t.tgattr <> '' AND NOT {MONTH}
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attnum <> ALL (t.tgattr)
        ) AS may_set
    FROM pg_class AS c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
"""  # noqa: S608 - constants
"""What the service may do with each table. Append-only tables are those with the trigger of that name, and `may_set` is
their columns that it leaves out; partitions are reached through their tables only."""

GRANT = f"""
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN {TABLES}
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, {SERVICE}, {READER}', found.name);
        IF found.may_read THEN
            EXECUTE format('GRANT SELECT ON %s TO {SERVICE}', found.name);
        END IF;
        IF found.reader_may THEN
            EXECUTE format('GRANT SELECT ON %s TO {READER}', found.name);
        END IF;
        IF found.may_add THEN
            EXECUTE format('GRANT INSERT ON %s TO {SERVICE}', found.name);
        END IF;
        IF found.may_change THEN
            EXECUTE format('GRANT UPDATE, DELETE ON %s TO {SERVICE}', found.name);
        ELSIF found.may_set IS NOT NULL THEN
            EXECUTE format('GRANT UPDATE (%s) ON %s TO {SERVICE}', found.may_set, found.name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO {SERVICE}', current_schema());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO {SERVICE}, {READER}', current_schema());
END $$
"""
WRONG = sa.text(
    f"""
    SELECT name FROM ({TABLES}) AS tables WHERE
        has_table_privilege('{SERVICE}', key, 'SELECT') <> may_read
        OR has_table_privilege('{SERVICE}', key, 'INSERT') <> may_add
        OR has_table_privilege('{SERVICE}', key, 'UPDATE') <> may_change
        OR has_table_privilege('{SERVICE}', key, 'DELETE') <> may_change
        OR NOT may_change AND may_set IS DISTINCT FROM (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
            WHERE a.attrelid = key AND a.attnum > 0 AND NOT a.attisdropped
            AND has_column_privilege('{SERVICE}', key, a.attnum, 'UPDATE')
        )
        OR has_table_privilege('{SERVICE}', key, 'TRUNCATE, TRIGGER, REFERENCES')
        OR has_table_privilege('{READER}', key, 'SELECT') <> reader_may
        OR has_table_privilege('{READER}', key, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES')
    ORDER BY name
    """  # noqa: S608 - constants
)
OWNED = sa.text(
    "SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE tablename = 'alembic_version'"
    " AND schemaname = current_schema()"
)
EXISTING = sa.text("SELECT count(*) FROM pg_roles WHERE rolname = ANY (:names)")


def exist(connection: sa.Connection) -> bool:
    """Return whether the group roles exist."""
    return bool(connection.scalar(EXISTING, {"names": [SERVICE, READER]}) == 2)


def find_wrong_rights(connection: sa.Connection) -> list[str]:
    """Return the tables on which the group roles have other rights than they should. The roles must exist."""
    return list(connection.scalars(WRONG))


def owns(connection: sa.Connection) -> bool:
    """Return whether the user owns the tables."""
    return bool(connection.scalar(OWNED))


def grant_rights(connection: sa.Connection) -> None:
    """Create the group roles if the user may, and grant them what is missing of their rights.

    Nothing is done without the roles, nor by a user that does not own the tables: `suxin doctor` tells it.
    """
    if not owns(connection):
        return
    connection.execute(HOLD, {"lock": Lock.ROLES})
    if not exist(connection):
        for role in (SERVICE, READER):
            connection.execute(sa.text(CREATE.format(role=role)))
    if exist(connection) and find_wrong_rights(connection):
        connection.execute(sa.text(GRANT))


def create_login(connection: sa.Connection, user: str, password: str) -> None:
    """Create the user of the service, or renew its password. The password must consist of URL-safe characters."""
    if connection.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :user"), {"user": user}) is None:
        connection.execute(sa.text(f"CREATE ROLE {user} LOGIN IN ROLE {SERVICE}"))
    connection.execute(sa.text(f"ALTER ROLE {user} PASSWORD '{password}'"))


def log_in(engine: sa.Engine, file: Path) -> tuple[str, str]:
    """Return the user and the password of the service in the embedded server. file: where the password is kept."""
    create_secret(file, secrets.token_urlsafe(32))
    password = file.read_text()
    with engine.begin() as connection:
        connection.execute(HOLD, {"lock": Lock.ROLES})
        create_login(connection, EMBEDDED_USER, password)
    return EMBEDDED_USER, password
