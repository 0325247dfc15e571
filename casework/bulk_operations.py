"""Bulk operations (批量作业): started by a client, run page by page by the worker, fetched as one file.

One transaction writes a page's lines, its entries in the access log, and the progress. An interrupted operation resumes
after the last page written, and no line is written twice.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.bulk_uploads import delete_upload, take_upload
from casework.clients import lock_client
from casework.events import tell_client
from casework.keys import draw_key
from casework.outbox import WAKE
from casework.refusal import Refusal
from languages.sentence import say
from models.bulk_operation import BulkChunk, BulkError, BulkKind, BulkOperation, BulkState
from models.client import Client
from models.keyring import Keyring
from models.sealed_octets import bind

MOST_OPEN = 5
"""Queued or running operations of one client."""

MOST_KEPT, LARGEST_FILE = 4 * 2**30, 2**30
"""Bytes of all files of one client, and of one file."""

MOST_ATTEMPTS = 8
"""Attempts at one page, whatever the error. The last begins four minutes after the first."""

KEPT = timedelta(hours=24)
"""How long a file is kept."""

ROW = BulkOperation.__table__
OPEN = (BulkState.QUEUED, BulkState.RUNNING)
TOLD = (BulkOperation.client_key, BulkOperation.id, BulkOperation.reference)


@dataclass(frozen=True)
class BulkRequest:
    """A request for an operation. rights: the columns that hold its owner and its rights."""

    kind: BulkKind
    document: str
    variables: Mapping[str, Any]
    page_size: int
    reference: str | None
    rights: Mapping[str, Any]
    request_id: UUID
    upload_id: int | None = None


async def begin(connection: AsyncConnection, keyring: Keyring, begun: BulkRequest, at: datetime) -> int:
    """Queue an operation. Return its key. Raises Refusal BAD_EXTENT for one too many, NOT_FOUND for the upload."""
    client_key = begun.rights["client_key"]
    await _check_number(connection, client_key)
    key = await draw_key(connection, BulkOperation)
    total = await take_upload(connection, client_key, begun.upload_id, at) if begun.upload_id else None
    request = json.dumps({"document": begun.document, "variables": begun.variables}).encode()
    values = {
        "id": key,
        "kind": begun.kind,
        "request": keyring.seal_octets(request, bind(BulkOperation.request, id=key)),
        "request_id": begun.request_id,
        "upload_id": begun.upload_id,
        "total": total,
        "page_size": begun.page_size,
        "reference": begun.reference,
        "created_at": at,
        **begun.rights,
    }
    await connection.execute(sa.insert(BulkOperation).values(values))
    await connection.execute(WAKE)
    return key


def read_request(keyring: Keyring, operation: Any) -> Mapping[str, Any]:
    """Decrypt the document and the variables of an operation."""
    bound = bind(BulkOperation.request, id=operation.id)
    found: Mapping[str, Any] = json.loads(keyring.open_octets(operation.request, bound))
    return found


async def cancel(
    connection: AsyncConnection, client_key: int, jurisdiction: str | None, key: int, at: datetime
) -> None:
    """Cancel a queued or running operation and delete its lines. Raises Refusal NOT_FOUND, WRONG_STATE."""
    own = BulkOperation.jurisdiction.is_not_distinct_from(jurisdiction)
    mine = (BulkOperation.id == key, BulkOperation.client_key == client_key, own)
    state = (await connection.execute(sa.select(BulkOperation.state).where(*mine).with_for_update())).scalar()
    if state is None:
        raise Refusal("NOT_FOUND", "There is no such operation of yours.", "Look at `bulkOperations`.", "id")
    if state not in OPEN:
        raise Refusal("WRONG_STATE", "This operation has ended.", "Nothing needs to be done.", "id")
    await _end(connection, key, BulkState.CANCELLED, at)


async def list_waiting(connection: AsyncConnection, at: datetime) -> Sequence[tuple[int, int]]:
    """Return the operations that may run now, each with its client. The client served longest ago comes first; an
    operation that was left for later has been served then."""
    return [(row.id, row.client_key) for row in await connection.execute(_select_waiting(), {"at": at})]


@cache
def _select_waiting() -> sa.Select[int, int]:
    """Building this takes longer than running it, which happens every second."""
    served, at = sa.orm.aliased(BulkOperation), sa.bindparam("at", type_=sa.DateTime(timezone=True))
    last = sa.select(sa.func.max(served.ended_at)).where(served.client_key == BulkOperation.client_key)
    query = sa.select(BulkOperation.id, BulkOperation.client_key).where(
        BulkOperation.ended_at.is_(None), sa.func.coalesce(BulkOperation.retry_at, at) <= at
    )
    turn = sa.func.greatest(last.scalar_subquery(), BulkOperation.retry_at)
    return query.order_by(turn.asc().nulls_first(), BulkOperation.id)


async def find_open(connection: AsyncConnection, key: int) -> Any:
    """Return the row of an operation that has not ended, or None."""
    query = sa.select(ROW).where(ROW.c.id == key, ROW.c.ended_at.is_(None))
    return (await connection.execute(query)).one_or_none()


async def find_payer(connection: AsyncConnection, key: int) -> Any:
    """Return the client of an operation, with its audience and its budget."""
    query = sa.select(Client.id.label("client_key"), Client.audience, Client.budget)
    return (await connection.execute(query.join(ROW, ROW.c.client_key == Client.id).where(ROW.c.id == key))).one()


async def postpone(connection: AsyncConnection, key: int, until: datetime) -> None:
    """Leave the next page of an operation for later. The attempt at it does not count."""
    later = sa.update(BulkOperation).where(BulkOperation.id == key, BulkOperation.ended_at.is_(None))
    tried = sa.func.greatest(BulkOperation.attempts - 1, 0)
    await connection.execute(later.values(retry_at=until, attempts=tried))


async def begin_attempt(connection: AsyncConnection, key: int, at: datetime) -> Any:
    """Count an attempt at the next page and return the operation's row.

    Return None if it has ended, or if its attempts are used up; then it fails. The attempt is counted before it is
    made, so that a crash counts as well. Each pause is twice as long as the one before. A completed page resets the
    count.
    """
    row = await find_open(connection, key)
    if row is None or row.attempts < MOST_ATTEMPTS:
        pause = timedelta(seconds=2 ** (row.attempts if row else 0))
        tried = sa.update(BulkOperation).where(BulkOperation.id == key, BulkOperation.ended_at.is_(None))
        since = sa.func.coalesce(BulkOperation.started_at, at)
        values = {"attempts": BulkOperation.attempts + 1, "retry_at": at + pause, "started_at": since}
        await connection.execute(tried.values(state=BulkState.RUNNING, **values))
        return row
    await fail(connection, key, BulkError.INTERNAL, at)
    return None


async def claim_page(connection: AsyncConnection, key: int, pages: int, cursor: str | None) -> Any:
    """Lock an operation and return its row, or None if it has ended or its next page is another one."""
    here = (ROW.c.ended_at.is_(None), ROW.c.pages == pages, ROW.c.cursor.is_not_distinct_from(cursor))
    query = sa.select(ROW).where(ROW.c.id == key, *here).with_for_update()
    return (await connection.execute(query)).one_or_none()


async def append_page(
    connection: AsyncConnection, keyring: Keyring, operation: Any, member: bytes, objects: int, cursor: str | None
) -> None:
    """Write a page: its lines as a gzip member, their number, and the cursor of the next page."""
    place = {"operation_id": operation.id, "number": operation.pages}
    sealed = keyring.seal_octets(member, bind(BulkChunk.content, **place))
    await connection.execute(sa.insert(BulkChunk).values({**place, "size": len(member), "content": sealed}))
    done = sa.update(BulkOperation).where(BulkOperation.id == operation.id)
    counted = {"objects": operation.objects + objects, "size": operation.size + len(member)}
    begun_anew = {"attempts": 0, "retry_at": None}
    await connection.execute(done.values(pages=operation.pages + 1, cursor=cursor, **counted, **begun_anew))


async def complete(connection: AsyncConnection, keyring: Keyring, key: int, pages: int, at: datetime) -> None:
    """Complete an operation: compute the checksum of its file, and keep the file for a day."""
    digest = hashlib.sha256()
    for number in range(pages):
        digest.update(await read_member(connection, keyring, key, number))
    ended = sa.update(BulkOperation).where(BulkOperation.id == key)
    values = {"state": BulkState.COMPLETED, "ended_at": at, "expires_at": at + KEPT, "sha256": digest.digest()}
    await _finish(connection, ended.values(request=None, **values), at)


async def fail(connection: AsyncConnection, key: int, error: BulkError, at: datetime) -> None:
    """End an operation with an error and delete its lines."""
    await _end(connection, key, BulkState.FAILED, at, error)


async def _end(
    connection: AsyncConnection, key: int, state: BulkState, at: datetime, error: BulkError | None = None
) -> None:
    ended = sa.update(BulkOperation).where(BulkOperation.id == key, BulkOperation.ended_at.is_(None))
    if await _finish(connection, ended.values(state=state, error=error, ended_at=at, request=None), at):
        await _delete_file(connection, key)


async def _finish(connection: AsyncConnection, update: sa.Update, at: datetime) -> bool:
    """End an operation, notify its client, delete its upload. Return whether it was open."""
    row = (await connection.execute(update.returning(*TOLD, BulkOperation.upload_id))).one_or_none()
    if row is None:
        return False
    await tell_client(connection, row.client_key, row.id, row.reference, at)
    await delete_upload(connection, row.upload_id)
    return True


async def take_back(connection: AsyncConnection, key: int, at: datetime) -> None:
    """Delete the file of a complete operation that may no longer be fetched, and set its state to FAILED.

    Its client has already been notified of the end, and is notified separately of each withdrawal.
    """
    complete = (BulkOperation.id == key, BulkOperation.state == BulkState.COMPLETED)
    values = {"state": BulkState.FAILED, "error": BulkError.VANISHED, "ended_at": at, "expires_at": None}
    taken = sa.update(BulkOperation).where(*complete).values(values).returning(BulkOperation.id)
    if (await connection.execute(taken)).one_or_none():
        await _delete_file(connection, key)


async def _delete_file(connection: AsyncConnection, key: int) -> None:
    await connection.execute(sa.delete(BulkChunk).where(BulkChunk.operation_id == key))


async def expire_one(connection: AsyncConnection, at: datetime) -> bool:
    """Delete one expired file. Return whether there was one."""
    over = (BulkOperation.state == BulkState.COMPLETED, BulkOperation.expires_at <= at)
    key = (await connection.execute(sa.select(BulkOperation.id).where(*over).limit(1).with_for_update())).scalar()
    if key is None:
        return False
    await connection.execute(sa.update(BulkOperation).where(BulkOperation.id == key).values(state=BulkState.EXPIRED))
    await _delete_file(connection, key)
    return True


async def list_sizes(connection: AsyncConnection, key: int) -> Sequence[int]:
    """Return the sizes of the gzip members of a file, in order."""
    query = sa.select(BulkChunk.size).where(BulkChunk.operation_id == key).order_by(BulkChunk.number)
    return (await connection.execute(query)).scalars().all()


async def read_member(connection: AsyncConnection, keyring: Keyring, key: int, number: int) -> bytes:
    """Decrypt one gzip member of a file."""
    chunk = sa.select(BulkChunk.content).where(BulkChunk.operation_id == key, BulkChunk.number == number)
    sealed = (await connection.execute(chunk)).scalar_one()
    return keyring.open_octets(sealed, bind(BulkChunk.content, operation_id=key, number=number))


async def _check_number(connection: AsyncConnection, client_key: int) -> None:
    await lock_client(connection, client_key)
    open_ = sa.func.count().filter(BulkOperation.ended_at.is_(None))
    kept = sa.func.sum(BulkOperation.size).filter(BulkOperation.state == BulkState.COMPLETED)
    mine = sa.select(open_, sa.func.coalesce(kept, 0)).where(BulkOperation.client_key == client_key)
    number, size = (await connection.execute(mine)).one()
    if number >= MOST_OPEN:
        raise Refusal(
            "BAD_EXTENT",
            say("{most_open} operations of yours wait or run.", most_open=MOST_OPEN),
            "Wait for one, or cancel one.",
        )
    if size >= MOST_KEPT:
        raise Refusal("BAD_EXTENT", "Your files take all the room that there is.", "Come back when they have expired.")
