"""What commands share: expected errors in one sentence, a prepared database, progress bars."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from auth.clients.registry import RegistrationError
from auth.report_signature import ReportInvalidError
from auth.server.accounts import AccountError
from auth.server.token_client import TokenRequestError
from auth.signing import SigningError
from ingest.reference.catalogue import load_catalogue
from ingest.report import ImportFileError
from models.keyring import KeyringError
from postgres import database
from settings import Settings, SettingsError


class CommandError(ValueError):
    """A command cannot do what it was asked; the message says why and what to do."""


EXPECTED = (
    AccountError,
    CommandError,
    ImportFileError,
    KeyringError,
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
def explained(*more: type[Exception]) -> Iterator[None]:
    """Say an expected error in one sentence and exit with 1, without a stack. A command adds what only it expects."""
    expected: tuple[type[Exception], ...] = (*EXPECTED, *more)
    try:
        yield
    except expected as error:
        errors.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def prepared(settings: Settings) -> Iterator[sa.URL]:
    """A running database at the newest revision, with the catalogue that ships."""
    with database.open_database(settings) as url:
        database.migrate(database.get_direct_url(settings, url))
        asyncio.run(with_engine(url, _load_catalogue))
        yield url


async def _load_catalogue(engine: Any) -> None:
    async with engine.begin() as connection:
        await load_catalogue(connection)


async def with_engine(url: sa.URL, work: Callable[[Any], Any]) -> Any:
    """Do asynchronous `work` on an engine of its own, whose statements may take their time."""
    engine = database.make_async_engine(url, pool_size=4, statement_timeout=600)
    try:
        return await work(engine)
    finally:
        await engine.dispose()


def in_transaction(work: Callable[[Any], Awaitable[Found]], *, keep: bool = False) -> Found:
    """Do asynchronous `work` on a connection to the configured database; what it writes is kept if `keep` says so."""

    async def run(engine: Any) -> Found:
        async with engine.connect() as connection:
            found = await work(connection)
            await (connection.commit() if keep else connection.rollback())
            return found

    with prepared(Settings.from_environment()) as url:
        done: Found = asyncio.run(with_engine(url, run))
    return done


@contextmanager
def bar() -> Iterator[Callable[[str, int, int], None]]:
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
    """The content of a JSON file, or a usage error that names it."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} cannot be read as JSON ({type(error).__name__}).") from error
