"""Cosignatures of witnesses under the log's checkpoints (C2SP `tlog-cosignature`)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from casework.transparency.tree import Fetch
from languages.sentence import say
from models.transparency.checkpoints import open_checkpoint
from models.transparency.notes import ID_OCTETS, NoteError, NoteKey, split_note, write_line

AHEAD = timedelta(minutes=5)
"""How far the clock of a witness may be ahead."""

SIGNED = sa.text("SELECT note FROM log_checkpoint WHERE size = :size AND root = :root ORDER BY epoch DESC LIMIT 1")
LINES = sa.text("SELECT line FROM log_cosignature WHERE size = :size ORDER BY witness")
COSIGNED = sa.text(
    """
    SELECT checkpoint.size, checkpoint.note FROM log_checkpoint AS checkpoint
    WHERE checkpoint.size = (SELECT max(size) FROM log_cosignature)
    ORDER BY checkpoint.epoch DESC LIMIT 1
    """
)
ADDED = sa.text(
    """
    INSERT INTO log_cosignature (size, witness, line, seen_at)
    SELECT :size, * FROM unnest(CAST(:witnesses AS text[]), CAST(:lines AS text[]), CAST(:times AS timestamptz[]))
    ON CONFLICT DO NOTHING RETURNING witness
    """
)


class UnknownCheckpointError(ValueError):
    """A checkpoint is none that the log has signed. The message is a sentence."""


async def add_cosignatures(
    fetch: Fetch, note: str, keys: Sequence[NoteKey], witnesses: Sequence[NoteKey], now: datetime
) -> int:
    """Keep the cosignatures of known witnesses under a checkpoint of this log. Returns how many are new.

    keys: of the log. Raises NoteError if the checkpoint is not the log's, if no known witness has cosigned, or if a
    signature of a known key does not fit; UnknownCheckpointError.
    """
    checkpoint = open_checkpoint(note, keys)
    found = list(_read_cosignatures(note, witnesses, now))
    if not found:
        raise NoteError("It is not cosigned by a witness that is known here.")
    if not await fetch(SIGNED, {"size": checkpoint.size, "root": checkpoint.root}):
        raise UnknownCheckpointError("The log has no such checkpoint.")
    names, lines, times = zip(*found, strict=True)
    values = {"witnesses": list(names), "lines": list(lines), "times": list(times)}
    return len(await fetch(ADDED, values | {"size": checkpoint.size}))


def _read_cosignatures(note: str, witnesses: Sequence[NoteKey], now: datetime) -> Sequence[tuple[str, str, datetime]]:
    """Return key, line and time of each cosignature of a known witness. Raises NoteError."""
    known: Mapping[Any, NoteKey] = {(key.name, key.id): key for key in witnesses}
    text, signatures = split_note(note)
    found = {}
    for name, octets in signatures:
        if key := known.get((name, octets[:ID_OCTETS])):
            key.verify(text, octets[ID_OCTETS:])
            found[str(key)] = write_line(name, octets), _read_time(key, octets[ID_OCTETS:], now)
    return [(key, line, at) for key, (line, at) in found.items()]


def _read_time(key: NoteKey, signature: bytes, now: datetime) -> datetime:
    """Return when a witness says that it saw the checkpoint. Raises NoteError."""
    seconds = int.from_bytes(signature[:-64])
    if not 0 < seconds <= (now + AHEAD).timestamp():
        raise NoteError(
            say("The cosignature of {name} is of another time: set the clock of the witness.", name=key.name)
        )
    return datetime.fromtimestamp(seconds, UTC)


async def read_lines(fetch: Fetch, size: int) -> str:
    """Return the lines of cosignatures of the checkpoint of this size, to be added to its note."""
    return "".join(f"{row['line']}\n" for row in await fetch(LINES, {"size": size}))


async def read_cosigned(fetch: Fetch) -> str | None:
    """Return the newest checkpoint that a witness has cosigned, with all its cosignatures; None if there is none."""
    for row in await fetch(COSIGNED, {}):
        return str(row["note"]) + await read_lines(fetch, row["size"])
    return None
