"""Build the benchmark's database, once: the product's own schema, filled with invented subjects.

Run: python -m bench.data --subjects 200000
"""

import asyncio
import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console

from bench.filling import fill
from commands.session import with_engine
from demo.clients import register_clients
from ingest.reference.catalogue import load_catalogue
from models.keyring import Keyring, load_keyring
from models.terms import court_day
from postgres import database
from secret_file import write_secret
from settings import Settings

MAKINGS = (
    "migrations/versions/*.py",
    "models/catalogue_data/*.csv",
    "bench/fill/*.sql",
    "bench/filling.py",
    "bench/subjects.py",
)
"""The files that decide what a database holds: where one has changed, the database is built anew."""

ROOT = Path(__file__).parent.parent
DATABASES = Path(".suxin")
COURT_CLIENT_AT = "浙02"
"""The court client is the intermediate court's: all cases are of courts below it, so that it sees every row."""

console = Console()


@dataclass(frozen=True)
class Data:
    """A built database that is running. `clients`: identifier and private key by audience."""

    subjects: int
    directory: Path
    url: sa.URL
    clients: dict[str, dict[str, Any]]

    @property
    def keyring(self) -> Keyring:
        """The keys that the subjects are indexed by."""
        return load_keyring(Settings(data_dir=self.directory).key_file)


def default_directory(subjects: int) -> Path:
    """Where the database of so many subjects is kept."""
    return DATABASES / f"bench-{subjects}"


@contextmanager
def built(subjects: int, directory: Path | None = None) -> Iterator[Data]:
    """Run the database of `subjects` subjects while the context lasts; it is built first if it is not there."""
    place = directory or default_directory(subjects)
    _clear_unfinished(place, subjects)
    with database.run_embedded(place) as url:
        if not _note(place).exists():
            _build(url, place, subjects)
        clients = json.loads((place / "keys" / "clients.json").read_text())
        yield Data(subjects, place, url, clients)


def _note(place: Path) -> Path:
    """The file that says what a finished database holds."""
    return place / "bench.json"


def _started(place: Path) -> Path:
    """The file that says that a directory is the benchmark's own, and may be removed."""
    return place / "bench.started"


def _clear_unfinished(place: Path, subjects: int) -> None:
    """Remove what a broken run or older files left. Raises BadParameter for a directory that is not ours."""
    if place.exists() and any(place.iterdir()) and not _started(place).exists():
        raise typer.BadParameter(f"{place} holds something else: name another directory.")
    if place.exists() and not (_note(place).exists() and json.loads(_note(place).read_text()) == _wanted(subjects)):
        shutil.rmtree(place)
    place.mkdir(parents=True, exist_ok=True)
    _started(place).touch()


def _wanted(subjects: int) -> dict[str, Any]:
    """What a finished database says of itself: its size, and what it was made by."""
    made_by = hashlib.sha256()
    for pattern in MAKINGS:
        for file in sorted(ROOT.glob(pattern)):
            made_by.update(file.read_bytes())
    return {"subjects": subjects, "made_by": made_by.hexdigest()}


def _build(url: sa.URL, place: Path, subjects: int) -> None:
    started = time.perf_counter()
    with console.status("the schema and the catalogue"):
        database.migrate(url)
        asyncio.run(with_engine(url, _load_catalogue))
    keyring = load_keyring(Settings(data_dir=place).key_file)
    engine = database.make_sync_engine(url)
    _register(engine, place)
    fill(engine, keyring, subjects, court_day(datetime.now(UTC)), console)
    engine.dispose()
    _note(place).write_text(json.dumps(_wanted(subjects)))
    console.print(f"{subjects:,} subjects are in {place}, after {time.perf_counter() - started:.0f} s")


async def _load_catalogue(engine: Any) -> None:
    async with engine.begin() as connection:
        await load_catalogue(connection)


def _register(engine: sa.Engine, place: Path) -> None:
    """Register the demo's clients, and keep their keys beside the database's other secrets."""
    with engine.begin() as connection:
        clients = register_clients(connection, datetime.now(UTC))
        move = sa.text("update client set court_code = :court where client_id = 'demo-court'")
        connection.execute(move, {"court": COURT_CLIENT_AT})
    keys = {name.value: {"client_id": client.client_id, "key": dict(client.key)} for name, client in clients.items()}
    write_secret(place / "keys" / "clients.json", json.dumps(keys))


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    subjects: Annotated[int, typer.Option(help="How many subjects; half as many again are the deductions.")] = 200_000,
    directory: Annotated[Path | None, typer.Option(help="Where it is kept; .suxin/bench-SUBJECTS by default.")] = None,
) -> None:
    """Build the database that the other programs measure on; nothing is done if it is there.

    Example: python -m bench.data --subjects 2000000
    """
    with built(subjects, directory) as data:
        console.print(f"{data.directory} is ready.")


if __name__ == "__main__":
    app()
