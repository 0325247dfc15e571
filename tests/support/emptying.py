"""Tables are emptied by DELETE: TRUNCATE makes new files for each table and index, which takes a second."""

import sqlalchemy as sa

AS_SUPERUSER = sa.text("SET LOCAL session_replication_role = replica")
"""Triggers are not fired."""

REFERRING = sa.text("""
    WITH RECURSIVE referring (id) AS (
        SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name
        UNION SELECT conrelid::regclass FROM pg_constraint, referring
        WHERE contype = 'f' AND confrelid = referring.id AND conparentid = 0)
    SELECT id::text FROM referring
""")
"""The tables, and those that refer to them."""


CARDS = ("party_card", "carded_deduction", "carded_identity", "card_withdrawal")
COPIED = {"party", "identity", "court_case", "deduction", "repair", "code_record", "code_period"}
"""Cards are copies of these, and triggers withdraw them otherwise. Without cards the tables are read."""


def empty_tables(connection: sa.Connection, *names: str) -> None:
    """Delete all rows of tables and of those that refer to them, as TRUNCATE … CASCADE does, and the cards of them."""
    found = set(connection.scalars(REFERRING, {"names": list(names)}))
    role = connection.scalar(sa.text("SHOW session_replication_role"))
    connection.execute(AS_SUPERUSER)
    for table in found.union(CARDS if found & COPIED else ()):
        connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - a name that PostgreSQL quoted
    connection.execute(sa.text(f"SET LOCAL session_replication_role = {role}"))
