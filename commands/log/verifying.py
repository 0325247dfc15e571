"""`suxin log verify`."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.log_key import read_signer
from casework.transparency.copies import CHECKPOINT, CopyWalk, list_rotations
from casework.transparency.faults import Verification
from casework.transparency.key_changes import read_rotations
from casework.transparency.receipts import open_receipt
from casework.transparency.tree import fetch_by
from casework.transparency.verification import verify_log
from casework.transparency.walk import Progress, group_roots
from commands.configuration import read_settings
from commands.exits import CommandError
from commands.log.archiving import list_manifests, verify_archives
from commands.log.files import Key, find_key, read_octets, read_text
from commands.session import console, errors, explain_errors, show_progress, with_engine
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.notes import NoteKey, open_note
from models.transparency.rotations import follow_rotations
from postgres import database
from settings import Settings

SHOWN_FAULTS = 20


def verify_all(
    copy: Annotated[
        Path | None,
        typer.Argument(help="Directory of a copy (`suxin log export`) or of archives (`suxin log archive`)."),
    ] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="A checkpoint that somebody has kept.")] = None,
    receipt: Annotated[list[Path] | None, typer.Option(help="A receipt, as in `extensions.receipt`.")] = None,
    key: Key = "",
    witness: Annotated[list[str] | None, typer.Option(help="Public key of a witness who must have cosigned.")] = None,
) -> None:
    """Compare the access log of the database with the transparency log, and with checkpoints that partners have kept.

    With a directory, compare the copy of the transparency log in it instead, or the archives of the access log:
    without a database, and with --key.

    Everything is computed anew. Finds any entry that a checkpoint covers and that was changed, removed, inserted or
    moved, and receipts that were not kept. Changes nothing. Exits with 1 if anything is found.

    Without --checkpoint, the log is only compared with itself: whoever holds its key could have written it anew.
    Without --key, the key in the data directory is trusted.

    Example: suxin log verify --checkpoint bank.checkpoint --key suxin.court.example/log+7a1c0f3e+AQ…

    Example: suxin log verify --checkpoint bank.checkpoint --receipt receipt.txt --key log.key

    Example: suxin log verify /srv/archive --key log.key
    """
    with explain_errors():
        settings = read_settings()
        if copy and not key:
            raise CommandError("Give --key: whoever made the copy could have signed it with another key.")
        trusted = [find_key(key)] if key else read_signer(settings.log_key_file).trusted
        notes = KeptNotes(
            trusted,
            [read_text(file) for file in checkpoint or ()],
            [read_text(file) for file in receipt or ()],
            [find_key(one) for one in witness or ()],
        )
        if copy and list_manifests(copy):
            found = verify_archives(copy, trusted)
            _tell_faults(found)
            raise typer.Exit(1 if found.total else 0)
        with show_progress() as progress:
            found = verify_copy(copy, notes, progress) if copy else _verify_database(settings, notes, progress)
        _tell(found, len(notes.checkpoints))
    raise typer.Exit(1 if found.total else 0)


@dataclass(frozen=True)
class Given:
    """What a log is compared with. keys: of the log. kept: checkpoints. promised: leaves of receipts, and when due."""

    keys: Sequence[NoteKey]
    kept: Sequence[Checkpoint]
    promised: Mapping[bytes, datetime]


@dataclass(frozen=True)
class KeptNotes:
    """What an auditor brings.

    trusted: keys of the log. checkpoints, receipts: signed notes. witnesses: the keys of those who must have cosigned
    every checkpoint.
    """

    trusted: Sequence[NoteKey]
    checkpoints: Sequence[str]
    receipts: Sequence[str]
    witnesses: Sequence[NoteKey]

    def open(self, rotations: Iterable[str]) -> Given:
        """Verify the signatures by the trusted keys and those connected with them. Raises NoteError."""
        keys = follow_rotations(self.trusted, rotations)
        for note, witness in product(self.checkpoints, self.witnesses):
            open_note(note, [witness])
        receipts = [open_receipt(note, keys) for note in self.receipts]
        promised = {leaf: receipt.due for receipt in receipts for _, leaf in receipt.leaves}
        return Given(keys, [open_checkpoint(note, keys) for note in self.checkpoints], promised)


def verify_copy(copy: Path, notes: KeptNotes, progress: Progress) -> Verification:
    """Verify the copy in a directory. Raises CommandError, NoteError."""

    def read(path: str) -> bytes | None:
        return read_octets(copy / path)

    if not (copy / CHECKPOINT).is_file():
        raise CommandError(
            f"{copy} is no copy of a log: it has no file `{CHECKPOINT}`. Make one with `suxin log export`."
        )
    given = notes.open(list_rotations(read))
    roots, promised = group_roots(given.kept), dict(given.promised)
    now = datetime.now(UTC)
    return CopyWalk(keys=given.keys, now=now, kept=roots, promised=promised, progress=progress, read=read).run()


def _verify_database(settings: Settings, notes: KeptNotes, progress: Progress) -> Verification:
    async def run(engine: AsyncEngine) -> Verification:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            given = notes.open(await read_rotations(fetch_by(connection)))
            now, kept, promised = datetime.now(UTC), given.kept, given.promised
            return await verify_log(connection, given.keys, now, kept=kept, promised=promised, progress=progress)

    with database.open_database(settings) as url:
        found: Verification = asyncio.run(with_engine(url, run))
    return found


def _tell(found: Verification, kept: int) -> None:
    console.print(f"{found.size} entries, root {found.root.hex()}.")
    if found.erased:
        console.print(f"{found.erased} entries of more than ten years ago have no details any more.")
    if found.pending:
        console.print(f"{found.pending} answers are not logged yet. If it stays so, start the worker.")
    _tell_faults(found, kept)


def _tell_faults(found: Verification, kept: int | None = None) -> None:
    for fault in found.faults[:SHOWN_FAULTS]:
        place = "" if fault.index is None else f" entry {fault.index}:"
        errors.print(Text(f"{fault.kind}:{place} {fault.found}", "red"), soft_wrap=True)
    if found.total:
        errors.print(Text(f"{found.total} faults. The log does not hold.", "red bold"))
    elif kept is None:
        console.print(Text("The archives hold.", "green"))
    else:
        against = f"{kept} kept checkpoints" if kept else "itself only: give --checkpoint to compare it with others"
        console.print(Text(f"The log holds, compared with {against}.", "green"), soft_wrap=True)
