"""Algorithms for identity numbers (R18), by suite: AES-256-GCM with HMAC-SHA-256, or SM4-GCM with HMAC-SM3.

SM4 is GB/T 32907 (RFC 8998 for its GCM mode), SM3 GB/T 32905, HMAC GB/T 15852.2. Keys are derived from master secrets
by HKDF (RFC 5869) with the hash of the suite.
"""

import enum
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES, TAG_BYTES = 12, 16
INDEX_BYTES = 20
SM_MARK = 0x80
"""Is added to the number of a key in the first byte of a hash that HMAC-SM3 made."""


class Crypto(enum.StrEnum):
    """The suite by which a process seals and hashes."""

    INTERNATIONAL = "international"
    SM = "sm"


class SealingKey(Protocol):
    """Encrypts with associated data. What is encrypted ends with a tag of 16 bytes."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the encrypted data and the tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the data. Raises InvalidTag if anything was changed."""


class IndexingKey(Protocol):
    """Makes keyed hashes."""

    def hash(self, text: bytes) -> bytes:
        """Return 32 bytes."""


class Sm4Gcm:
    """SM4-GCM, with the interface of `AESGCM`. key: 16 bytes."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the encrypted data and the tag."""
        encryptor = Cipher(self._algorithm, GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data or b"")
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the data. Raises InvalidTag if anything was changed."""
        text, tag = data[:-TAG_BYTES], data[-TAG_BYTES:].rjust(TAG_BYTES, b"\0")
        decryptor = Cipher(self._algorithm, GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data or b"")
        return decryptor.update(text) + decryptor.finalize()


class HmacKey:
    """An HMAC that has read its key, and is copied for each text."""

    def __init__(self, key: bytes, algorithm: hashes.HashAlgorithm) -> None:
        self._begun = HMAC(key, algorithm)

    def hash(self, text: bytes) -> bytes:
        """Return 32 bytes."""
        hashing = self._begun.copy()
        hashing.update(text)
        return hashing.finalize()


def derive(master: bytes, purpose: bytes, crypto: Crypto = Crypto.INTERNATIONAL, length: int = 32) -> bytes:
    """Derive a key from a master secret by HKDF (RFC 5869) with the hash of the suite."""
    algorithm = hashes.SM3() if crypto is Crypto.SM else hashes.SHA256()
    return HKDF(algorithm, length, None, purpose).derive(master)


def make_sealing_key(master: bytes, crypto: Crypto) -> SealingKey:
    """Return the key of a master secret that seals by a suite."""
    purpose = b"suxin/identity/seal"
    return Sm4Gcm(derive(master, purpose, crypto, 16)) if crypto is Crypto.SM else AESGCM(derive(master, purpose))


def make_indexing_key(master: bytes, crypto: Crypto) -> IndexingKey:
    """Return the key of a master secret that hashes by a suite."""
    algorithm = hashes.SM3() if crypto is Crypto.SM else hashes.SHA256()
    return HmacKey(derive(master, b"suxin/identity/index", crypto), algorithm)
