"""Drop indexes before a bulk insert and create them again afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from rich.console import Console

TABLES = ("party", "court_case", "deduction", "participation", "repair", "code_record", "code_period", "consent")

PLAIN_INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as made
from pg_index
where indrelid = cast(:table_name as regclass)
    and not exists (select from pg_constraint where conindid = indexrelid)
"""
"""Indexes that belong to no constraint, with their definitions."""

EXCLUSIONS = """
select conname as name, pg_get_constraintdef(oid) as made
from pg_constraint
where conrelid = cast(:table_name as regclass) and contype = 'x'
"""
"""Exclusion constraints, with their definitions. A GiST index is faster to build than to maintain row by row."""


@contextmanager
def without_indexes(connection: sa.Connection, console: Console) -> Iterator[None]:
    """Drop the indexes and exclusion constraints of the large tables, and create them again when the context ends."""
    made = [statement for table in TABLES for statement in _dropped(connection, table)]
    yield
    for statement in made:
        with console.status(statement):
            connection.exec_driver_sql(statement)


def _dropped(connection: sa.Connection, table: str) -> Iterator[str]:
    """Drop the indexes and constraints of a table, and yield the statements that create them."""
    for name, made in _found(connection, PLAIN_INDEXES, table):
        connection.exec_driver_sql(f"drop index {name}")
        yield made
    for name, made in _found(connection, EXCLUSIONS, table):
        connection.exec_driver_sql(f"alter table {table} drop constraint {name}")
        yield f"alter table {table} add constraint {name} {made}"


def _found(connection: sa.Connection, query: str, table: str) -> list[tuple[str, str]]:
    return [(row.name, row.made) for row in connection.execute(sa.text(query), {"table_name": table})]
