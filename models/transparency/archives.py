"""Archives of months of the access log: what their files say, and the signed notes beside them.

An archive is a file of JSON lines, compressed. The first line names the log, the month and the checkpoint. The others
are the whole tree of the log at that checkpoint, from left to right: an answer of the month with all that was
recorded of it, or the root of a complete subtree of other entries, which stays closed. So the root of the checkpoint
can be computed from the file alone, and the inclusion path of each of its answers.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from models.transparency.entries import OF_SUBJECTS, RESULTS, SALT, SHOWN, write_text
from models.transparency.notes import NoteError, NoteKey, open_note

FORMAT = "suxin-log-archive-1"
ANSWERS, MANIFEST, DELETION = ".jsonl.gz", ".manifest", ".deletion"
"""Follow the month in the names of the files."""

HASHES = ("entries", "file", "root")
ABSENT: Mapping[str, Any] = dict.fromkeys((*SHOWN, *OF_SUBJECTS, RESULTS))


@dataclass(frozen=True)
class Manifest:
    """What the log has signed of an archive.

    origin: the name of the log. answers: their number. entries: SHA-256 of their entries, in the order of the log.
    octets, file: size and SHA-256 of the file. size, root: of the tree.
    """

    origin: str
    month: str
    answers: int
    entries: bytes
    octets: int
    file: bytes
    size: int
    root: bytes

    def write(self) -> str:
        """Return the text that is signed."""
        return _write_lines(
            f"{self.origin}/archive",
            month=self.month,
            answers=self.answers,
            entries=self.entries,
            octets=self.octets,
            file=self.file,
            size=self.size,
            root=self.root,
        )


def open_manifest(note: str, keys: Sequence[NoteKey]) -> Manifest:
    """Return the manifest of a signed note. Raises NoteError."""
    origin, said = _read_lines(open_note(note, keys), "/archive")
    try:
        numbers: dict[str, Any] = {name: int(said[name]) for name in ("answers", "octets", "size")}
        hashes: dict[str, Any] = {
            name: base64.b64decode(said[name], validate=True) for name in ("entries", "file", "root")
        }
        manifest = Manifest(origin, said["month"], **numbers, **hashes)
    except (KeyError, ValueError, binascii.Error):
        raise NoteError("This is signed by the log, and is no manifest of an archive.") from None
    if origin not in {key.name for key in keys}:
        raise NoteError("This manifest is of another log.")
    return manifest


def write_deletion(manifest: Manifest, deleted_by: str, at: datetime) -> str:
    """Return the text of a deletion, to be signed by the log. deleted_by: who ran the command."""
    return _write_lines(
        f"{manifest.origin}/deletion",
        month=manifest.month,
        answers=manifest.answers,
        entries=manifest.entries,
        file=manifest.file,
        by=" ".join(deleted_by.split()),
        at=at.astimezone(UTC).isoformat(timespec="seconds"),
    )


def fits_deletion(note: str, keys: Sequence[NoteKey], row: Mapping[Any, Any]) -> bool:
    """Return whether the log has signed a deletion as it is recorded in a row of `LogDeletion`."""
    try:
        _, said = _read_lines(open_note(note, keys), "/deletion")
    except NoteError:
        return False
    hashes = {"entries": row["entries"], "file": row["archive"]}
    same = {name: base64.b64encode(value).decode() for name, value in hashes.items()}
    same |= {"month": row["month"], "answers": str(row["answers"]), "by": row["deleted_by"]}
    return all(said.get(name) == value for name, value in same.items())


def write_answer(index: int, leaf: bytes, row: Mapping[Any, Any]) -> bytes:
    """Return the line of an answer. leaf: the hash of its leaf. row: of `select_recorded`."""
    return b'{"index":%d,"leaf":"%s","answer":%s}\n' % (index, leaf.hex().encode(), write_text(row))


def write_closed(level: int, root: bytes) -> bytes:
    """Return the line of a subtree of 2 ** level leaves."""
    return b'{"level":%d,"root":"%s"}\n' % (level, root.hex().encode())


def write_head(origin: str, month: str, checkpoint: str) -> bytes:
    """Return the first line."""
    return orjson.dumps({"format": FORMAT, "log": origin, "month": month, "checkpoint": checkpoint}) + b"\n"


def read_answer(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer of a line as a row of `select_recorded`, of which everything but time and salt is as it is
    committed to. Raises ValueError, TypeError, KeyError."""
    return {**ABSENT, **said, "at": datetime.fromisoformat(said["at"]), SALT: UUID(said[SALT])}


def _write_lines(name: str, **values: Any) -> str:
    said = {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value for key, value in values.items()
    }
    return "".join([f"{name}\n", *(f"{key} {value}\n" for key, value in said.items())])


def _read_lines(text: str, suffix: str) -> tuple[str, dict[str, str]]:
    name, *lines = text.removesuffix("\n").split("\n")
    if not name.endswith(suffix):
        raise NoteError("This is a signed note of another kind.")
    said = [line.partition(" ") for line in lines]
    return name.removesuffix(suffix), {key: value for key, _, value in said}
