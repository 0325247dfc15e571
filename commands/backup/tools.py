"""The programs of PostgreSQL that dump and restore a database."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from commands.exits import CommandError
from postgres import database
from postgres.wheel import find_programs

DEBIAN = Path("/usr/lib/postgresql")
LONGEST = 2_000
"""Characters of what a program wrote that are shown."""


def run_tool(name: str, url: sa.URL, options: Sequence[str]) -> None:
    """Run `pg_dump` or `pg_restore` of the server's version or a newer one. The password is not in its arguments.

    Raises CommandError if there is none, or with what it wrote if it fails.
    """
    tool = find_tool(name, read_major(url))
    named = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    given = os.environ | ({"PGPASSWORD": url.password} if url.password else {})
    command = [tool, f"--dbname={named.render_as_string()}", *options]
    ran = subprocess.run(command, env=given, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        raise CommandError(f"{name} ended with {ran.returncode}: {ran.stderr.strip()[:LONGEST]}")


@contextmanager
def connect(url: sa.URL, isolation: str = "READ COMMITTED") -> Iterator[sa.Connection]:
    """A connection of its own, which is closed at the end."""
    engine = database.make_sync_engine(url)
    try:
        with engine.connect().execution_options(isolation_level=isolation) as connection:
            yield connection
    finally:
        engine.dispose()


def read_major(url: sa.URL) -> int:
    """Return the major version of a server."""
    with connect(url) as connection:
        return int(connection.execute(sa.text("SHOW server_version_num")).scalar_one()) // 10_000


def find_tool(name: str, major: int) -> str:
    """Return the path of a program whose version is the server's or newer. Raises CommandError."""
    for path in _list_places(name, major):
        if (found := _read_version(path)) is not None and found >= major:
            return path
    raise CommandError(
        f"There is no {name} of PostgreSQL {major} or newer here: install the package postgresql-client-{major}."
    )


def _list_places(name: str, major: int) -> Iterator[str]:
    """Yield where a program may be: Debian's place for the version, the search path, the wheel."""
    yield str(DEBIAN / str(major) / "bin" / name)
    if found := shutil.which(name):
        yield found
    if programs := find_programs():
        yield str(programs / name)


def _read_version(path: str) -> int | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None
