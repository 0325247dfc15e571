"""Signed addresses of files, valid for 15 minutes."""

import hmac
from datetime import UTC, datetime, timedelta

from models.keyring import Keyring

LASTS = timedelta(minutes=15)


def sign_download(keyring: Keyring, key: int, at: datetime) -> str:
    """Return the token of an operation's file in an address."""
    text = f"{key}.{int((at + LASTS).timestamp())}"
    return f"{text}.{_signature(keyring, text)}"


def verify_download(keyring: Keyring, token: str, at: datetime) -> int | None:
    """Return the operation's key of a token; None for a false signature and after the expiry."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(keyring, text).encode()):
        return None
    key, _, ends = text.partition(".")
    return int(key) if datetime.fromtimestamp(int(ends), UTC) > at else None


def _signature(keyring: Keyring, text: str) -> str:
    return hmac.digest(keyring.download_key, text.encode(), "sha256").hex()
