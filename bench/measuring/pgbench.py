"""Run the SQL statements of requests with pgbench, without the service."""

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench.measuring.literals import format_literal
from bench.measuring.wrk import Load, LoadError
from postgres.sessions.by_role import PLANNED_ONCE
from postgres.wheel import find_programs

MOST_SCRIPTS = 128
SETTINGS = {"jit": "off", "timezone": "UTC", "datestyle": "ISO", **PLANNED_ONCE}
OPTIONS = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
UNPREPARED = ("begin", "commit")
"""How statements begin that PostgreSQL cannot prepare."""


@dataclass(frozen=True)
class Statement:
    """An SQL statement with parameters $1, $2 ... and their values."""

    sql: str
    arguments: Sequence[object] = ()


def run_pgbench(url: sa.URL, requests: Sequence[Sequence[Statement]], clients: int, seconds: float) -> Load:
    """Run the statements of each request as one transaction of pgbench, drawn at random. Raises LoadError."""
    if not 0 < len(requests) <= MOST_SCRIPTS:
        raise LoadError(f"pgbench takes 1 to {MOST_SCRIPTS} scripts.")
    with tempfile.TemporaryDirectory() as place:
        files = [
            _written(Path(place) / f"{number}.sql", script) for number, script in enumerate(write_scripts(requests))
        ]
        _run(url, files, clients, seconds, Path(place))
        return _read(Path(place), seconds)


def write_scripts(requests: Sequence[Sequence[Statement]]) -> Iterator[str]:
    """Return a script for each request. The first script of a session prepares the statements of all scripts."""
    texts = dict.fromkeys(statement.sql for request in requests for statement in request)
    names = {sql: f"bench_{place}" for place, sql in enumerate(texts) if not sql.lower().startswith(UNPREPARED)}
    prepare = "\n".join(_prepare(name, sql) for sql, name in names.items())
    for request in requests:
        lines = [_execute(names.get(statement.sql), statement) for statement in request]
        yield "\n".join((r"\if :prepared", r"\else", prepare, r"\set prepared 1", r"\endif", *lines, ""))


def _prepare(name: str, sql: str) -> str:
    """Prepare a statement. It is passed in hexadecimal, because pgbench replaces :name by a variable."""
    text = f"prepare {name} as {sql}".encode().hex()
    return f"do $$ begin execute convert_from(decode('{text}', 'hex'), 'UTF8'); end $$;"


def _execute(name: str | None, statement: Statement) -> str:
    """Execute a prepared statement, or send a statement without a name."""
    if name is None:
        return f"{statement.sql};"
    values = ", ".join(format_literal(argument) for argument in statement.arguments)
    return f"execute {name} ({values});" if values else f"execute {name};"


def _written(file: Path, script: str) -> Path:
    file.write_text(script)
    return file


def _pgbench() -> str:
    """The path of pgbench: from the wheel, or from the system."""
    own = find_programs() or Path()
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places = os.pathsep.join(str(path) for path in (own, *debian, os.environ["PATH"]))
    found = shutil.which("pgbench", path=places)
    if found is None:
        raise LoadError("There is no pgbench. Install it: apt-get install postgresql")
    return found


def _run(url: sa.URL, files: Sequence[Path], clients: int, seconds: float, place: Path) -> None:
    size = ["-c", str(clients), "-j", "1", "-T", str(max(1, round(seconds)))]
    chosen = [part for file in files for part in ("-f", str(file))]
    log = ["--log", "--log-prefix", str(place / "log")]
    command = [_pgbench(), "-n", "-M", "prepared", "-D", "prepared=0", *size, *log, *chosen]
    done = subprocess.run(command, env={**os.environ, **_libpq(url)}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadError(f"pgbench failed: {done.stderr[-2000:]}")


def _libpq(url: sa.URL) -> Mapping[str, str]:
    """The environment variables for libpq."""
    host = url.query.get("host", url.host)
    known = {"PGHOST": host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    known |= {"PGDATABASE": url.database, "PGOPTIONS": OPTIONS}
    return {name: str(value) for name, value in known.items() if value is not None}


def _read(place: Path, seconds: float) -> Load:
    """Read the transaction log of pgbench. Its third column is the latency in microseconds."""
    lines = (line.split() for file in place.glob("log.*") for line in file.read_text().splitlines())
    times = sorted(int(line[2]) / 1000 for line in lines)
    if len(times) < 2:
        raise LoadError("pgbench ran less than two transactions: give it more time.")
    hundredths = statistics.quantiles(times, n=100)
    return Load(len(times) / max(1, round(seconds)), hundredths[49], hundredths[98], 0, len(times))
