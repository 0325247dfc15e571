"""Functions that commands share: error messages, the database, progress bars."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.clients.registration import RegistrationError
from auth.log_key import LogKeyError
from auth.report_signature import ReportInvalidError
from auth.server.accounts import AccountError
from auth.server.token_client import TokenRequestError
from auth.signing import SigningError
from commands.doctor import vital
from commands.doctor.finding import State
from ingest.reference.catalogue import load_catalogue
from ingest.report import ImportFileError
from models.keyring import KeyringError
from models.transparency.notes import NoteError
from postgres import database
from settings import DATABASE_URL, Settings, SettingsError


class CommandError(ValueError):
    """A command cannot run. The message says why and what to do."""


EXPECTED = (
    AccountError,
    CommandError,
    ImportFileError,
    KeyringError,
    LogKeyError,
    NoteError,
    RegistrationError,
    ReportInvalidError,
    SettingsError,
    SigningError,
    TokenRequestError,
    database.DatabaseError,
)
Found = TypeVar("Found")
console, errors = Console(), Console(stderr=True)


@contextmanager
def explain_errors(*more: type[Exception]) -> Iterator[None]:
    """Print an expected error in one sentence and exit with 1. `more`: further expected errors."""
    expected: tuple[type[Exception], ...] = (*EXPECTED, *more)
    try:
        yield
    except expected as error:
        errors.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def create_database(settings: Settings, said: Console = errors) -> Iterator[sa.URL]:
    """Run the database at the newest revision, with the shipped catalogue. Creates and migrates what is needed. said:
    where the database is named; standard output for commands whose standard error is a log."""
    with _open(settings, said) as url:
        database.migrate(database.get_owner_url(settings, url))
        asyncio.run(with_engine(url, install_catalogue))
        yield url


@contextmanager
def use_database(settings: Settings, said: Console = errors, *, keys: bool = False) -> Iterator[sa.URL]:
    """Run a database that exists. Nothing is created or migrated. said: as in `create_database`. keys: whether numbers
    will be read or written.

    Raises CommandError if there is none, if it has another revision, if nothing can be written to it, or if keys are
    needed and the key ring does not open its numbers.
    """
    if is_new(settings):
        where = settings.data_dir.absolute()
        raise CommandError(f"There is no database in {where}. Create one with `suxin migrate`, or set {DATABASE_URL}.")
    with _open(settings, said) as url:
        asyncio.run(with_engine(url, partial(_check, settings=settings, keys=keys)))
        yield url


def is_new(settings: Settings) -> bool:
    """Return whether the embedded database has not been created yet."""
    return settings.database_url is None and not (settings.data_dir / "postgresql").exists()


@contextmanager
def _open(settings: Settings, said: Console) -> Iterator[sa.URL]:
    """Run the database, and say which it is."""
    with database.open_database(settings) as url:
        embedded = f"embedded in {settings.data_dir.absolute()}"
        where = url.render_as_string() if settings.database_url else embedded
        said.print(f"[dim]Database: {escape(where)}[/]", soft_wrap=True)
        yield url


async def _check(engine: AsyncEngine, settings: Settings, keys: bool) -> None:
    async with engine.connect() as connection:
        for finding in await vital.examine(connection, settings):
            if finding.state is State.PROBLEM and (keys or finding.check != vital.KEYS):
                raise CommandError(f"{finding.found} {finding.remedy}")


async def install_catalogue(engine: Any) -> None:
    """Load the shipped catalogue unless it is loaded."""
    async with engine.begin() as connection:
        await load_catalogue(connection)


async def with_engine(url: sa.URL, work: Callable[[Any], Any]) -> Any:
    """Run `work` with an engine, whose statements may take ten minutes."""
    engine = database.make_async_engine(url, pool_size=4, statement_timeout=600)
    try:
        return await work(engine)
    finally:
        await engine.dispose()


def in_transaction(work: Callable[[Any], Awaitable[Found]], *, keep: bool = False) -> Found:
    """Run `work` with a connection to the configured database. Its transaction is committed if `keep` is true."""

    async def run(engine: Any) -> Found:
        async with engine.connect() as connection:
            found = await work(connection)
            await (connection.commit() if keep else connection.rollback())
            return found

    with use_database(Settings.from_environment()) as url:
        done: Found = asyncio.run(with_engine(url, run))
    return done


@contextmanager
def show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each name that is reported."""
    columns = TextColumn("{task.description:>12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=errors) as progress:
        tasks: dict[str, Any] = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done, total=total)

        yield report


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises BadParameter."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} cannot be read as JSON ({type(error).__name__}).") from error
