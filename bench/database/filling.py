"""Fill an empty database: subjects with COPY, all other tables with the statements in `fill/`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import sqlalchemy as sa
from rich.console import Console
from rich.progress import track

from bench.database.indexes import without_indexes
from bench.database.subjects import Subject, make_subject
from casework.cards import BUCKETS, MAKE_ALL
from models.court_case import CourtCase
from models.deduction import Deduction
from models.identifiers import mask_number
from models.keyring import Keyring
from models.names import fold
from models.party import Party

STATEMENTS = Path(__file__).with_name("fill")
CHUNK = 10_000
DRAW = """
create function pg_temp.draw(key bigint, salt int, choices int) returns int language sql immutable as
'select mod(hashint8extended(key, salt) & 2147483647, choices)::int'
"""
"""Returns an integer from 0 to `choices` - 1 that depends only on key and salt."""

FAST = ("set session_replication_role = replica", "set synchronous_commit = off", "set maintenance_work_mem = '512MB'")
"""Foreign keys are not checked; the statements take every key from its own table."""

SETTLED = ("vacuum (freeze, analyze)", "alter system set autovacuum = off", "select pg_reload_conf()", "checkpoint")
"""Autovacuum is off while the benchmarks run."""


def fill(engine: sa.Engine, keyring: Keyring, subjects: int, today: date, console: Console) -> None:
    """Insert `subjects` subjects, three cases for every four subjects, and two deductions for every case."""
    with engine.begin() as connection, without_indexes(connection, console):
        for preparation in (*FAST, DRAW):
            connection.exec_driver_sql(preparation)
        _copy_subjects(connection, keyring, subjects, console)
        sizes = {"subjects": subjects, "cases": subjects * 3 // 4, "today": today}
        for file in sorted(STATEMENTS.glob("*.sql")):
            with console.status(f"{file.stem[3:].replace('_', ' ')}"):
                statement = sa.text(file.read_text())
                connection.execute(statement, {name: sizes[name] for name in statement.compile().params})
        _advance_keys(connection)
    with console.status("cards"), engine.begin() as connection:
        for bucket in range(BUCKETS):
            connection.execute(MAKE_ALL, {"bucket": bucket, "day": today})
    with console.status("vacuum and statistics"), engine.connect() as connection:
        settled = connection.execution_options(isolation_level="AUTOCOMMIT")
        for last in SETTLED:
            settled.exec_driver_sql(last)


def _copy_subjects(connection: sa.Connection, keyring: Keyring, subjects: int, console: Console) -> None:
    """Copy parties, names and identities in chunks."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    entered = datetime(2024, 1, 1, tzinfo=UTC)
    for start in track(range(1, subjects + 1, CHUNK), "subjects", console=console, transient=True):
        chunk = [make_subject(key) for key in range(start, min(start + CHUNK, subjects + 1))]
        _copy(driver, PARTIES, _parties(chunk, entered))
        _copy(driver, NAMES, _names(chunk))
        _copy(driver, IDENTITIES, _identities(chunk, keyring))


PARTIES = "copy party (id, kind, name, folded, disclosed, of_age_from, created_at) from stdin"
NAMES = "copy party_name (party_id, name, folded, standing) from stdin"
IDENTITIES = "copy identity (party_id, type, index, sealed, masked) from stdin"
Rows = Iterator[tuple[object, ...]]


def _copy(driver: psycopg.Connection[tuple[object, ...]], statement: str, rows: Rows) -> None:
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _parties(subjects: list[Subject], entered: datetime) -> Rows:
    for one in subjects:
        kind = "PERSON" if one.person else "ORGANIZATION"
        yield one.key, kind, one.name, fold(one.name), True, "-infinity", entered


def _names(subjects: list[Subject]) -> Rows:
    for one in subjects:
        yield one.key, one.name, fold(one.name), "CURRENT"


def _identities(subjects: list[Subject], keyring: Keyring) -> Rows:
    for one in subjects:
        kind = "RESIDENT_ID" if one.person else "UNIFIED_SOCIAL_CREDIT_CODE"
        index = keyring.index(one.number)
        yield one.key, kind, index, keyring.seal(one.number, index), mask_number(one.number)


def _advance_keys(connection: sa.Connection) -> None:
    """Set the key sequences to the highest keys that were inserted."""
    for model in (Party, CourtCase, Deduction):
        sequence = sa.func.pg_get_serial_sequence(model.__tablename__, "id")
        last = sa.select(sa.func.max(model.id)).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(sequence, last)))
