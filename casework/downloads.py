"""Addresses of files: signed, and good for a quarter of an hour."""

import hmac
from datetime import UTC, datetime, timedelta

from models.keyring import Keyring

LASTS = timedelta(minutes=15)


def sign_download(keyring: Keyring, key: int, at: datetime) -> str:
    """What stands for the file of an operation in an address, from now on."""
    text = f"{key}.{int((at + LASTS).timestamp())}"
    return f"{text}.{_signature(keyring, text)}"


def verify_download(keyring: Keyring, token: str, at: datetime) -> int | None:
    """The operation's key; None for what we did not sign, and for what is over."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(keyring, text).encode()):
        return None
    key, _, ends = text.partition(".")
    return int(key) if datetime.fromtimestamp(int(ends), UTC) > at else None


def _signature(keyring: Keyring, text: str) -> str:
    return hmac.digest(keyring.download_key, text.encode(), "sha256").hex()
