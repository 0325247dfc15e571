"""The changes of the log's key in the database."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.transparency.tree import Fetch, fetch_by, read_last
from models.transparency.checkpoints import open_checkpoint
from models.transparency.notes import NoteError, NoteSigner
from models.transparency.rotations import sign_rotation

NOTES = sa.text("SELECT note FROM log_rotation ORDER BY number")
ADDED = sa.text(
    "INSERT INTO log_rotation (number, note) SELECT coalesce(max(number), 0) + 1, :note FROM log_rotation"
    " RETURNING number"
)


async def read_rotations(fetch: Fetch) -> Sequence[str]:
    """Return the changes of the key, the oldest first."""
    return [row["note"] for row in await fetch(NOTES, {})]


async def announce_successor(connection: AsyncConnection, signer: NoteSigner) -> None:
    """Store the change from the current key to its successor, unless it is stored."""
    assert signer.successor  # noqa: S101 - the caller has made one
    note = sign_rotation(NoteSigner(signer.name, signer.private), signer.successor)
    fetch = fetch_by(connection)
    if note not in await read_rotations(fetch):
        await fetch(ADDED, {"note": note})


async def is_in_use(connection: AsyncConnection, signer: NoteSigner) -> bool:
    """Return whether the newest checkpoint is signed by the successor of the current key."""
    last = await read_last(fetch_by(connection))
    assert signer.successor  # noqa: S101 - the caller has made one
    try:
        return last is None or bool(open_checkpoint(last["note"], [signer.successor.key]))
    except NoteError:
        return False
