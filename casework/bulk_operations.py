"""Bulk operations (批量作业): begun by a client, done page by page by the worker, fetched as one file, and forgotten.

A page's lines, what the access log says of them, and how far the operation has come are one transaction: whoever stops
in the middle, the next one goes on after the last page that is there, and no line is there twice.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.events import tell_client
from casework.refusal import Refusal
from models.bulk_operation import (
    BulkChunk,
    BulkError,
    BulkKind,
    BulkOperation,
    BulkState,
    BulkUpload,
    BulkUploadPiece,
)
from models.client import Client
from models.consent import Consent
from models.keyring import Keyring

MOST_OPEN = 5
"""Operations of one client that wait or run."""

MOST_UPLOADS = 10
"""Files of one client that wait to be checked."""

MOST_LINES = 100_000
PIECE_LINES = 1_000
KEPT = timedelta(hours=24)
"""How long a file, or what was sent to be checked, is kept."""

Line = tuple[int, str]
"""A line of an upload: its number, from one, and a JSON text."""


@dataclass(frozen=True)
class Begun:
    """What an operation is begun with. rights: the columns that say whose it is, and what it may see."""

    kind: BulkKind
    document: str
    variables: Mapping[str, Any]
    page_size: int
    reference: str | None
    rights: Mapping[str, Any]
    upload_id: int | None = None


async def begin(connection: AsyncConnection, keyring: Keyring, begun: Begun, at: datetime) -> int:
    """Queue an operation; gives its key. Raises Refusal BAD_EXTENT for one too many, NOT_FOUND for the upload."""
    client_key = begun.rights["client_key"]
    await _check_number(connection, client_key)
    total = await _lines(connection, client_key, begun.upload_id, at) if begun.upload_id else None
    key: int = (await connection.execute(NEXT_KEY)).scalar_one()
    request = json.dumps({"document": begun.document, "variables": begun.variables}).encode()
    values = {
        "id": key,
        "kind": begun.kind,
        "request": keyring.seal_octets(request, _associated("request", key)),
        "upload_id": begun.upload_id,
        "total": total,
        "page_size": begun.page_size,
        "reference": begun.reference,
        "created_at": at,
        **begun.rights,
    }
    await connection.execute(sa.insert(BulkOperation).values(values))
    return key


NEXT_KEY = sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence("bulk_operation", "id")))


def request_of(keyring: Keyring, operation: Any) -> Mapping[str, Any]:
    """The document and the variables of an operation's row."""
    found: Mapping[str, Any] = json.loads(keyring.open_octets(operation.request, _associated("request", operation.id)))
    return found


async def cancel(
    connection: AsyncConnection, client_key: int, jurisdiction: str | None, key: int, at: datetime
) -> None:
    """End an operation that waits or runs; what it has written is deleted. Raises Refusal NOT_FOUND, WRONG_STATE."""
    own = BulkOperation.jurisdiction.is_not_distinct_from(jurisdiction)
    mine = (BulkOperation.id == key, BulkOperation.client_key == client_key, own)
    state = (await connection.execute(sa.select(BulkOperation.state).where(*mine).with_for_update())).scalar()
    if state is None:
        raise Refusal("NOT_FOUND", "There is no such operation of yours.", "Look at `bulkOperations`.", "id")
    if state not in OPEN:
        raise Refusal("WRONG_STATE", "This operation has ended.", "Nothing needs to be done.", "id")
    await _end(connection, key, BulkState.CANCELLED, at)


OPEN = (BulkState.QUEUED, BulkState.RUNNING)


async def upload(
    connection: AsyncConnection, keyring: Keyring, client_key: int, lines: Sequence[str], at: datetime
) -> int:
    """Keep lines to be checked for a day; gives the upload's key. Raises Refusal BAD_EXTENT for one too many."""
    await _check_uploads(connection, client_key, at)
    values = {"client_key": client_key, "lines": len(lines), "created_at": at, "expires_at": at + KEPT}
    made = sa.insert(BulkUpload).values(values).returning(BulkUpload.id)
    key: int = (await connection.execute(made)).scalar_one()
    rows = [
        {
            "upload_id": key,
            "number": number,
            "content": keyring.seal_octets(json.dumps(piece).encode(), _associated("upload", key, number)),
        }
        for number, piece in enumerate(_pieces(lines))
    ]
    await connection.execute(sa.insert(BulkUploadPiece), rows)
    return key


def _pieces(lines: Sequence[str]) -> Iterator[Sequence[Line]]:
    numbered = list(enumerate(lines, 1))
    for start in range(0, len(numbered), PIECE_LINES):
        yield numbered[start : start + PIECE_LINES]


