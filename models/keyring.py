"""Identity numbers at rest (R18): AES-256-GCM with row-bound associated data, and a keyed hash to look them up by.

The keys live in one file outside the database. Both halves are versioned: the newest seals and indexes, older versions
still open and are still probed, so that keys can be rotated while the service runs.
"""

import hmac
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from secret_file import create_secret

FORMAT = 1
MASTER_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 20
HEAD_BYTES = 2 + NONCE_BYTES


class KeyringError(RuntimeError):
    """The key file cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Keyring:
    """Master secrets by version, newest last. 32 random bytes each."""

    sealing: Sequence[bytes]
    indexing: Sequence[bytes]

    @cached_property
    def _ciphers(self) -> list[AESGCM]:
        return [AESGCM(_derive(master, b"suxin/identity/seal")) for master in self.sealing]

    @cached_property
    def _index_keys(self) -> list[bytes]:
        return [_derive(master, b"suxin/identity/index") for master in self.indexing]

    @cached_property
    def opaque_key(self) -> bytes:
        """The key that marks ids and cursors; of the first version, so that ids outlive a rotation."""
        return _derive(self.indexing[0], b"suxin/opaque")

    @cached_property
    def download_key(self) -> bytes:
        """The key that signs the addresses of files."""
        return _derive(self.indexing[0], b"suxin/download")

    @cached_property
    def share_key(self) -> bytes:
        """The key that share codes are made with; of the first version, so that a code is told again as it was."""
        return _derive(self.indexing[0], b"suxin/share-code")

    def webhook_secret(self, purpose: bytes, webhook: int, version: int) -> bytes:
        """32 bytes of their own for a version of a webhook's keys, by HKDF (RFC 5869); the same each time."""
        return _derive(self.sealing[0], b"suxin/webhook/%b/%d/%d" % (purpose, webhook, version))

    def seal(self, number: str, associated: bytes) -> bytes:
        """Encrypt a normalized identity number, bound to `associated`: moved to another row it does not open."""
        return self.seal_octets(number.encode(), associated)

    def open(self, sealed: bytes, associated: bytes) -> str:
        """Decrypt what `seal` made. Raises InvalidTag for another row's value, KeyringError for an unknown key."""
        return self.open_octets(sealed, associated).decode()

    def seal_octets(self, octets: bytes, associated: bytes) -> bytes:
        """Encrypt any octets, bound to `associated` as numbers are."""
        version, nonce = len(self.sealing), os.urandom(NONCE_BYTES)
        return bytes([FORMAT, version]) + nonce + self._ciphers[-1].encrypt(nonce, octets, associated)

    def open_octets(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what `seal_octets` made. Raises InvalidTag, KeyringError, as `open` does."""
        if len(sealed) < HEAD_BYTES or sealed[0] != FORMAT or not 1 <= sealed[1] <= len(self.sealing):
            raise KeyringError("This value was sealed with a key that the key file does not hold.")
        nonce, text = sealed[2:HEAD_BYTES], sealed[HEAD_BYTES:]
        return self._ciphers[sealed[1] - 1].decrypt(nonce, text, associated)

    def index(self, number: str) -> bytes:
        """The keyed hash under the newest version: what a new row stores."""
        return self.probes(number)[0]

    def probes(self, number: str) -> list[bytes]:
        """The keyed hashes under every version, newest first: what a look-up compares with."""
        text = number.encode()
        versions = range(len(self._index_keys), 0, -1)
        return [bytes([v]) + hmac.digest(self._index_keys[v - 1], text, "sha256")[:INDEX_BYTES] for v in versions]


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, purpose).derive(master)


def load_keyring(path: Path) -> Keyring:
    """Read the key file, making one with fresh keys where there is none. Raises KeyringError if either fails."""
    if not path.exists():
        _create(path)
    try:
        stored = json.loads(path.read_text())
        return Keyring(_masters(stored["sealing"]), _masters(stored["indexing"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyringError(f"{path} is not a key file ({type(error).__name__}). Restore it from its backup.") from error


def _masters(stored: Sequence[str]) -> tuple[bytes, ...]:
    masters = tuple(bytes.fromhex(key) for key in stored)
    if not masters or any(len(master) != MASTER_BYTES for master in masters):
        raise ValueError("a master secret is missing or has another length")
    return masters


def _create(path: Path) -> None:
    """Make the key file, unless another process is the first to: keys that may have sealed are never replaced."""
    fresh = {half: [secrets.token_hex(MASTER_BYTES)] for half in ("sealing", "indexing")}
    try:
        create_secret(path, json.dumps(fresh))
    except OSError as error:
        raise KeyringError(
            f"The key file {path} cannot be made ({type(error).__name__}). Make its directory writable."
        ) from error
