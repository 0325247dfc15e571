"""The commands `suxin backup` and `suxin restore`."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.administration.operator import acting_as
from auth.administration.security_events import Happening
from commands.backup import keys
from commands.backup.contents import Backup, read_backup
from commands.backup.dumping import check_restorable, dump, load, make_directory
from commands.configuration import read_settings
from commands.doctor import vital
from commands.doctor.finding import Finding, State
from commands.exits import CommandError, explain_place
from commands.operating import find_operator, record_at
from commands.session import console, errors, explain_errors, use_database, with_engine
from models.keyring import load_keyring
from models.security_event import SecurityAct
from postgres import database
from secret_file import create_secret
from settings import Settings

SHOWN = {"party": "parties", "court_case": "cases", "deduction": "deductions", "access_answer": "answers in the log"}

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The directory of the backup.", show_default=False)]
KeysFile = Annotated[
    Path, typer.Option("--keys", help="The file of the sealed keys: on another disk, apart from the dump.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="File with the passphrase of the keys. Otherwise it is asked for.")
]


def backup(directory: Directory, keys_file: KeysFile, passphrase_file: PassphraseFile = None) -> None:
    """Dump the database into DIR, and its keys, sealed with a passphrase, into another file.

    The service may go on running. What is written later is not in the backup. `suxin restore --rehearse` tries it.

    Example: suxin backup /var/backups/suxin/2026-11-28 --keys /mnt/vault/suxin-2026-11-28.jwe
    """
    with explain_errors(), _explain_files():
        settings = read_settings()
        _check_apart(directory, keys_file)
        keys.check_passphrase(passphrase := _read_passphrase(passphrase_file, confirm=True))
        with use_database(settings, keys=True) as url, make_directory(directory):
            begun = time.monotonic()
            made = dump(database.get_owner_url(settings, url), directory)
            made = replace(
                made, ring=load_keyring(settings.key_file, settings.crypto, settings.crypto_command).fingerprints[-1]
            )
            sealed = keys.seal({path.name: path.read_text() for path in keys.list_files(settings)}, passphrase)
            create_secret(keys_file, sealed)
            made.write(directory)
            record_at(url, Happening(SecurityAct.BACKED_UP, f"directory {directory.absolute()}", after=_describe(made)))
        console.print(f"{_tell(made)}; {time.monotonic() - begun:.0f} s. The keys are in {keys_file}.")


def restore(
    directory: Directory,
    keys_file: KeysFile,
    passphrase_file: PassphraseFile = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Restore into a server that ends with the command, and report.")
    ] = False,
) -> None:
    """Restore a backup into an empty database, with its keys, and migrate it to the newest revision.

    Nothing that exists is overwritten: the database must be empty, and SUXIN_DATA_DIR may hold no other keys.

    Example: suxin restore /var/backups/suxin/2026-11-28 --keys /mnt/vault/suxin-2026-11-28.jwe

    Example: suxin restore /var/backups/suxin/2026-11-28 --keys /mnt/vault/suxin-2026-11-28.jwe --rehearse
    """
    with explain_errors(), _explain_files():
        settings = read_settings()
        made = read_backup(directory)
        files = keys.unseal(_read(keys_file), _read_passphrase(passphrase_file))
        begun = time.monotonic()
        with _find_place(settings, rehearse) as place, database.open_database(place) as url:
            owner = database.get_owner_url(place, url)
            check_restorable(owner, made)
            keys.check_ring(files, place, made.ring)
            keys.put(files, place)
            load(owner, directory, made)
            database.migrate(owner)
            with acting_as(find_operator()):
                restored = Happening(SecurityAct.RESTORED, f"directory {directory.absolute()}", after=_describe(made))
                record_at(owner, restored)
            findings = asyncio.run(with_engine(database.get_service_url(place, url), partial(_examine, settings=place)))
            _report(made, findings, time.monotonic() - begun, rehearse)


@contextmanager
def _explain_files() -> Iterator[None]:
    """Explain files and directories that cannot be written. Raises CommandError."""
    try:
        yield
    except OSError as error:
        raise explain_place(error) from error


@contextmanager
def _find_place(settings: Settings, rehearse: bool) -> Iterator[Settings]:
    """The installation to restore into. rehearse: an embedded server in a directory that is removed afterwards."""
    if not rehearse:
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="suxin-rehearsal-") as directory:
        yield replace(settings, database_url=None, direct_url=None, owner_url=None, data_dir=Path(directory))


async def _examine(engine: AsyncEngine, settings: Settings) -> list[Finding]:
    async with engine.connect() as connection:
        return await vital.examine(connection, settings)


def _report(made: Backup, findings: list[Finding], seconds: float, rehearse: bool) -> None:
    wrong = [finding for finding in findings if finding.state is State.PROBLEM]
    for finding in findings:
        errors.print(f"{finding.check}: {finding.found} {finding.remedy}", soft_wrap=True, highlight=False)
    if wrong:
        raise CommandError("The restored installation is not sound: see above.")
    console.print(f"{_tell(made)}; restored in {seconds:.0f} s, and sound.", soft_wrap=True)
    if rehearse:
        console.print("This was a rehearsal: nothing of it is left.")


def _describe(made: Backup) -> dict[str, str]:
    """Return what a security event says of a backup."""
    return {"made_at": str(made.made_at), "revision": made.revision}


def _tell(made: Backup) -> str:
    rows = ", ".join(f"{made.rows.get(table, 0):,} {name}" for table, name in SHOWN.items())
    return f"Backup of {made.made_at}, revision {made.revision}: {rows}"


def _check_apart(directory: Path, keys_file: Path) -> None:
    if keys_file.exists():
        raise CommandError(f"{keys_file} exists already: name a new file.")
    if directory.absolute() in keys_file.absolute().parents:
        raise CommandError("The keys would be beside the dump, which they open: name a file on another disk.")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read ({type(error).__name__}).") from None


def _read_passphrase(file: Path | None, *, confirm: bool = False) -> str:
    if file:
        return _read(file).rstrip("\r\n")
    asked: str = typer.prompt("Passphrase of the keys", hide_input=True, confirmation_prompt=confirm, err=True)
    return asked
