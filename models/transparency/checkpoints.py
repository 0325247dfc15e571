"""Checkpoints: size and root of the log, as the text of a signed note (C2SP `tlog-checkpoint`)."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.transparency.merkle import EMPTY_ROOT
from models.transparency.notes import NoteError, NoteKey, open_note

SIZE = re.compile("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log. origin: the name of the log."""

    origin: str
    size: int
    root: bytes

    def write(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of a text. Lines after the third are extensions. Raises NoteError."""
    origin, size, root, *_ = [*text.split("\n"), "", "", ""]
    try:
        octets = base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error):
        octets = b""
    if not origin or not SIZE.fullmatch(size) or len(octets) != len(EMPTY_ROOT):
        raise NoteError("This is not a checkpoint: a name, a number of entries, and a root in base64.")
    return Checkpoint(origin, int(size), octets)


def open_checkpoint(note: str, keys: Sequence[NoteKey]) -> Checkpoint:
    """Return the checkpoint of a signed note. The log's own key must be among `keys`: a log is named as its key.

    Raises NoteError if the log has not signed it.
    """
    found = read_checkpoint(open_note(note, keys))
    open_note(note, [key for key in keys if key.name == found.origin])
    return found
