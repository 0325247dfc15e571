"""Functions that commands share: error messages, the database, progress bars."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.administration.operator import acting_as
from auth.administration.powers import PowerError
from auth.administration.security_events import Happening
from auth.clients.registration import RegistrationError
from auth.log_key import LogKeyError, load_signer
from auth.report_signature import ReportInvalidError
from auth.server.accounts import AccountError
from auth.server.token_client import TokenRequestError
from auth.signing import SigningError, SigningKeys
from commands.configuration import FOUND, read_settings
from commands.doctor import sealed_numbers, vital
from commands.doctor.finding import Finding, State
from commands.doctor.vital import Standing, find_standing
from commands.exits import BY_CHECK, CommandError, ExitCode, explain_database, explain_place, get_exit_code
from commands.operating import find_operator, record_at, record_refusal
from ingest.reference.catalogue import load_catalogue
from ingest.report import ImportFileError
from models.dates import parse_date
from models.keyring import KeyringError, load_keyring
from models.number_suites import Crypto
from models.security_event import SecurityAct
from models.sm2_keys import Sm2KeyError
from models.transparency.notes import NoteError
from postgres import database
from postgres.errors import DatabaseError
from settings import DATABASE_URL, Settings, SettingsError

EXPECTED = (
    AccountError,
    PowerError,
    CommandError,
    ImportFileError,
    KeyringError,
    LogKeyError,
    Sm2KeyError,
    NoteError,
    RegistrationError,
    ReportInvalidError,
    SettingsError,
    SigningError,
    TokenRequestError,
    DatabaseError,
)
Found = TypeVar("Found")
console, errors = Console(), Console(stderr=True)


@contextmanager
def explain_errors(*more: type[Exception]) -> Iterator[None]:
    """Print an expected error in one sentence, and exit with its code. `more`: further expected errors."""
    expected: tuple[type[Exception], ...] = (*EXPECTED, *more)
    try:
        yield
    except expected as error:
        _end(error)
    except sa.exc.DBAPIError as error:
        if (told := explain_database(error)) is None:
            raise
        _end(told)
    except PermissionError as error:
        _end(explain_place(error))


def _end(error: Exception) -> NoReturn:
    errors.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
    raise typer.Exit(get_exit_code(error)) from error


@contextmanager
def create_database(settings: Settings, said: Console = errors) -> Iterator[sa.URL]:
    """Run the database at the newest revision, with the shipped catalogue and the key files. Creates and migrates what
    is needed. said: where the database is named; standard output for commands whose standard error is a log.

    Raises CommandError as `use_database` does, except that a database may be empty or older.
    """
    with _open(settings, said) as url:
        _upgrade(settings, url)
        asyncio.run(with_engine(url, partial(check_fitness, settings=settings, keys=True, signs=True)))
        make_keys(settings)
        yield url


@contextmanager
def change_database(settings: Settings) -> Iterator[sa.URL]:
    """Run a database that exists, at the newest revision. Raises CommandError if there is none, or a newer one."""
    refuse_new(settings)
    with _open(settings, errors) as url:
        if asyncio.run(with_engine(url, _get_standing)) is Standing.EMPTY:
            raise CommandError("The database is empty. Fill it with `suxin setup`.", ExitCode.NO_DATABASE)
        _upgrade(settings, url)
        yield url


@contextmanager
def use_database(
    settings: Settings, said: Console = errors, *, keys: bool = False, signs: bool = False
) -> Iterator[sa.URL]:
    """Run a database that exists. Nothing is created or migrated. said: as in `create_database`. keys: whether numbers
    will be read or written. signs: whether the transparency log will be continued.

    Raises CommandError if there is none, if it has another revision, if nothing can be written to it, or if keys are
    needed and the key ring does not open its numbers. A key ring is made only for a register without numbers.
    """
    refuse_new(settings)
    with _open(settings, said) as url:
        asyncio.run(with_engine(url, partial(check_fitness, settings=settings, keys=keys, signs=signs)))
        if keys:
            load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
        yield url


def refuse_new(settings: Settings) -> None:
    """Raise CommandError if the embedded database has not been created yet."""
    if is_new(settings):
        where = settings.data_dir.absolute()
        raise CommandError(
            f"There is no database in {where}. Create one with `suxin setup`, or set {DATABASE_URL}.",
            ExitCode.NO_DATABASE,
        )


def make_keys(settings: Settings) -> None:
    """Make the key files that are missing, after a check that none was lost. Raises CommandError."""
    try:
        ring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
        if ring.suite is Crypto.SM:
            ring.provider.load_signers(settings.sm2_key_file)
        SigningKeys(settings.signing_key_file, time.time)
        load_signer(settings.log_key_file, settings.log_origin)
    except OSError as error:
        raise explain_place(error) from error


def has_keys(settings: Settings) -> bool:
    """Return whether the key files are there that are made for an empty register only."""
    return settings.key_file.exists() and settings.log_key_file.exists()


def is_new(settings: Settings) -> bool:
    """Return whether the embedded database has not been created yet."""
    return settings.database_url is None and not (settings.data_dir / "postgresql").exists()


@contextmanager
def _open(settings: Settings, said: Console) -> Iterator[sa.URL]:
    """Run the database, and say which it is. Yields the URL for commands, whose statements take longer than a pooler's
    sessions let them."""
    with database.open_database(settings) as url:
        where = url.render_as_string() if settings.database_url else f"embedded in {settings.data_dir.absolute()}"
        read = f" (settings: {file})" if (file := FOUND.get()) else ""
        said.print(f"[dim]Database: {escape(where + read)}[/]", soft_wrap=True)
        with acting_as(find_operator()):
            yield database.get_direct_url(settings, url)


def _upgrade(settings: Settings, url: sa.URL) -> None:
    """Migrate the database, unless a newer Suxin has, and load the catalogue."""
    owner = database.get_owner_url(settings, url)
    before = asyncio.run(with_engine(owner, partial(_refuse, settings=settings)))
    database.migrate(owner)
    if (after := asyncio.run(with_engine(owner, _get_revision))) != before:
        told = {"revision": before}, {"revision": after}
        record_at(owner, Happening(SecurityAct.DATABASE_MIGRATED, "database", *told))
    asyncio.run(with_engine(url, install_catalogue))


async def _get_revision(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        return (await find_standing(connection))[1]


async def _refuse(engine: AsyncEngine, settings: Settings) -> str | None:
    """Return the revision of the database. Raises CommandError if it cannot be migrated."""
    async with engine.connect() as connection:
        standing, revision = await find_standing(connection)
        older = standing in {Standing.EMPTY, Standing.OLDER}
        for finding in await vital.examine(connection, settings):
            if finding.check in vital.BEFORE and not (older and finding.check == vital.REVISION):
                _raise(finding)
    return revision


async def check_fitness(engine: AsyncEngine, settings: Settings, *, keys: bool, signs: bool) -> None:
    """Run the vital checks of a database that is not empty. keys, signs: as in `use_database`. Raises CommandError with
    the exit code of the check."""
    unneeded = {sealed_numbers.KEYS: not keys, vital.LOG_KEY: not signs}
    async with engine.connect() as connection:
        if (await find_standing(connection))[0] is Standing.EMPTY:
            raise CommandError("The database is empty. Fill it with `suxin setup`.", ExitCode.NO_DATABASE)
        for finding in await vital.examine(connection, settings):
            if not unneeded.get(finding.check):
                _raise(finding)


def _raise(finding: Finding) -> None:
    """Raise CommandError for a problem."""
    if finding.state is State.PROBLEM:
        raise CommandError(f"{finding.found} {finding.remedy}", BY_CHECK[finding.check])


async def _get_standing(engine: AsyncEngine) -> Standing:
    async with engine.connect() as connection:
        return (await find_standing(connection))[0]


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


def in_transaction(
    work: Callable[[Any], Awaitable[Found]], *, keep: bool = False, attempt: Happening | None = None
) -> Found:
    """Run `work` with a connection to the configured database. Its transaction is committed if `keep` is true. attempt:
    what is recorded if it is refused."""
    with use_database(read_settings()) as url, record_refusal(url, attempt if keep else None):
        return transact_at(url, work, keep=keep)


def transact_at(url: sa.URL, work: Callable[[Any], Awaitable[Found]], *, keep: bool = True) -> Found:
    """Run `work` with a connection to the database at `url`. Its transaction is committed if `keep` is true."""

    async def run(engine: Any) -> Found:
        async with engine.connect() as connection:
            found = await work(connection)
            await (connection.commit() if keep else connection.rollback())
            return found

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


@contextmanager
def show_lines(name: str) -> Iterator[Callable[[int, int, int], None]]:
    """A progress bar by bytes, of which the total is known at once, with the number of lines."""
    counted = TextColumn("{task.fields[lines]:,} lines")
    shown = TextColumn("{task.description:>12}"), BarColumn(), TaskProgressColumn(), counted, TimeElapsedColumn()
    with Progress(*shown, console=errors) as progress:
        task = progress.add_task(escape(name), lines=0)
        yield lambda done, total, lines: progress.update(task, completed=done, total=total, lines=lines)


def parse_day(text: str) -> date:
    """Read a day that an operator gives, in the forms of `parse_date`. Raises BadParameter, which says them."""
    try:
        return parse_date(text, latest=date.max)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises BadParameter."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} cannot be read as JSON ({type(error).__name__}).") from error
