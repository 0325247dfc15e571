"""Challenges of security keys (WebAuthn, section 13.4.3): of the server, for one page of one browser, for ten minutes.

They are not stored: a challenge is its time, random bytes, and an HMAC of both with what it is for. A key remembers the
time of the last one that it answered, so that each is good once (`models.staff_account.SecurityKey`).
"""

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from models.keyring import Keyring

LIFE = 600_000_000
"""Microseconds."""

TIME_BYTES, RANDOM_BYTES = 8, 16


@dataclass(frozen=True)
class RelyingParty:
    """This server, as browsers know it. issuer: its address."""

    issuer: str

    @property
    def host(self) -> str:
        """The identifier of the relying party."""
        return urlsplit(self.issuer).hostname or ""

    @property
    def origin(self) -> str:
        """The origin of its pages."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Challenges:
    """Issues and reads challenges."""

    keyring: Keyring

    def issue(self, purpose: str, page: str, now: float) -> bytes:
        """Return a new challenge. purpose: what it is answered for. page: the secret of the form. now: in seconds."""
        text = int(now * 1_000_000).to_bytes(TIME_BYTES, "big") + secrets.token_bytes(RANDOM_BYTES)
        return text + self._sign(text, purpose, page)

    def read(self, challenge: bytes, purpose: str, page: str, now: float) -> int | None:
        """Return the time of a challenge, in microseconds; None if it is not for this, or is too old."""
        text, signature = challenge[: TIME_BYTES + RANDOM_BYTES], challenge[TIME_BYTES + RANDOM_BYTES :]
        if not hmac.compare_digest(signature, self._sign(text, purpose, page)):
            return None
        issued = int.from_bytes(text[:TIME_BYTES], "big")
        return issued if 0 <= int(now * 1_000_000) - issued < LIFE else None

    def _sign(self, text: bytes, purpose: str, page: str) -> bytes:
        bound = f"challenge\0{purpose}\0{page}\0".encode()
        return hmac.digest(self.keyring.sign_in_key, bound + text, "sha256")
