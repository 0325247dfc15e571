"""A witness of a transparency log: it keeps the last checkpoint that it saw, and accepts only what continues it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx2
import orjson
import typer
from rich.text import Text

from auth.log_key import load_signer
from commands.exits import CommandError
from commands.log.files import Key, find_key
from commands.session import errors, explain_errors
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.merkle import PathError, verify_consistency
from models.transparency.notes import KeyType, NoteError, NoteKey, NoteSigner
from models.transparency.rotations import follow_rotations, open_rotation
from secret_file import write_secret

TIMEOUT_SECONDS = 10
MOST_ROTATIONS = 1_000
OK = 200
LARGEST_ANSWER = 256 * 1024
Fetch = Callable[[str], str]
"""Returns the text at a path of a log. Raises CommandError."""


@dataclass(frozen=True)
class Witness:
    """A witness.

    key: of the log, which may have been changed since. state: the file of the last checkpoint. signer: its own key, if
    it cosigns.
    """

    key: NoteKey
    state: Path
    signer: NoteSigner | None = None

    def observe(self, fetch: Fetch, now: datetime) -> str:
        """Return the newest checkpoint after it was found to continue the last one, and keep it.

        Raises NoteError if the log has not signed it, PathError if it does not continue the last one, CommandError if
        the log or the state cannot be read.
        """
        note = fetch("checkpoint")
        keys = self.find_keys(note, fetch)
        new, old = open_checkpoint(note, keys), self.read_last(keys)
        if old:
            check_growth(old, new, fetch)
        if self.signer:
            note = self.signer.cosign(note, int(now.timestamp()))
        write_secret(self.state, note)
        return note

    def find_keys(self, note: str, fetch: Fetch) -> Sequence[NoteKey]:
        """Return the key that was given; if it has not signed this, with those that follow it. Raises NoteError."""
        try:
            open_checkpoint(note, [self.key])
        except NoteError:
            keys = follow_rotations([self.key], _fetch_rotations(fetch))
            if keys == [self.key]:
                raise
            return keys
        return [self.key]

    def read_last(self, keys: Sequence[NoteKey]) -> Checkpoint | None:
        """Return the last checkpoint; None before the first run. Raises CommandError, NoteError."""
        try:
            return open_checkpoint(self.state.read_text(), keys)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{self.state} cannot be read ({type(error).__name__}).") from error


def _fetch_rotations(fetch: Fetch) -> Iterator[str]:
    """Yield the changes of the log's key, as far as there are any."""
    for number in range(1, MOST_ROTATIONS):
        try:
            note = fetch(f"rotation/{number}")
            open_rotation(note)
        except (CommandError, NoteError):
            return
        yield note


def check_growth(old: Checkpoint, new: Checkpoint, fetch: Fetch) -> None:
    """Check that a log continues what was seen before. Raises PathError."""
    if new.size < old.size:
        raise PathError(
            f"The log has {new.size} entries and had {old.size}: entries were removed. Keep the old checkpoint, and "
            "ask the court."
        )
    path = _read_path(fetch(f"consistency/{old.size}/{new.size}")) if new.size > old.size else []
    verify_consistency(old.size, old.root, new.size, new.root, path)


def _read_path(text: str) -> list[bytes]:
    try:
        return [bytes.fromhex(node) for node in orjson.loads(text)["path"]]
    except (ValueError, KeyError, TypeError) as error:
        raise PathError("The log answers without a proof of consistency.") from error


def fetch_by_http(url: str) -> Fetch:
    """Return the function that reads a log at an address."""

    def fetch(path: str) -> str:
        try:
            answer = httpx2.get(f"{url.rstrip('/')}/{path}", timeout=TIMEOUT_SECONDS).raise_for_status()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise CommandError(f"{url}/{path} cannot be read ({type(error).__name__}).") from error
        if len(answer.content) > LARGEST_ANSWER:
            raise CommandError(f"{url}/{path} is too large for a checkpoint or a proof.")
        return answer.text

    return fetch


def send_by_http(url: str, note: str) -> None:
    """Hand a cosigned checkpoint to the log at an address. Raises CommandError."""
    try:
        answer = httpx2.post(f"{url.rstrip('/')}/cosignatures", content=note.encode(), timeout=TIMEOUT_SECONDS)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CommandError(f"{url} cannot be reached ({type(error).__name__}). Your cosignature is kept.") from error
    if answer.status_code != OK:
        raise CommandError(f"The log does not take your cosignature ({answer.status_code}): {answer.text[:300]}")


def witness_log(
    url: Annotated[str, typer.Argument(help="Address of the log, such as https://suxin.court.example/log.")],
    key: Key,
    state: Annotated[Path, typer.Option(help="File with the last checkpoint that was seen; made by the first run.")],
    cosign: Annotated[Path | None, typer.Option(help="File with your own key, made if absent, to cosign with.")] = None,
    name: Annotated[str, typer.Option(help="Your name, for a new key: an address without its scheme.")] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Hand the cosignature to the log, which shows it to all.")
    ] = False,
) -> None:
    """Fetch the newest checkpoint of a log, prove that the log only grew since the last run, and keep the checkpoint.

    Prints it, with your cosignature if --cosign is given. Needs no database and no account. If the log does not
    continue what was seen before, keeps the old checkpoint and exits with 1.

    Example: suxin log witness https://suxin.court.example/log --key log.key --state suxin.checkpoint

    With --send, the log keeps the cosignature if the court knows your key, and shows it at /log/cosigned.

    Example: suxin log witness https://suxin.court.example/log --key log.key --state suxin.checkpoint --cosign own.json
    --name bank.example/witness --send
    """
    with explain_errors(PathError):
        if cosign and not cosign.exists() and not name:
            raise CommandError(f"{cosign} does not exist. Give --name, such as bank.example/witness, to make it.")
        signer = load_signer(cosign, name, KeyType.WITNESS) if cosign else None
        if send and not signer:
            raise CommandError("--send hands your cosignature to the log: give --cosign.")
        seen = Witness(find_key(key), state, signer).observe(fetch_by_http(url), datetime.now(UTC))
        if signer:
            errors.print(Text(f"Your key: {signer.key}"), soft_wrap=True)
        if send:
            send_by_http(url, seen)
        typer.echo(seen, nl=False)
