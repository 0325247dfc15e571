"""`suxin log archive`, `suxin log prove`."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.administration.security_events import Happening
from auth.log_key import read_signer
from casework.transparency.archives import DAMAGED, ArchiveWalk, prove_archived
from casework.transparency.archiving import ArchivePlace, archive_month, write_whole
from casework.transparency.copies import list_rotations, name_rotation
from casework.transparency.erasure import ArchiveError, check_month, list_months
from casework.transparency.faults import Verification
from casework.transparency.key_changes import read_rotations
from casework.transparency.proofs import write_proof
from casework.transparency.tree import fetch_by
from commands.configuration import read_settings
from commands.exits import CommandError, explain_place
from commands.log.files import Key, find_key, read_octets, read_text
from commands.operating import find_operator, record_at
from commands.session import console, explain_errors, use_database, with_engine
from languages.negotiation import Language
from languages.translation import translate
from models.security_event import SecurityAct
from models.transparency.archives import MANIFEST, Manifest, open_manifest
from models.transparency.notes import NoteKey, NoteSigner
from models.transparency.rotations import follow_rotations
from postgres import database

Found = TypeVar("Found")
DUE_LATER = "Nothing is due: no month of the access log is ten years old."


def archive_months(
    directory: Annotated[Path, typer.Argument(help="Where the archives are kept; made if absent.")],
    month: Annotated[str, typer.Option(help="Only this month, such as 2016-11. Default: all that are due.")] = "",
    by: Annotated[str, typer.Option(help="Who deletes, for the record. Default: the account and the machine.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Archive the answers of more than ten years ago (R19) in whole months, and delete them from the access log.

    A month is detached while the log is used, written to MONTH.jsonl.gz with a manifest that the log signs, read back
    and verified, and only then deleted; the deletion is recorded, and signed in MONTH.deletion. An interrupted run is
    taken up by the next one with the same directory. The transparency log keeps its entries and checkpoints: proofs
    hold as before.

    Verify an archive anywhere with `suxin log verify DIRECTORY --key log.key`. Needs the owner of the tables
    (SUXIN_OWNER_URL).

    Example: suxin log archive /srv/archive

    Example: suxin log archive /srv/archive --month 2016-11 --by "Zhang San, archivist" --yes
    """
    with explain_errors():
        settings = read_settings()
        place = make_writable(directory)
        with use_database(settings, signs=True) as url:
            signer, owner = read_signer(settings.log_key_file), database.get_owner_url(settings, url)
            due = _run(owner, partial(_find_due, month=month))
            if not due:
                console.print(DUE_LATER)
                return
            if not yes:
                typer.confirm(f"Archive {', '.join(due)}, and delete the answers from the access log?", abort=True)
            _run(owner, partial(_keep_rotations, directory=place))
            for one in due:
                work = partial(_archive, place=ArchivePlace(place, one), signer=signer, by=by or find_operator().source)
                done = _run(owner, work)
                told = {"answers": done.answers}
                record_at(url, Happening(SecurityAct.LOG_ARCHIVED, f"access log {one}", after=told))
                console.print(
                    f"{one}: {done.answers} answers are in {place / one}.jsonl.gz, and deleted here.", soft_wrap=True
                )


def _run(url: sa.URL, work: Callable[[AsyncEngine], Awaitable[Found]]) -> Found:
    """Run `work` on the database. Raises CommandError for what keeps a month from being archived."""
    try:
        found: Found = asyncio.run(with_engine(url, work))
    except ArchiveError as error:
        raise CommandError(translate(error.args[0], find_language())) from error
    except OSError as error:
        raise explain_place(error) from error
    return found


def find_language() -> Language:
    """Return the language of the terminal: Chinese if the environment says so."""
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return Language.ZH if said.startswith("zh") else Language.EN


def make_writable(directory: Path) -> Path:
    """Return the directory after a file was written in it. Raises CommandError."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(directory / "writable", "")
        (directory / "writable").unlink()
    except OSError as error:
        raise explain_place(error) from error
    return directory


async def _find_due(engine: AsyncEngine, month: str) -> Sequence[str]:
    async with engine.connect() as connection:
        if not month:
            return await list_months(connection)
        await check_month(connection, month, datetime.now(UTC))
        return [month]


async def _keep_rotations(engine: AsyncEngine, directory: Path) -> None:
    """Put the changes of the log's key beside the archives, so that old ones are verified with newer keys."""
    async with engine.connect() as connection:
        for number, note in enumerate(await read_rotations(fetch_by(connection)), 1):
            file = directory / name_rotation(number)
            file.parent.mkdir(exist_ok=True)
            write_whole(file, note)


async def _archive(engine: AsyncEngine, place: ArchivePlace, signer: NoteSigner, by: str) -> Manifest:
    return await archive_month(engine, place, signer, by, datetime.now(UTC))


def list_manifests(directory: Path) -> list[Path]:
    """Return the manifests of the archives in a directory."""
    return sorted(directory.glob(f"*{MANIFEST}"))


def find_keys(directory: Path, trusted: Sequence[NoteKey]) -> list[NoteKey]:
    """Return the trusted keys of the log, and those that the changes of the key beside the archives connect with them.
    Raises CommandError, NoteError."""
    return follow_rotations(trusted, list_rotations(lambda path: read_octets(directory / path)))


def verify_archives(directory: Path, trusted: Sequence[NoteKey]) -> Verification:
    """Verify all archives in a directory, and print what each has. Raises CommandError, NoteError."""
    total, keys = Verification(), find_keys(directory, trusted)
    for file in list_manifests(directory):
        manifest = open_manifest(read_text(file), keys)
        found = ArchiveWalk(file.with_name(f"{file.stem}.jsonl.gz"), manifest, keys).run()
        console.print(f"{manifest.month}: {manifest.answers} answers, in the tree of {manifest.size} entries.")
        for fault in found.faults:
            total.report(fault.kind, f"{manifest.month}: {fault.found}", fault.index)
        if manifest.size > total.size:
            total.size, total.root = manifest.size, manifest.root
    return total


def prove_answer(
    directory: Annotated[Path, typer.Argument(help="Directory of archives.")],
    month: Annotated[str, typer.Argument(help="The month, such as 2016-11.")],
    index: Annotated[int, typer.Argument(help="The place of the entry in the log.")],
    key: Key,
) -> None:
    """Print an answer of an archive with the proof that the log contains it, as JSON; without the database.

    Example: suxin log prove /srv/archive 2016-11 48211 --key log.key
    """
    with explain_errors():
        keys = find_keys(directory, [find_key(key)])
        place = ArchivePlace(directory, month)
        manifest = open_manifest(read_text(place.manifest), keys)
        if ArchiveWalk(place.answers, manifest, keys).run().total:
            raise CommandError(f"The archive of {month} does not hold. Run `suxin log verify {directory}`.")
        try:
            found = prove_archived(place.answers, index)
        except DAMAGED as error:
            raise CommandError(f"{place.answers} cannot be read ({type(error).__name__}).") from error
        if found is None:
            raise CommandError(f"The archive of {month} has no entry {index}.")
        line, proof = found
        typer.echo(json.dumps({**line, "proof": write_proof(proof)}, ensure_ascii=False))
