"""Encryption of identity numbers (R18): AES-256-GCM with associated data, and a keyed hash for look-ups.

The keys are in a file outside the database. The newest key encrypts; older ones still decrypt. A number is hashed with
the first key, and each hash with the next one, so that what is stored can be renewed without the numbers (ADR 37).
"""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from secret_file import create_secret, write_secret

FORMAT = 1
MASTER_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 20
HEAD_BYTES = 2 + NONCE_BYTES


class KeyringError(RuntimeError):
    """The key file cannot be used. The message has a hint."""


@dataclass(frozen=True)
class Keyring:
    """Master secrets of 32 random bytes by version, newest last."""

    sealing: Sequence[bytes]
    indexing: Sequence[bytes]

    @cached_property
    def _ciphers(self) -> list[AESGCM]:
        return [AESGCM(_derive(master, b"suxin/identity/seal")) for master in self.sealing]

    @cached_property
    def _index_keys(self) -> list[bytes]:
        return [_derive(master, b"suxin/identity/index") for master in self.indexing]

    @cached_property
    def _index_hashes(self) -> list[tuple[bytes, HMAC]]:
        """The number of each version as an octet, and a hash that has read its key."""
        return [(bytes([version]), HMAC(key, hashes.SHA256())) for version, key in enumerate(self._index_keys, 1)]

    @property
    def version(self) -> int:
        """The version of the hashes that are stored."""
        return len(self.indexing)

    @cached_property
    def opaque_key(self) -> bytes:
        """The key for ids and cursors; from the first version, so that ids survive a rotation."""
        return _derive(self.indexing[0], b"suxin/opaque")

    @cached_property
    def log_key(self) -> bytes:
        """The key of the hash that identifies documents in the access log; the same after a rotation."""
        return _derive(self.indexing[0], b"suxin/access-log")

    @cached_property
    def noise_key(self) -> bytes:
        """The key of the noise in statistics; the same after a rotation, so that figures stay."""
        return _derive(self.indexing[0], b"suxin/statistics")

    @cached_property
    def nonce_key(self) -> bytes:
        """The key for nonces of proofs (RFC 9449, section 8)."""
        return _derive(self.indexing[0], b"suxin/dpop-nonce")

    @cached_property
    def share_key(self) -> bytes:
        """The key for share codes; from the first version, so that a code can be derived again."""
        return _derive(self.indexing[0], b"suxin/share-code")

    @cached_property
    def result_key(self) -> bytes:
        """The key for verification codes of public look-ups; from the first version, so that codes stay valid."""
        return _derive(self.indexing[0], b"suxin/result-code")

    def draw_lot(self, key: int) -> int:
        """Return the lot of a row in a draw: 64 bits of an HMAC of its key, from the first version of the secret."""
        return int.from_bytes(_finish(HMAC(self._lot_key, hashes.SHA256()), key.to_bytes(8, "big"))[:8])

    @cached_property
    def _lot_key(self) -> bytes:
        return _derive(self.indexing[0], b"suxin/lot")

    @cached_property
    def sign_in_key(self) -> bytes:
        """The key that counts failed sign-ins and signs the cookies of known devices."""
        return _derive(self.indexing[0], b"suxin/sign-in")

    def derive_webhook_secret(self, purpose: bytes, webhook: int, version: int) -> bytes:
        """Derive 32 bytes for a version of a webhook's keys, by HKDF (RFC 5869)."""
        return _derive(self.sealing[0], b"suxin/webhook/%b/%d/%d" % (purpose, webhook, version))

    def derive_match_key(self, client_key: int, version: int) -> bytes:
        """Derive 32 bytes by which a client matches persons, from the first version, by HKDF (RFC 5869)."""
        return _derive(self.indexing[0], b"suxin/match/%d/%d" % (client_key, version))

    def seal(self, number: str, associated: bytes) -> bytes:
        """Encrypt a normalized identity number with associated data, which binds it to its row."""
        return self.seal_octets(number.encode(), associated)

    def open(self, sealed: bytes, associated: bytes) -> str:
        """Decrypt a sealed number. Raises InvalidTag for other associated data, KeyringError for an unknown key."""
        return self.open_octets(sealed, associated).decode()

    def seal_octets(self, octets: bytes, associated: bytes) -> bytes:
        """Encrypt bytes with associated data."""
        version, nonce = len(self.sealing), os.urandom(NONCE_BYTES)
        return bytes([FORMAT, version]) + nonce + self._ciphers[-1].encrypt(nonce, octets, associated)

    def open_octets(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt bytes. Raises InvalidTag and KeyringError as `open` does."""
        if len(sealed) < HEAD_BYTES or sealed[0] != FORMAT or not 1 <= sealed[1] <= len(self.sealing):
            raise KeyringError("This value was sealed with a key that the key file does not hold.")
        nonce, text = sealed[2:HEAD_BYTES], sealed[HEAD_BYTES:]
        return self._ciphers[sealed[1] - 1].decrypt(nonce, text, associated)

    @property
    def fingerprints(self) -> list[str]:
        """What tells a ring from another one without its keys: of each indexing key, newest last."""
        return [_derive(master, b"suxin/fingerprint")[:16].hex() for master in self.indexing]

    def index(self, number: str) -> bytes:
        """Return the keyed hash of a number, to be stored and looked up: one, since a new key renews all that is stored
        (ADR 37)."""
        return self._hash(number.encode(), 0)

    def renew(self, index: bytes) -> bytes:
        """Return the newest form of a stored hash. Raises KeyringError for one of a key that is not here."""
        if not index or not 1 <= index[0] <= self.version:
            raise KeyringError("This number was hashed with a key that the key file does not hold.")
        return self._hash(index, index[0])

    def _hash(self, text: bytes, version: int) -> bytes:
        """Hash a number (version 0), or a hash of a version, with each later key."""
        for mark, begun in self._index_hashes[version:]:
            text = mark + _finish(begun, text)[:INDEX_BYTES]
        return text


def _finish(begun: HMAC, text: bytes) -> bytes:
    """Return the hash of a text by a copy of a hash that has read its key."""
    hashing = begun.copy()
    hashing.update(text)
    return hashing.finalize()


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, purpose).derive(master)


def load_keyring(path: Path) -> Keyring:
    """Read the key file; create one with new keys if there is none. Raises KeyringError."""
    if not path.exists():
        _create(path)
    try:
        return parse_keyring(path.read_text())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyringError(f"{path} is not a key file ({type(error).__name__}). Restore it from its backup.") from error


def parse_keyring(text: str) -> Keyring:
    """Return the ring in the text of a key file. Raises ValueError, KeyError, TypeError."""
    stored = json.loads(text)
    return Keyring(_masters(stored["sealing"]), _masters(stored["indexing"]))


def add_keys(path: Path) -> Keyring:
    """Add a new key of each kind to the key file. Returns the ring with them. Raises KeyringError, OSError."""
    ring = load_keyring(path)
    stored = {half: [key.hex() for key in getattr(ring, half)] for half in ("sealing", "indexing")}
    write_secret(path, json.dumps({half: [*keys, secrets.token_hex(MASTER_BYTES)] for half, keys in stored.items()}))
    return load_keyring(path)


def _masters(stored: Sequence[str]) -> tuple[bytes, ...]:
    masters = tuple(bytes.fromhex(key) for key in stored)
    if not masters or any(len(master) != MASTER_BYTES for master in masters):
        raise ValueError("a master secret is missing or has another length")
    return masters


def _create(path: Path) -> None:
    """Create the key file, unless another process has. An existing file is never replaced."""
    fresh = {half: [secrets.token_hex(MASTER_BYTES)] for half in ("sealing", "indexing")}
    try:
        create_secret(path, json.dumps(fresh))
    except OSError as error:
        raise KeyringError(
            f"The key file {path} cannot be made ({type(error).__name__}). Make its directory writable."
        ) from error
