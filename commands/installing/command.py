"""The command `suxin setup`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

import settings_file
from commands.configuration import CHOSEN, read_settings
from commands.database import is_pooled, set_sessions
from commands.exits import CommandError, explain_place
from commands.installing.answers import Answers, Options, ask_settings, get_keys_copy, read_again
from commands.installing.key_copy import copy_keys, refuse_place
from commands.installing.users import make_users
from commands.session import console, create_database, explain_errors, transact_at
from ingest.reference.courts import NewCourt, add_court
from models.court import Court
from postgres import database
from settings import DATABASE_URL, OWNER_URL, Settings

UNIT = Path("/lib/systemd/system/suxin.service")
COMMENTS = (
    "Settings of Suxin (README.md lists them), written by `suxin setup`.",
    "Keep this file to its owner: 0600.",
)
ROWS = sa.select(Court.code, Court.name).order_by(Court.code)


@dataclass(frozen=True)
class Done:
    """What was set up. apart: whether the copy of the keys is on another disk."""

    file: Path
    settings: Settings
    court: str
    place: Path
    apart: bool


def setup(
    admin_url: Annotated[
        str | None,
        typer.Option(help="URL of an administrator of PostgreSQL, who creates the users and the database. Not kept."),
    ] = None,
    database_name: Annotated[str, typer.Option(help="Name of the database that the administrator creates.")] = "suxin",
    database_url: Annotated[
        str | None, typer.Option(help="URL of a database that exists, as the user of the service.")
    ] = None,
    owner_url: Annotated[str | None, typer.Option(help="The same as the user that owns the tables.")] = None,
    direct_url: Annotated[str | None, typer.Option(help="The same without a pooler.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Directory for the key files, and for the embedded database.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="Public address of the service.")] = None,
    court: Annotated[str | None, typer.Option(help="Code of the court, as in its case numbers.")] = None,
    court_name: Annotated[str | None, typer.Option(help="Full name of a court that is not in the catalogue.")] = None,
    keys_copy: Annotated[
        Path | None, typer.Option(help="Second place for the keys: a directory on another disk.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: the embedded database, a local issuer, no court.")
    ] = False,
) -> None:
    """Install Suxin: write the settings file, create the users of the database, migrate it, load the catalogue, make
    the keys and copy them to a second place. Asks for what no option says.

    If it stops half-way, or the file exists, run it again: it goes on with the settings in the file.

    Example: suxin setup --admin-url postgresql://postgres:secret@db.court.example/postgres --issuer
    https://suxin.court.example --court 浙0281 --keys-copy /media/keys

    Example: suxin --config try/suxin.env setup --data-dir try/data --yes
    """
    options = Options(admin_url, database_url, owner_url, direct_url, data_dir, issuer, court, keys_copy, yes)
    file = CHOSEN.get() or settings_file.DEFAULT
    with explain_errors():
        _tell(_set_up(options, file, database_name, court_name))


def _set_up(options: Options, file: Path, name: str, court_name: str | None) -> Done:
    answers = read_again(options, file) if file.exists() else ask_settings(options, file)
    planned = Settings.from_environment(answers.written)
    place = get_keys_copy(options, planned.data_dir, file)
    refuse_place(planned, place)
    if not file.exists():
        _write(file, answers, name)
    settings = read_settings()
    if is_pooled(settings):
        set_sessions(settings)
    with create_database(settings) as url:
        code = transact_at(url, lambda connection: _enter_court(connection, options, court_name))
    return Done(file, settings, code, place, copy_keys(settings, place))


def _write(file: Path, answers: Answers, name: str) -> None:
    """Create the users, and write the settings file."""
    written = dict(answers.written)
    if not os.access(file.parent, os.W_OK) and file.parent.exists():
        raise explain_place(PermissionError(13, "", str(file)))
    if answers.admin_url:
        made = make_users(database.read_url(answers.admin_url, "--admin-url"), name)
        written |= {DATABASE_URL: made.service, OWNER_URL: made.owner}
    try:
        settings_file.write(file, written, COMMENTS)
    except OSError as error:
        raise explain_place(error) from error


async def _enter_court(connection: AsyncConnection, options: Options, name: str | None) -> str:
    """Return the code of the court, which is added if its name is given; CODE if none is to be asked for. Raises
    CommandError."""
    if options.yes and options.court is None:
        return "CODE"
    known = {row.code: row.name for row in await connection.execute(ROWS)}
    code = options.ask("court", options.court, next(iter(known)))
    if code not in known and name is None:
        raise CommandError(f"{code} is no court of the catalogue. Run it again, with its full name as --court-name.")
    if code not in known and name:
        await add_court(connection, NewCourt(code, name))
    return code


def _tell(done: Done) -> None:
    """Print what was made, and what to do next."""
    console.print(f"Settings: {done.file}", f"Keys: {done.settings.key_file.parent}", sep="\n", soft_wrap=True)
    elsewhere = "" if done.apart else " They are on the same disk: take them to another machine, and lock them away."
    console.print(f"Copy of the keys: {done.place}.{elsewhere}", soft_wrap=True)
    start = "systemctl enable --now suxin" if UNIT.exists() else "suxin serve"
    for line in (
        "Next:",
        f"  suxin import cases FILE.csv --court {done.court}",
        f"  suxin staff add NAME --username USER --administers SYSTEM --number N --court {done.court}",
        "    (the same for SECURITY and AUDIT, then: suxin staff separate)",
        f"  suxin staff add NAME --username USER --role CENTRE --court {done.court}",
        "  suxin client add NAME --audience BANK --jwks FILE.jwks",
        f"  {start}",
        "  suxin doctor",
    ):
        console.print(line, highlight=False, soft_wrap=True)
