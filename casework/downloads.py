"""Addresses of files, valid for 15 minutes. They are encrypted, and tell neither key nor number of files."""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag

from models.keyring import Keyring, KeyringError

LASTS = timedelta(minutes=15)
PURPOSE = b"suxin/download"
FORM = ">qq"


@dataclass(frozen=True)
class SignedDownload:
    """A valid signed address. key: of the operation. since: when the address was signed."""

    key: int
    since: datetime


def sign_download(keyring: Keyring, key: int, at: datetime) -> str:
    """Return the token of an operation's file in an address."""
    sealed = keyring.seal_octets(struct.pack(FORM, key, int((at + LASTS).timestamp())), PURPOSE)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def verify_download(keyring: Keyring, token: str, at: datetime) -> SignedDownload | None:
    """Return what a token was made for; None for a false one and after the expiry."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        key, ends = struct.unpack(FORM, keyring.open_octets(sealed, PURPOSE))
    except (binascii.Error, ValueError, InvalidTag, KeyringError):
        return None
    expires_at = datetime.fromtimestamp(ends, UTC)
    return SignedDownload(key, expires_at - LASTS) if expires_at > at else None
