"""The keys of identity numbers (R18): they seal with associated data, and hash for look-ups.

The keys are in a file outside the database. The newest key seals; older ones still open. A number is hashed with the
first key, and each hash with the next one, so that what is stored can be renewed without the numbers (ADR 37). A key is
of one suite of algorithms. A ring that has changed to SM hashes once more, by HMAC-SM3 (ADR 41).
"""

import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from models.crypto_provider import FILES, CryptoProvider, open_provider
from models.derived_keys import DerivedKeys
from models.masters import MASTER_BYTES, DeviceMaster, KeyringError, Master, SmMaster, get_octets, read_master
from models.number_suites import (
    INDEX_BYTES,
    NONCE_BYTES,
    SM_MARK,
    Crypto,
    IndexingKey,
    SealingKey,
    derive,
)
from secret_file import create_secret, write_secret

__all__ = ["FORMATS", "Keyring", "KeyringError", "NumberForms"]

FORMATS = {Crypto.INTERNATIONAL: 1, Crypto.SM: 2}
"""The first byte of what is sealed: 1 is AES-256-GCM, 2 is SM4-GCM."""

HEAD_BYTES = 2 + NONCE_BYTES


class NumberForms(NamedTuple):
    """The hash of a number by the newest key, and the one under which it may still be stored (`stored_form`)."""

    newest: bytes
    earlier: bytes | None


class HashStep(NamedTuple):
    """A hash of the chain. mark: the first byte of what it makes."""

    mark: int
    key: IndexingKey


