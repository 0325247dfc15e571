"""Checks the proofs of requests to the resource server."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from auth.proofs.nonces import Nonces
from auth.proofs.proof import ProofError, ProofReader, Sent
from auth.proofs.used import USED_BEFORE, UsedProofs
from models.keyring import Keyring


@dataclass(frozen=True)
class ProofGuard:
    """Verifies proofs, and accepts each once."""

    reader: ProofReader
    used: UsedProofs

    @classmethod
    def make(cls, keyring: Keyring, connect: Callable[[], Awaitable[Any]], clock: Callable[[], float]) -> "ProofGuard":
        """Return the guard of a worker. connect: opens an asyncpg connection. clock: seconds since the epoch."""
        return cls(ProofReader(Nonces(keyring.nonce_key, clock)), UsedProofs(connect, clock))

    async def check(self, sent: Sent, token: str, jkt: str) -> None:
        """Check the proof of a request with a token that is bound to the key `jkt` (RFC 9449, section 7.1). Raises
        ProofError."""
        proof = self.reader.read(sent, token)
        if not hmac.compare_digest(proof.jkt, jkt):
            raise ProofError("The proof is by another key than the token is bound to.", self.reader.nonces.issue())
        if not await self.used.use(proof):
            raise ProofError(USED_BEFORE, self.reader.nonces.issue())
        sent.renewed = proof.renewed
