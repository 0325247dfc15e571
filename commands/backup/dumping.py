"""Dump a database with the number of its rows, and restore it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from commands.backup.contents import DUMP, FORMAT, Backup, count_rows, hash_files
from commands.backup.tools import connect, read_major, run_tool
from commands.exits import CommandError
from postgres import database

REVISION = sa.text("SELECT version_num FROM alembic_version")
TABLES = sa.text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
JOBS = 2
"""Connections that dump or restore at the same time."""


@contextmanager
def make_directory(directory: Path) -> Iterator[None]:
    """Make the directory of a backup. It is removed if the backup fails: half a backup would be taken for a whole one.

    Raises CommandError if it exists, OSError if it cannot be made.
    """
    if directory.exists():
        raise CommandError(f"{directory} exists already: name a new directory.")
    directory.mkdir(parents=True, mode=0o700)
    try:
        yield
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def dump(url: sa.URL, directory: Path) -> Backup:
    """Dump a database into a directory, and return its description. Rows are counted in the snapshot that is dumped.

    url: of the user that owns the tables. Raises CommandError if `pg_dump` fails.
    """
    with connect(url, "REPEATABLE READ") as connection:
        snapshot = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
        revision, rows = str(connection.scalar(REVISION)), count_rows(connection)
        options = ["--format=directory", f"--jobs={JOBS}", "--no-owner", "--no-privileges", "--no-unlogged-table-data"]
        run_tool("pg_dump", url, [*options, f"--snapshot={snapshot}", f"--file={directory / DUMP}"])
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Backup(FORMAT, made_at, revision, read_major(url), rows, hash_files(directory))


def check_restorable(url: sa.URL, backup: Backup) -> None:
    """Raises CommandError if the database is not empty, or older than the backup's, or if Suxin is."""
    if backup.revision not in database.list_revisions():
        raise CommandError(
            f"The backup has revision {backup.revision}, unknown to this Suxin: install the one that made it."
        )
    if (major := read_major(url)) < backup.server:
        raise CommandError(f"The backup is of PostgreSQL {backup.server}, and the server is {major}: use a newer one.")
    with connect(url) as connection:
        tables = connection.scalar(TABLES)
    if tables:
        raise CommandError("The database has tables already: restore into an empty one.")


def load(url: sa.URL, directory: Path, backup: Backup) -> None:
    """Restore a dump into an empty database, and compare the numbers of rows. Raises CommandError."""
    options = [f"--jobs={JOBS}", "--no-owner", "--no-privileges", "--exit-on-error", str(directory / DUMP)]
    run_tool("pg_restore", url, options)
    with connect(url) as connection:
        found = count_rows(connection)
    if differing := sorted({table for table, _ in found.items() ^ backup.rows.items()}):
        raise CommandError(f"The restored database differs from the backup: {', '.join(differing)}.")
