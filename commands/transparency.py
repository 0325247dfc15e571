"""`suxin log`: verify the transparency log, and witness it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.log_key import load_signer, read_signer
from casework.transparency.faults import Verification
from casework.transparency.receipts import Receipt, open_receipt
from casework.transparency.verification import Progress, verify_log
from commands.session import CommandError, console, errors, explain_errors, show_progress, with_engine
from commands.witnessing import Witness, fetch_by_http
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.merkle import PathError
from models.transparency.notes import KeyType, NoteKey, open_note, read_key
from postgres import database
from settings import Settings

SHOWN_FAULTS = 20
log = typer.Typer(no_args_is_help=True, help="Verify the transparency log of the access log, and witness it.")
Key = Annotated[str, typer.Option(help="The log's public key, as `suxin log key` prints it, or a file with it.")]


@log.command("key")
def show_key() -> None:
    """Print the public key of the log, to be handed to partners with their contract.

    Example: suxin log key
    """
    with explain_errors():
        settings = Settings.from_environment()
        typer.echo(str(load_signer(settings.log_key_file, settings.log_origin).key))


@log.command("verify")
def verify_all(
    checkpoint: Annotated[list[Path] | None, typer.Option(help="A checkpoint that somebody has kept.")] = None,
    receipt: Annotated[list[Path] | None, typer.Option(help="A receipt, as in `extensions.receipt`.")] = None,
    key: Key = "",
    witness: Annotated[list[str] | None, typer.Option(help="Public key of a witness who must have cosigned.")] = None,
) -> None:
    """Compare the access log of the database with the transparency log, and with checkpoints that partners have kept.

    Everything is computed anew. Finds any entry that a checkpoint covers and that was changed, removed, inserted or
    moved, and receipts that were not kept. Changes nothing. Exits with 1 if anything is found.

    Without --checkpoint, the log is only compared with itself: whoever holds its key could have written it anew.
    Without --key, the key in the data directory is trusted.

    Example: suxin log verify --checkpoint bank.checkpoint --key suxin.court.example/log+7a1c0f3e+AQ…

    Example: suxin log verify --checkpoint bank.checkpoint --receipt receipt.txt --key log.key
    """
    with explain_errors():
        settings = Settings.from_environment()
        trusted = [find_key(key) if key else read_signer(settings.log_key_file).key]
        kept = [_read_checkpoint(file, trusted, witness or ()) for file in checkpoint or ()]
        promises = [open_receipt(_read(file), trusted) for file in receipt or ()]
        with database.open_database(settings) as url, show_progress() as progress:
            found = asyncio.run(with_engine(url, lambda engine: _verify(engine, trusted, kept, promises, progress)))
        _tell(found, kept)
    raise typer.Exit(1 if found.total else 0)


async def _verify(
    engine: AsyncEngine,
    keys: Sequence[NoteKey],
    kept: Sequence[Checkpoint],
    receipts: Sequence[Receipt],
    progress: Progress,
) -> Verification:
    promised = {leaf: receipt.due for receipt in receipts for _, leaf in receipt.leaves}
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return await verify_log(connection, keys, datetime.now(UTC), kept=kept, promised=promised, progress=progress)


def _tell(found: Verification, kept: Sequence[Checkpoint]) -> None:
    console.print(f"{found.size} entries, root {found.root.hex()}.")
    if found.erased:
        console.print(f"{found.erased} entries of more than ten years ago have no details any more.")
    if found.pending:
        console.print(f"{found.pending} answers are not logged yet. If it stays so, start the worker.")
    for fault in found.faults[:SHOWN_FAULTS]:
        place = "" if fault.index is None else f" entry {fault.index}:"
        errors.print(Text(f"{fault.kind}:{place} {fault.found}", "red"), soft_wrap=True)
    if found.total:
        errors.print(Text(f"{found.total} faults. The log does not hold.", "red bold"))
    else:
        against = (
            f"{len(kept)} kept checkpoints" if kept else "itself only: give --checkpoint to compare it with others"
        )
        console.print(Text(f"The log holds, compared with {against}.", "green"), soft_wrap=True)


@log.command("witness")
def witness_log(
    url: Annotated[str, typer.Argument(help="Address of the log, such as https://suxin.court.example/log.")],
    key: Key,
    state: Annotated[Path, typer.Option(help="File with the last checkpoint that was seen; made by the first run.")],
    cosign: Annotated[Path | None, typer.Option(help="File with your own key, made if absent, to cosign with.")] = None,
    name: Annotated[str, typer.Option(help="Your name, for a new key: an address without its scheme.")] = "",
) -> None:
    """Fetch the newest checkpoint of a log, prove that the log only grew since the last run, and keep the checkpoint.

    Prints it, with your cosignature if --cosign is given. Needs no database and no account. If the log does not
    continue what was seen before, keeps the old checkpoint and exits with 1.

    Example: suxin log witness https://suxin.court.example/log --key log.key --state suxin.checkpoint

    Example: suxin log witness https://suxin.court.example/log --key log.key --state suxin.checkpoint --cosign own.json
    --name bank.example/witness
    """
    with explain_errors(PathError):
        if cosign and not cosign.exists() and not name:
            raise CommandError(f"{cosign} does not exist. Give --name, such as bank.example/witness, to make it.")
        signer = load_signer(cosign, name, KeyType.WITNESS) if cosign else None
        seen = Witness(find_key(key), state, signer).observe(fetch_by_http(url), datetime.now(UTC))
        if signer:
            errors.print(Text(f"Your key: {signer.key}"), soft_wrap=True)
        typer.echo(seen, nl=False)


def find_key(text: str) -> NoteKey:
    """Return a public key from its text, or from a file with it. Raises NoteError."""
    return read_key(text if "+" in text else _read(Path(text)))


def _read_checkpoint(file: Path, keys: Sequence[NoteKey], witnesses: Sequence[str]) -> Checkpoint:
    note = _read(file)
    for cosigner in map(find_key, witnesses):
        open_note(note, [cosigner])
    return open_checkpoint(note, keys)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__}).") from error
