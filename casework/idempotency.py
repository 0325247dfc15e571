"""Idempotency keys of mutations (draft-ietf-httpapi-idempotency-key-header).

An advisory lock holds the key while its mutation runs. The key is stored in the transaction of the mutation.
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
    """A mutation with this key is running."""


class ReusedError(Exception):
    """The key was sent before with another mutation or input."""


@dataclass(frozen=True)
class Request:
    """An idempotency key with the caller and content of its request, hashed."""

    digest: bytes
    fingerprint: bytes

    @classmethod
    def of(cls, caller: str, key: str, content: bytes, secret: bytes) -> "Request":
        """Return the request of a caller, to whom the key belongs.

        The fingerprint is keyed, since a plain hash would not hide an identity number in the content (R18).
        """
        digest = hashlib.sha256(f"{caller}\n{key}".encode()).digest()
        return cls(digest, hmac.digest(secret, content, "sha256"))


async def recall(connection: AsyncConnection, request: Request) -> int | None:
    """Lock the key for the transaction. Return the key of the changed row if the mutation was done before, or None.

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
    """Store the key for a week, and delete some expired ones."""
    place = sa.select(IdempotencyKey.digest).where(IdempotencyKey.expires_at < now).limit(PRUNE_ROWS)
    old = place.with_for_update(skip_locked=True)
    await connection.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.digest.in_(old)))
    values = {"digest": request.digest, "fingerprint": request.fingerprint}
    await connection.execute(sa.insert(IdempotencyKey).values(**values, changed=changed, expires_at=now + KEPT))
