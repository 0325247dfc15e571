"""Leave indexes off while much is inserted, and make them anew, as they were, when it is in."""

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
"""Indexes that no constraint stands on, and how they are made."""

EXCLUSIONS = """
select conname as name, pg_get_constraintdef(oid) as made
from pg_constraint
where conrelid = cast(:table_name as regclass) and contype = 'x'
"""
"""Exclusion constraints: their GiST indexes are slow to grow row by row, and quick to build."""


@contextmanager
def rebuilt(connection: sa.Connection, console: Console) -> Iterator[None]:
    """Drop the indexes and exclusion constraints of the large tables; make them again as the context ends."""
    made = [statement for table in TABLES for statement in _dropped(connection, table)]
    yield
    for statement in made:
        with console.status(statement):
            connection.exec_driver_sql(statement)


def _dropped(connection: sa.Connection, table: str) -> Iterator[str]:
    """Drop them, and yield the statements that make them again."""
    for name, made in _found(connection, PLAIN_INDEXES, table):
        connection.exec_driver_sql(f"drop index {name}")
        yield made
    for name, made in _found(connection, EXCLUSIONS, table):
        connection.exec_driver_sql(f"alter table {table} drop constraint {name}")
        yield f"alter table {table} add constraint {name} {made}"


def _found(connection: sa.Connection, query: str, table: str) -> list[tuple[str, str]]:
    return [(row.name, row.made) for row in connection.execute(sa.text(query), {"table_name": table})]
