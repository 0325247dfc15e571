"""The benchmark database: the schema of the product, filled with synthetic subjects.

Run: python -m bench.database.data --subjects 200000
"""

import asyncio
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console

from bench.database.filling import fill
from casework.name_readings import read_all_names
from commands.session import install_catalogue, with_engine
from demo.clients import register_clients
from models.court import Court
from models.keyring import Keyring, load_keyring
from models.terms import to_court_day
from postgres import database
from secret_file import write_secret
from settings import Settings

MAKINGS = (
    "migrations/versions/*.py",
    "models/catalogue_data/*.csv",
    "bench/database/fill/*.sql",
    "bench/database/filling.py",
    "bench/database/subjects.py",
)
"""The files that determine the contents of a database. If one of them changes, the database is rebuilt."""

ROOT = Path(__file__).parents[2]
DATABASES = Path(".suxin")
COPY = "suxin_writes"
COURT_CLIENT_AT = "浙02"
"""The court client belongs to the intermediate court, so it can read the cases of all courts below."""

console = Console()


@dataclass(frozen=True)
class Data:
    """A running database. `clients`: identifier and private key, by audience."""

    subjects: int
    directory: Path
    url: sa.URL
    clients: dict[str, dict[str, Any]]

    @property
    def keyring(self) -> Keyring:
        """The keys with which identity numbers are indexed."""
        return load_keyring(Settings(data_dir=self.directory).key_file)


@contextmanager
def open_database(subjects: int, directory: Path | None = None) -> Iterator[Data]:
    """Run the database with `subjects` subjects while the context lasts. It is built if it does not exist."""
    place = directory or DATABASES / f"bench-{subjects}"
    _clear_unfinished(place, subjects)
    with database.run_embedded(place) as url:
        if not _note(place).exists():
            build(url, place, subjects)
        yield read_data(url, place, subjects)


@contextmanager
def copy_database(data: Data) -> Iterator[Data]:
    """Copy the database for a benchmark that writes, and drop the copy when the context ends."""
    engine = sa.create_engine(
        database.use_sync_driver(data.url.set(database="postgres")), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {COPY} TEMPLATE {data.url.database} STRATEGY file_copy"))
        yield replace(data, url=data.url.set(database=COPY))
        connection.execute(sa.text(f"DROP DATABASE {COPY} WITH (FORCE)"))
    engine.dispose()


def _note(place: Path) -> Path:
    """The file that describes a complete database."""
    return place / "bench.json"


def _started(place: Path) -> Path:
    """The file that marks a directory as created by the benchmark."""
    return place / "bench.started"


def _clear_unfinished(place: Path, subjects: int) -> None:
    """Remove an incomplete or outdated database. Raises BadParameter for any other directory."""
    if place.exists() and any(place.iterdir()) and not _started(place).exists():
        raise typer.BadParameter(f"{place} holds something else: name another directory.")
    if place.exists() and not (_note(place).exists() and json.loads(_note(place).read_text()) == _wanted(subjects)):
        shutil.rmtree(place)
    place.mkdir(parents=True, exist_ok=True)
    _started(place).touch()


def _wanted(subjects: int) -> dict[str, Any]:
    """The description of a complete database: its size and a digest of the files that determine its contents."""
    made_by = hashlib.sha256()
    for pattern in MAKINGS:
        for file in sorted(ROOT.glob(pattern)):
            made_by.update(file.read_bytes())
    return {"subjects": subjects, "made_by": made_by.hexdigest()}


def read_data(url: sa.URL, place: Path, subjects: int) -> Data:
    """Return the database that was built, with its clients."""
    return Data(subjects, place, url, json.loads((place / "keys" / "clients.json").read_text()))


def build(url: sa.URL, place: Path, subjects: int, courts: Sequence[Mapping[str, str]] = ()) -> None:
    """Build the database. place: of its keys, which are of the suite in SUXIN_CRYPTO. courts:
    columns of courts besides those of the catalogue."""
    started = time.perf_counter()
    with console.status("the schema and the catalogue"):
        database.migrate(url)
        asyncio.run(with_engine(url, install_catalogue))
    keyring = load_keyring(Settings(data_dir=place).key_file, os.environ.get("SUXIN_CRYPTO"))
    engine = database.make_sync_engine(url)
    _register(engine, place)
    if courts:
        with engine.begin() as connection:
            connection.execute(sa.insert(Court), courts)
    fill(engine, keyring, subjects, to_court_day(datetime.now(UTC)), console)
    engine.dispose()
    with console.status("the readings of names"):
        asyncio.run(with_engine(url, read_all_names))
    _note(place).write_text(json.dumps(_wanted(subjects)))
    console.print(f"{subjects:,} subjects are in {place}, after {time.perf_counter() - started:.0f} s")


def _register(engine: sa.Engine, place: Path) -> None:
    """Register the demo clients and store their private keys in the `keys` directory."""
    with engine.begin() as connection:
        clients = register_clients(connection, datetime.now(UTC))
        move = sa.text("update client set court_code = :court where client_id = 'demo-court'")
        connection.execute(move, {"court": COURT_CLIENT_AT})
    keys = {name.value: {"client_id": client.client_id, "key": dict(client.key)} for name, client in clients.items()}
    write_secret(place / "keys" / "clients.json", json.dumps(keys))


def main(
    subjects: Annotated[int, typer.Option(help="Subjects; there are 1.5 times as many deductions.")] = 200_000,
    directory: Annotated[Path | None, typer.Option(help="Directory; by default .suxin/bench-SUBJECTS.")] = None,
) -> None:
    """Build the benchmark database unless it exists.

    Example: python -m bench.database.data --subjects 2000000
    """
    with open_database(subjects, directory) as data:
        console.print(f"{data.directory} is ready.")


if __name__ == "__main__":
    typer.run(main)
