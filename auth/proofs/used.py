"""Proofs that were used: each is accepted once, by all workers together (RFC 9449, section 11.1).

The table is not logged: it costs no flush, and a crash of the database empties it. Proofs from before the crash are
therefore not accepted after it (`use_proofs` in the database).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from auth.proofs.proof import Proof

USE_ONE = sa.text("SELECT use_proofs(ARRAY[:digest], ARRAY[:made], ARRAY[:expires], :moment)")
USE, PRUNE = "SELECT use_proofs($1, $2, $3, $4)", "SELECT prune_proofs($1)"
PRUNE_SECONDS, RECORD_SECONDS = 10.0, 3.0
"""Interval at which old proofs are deleted, and the time limit of a statement."""

USED_BEFORE = (
    "The proof was used before, or was signed before the service began to remember proofs. Sign a new one, with its "
    "own jti, for each request."
)


def use_proof(connection: sa.Connection, proof: Proof, now: float) -> bool:
    """Record a proof in the caller's transaction; returns whether it is new."""
    made, expires, moment = map(_moment, (proof.issued_at, proof.expires_at, now))
    values = {"digest": proof.digest, "made": made, "expires": expires, "moment": moment}
    return connection.scalar(USE_ONE, values) is not None


@dataclass
class UsedProofs:
    """Records the proofs of this worker's requests. Requests at a time share a statement.

    connect: opens the asyncpg connection that is used for nothing else. clock: seconds since the epoch.
    """

    connect: Callable[[], Awaitable[Any]]
    clock: Callable[[], float]
    _waiting: dict[bytes, tuple[Proof, asyncio.Future[bool]]] = field(default_factory=dict)
    _sending: asyncio.Task[None] | None = None
    _connection: Any = None
    _pruned_at: float = 0.0

    async def use(self, proof: Proof) -> bool:
        """Record a proof; returns whether it is new. Raises the errors of the database."""
        if proof.digest in self._waiting:
            return False
        new: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[proof.digest] = proof, new
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        return await new

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _send(self) -> None:
        """Record proofs until none is waiting. Proofs that come meanwhile go with the next statement."""
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            try:
                async with asyncio.timeout(RECORD_SECONDS):
                    new = await self._record([proof for proof, _ in batch.values()])
            except Exception as error:
                self._give_up()
                _settle(batch.values(), lambda future, _, error=error: future.set_exception(error))
            else:
                _settle(batch.values(), lambda future, proof, new=new: future.set_result(proof.digest in new))

    async def _record(self, proofs: list[Proof]) -> set[bytes]:
        """Return the digests of the new ones."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self.connect()
        now = self.clock()
        rows = await self._connection.fetch(USE, *_columns(proofs), _moment(now))
        if abs(now - self._pruned_at) >= PRUNE_SECONDS:
            self._pruned_at = now
            await self._connection.execute(PRUNE, _moment(now))
        return {row[0] for row in rows}

    def _give_up(self) -> None:
        """Close a connection that failed; the next proof opens another."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _settle(waiting: Iterable[tuple[Proof, asyncio.Future[bool]]], settle: Callable[..., None]) -> None:
    for proof, future in waiting:
        if not future.done():  # a request may have been given up
            settle(future, proof)


def _columns(proofs: list[Proof]) -> tuple[Sequence[Any], ...]:
    """Return digests, times and ends. In one order, so that workers do not wait for each other in a circle."""
    ordered = sorted(proofs, key=lambda proof: proof.digest)
    made, ends = ([_moment(time) for time in times] for times in zip(*map(_times, ordered), strict=True))
    return [proof.digest for proof in ordered], made, ends


def _times(proof: Proof) -> tuple[float, float]:
    return proof.issued_at, proof.expires_at


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