@dataclass(frozen=True)
class Keyring(DerivedKeys):
    """Master secrets of 32 random bytes by version, newest last. crypto: the suite of what is written from now on; a
    ring whose newest key is of SM is of SM. provider: makes the keys that seal and hash."""

    sealing: Sequence[Master]
    indexing: Sequence[Master]
    crypto: Crypto = Crypto.INTERNATIONAL
    provider: CryptoProvider = field(default=FILES, compare=False, repr=False)

    @cached_property
    def suite(self) -> Crypto:
        """The suite of what is written."""
        return self.crypto if isinstance(self.indexing[-1], bytes) else Crypto.SM

    @property
    def first_sealing(self) -> bytes:
        """The first secret that sealed."""
        return get_octets(self.sealing[0])

    @property
    def first_indexing(self) -> bytes:
        """The first secret that hashed."""
        return get_octets(self.indexing[0])

    @cached_property
    def _international(self) -> int:
        """How many keys hash by HMAC-SHA-256. They are the first ones."""
        return sum(isinstance(master, bytes) for master in self.indexing)

    @cached_property
    def _sealing_keys(self) -> dict[tuple[int, int], SealingKey]:
        """The keys that open, by format and version."""
        return {
            (FORMATS[crypto], version): self.provider.make_sealing_key(master, crypto)
            for version, master in enumerate(self.sealing, 1)
            for crypto in Crypto
            if crypto is Crypto.SM or isinstance(master, bytes)
        }

    @cached_property
    def _steps(self) -> Sequence[HashStep]:
        return list(self._list_steps())

    def _list_steps(self) -> Iterator[HashStep]:
        """The hashes of the chain. The last international key hashes twice if the ring has changed to SM since."""
        last = self._international
        for version, master in enumerate(self.indexing, 1):
            if isinstance(master, bytes):
                yield HashStep(version, self.provider.make_indexing_key(master, Crypto.INTERNATIONAL))
            if version >= last and self.suite is Crypto.SM:
                yield HashStep(SM_MARK | version, self.provider.make_indexing_key(master, Crypto.SM))

    @cached_property
    def _places(self) -> dict[int, int]:
        """The number of steps that are done, by the mark of a hash."""
        return {step.mark: place for place, step in enumerate(self._steps, 1)}

    @property
    def version(self) -> int:
        """The version of the hashes that are stored."""
        return len(self.indexing)

    @property
    def mark(self) -> int:
        """The first byte of the hashes that are stored."""
        return self._steps[-1].mark

    @cached_property
    def earlier_mark(self) -> int | None:
        """The first byte of the hashes that were stored before the change to SM; None if there was none."""
        return self._international or None if self.suite is Crypto.SM else None

    def seal(self, number: str, index: bytes) -> bytes:
        """Encrypt a normalized identity number, bound to its keyed hash."""
        return self.seal_octets(number.encode(), self._bind(index) if self.suite is Crypto.SM else index)

    def open(self, sealed: bytes, index: bytes) -> str:
        """Decrypt a sealed number. Raises InvalidTag for another keyed hash, KeyringError for an unknown key."""
        bound = self._bind(index) if sealed[:1] == bytes([FORMATS[Crypto.SM]]) else index
        return self.open_octets(sealed, bound).decode()

    def _bind(self, index: bytes) -> bytes:
        """Return what a number is sealed to in format 2: its first hash by HMAC-SM3, so that the row can be renewed."""
        if self.earlier_mark is None or len(index) != 1 + INDEX_BYTES or index[0] > self.earlier_mark:
            return index
        return self._advance(index, self._places[index[0]], self._places[SM_MARK | self.earlier_mark])

    def seal_octets(self, octets: bytes, associated: bytes) -> bytes:
        """Encrypt bytes with associated data."""
        head, nonce = (FORMATS[self.suite], len(self.sealing)), os.urandom(NONCE_BYTES)
        return bytes(head) + nonce + self._sealing_keys[head].encrypt(nonce, octets, associated)

    def open_octets(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt bytes. Raises InvalidTag and KeyringError as `open` does."""
        key = self._sealing_keys.get((sealed[0], sealed[1])) if len(sealed) >= HEAD_BYTES else None
        if key is None:
            raise KeyringError("This value was sealed with a key that the key file does not hold.")
        return key.decrypt(sealed[2:HEAD_BYTES], sealed[HEAD_BYTES:], associated)

    def is_sealed_anew(self, sealed: bytes) -> bool:
        """Return whether a value is sealed by the suite that is written now."""
        return sealed[:1] == bytes([FORMATS[self.suite]])

    @property
    def fingerprints(self) -> list[str]:
        """What tells a ring from another one without its keys: of each indexing key, newest last."""
        return [derive(get_octets(master), b"suxin/fingerprint")[:16].hex() for master in self.indexing]

    def index(self, number: str) -> bytes:
        """Return the newest keyed hash of a number."""
        return self._hash_anew(number.encode())

    @cached_property
    def _hash_anew(self) -> Callable[[bytes], bytes]:
        """The function that does all steps with a number; the usual single one without a loop, since a check hashes a
        hundred numbers."""
        if len(self._steps) > 1:
            return lambda text: self._advance(text, 0, len(self._steps))
        ((mark, key),) = self._steps
        head, hash_ = bytes([mark]), key.hash
        return lambda text: head + hash_(text)[:INDEX_BYTES]

    def hash(self, number: str) -> NumberForms:
        """Return the hashes under which a number may be stored: the newest, and the one of before a change to SM."""
        if self.earlier_mark is None:
            return NumberForms(self._hash_anew(number.encode()), None)
        earlier = self._advance(number.encode(), 0, self._places[self.earlier_mark])
        return NumberForms(self.renew(earlier), earlier)

    def find_forms(self, index: bytes) -> NumberForms:
        """Return the forms of a hash that was stored. Raises KeyringError as `renew` does."""
        return NumberForms(self.renew(index), index if index[0] == self.earlier_mark else None)

    def renew(self, index: bytes) -> bytes:
        """Return the newest form of a stored hash. Raises KeyringError for one of a key that is not here."""
        place = self._places.get(index[0]) if index else None
        if place is None:
            raise KeyringError("This number was hashed with a key that the key file does not hold.")
        return self._advance(index, place, len(self._steps))

    def _advance(self, text: bytes, done: int, until: int) -> bytes:
        """Do further steps of the chain with a number, for which none are done, or with a hash."""
        for mark, key in self._steps[done:until]:
            text = bytes([mark]) + key.hash(text)[:INDEX_BYTES]
        return text


def load_keyring(path: Path, crypto: str | None = None, command: Sequence[str] = ()) -> Keyring:
    """Read the key file; create one with new keys if there is none. crypto: None is the suite of the newest key.
    command: reaches a device, in which new keys are then.

    Raises KeyringError."""
    suite = Crypto(crypto) if crypto else None
    if not path.exists():
        _create(path, suite or Crypto.INTERNATIONAL, by_device=bool(command))
    try:
        ring = parse_keyring(path.read_text(), suite, command)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyringError(f"{path} is not a key file ({type(error).__name__}). Restore it from its backup.") from error
    if suite is Crypto.INTERNATIONAL and ring.suite is Crypto.SM:
        raise KeyringError(f"The newest key of {path} is of SM: set SUXIN_CRYPTO=sm.")
    return ring


def parse_keyring(text: str, crypto: Crypto | None = None, command: Sequence[str] = ()) -> Keyring:
    """Return the ring in the text of a key file. Raises ValueError, KeyError, TypeError."""
    stored = json.loads(text)
    sealing, indexing = _read_masters(stored["sealing"]), _read_masters(stored["indexing"])
    return Keyring(sealing, indexing, crypto or Crypto.INTERNATIONAL, open_provider(tuple(command)))


def format_keyring(ring: Keyring) -> str:
    """Return the text of the key file of a ring."""
    return json.dumps({half: [key.hex() for key in getattr(ring, half)] for half in ("sealing", "indexing")})


def add_keys(path: Path, crypto: str | None = None, command: Sequence[str] = ()) -> Keyring:
    """Add a new key of each kind to the key file. Returns the ring with them. Raises KeyringError, OSError."""
    ring = load_keyring(path, crypto, command)
    number = ring.version + 1
    sealing = [*ring.sealing, _make_master(ring.suite, f"seal-{number}" if command else None)]
    indexing = [*ring.indexing, _make_master(ring.suite, f"index-{number}" if command else None)]
    write_secret(path, format_keyring(Keyring(sealing, indexing)))
    return load_keyring(path, crypto, command)


def _make_master(crypto: Crypto, label: str | None = None) -> Master:
    if label and crypto is Crypto.SM:
        return DeviceMaster(label)
    octets = secrets.token_bytes(MASTER_BYTES)
    return SmMaster(octets) if crypto is Crypto.SM else octets


def _read_masters(stored: Sequence[str]) -> tuple[Master, ...]:
    masters = tuple(read_master(key) for key in stored)
    if not masters or isinstance(masters[0], DeviceMaster):
        raise ValueError("the first master secret is missing")
    if [isinstance(one, bytes) for one in masters] != sorted((isinstance(one, bytes) for one in masters), reverse=True):
        raise ValueError("a key of the international suite stands after one of SM")
    return masters


def _create(path: Path, crypto: Crypto, *, by_device: bool = False) -> None:
    """Create the key file, unless another process has. An existing file is never replaced.

    by_device: the newest keys are in a device. The first ones are in the file all the same: ids and share codes are
    derived from them.
    """
    in_device = by_device and crypto is Crypto.SM
    sealing, indexing = (
        [_make_master(crypto), *([DeviceMaster(f"{name}-2")] if in_device else [])] for name in ("seal", "index")
    )
    try:
        create_secret(path, format_keyring(Keyring(sealing, indexing)))
    except OSError as error:
        raise KeyringError(
            f"The key file {path} cannot be made ({type(error).__name__}). Make its directory writable."
        ) from error