async def lines_from(
    connection: AsyncConnection, keyring: Keyring, upload_id: int, start: int, count: int
) -> list[Line]:
    """Up to `count` lines of an upload, of one piece, after the first `start` of them."""
    number, offset = divmod(start, PIECE_LINES)
    piece = sa.select(BulkUploadPiece.content).where(
        BulkUploadPiece.upload_id == upload_id, BulkUploadPiece.number == number
    )
    sealed = (await connection.execute(piece)).scalar()
    found = json.loads(keyring.open_octets(sealed, _associated("upload", upload_id, number))) if sealed else []
    return [(place, text) for place, text in found[offset : offset + count]]


async def waiting(connection: AsyncConnection) -> Sequence[tuple[int, int]]:
    """The operations that wait or run, oldest first, each with its client."""
    query = sa.select(BulkOperation.id, BulkOperation.client_key).where(BulkOperation.ended_at.is_(None))
    return [(row.id, row.client_key) for row in await connection.execute(query.order_by(BulkOperation.id))]


async def current(connection: AsyncConnection, key: int) -> Any:
    """The row of an operation that is to go on; None for one that has ended."""
    row = BulkOperation.__table__
    query = sa.select(row).where(row.c.id == key, row.c.ended_at.is_(None))
    return (await connection.execute(query)).one_or_none()


async def run(connection: AsyncConnection, key: int, at: datetime) -> None:
    """An operation that waited runs from now on."""
    waited = (BulkOperation.id == key, BulkOperation.state == BulkState.QUEUED)
    begun = sa.update(BulkOperation).where(*waited).values(state=BulkState.RUNNING, started_at=at)
    await connection.execute(begun)


async def claimed(connection: AsyncConnection, key: int, pages: int, cursor: str | None) -> Any:
    """The row of an operation whose next page is this one, locked until the end of the transaction; None for one that
    has ended, or is somewhere else by now.
    """
    row = BulkOperation.__table__
    here = (row.c.ended_at.is_(None), row.c.pages == pages, row.c.cursor.is_not_distinct_from(cursor))
    query = sa.select(row).where(row.c.id == key, *here).with_for_update()
    return (await connection.execute(query)).one_or_none()


async def append(
    connection: AsyncConnection, keyring: Keyring, operation: Any, member: bytes, objects: int, cursor: str | None
) -> None:
    """Write a page: its lines as a gzip member, how many they are, and where the next page begins."""
    chunk = {
        "operation_id": operation.id,
        "number": operation.pages,
        "size": len(member),
        "content": keyring.seal_octets(member, _associated("chunk", operation.id, operation.pages)),
    }
    await connection.execute(sa.insert(BulkChunk).values(chunk))
    done = sa.update(BulkOperation).where(BulkOperation.id == operation.id)
    await connection.execute(
        done.values(
            pages=operation.pages + 1,
            objects=operation.objects + objects,
            size=operation.size + len(member),
            cursor=cursor,
        )
    )


async def complete(connection: AsyncConnection, keyring: Keyring, key: int, pages: int, at: datetime) -> None:
    """The last page is written: sum the file up, and keep it for a day."""
    digest = hashlib.sha256()
    for number in range(pages):
        digest.update(await member(connection, keyring, key, number))
    ended = sa.update(BulkOperation).where(BulkOperation.id == key)
    values = {"state": BulkState.COMPLETED, "ended_at": at, "expires_at": at + KEPT, "sha256": digest.digest()}
    await _tell(connection, await connection.execute(ended.values(values).returning(*TOLD)), at)
    await _delete_upload(connection, key)


async def fail(connection: AsyncConnection, key: int, error: BulkError, at: datetime) -> None:
    """End an operation that cannot go on; what it has written is deleted."""
    await _end(connection, key, BulkState.FAILED, at, error)


async def _end(
    connection: AsyncConnection, key: int, state: BulkState, at: datetime, error: BulkError | None = None
) -> None:
    ended = sa.update(BulkOperation).where(BulkOperation.id == key, BulkOperation.ended_at.is_(None))
    values = {"state": state, "error": error, "ended_at": at}
    await _tell(connection, await connection.execute(ended.values(values).returning(*TOLD)), at)
    await connection.execute(sa.delete(BulkChunk).where(BulkChunk.operation_id == key))
    await _delete_upload(connection, key)


TOLD = (BulkOperation.client_key, BulkOperation.id, BulkOperation.reference)


async def _tell(connection: AsyncConnection, ended: sa.CursorResult[Any], at: datetime) -> None:
    for row in ended:
        await tell_client(connection, row.client_key, row.id, row.reference, at)


