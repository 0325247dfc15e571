"""Nonces of this server for proofs of possession (RFC 9449, section 8): the time, with a keyed hash of it.

Nothing is stored, and all workers accept each other's.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

SLOT_SECONDS = 60
"""A nonce is accepted during the minute in which it was issued and the next one."""

MAC_BYTES = 16


@dataclass
class Nonces:
    """Issues nonces and checks them. key: 32 bytes. clock: seconds since the epoch."""

    key: bytes = field(repr=False)
    clock: Callable[[], float]
    _made: dict[int, str] = field(default_factory=dict, repr=False)

    def issue(self) -> str:
        """Return the nonce of this minute."""
        return self._of(self._slot())

    def is_current(self, nonce: str) -> bool:
        """Return whether a nonce is the one of this minute, so that the client needs no new one."""
        return hmac.compare_digest(nonce.encode(), self.issue().encode())

    def accepts(self, nonce: str) -> bool:
        """Return whether this server issued a nonce at most two minutes ago. Clocks of workers may differ by a
        minute."""
        slot, given = self._slot(), nonce.encode()
        return any(hmac.compare_digest(given, self._of(slot + step).encode()) for step in (0, -1, 1))

    def _slot(self) -> int:
        return int(self.clock()) // SLOT_SECONDS

    def _of(self, slot: int) -> str:
        made = self._made.get(slot)
        if made is None:
            octets = slot.to_bytes(8, "big")
            made = base64.urlsafe_b64encode(octets[4:] + hmac.digest(self.key, octets, "sha256")[:MAC_BYTES]).decode()
            made = made.rstrip("=")
            self._made = {slot: made, **{near: text for near, text in self._made.items() if abs(near - slot) <= 2}}
        return made
