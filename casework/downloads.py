"""Addresses of files, valid for 15 minutes. They are encrypted, and tell neither key nor number of files."""

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag

from models.keyring import Keyring, KeyringError

LASTS = timedelta(minutes=15)
PURPOSE = b"suxin/download"
FORM = ">qq"


def sign_download(keyring: Keyring, key: int, at: datetime) -> str:
    """Return the token of an operation's file in an address."""
    sealed = keyring.seal_octets(struct.pack(FORM, key, int((at + LASTS).timestamp())), PURPOSE)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def verify_download(keyring: Keyring, token: str, at: datetime) -> int | None:
    """Return the operation's key of a token; None for a false one and after the expiry."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        key, ends = struct.unpack(FORM, keyring.open_octets(sealed, PURPOSE))
    except (binascii.Error, ValueError, InvalidTag, KeyringError):
        return None
    return key if datetime.fromtimestamp(ends, UTC) > at else None
