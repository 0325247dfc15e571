"""A mutation that is sent twice is done once (draft-ietf-httpapi-idempotency-key-header).

The key is held by an advisory lock while its mutation runs, and kept with what it changed, in the same transaction.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.idempotency_key import IdempotencyKey

KEPT = timedelta(days=7)
PRUNE_ROWS = 20


class InProgressError(Exception):
    """The mutation of this key is running just now."""


class ReusedError(Exception):
    """This key was sent with another mutation, or with other input."""


@dataclass(frozen=True)
class Request:
    """One request: who sent which key, and with what."""

    digest: bytes
    fingerprint: bytes

    @classmethod
    def of(cls, caller: str, key: str, content: bytes, secret: bytes) -> "Request":
        """The request of a caller; a key is its sender's own.

        The fingerprint is keyed: content may hold an identity number, which a plain hash would not hide (R18).
        """
        digest = hashlib.sha256(f"{caller}\n{key}".encode()).digest()
        return cls(digest, hmac.digest(secret, content, "sha256"))


async def recall(connection: AsyncConnection, request: Request) -> int | None:
    """Hold the key until the transaction ends; the key of the row that was changed, if it was done before.

    Raises InProgressError, ReusedError.
    """
    number = int.from_bytes(request.digest[:8], signed=True)
    if not (await connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(number)))).scalar_one():
        raise InProgressError
    query = sa.select(IdempotencyKey.fingerprint, IdempotencyKey.changed)
    known = (await connection.execute(query.where(IdempotencyKey.digest == request.digest))).one_or_none()
    if known and known.fingerprint != request.fingerprint:
        raise ReusedError
    return known.changed if known else None


async def remember(connection: AsyncConnection, request: Request, changed: int, now: datetime) -> None:
    """Keep what was done under the key for a week, and forget a few older ones."""
    place = sa.select(IdempotencyKey.digest).where(IdempotencyKey.expires_at < now).limit(PRUNE_ROWS)
    old = place.with_for_update(skip_locked=True)
    await connection.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.digest.in_(old)))
    values = {"digest": request.digest, "fingerprint": request.fingerprint}
    await connection.execute(sa.insert(IdempotencyKey).values(**values, changed=changed, expires_at=now + KEPT))
