"""A witness of a transparency log: it keeps the last checkpoint that it saw, and accepts only what continues it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx2
import orjson

from commands.session import CommandError
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.merkle import PathError, verify_consistency
from models.transparency.notes import NoteKey, NoteSigner
from secret_file import write_secret

TIMEOUT_SECONDS = 10
LARGEST_ANSWER = 256 * 1024
Fetch = Callable[[str], str]
"""Returns the text at a path of a log. Raises CommandError."""


@dataclass(frozen=True)
class Witness:
    """A witness. key: of the log. state: the file of the last checkpoint. signer: its own key, if it cosigns."""

    key: NoteKey
    state: Path
    signer: NoteSigner | None = None

    def observe(self, fetch: Fetch, now: datetime) -> str:
        """Return the newest checkpoint after it was found to continue the last one, and keep it.

        Raises NoteError if the log has not signed it, PathError if it does not continue the last one, CommandError if
        the log or the state cannot be read.
        """
        note = fetch("checkpoint")
        new, old = open_checkpoint(note, [self.key]), self.read_last()
        if old:
            check_growth(old, new, fetch)
        if self.signer:
            note = self.signer.cosign(note, int(now.timestamp()))
        write_secret(self.state, note)
        return note

    def read_last(self) -> Checkpoint | None:
        """Return the last checkpoint; None before the first run. Raises CommandError, NoteError."""
        try:
            return open_checkpoint(self.state.read_text(), [self.key])
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{self.state} cannot be read ({type(error).__name__}).") from error


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
