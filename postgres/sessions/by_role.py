"""Settings of sessions that a pooler does not pass on: the user of SUXIN_DATABASE_URL has them by itself.

A pooler opens sessions for whoever comes, so that a client cannot set anything for its own. PgBouncer passes on a few
startup parameters (time zone, date style, encoding, name) and refuses or ignores the others.
"""

from collections.abc import Mapping

import sqlalchemy as sa

PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan", "seq_page_cost": "0.1", "random_page_cost": "0.11"}
"""Settings for statements that are planned once for all arguments. The costs are those of pages in memory: small tables
are read by their indexes, too."""

IGNORED = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "jit", *PLANNED_ONCE)
"""The settings that a pooler must ignore when a session begins: `ignore_startup_parameters` of PgBouncer."""

QUOTED = sa.text("SELECT quote_ident(current_database())")

OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
)


def set_by_role(connection: sa.Connection, settings: Mapping[str, str]) -> None:
    """Have all later sessions of this user in this database begin with `settings`, which any user may do for itself.
    Raises DBAPIError."""
    name = connection.scalar(QUOTED)
    for setting in IGNORED:
        statement = f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET {setting} = '{settings[setting]}'"
        connection.exec_driver_sql(statement)


def end_sessions(connection: sa.Connection) -> None:
    """End the other sessions of this user in this database: they have the former settings, and know statements by the
    former tables. A pooler opens others."""
    connection.execute(OTHERS)
