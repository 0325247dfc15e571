"""Signed notes with Ed25519 (C2SP `signed-note`), cosignatures of witnesses (C2SP `tlog-cosignature`), and signatures
by SM2 beside those of the log, under a type of our own."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from languages.sentence import say
from models.sm2 import PUBLIC_OCTETS, Sm2Error, Sm2Key, Sm2Signer

DASH = "— "
LARGEST_NOTE, MOST_SIGNATURES = 64 * 1024, 32
ID_OCTETS, STAMP_OCTETS, SIGNATURE_OCTETS, KEY_OCTETS = 4, 8, 64, 32
COSIGNED = "cosignature/v1\ntime {}\n{}"


class NoteError(ValueError):
    """A note or a key of notes is not valid. The message is a sentence that gives the reason."""


class KeyType(IntEnum):
    """The signature types in use."""

    LOG = 1
    WITNESS = 4
    SM2 = 0xFF
    """A type that is not registered: the name of the algorithm follows it."""


SM2_ALGORITHM = b"sm2-sm3"
"""Stands between the type and the octets of a key of SM2."""


@dataclass(frozen=True)
class NoteKey:
    """A public key with its name."""

    name: str
    type: KeyType
    octets: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or self.name.split() != [self.name]:
            raise NoteError("The name of a key must not be empty, nor contain blanks or `+`.")
        if self.type is KeyType.SM2:
            _ = self.sm2
        elif len(self.octets) != KEY_OCTETS:
            raise NoteError("A public key of Ed25519 has 32 bytes.")

    @property
    def sm2(self) -> Sm2Key:
        """The key of SM2. Raises NoteError if it is none."""
        algorithm, point = self.octets[:-PUBLIC_OCTETS], self.octets[-PUBLIC_OCTETS:]
        try:
            if algorithm == SM2_ALGORITHM:
                return Sm2Key(point)
        except Sm2Error as error:
            raise NoteError(str(error)) from None
        raise NoteError("A key of an unregistered type is of `sm2-sm3` here.")

    @property
    def id(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.octets).digest()[:ID_OCTETS]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encode(bytes([self.type]) + self.octets)}"

    def verify(self, text: str, signature: bytes) -> None:
        """Verify a signature of a text. Raises NoteError."""
        if self.type is KeyType.SM2:
            try:
                return self.sm2.verify(text.encode(), signature)
            except Sm2Error as error:
                raise NoteError(str(error)) from None
        stamp, signed = signature[:-SIGNATURE_OCTETS], signature[-SIGNATURE_OCTETS:]
        if len(stamp) != (STAMP_OCTETS if self.type is KeyType.WITNESS else 0):
            raise NoteError(say("The signature of {name} has a wrong length.", name=self.name))
        message = COSIGNED.format(int.from_bytes(stamp), text) if stamp else text
        try:
            Ed25519PublicKey.from_public_bytes(self.octets).verify(signed, message.encode())
        except InvalidSignature:
            raise NoteError(
                say("The signature of {name} does not fit: the text was changed.", name=self.name)
            ) from None


def read_key(text: str) -> NoteKey:
    """Return the key of a text `name+id+base64`. Raises NoteError."""
    parts = text.strip().split("+", 2)
    try:
        name, identifier, encoded = parts
        kind, *octets = base64.b64decode(encoded, validate=True)
        key = NoteKey(name, KeyType(kind), bytes(octets))
    except (ValueError, binascii.Error) as error:
        raise NoteError("A key is written as `name+id+base64`, as `suxin log key` prints it.") from error
    if key.id.hex() != identifier:
        raise NoteError(say("The key of {name} is damaged: its id does not fit.", name=name))
    return key


@dataclass(frozen=True)
class NoteSigner:
    """Signs notes under a name.

    following: the key that will replace this one. Until then, both sign. former: keys that this one has replaced.
    sm2: signs beside them by SM2.
    """

    name: str
    private: Ed25519PrivateKey
    type: KeyType = KeyType.LOG
    following: Ed25519PrivateKey | None = None
    former: Sequence[NoteKey] = ()
    sm2: Sm2Signer | None = None

    @cached_property
    def sm2_key(self) -> NoteKey | None:
        """The public key of SM2, if one signs."""
        return NoteKey(self.name, KeyType.SM2, SM2_ALGORITHM + self.sm2.key.octets) if self.sm2 else None

    @cached_property
    def key(self) -> NoteKey:
        """The public key."""
        return NoteKey(self.name, self.type, self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def successor(self) -> "NoteSigner | None":
        """The signer with the key that will replace this one, if there is one."""
        former = (*self.former, self.key)
        return NoteSigner(self.name, self.following, self.type, former=former) if self.following else None

    @property
    def keys(self) -> list[NoteKey]:
        """The public keys with which notes are signed now."""
        return [self.key, *([self.successor.key] if self.successor else [])]

    @cached_property
    def trusted(self) -> list[NoteKey]:
        """The public keys with which notes are or were signed."""
        return [*self.keys, *self.former]

    def sign(self, text: str) -> str:
        """Return the note of a text that ends in a newline."""
        note = f"{text}\n{self._write_line(self.private.sign(text.encode()))}"
        note = self.successor.add_signature(note) if self.successor else note
        if self.sm2 is None or self.sm2_key is None:
            return note
        return f"{note}{write_line(self.name, self.sm2_key.id + self.sm2.sign(text.encode()))}\n"

    def add_signature(self, note: str) -> str:
        """Return a note with the signature of its text added."""
        text, _ = split_note(note)
        return note + self._write_line(self.private.sign(text.encode()))

    def cosign(self, note: str, at: int) -> str:
        """Return a note with the cosignature of its text added. at: seconds since the epoch."""
        text, _ = split_note(note)
        stamped = at.to_bytes(STAMP_OCTETS) + self.private.sign(COSIGNED.format(at, text).encode())
        return note + self._write_line(stamped)

    def _write_line(self, signature: bytes) -> str:
        return f"{write_line(self.name, self.key.id + signature)}\n"


def write_line(name: str, octets: bytes) -> str:
    """Return the line of a signature. octets: the id of the key, and the signature."""
    return f"{DASH}{name} {_encode(octets)}"


def open_note(note: str, keys: Iterable[NoteKey]) -> str:
    """Return the text of a note that is signed by at least one of `keys`. Signatures of other keys are ignored.

    Raises NoteError, also if one signature of a known key is wrong.
    """
    known = {(key.name, key.id): key for key in keys}
    text, signatures = split_note(note)
    found = [(known.get((name, octets[:4])), octets[4:]) for name, octets in signatures]
    for key, signature in found:
        if key:
            key.verify(text, signature)
    if not any(key for key, _ in found):
        raise NoteError("It is not signed by a key that is trusted here.")
    return text


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text of a note, and names and octets of its signatures. Raises NoteError."""
    if len(note) > LARGEST_NOTE or any(char < " " and char != "\n" for char in note):
        raise NoteError("This is not a signed note: it is too long, or contains control characters.")
    head, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or not head or lines.pop() or not 0 < len(lines) <= MOST_SIGNATURES:
        raise NoteError("This is not a signed note: a text, a blank line, and lines of signatures.")
    return f"{head}\n", [_read_line(line) for line in lines]


def _read_line(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    try:
        octets = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        octets = b""
    if not line.startswith(DASH) or not name or len(octets) < ID_OCTETS + SIGNATURE_OCTETS:
        raise NoteError("This is not a signed note: a line of a signature is damaged.")
    return name, octets


def _encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
