"""Files of subjects to be checked. They are kept sealed (R18), used by one operation, and deleted with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.clients import lock_client
from casework.refusal import Refusal
from languages.sentence import say
from models.bulk_operation import BulkOperation, BulkUpload, BulkUploadPiece
from models.keyring import Keyring
from models.sealed_octets import bind

MOST_UPLOADS = 10
"""Unused uploads of one client."""

MOST_LINES, PIECE_LINES = 100_000, 1_000
KEPT = timedelta(hours=24)


async def keep_upload(
    connection: AsyncConnection, keyring: Keyring, client_key: int, lines: Sequence[bytes], at: datetime
) -> int:
    """Keep lines for a day. Return the upload's key. Raises Refusal BAD_EXTENT for one too many."""
    await _check_number(connection, client_key, at)
    values = {"client_key": client_key, "lines": len(lines), "created_at": at, "expires_at": at + KEPT}
    key: int = (await connection.execute(sa.insert(BulkUpload).values(values).returning(BulkUpload.id))).scalar_one()
    for number, start in enumerate(range(0, len(lines), PIECE_LINES)):
        place = {"upload_id": key, "number": number}
        piece = b"\n".join(lines[start : start + PIECE_LINES])
        sealed = keyring.seal_octets(piece, bind(BulkUploadPiece.content, **place))
        await connection.execute(sa.insert(BulkUploadPiece).values({**place, "content": sealed}))
    return key


async def take_upload(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> int:
    """Assign an upload to an operation, once. Return its number of lines. Raises Refusal NOT_FOUND."""
    taken = sa.select(BulkOperation.id).where(BulkOperation.upload_id == key)
    mine = (BulkUpload.id == key, BulkUpload.client_key == client_key, BulkUpload.expires_at > at, ~taken.exists())
    lines = (await connection.execute(sa.select(BulkUpload.lines).where(*mine).with_for_update())).scalar()
    if lines is None:
        raise Refusal("NOT_FOUND", "There is no such upload of yours.", "Send the lines to /uploads again.", "upload")
    return int(lines)


async def read_lines(
    connection: AsyncConnection, keyring: Keyring, key: int, start: int, count: int
) -> list[tuple[int, bytes]]:
    """Return up to `count` lines of one piece after the first `start` lines, numbered from one."""
    number, offset = divmod(start, PIECE_LINES)
    piece = (BulkUploadPiece.upload_id == key, BulkUploadPiece.number == number)
    sealed = (await connection.execute(sa.select(BulkUploadPiece.content).where(*piece))).scalar_one()
    bound = bind(BulkUploadPiece.content, upload_id=key, number=number)
    lines = keyring.open_octets(sealed, bound).split(b"\n")
    return list(enumerate(lines[offset : offset + count], start + 1))


async def delete_upload(connection: AsyncConnection, key: int | None) -> None:
    """Delete the upload of an operation."""
    await connection.execute(sa.delete(BulkUpload).where(BulkUpload.id == key))


async def expire_uploads(connection: AsyncConnection, at: datetime) -> None:
    """Delete the uploads that no operation has used within a day."""
    taken = sa.select(BulkOperation.id).where(BulkOperation.upload_id == BulkUpload.id)
    await connection.execute(sa.delete(BulkUpload).where(BulkUpload.expires_at <= at, ~taken.exists()))


async def _check_number(connection: AsyncConnection, client_key: int, at: datetime) -> None:
    await lock_client(connection, client_key)
    kept = sa.select(sa.func.count()).where(BulkUpload.client_key == client_key, BulkUpload.expires_at > at)
    if (await connection.execute(kept)).scalar_one() >= MOST_UPLOADS:
        raise Refusal(
            "BAD_EXTENT",
            say("{most_uploads} files of yours wait to be checked.", most_uploads=MOST_UPLOADS),
            "Begin with one of them.",
        )
