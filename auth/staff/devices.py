"""Known devices: a browser in which an account has signed in has a signed cookie. Failures from elsewhere do not lock
it out (OWASP, "Slow down online guessing attacks with device cookies")."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.keyring import Keyring

KNOWN = timedelta(days=180)
NONCE_BYTES = 16
MARK = 16
"""Hexadecimal digits of an account in the name of its cookie: officers may share a browser."""


@dataclass(frozen=True)
class DeviceCookies:
    """Writes and reads the cookies. prefix: of their names."""

    keyring: Keyring
    prefix: str

    def name(self, username: str) -> str:
        """Return the name of the cookie of an account."""
        return f"{self.prefix}suxin-device-{self._sign('name', username)[:MARK]}"

    def issue(self, username: str, now: datetime) -> str:
        """Return the value of a new cookie, valid for 180 days."""
        text = f"{secrets.token_urlsafe(NONCE_BYTES)}.{int((now + KNOWN).timestamp())}"
        return f"{text}.{self._sign(username, text)}"

    def find(self, cookies: Mapping[str, str], username: str, now: datetime) -> str | None:
        """Return the identifier of a device that the account knows, else None."""
        text, _, signature = cookies.get(self.name(username), "").rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(username, text).encode()):
            return None
        nonce, _, ends = text.partition(".")
        return nonce if int(ends) > now.timestamp() else None

    def _sign(self, *parts: str) -> str:
        return hmac.digest(self.keyring.sign_in_key, "\0".join(("device", *parts)).encode(), "sha256").hex()