async def _delete_upload(connection: AsyncConnection, key: int) -> None:
    used = sa.select(BulkOperation.upload_id).where(BulkOperation.id == key).scalar_subquery()
    await connection.execute(sa.delete(BulkUpload).where(BulkUpload.id == used))


async def expire(connection: AsyncConnection, at: datetime) -> None:
    """Delete the files and uploads whose day is over."""
    over = sa.update(BulkOperation).where(BulkOperation.state == BulkState.COMPLETED, BulkOperation.expires_at <= at)
    expired = await connection.execute(over.values(state=BulkState.EXPIRED).returning(BulkOperation.id))
    keys = list(expired.scalars())
    await connection.execute(sa.delete(BulkChunk).where(BulkChunk.operation_id.in_(keys)))
    open_ = sa.select(BulkOperation.id).where(
        BulkOperation.upload_id == BulkUpload.id, BulkOperation.ended_at.is_(None)
    )
    await connection.execute(sa.delete(BulkUpload).where(BulkUpload.expires_at <= at, ~open_.exists()))


async def downloadable(connection: AsyncConnection, key: int, at: datetime) -> Any:
    """Pages, size and digest of a file that may be fetched; None for one that is none, over, or not to be had any more
    because a consent to its client has ended since it was begun (R15).
    """
    query = sa.select(BulkOperation.pages, BulkOperation.size, BulkOperation.sha256).join(
        Client, Client.id == BulkOperation.client_key
    )
    good = (
        BulkOperation.id == key,
        BulkOperation.state == BulkState.COMPLETED,
        BulkOperation.expires_at > at,
        Client.disabled_at.is_(None),
        ~consent_ended(BulkOperation, sa.literal(at, sa.DateTime(timezone=True))),
    )
    return (await connection.execute(query.where(*good))).one_or_none()


def consent_ended(operation: Any, now: Any) -> sa.ColumnElement[bool]:
    """Whether a consent to the operation's client has ended since it was begun: what it has read may be of its
    subject."""
    since = sa.func.coalesce(operation.started_at, operation.created_at)
    ends = sa.func.least(Consent.valid_to, Consent.revoked_at)
    ended = sa.select(Consent.id).where(Consent.client_key == operation.client_key, ends > since, ends <= now)
    return ended.exists()


async def sizes(connection: AsyncConnection, key: int) -> Sequence[int]:
    """The sizes of a file's gzip members, in order."""
    query = sa.select(BulkChunk.size).where(BulkChunk.operation_id == key).order_by(BulkChunk.number)
    return (await connection.execute(query)).scalars().all()


async def member(connection: AsyncConnection, keyring: Keyring, key: int, number: int) -> bytes:
    """One gzip member of a file."""
    chunk = sa.select(BulkChunk.content).where(BulkChunk.operation_id == key, BulkChunk.number == number)
    sealed = (await connection.execute(chunk)).scalar_one()
    return keyring.open_octets(sealed, _associated("chunk", key, number))


async def _check_number(connection: AsyncConnection, client_key: int) -> None:
    await connection.execute(sa.select(Client.id).where(Client.id == client_key).with_for_update(key_share=True))
    mine = sa.select(sa.func.count()).where(BulkOperation.client_key == client_key, BulkOperation.ended_at.is_(None))
    if (await connection.execute(mine)).scalar_one() >= MOST_OPEN:
        raise Refusal("BAD_EXTENT", f"{MOST_OPEN} operations of yours wait or run.", "Wait for one, or cancel one.")


async def _check_uploads(connection: AsyncConnection, client_key: int, at: datetime) -> None:
    await connection.execute(sa.select(Client.id).where(Client.id == client_key).with_for_update(key_share=True))
    kept = sa.select(sa.func.count()).where(BulkUpload.client_key == client_key, BulkUpload.expires_at > at)
    if (await connection.execute(kept)).scalar_one() >= MOST_UPLOADS:
        raise Refusal("BAD_EXTENT", f"{MOST_UPLOADS} files of yours wait to be checked.", "Begin with one of them.")


async def _lines(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> int:
    mine = (BulkUpload.id == key, BulkUpload.client_key == client_key, BulkUpload.expires_at > at)
    lines: int | None = (await connection.execute(sa.select(BulkUpload.lines).where(*mine))).scalar()
    if lines is None:
        raise Refusal("NOT_FOUND", "There is no such upload of yours.", "Send the lines to /uploads again.", "upload")
    return lines


def _associated(what: str, *place: int) -> bytes:
    """What a sealed text is bound to: elsewhere it does not open."""
    return f"bulk/{what}/{'/'.join(map(str, place))}".encode()
