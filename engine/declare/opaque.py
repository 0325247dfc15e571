"""Opaque ids and cursors: encrypted and authenticated, deterministically. They tell nothing but whether they are equal.

Both are sealed with a synthetic IV (Rogaway and Shrimpton, 2006): a keyed hash of the whole is the mark, and a keyed
hash of the mark the stream that hides the rest. Two texts share a stream only if their marks collide.

- An id with a numeric key: the hash of the type's name (4 bytes, not secret), a mark of 8 bytes, and the hidden key
  (8). Its keyed hash is SHA-256 of a secret of 32 bytes and a message of 12: one block, which cannot be extended.
- Any other text, such as the place of a cursor, is padded to a multiple of 64 bytes. Its keyed hash is HMAC-SHA-256,
  and the mark has 16 bytes. PostgreSQL seals it by the function `seal_opaque` (FUNCTION), which needs no extension.

The secrets are bind parameters: they are kept outside the database.
"""

import base64
import binascii
import hmac
import struct
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BIT

from engine.declare.sql import SQL

TYPE_BYTES, NUMBER_BYTES, MARK_BYTES, PADDED_BYTES, BLOCK_BYTES = 4, 8, 16, 64, 64
ID_BYTES = TYPE_BYTES + 2 * NUMBER_BYTES
HASH_BYTES = 32
LARGEST_KEY = 2**63
MARKING = sa.bindparam("opaque_marking", type_=sa.LargeBinary)
HIDING = sa.bindparam("opaque_hiding", type_=sa.LargeBinary)
INNER = sa.bindparam("opaque_inner", type_=sa.LargeBinary)
OUTER = sa.bindparam("opaque_outer", type_=sa.LargeBinary)
names: dict[bytes, str] = {}
"""The names of types by their hashes, as far as this process has met them."""

FUNCTION = r"""
CREATE OR REPLACE FUNCTION seal_opaque(said text, key_inner bytea, key_outer bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    octets bytea := convert_to(said, 'UTF8');
    mark bytea;
    stream bytea := '';
BEGIN
    octets := octets || decode(repeat('00', mod(64 - mod(octet_length(octets), 64), 64)), 'hex');
    mark := substring(sha256(key_outer || sha256(key_inner || '\x00'::bytea || octets)), 1, 16);
    FOR number IN 1 .. octet_length(octets) / 32 LOOP
        stream := stream || sha256(key_outer || sha256(key_inner || '\x01'::bytea || mark || int4send(number)));
    END LOOP;
    octets := substring(varbit_send(
        ('x' || encode(octets, 'hex'))::varbit # ('x' || encode(stream, 'hex'))::varbit
    ), 5);
    RETURN translate(encode(mark || octets, 'base64'), E'\n', '');
END $$
"""
"""The function that seals texts. The database must have it."""


class Secrets(NamedTuple):
    """The secrets of the marks and the streams of ids, and the padded keys of HMAC (RFC 2104)."""

    opaque_marking: bytes
    opaque_hiding: bytes
    opaque_inner: bytes
    opaque_outer: bytes


@cache
def derive_secrets(key: bytes) -> Secrets:
    """Derive the secrets from a key."""
    marking, hiding, other = (hmac.digest(key, name, "sha256") for name in (b"marking", b"hiding", b"texts"))
    return Secrets(marking, hiding, *pad_key(other))


def pad_key(key: bytes) -> tuple[bytes, bytes]:
    """Return the inner and outer padded key of HMAC-SHA-256, for a key of at most 64 bytes."""
    padded = key.ljust(BLOCK_BYTES, b"\0")
    return bytes(octet ^ 0x36 for octet in padded), bytes(octet ^ 0x5C for octet in padded)


def bind_key(key: bytes) -> Mapping[str, bytes]:
    """Return the values of the bind parameters for a key."""
    return _bind(key)


@cache
def _bind(key: bytes) -> Mapping[str, bytes]:
    return derive_secrets(key)._asdict()


@cache
def hash_type(name: str) -> bytes:
    """Return the four bytes of a type in its ids. Raises ValueError if another type has the same."""
    octets = sha256(name.encode()).digest()[:TYPE_BYTES]
    if names.setdefault(octets, name) != name:
        raise ValueError(f"The types {name} and {names[octets]} have the same hash: rename one.")
    return octets


def seal_number_in_sql(name: str, key: SQL) -> SQL:
    """Return SQL for the id of the row of a type with a numeric key, in base64."""
    kind = sa.func.int4send(sa.literal(int.from_bytes(hash_type(name), signed=True), sa.Integer), type_=sa.LargeBinary)
    number = sa.cast(key, sa.BigInteger)
    mark = _hash(MARKING.op("||")(kind).op("||")(sa.func.int8send(number)))
    stream = _hash(HIDING.op("||")(kind).op("||")(mark))
    bits = sa.cast(sa.cast(sa.literal("x", sa.Text).op("||")(sa.func.encode(stream, "hex")), BIT(64)), sa.BigInteger)
    hidden = sa.func.int8send(number.op("#")(bits))
    return sa.func.encode(kind.op("||")(mark).op("||")(hidden), "base64", type_=sa.Text)


def _hash(octets: SQL) -> SQL:
    return sa.func.substring(sa.func.sha256(octets), 1, NUMBER_BYTES, type_=sa.LargeBinary)


def hash_in_sql(octets: SQL, inner: SQL, outer: SQL) -> SQL:
    """Return SQL for HMAC-SHA-256 of some bytes, by the padded keys of `pad_key`."""
    return sa.func.sha256(outer.op("||")(sa.func.sha256(inner.op("||")(octets))), type_=sa.LargeBinary)


def seal_in_sql(text: SQL) -> SQL:
    """Return SQL for `text`, sealed, in base64."""
    return sa.func.seal_opaque(text, INNER, OUTER, type_=sa.Text)


def seal(octets: bytes, key: bytes) -> str:
    """Return a text in UTF-8, sealed: as an id if it is the name of a type, a colon and a number."""
    name, _, number = octets.decode(errors="replace").partition(":")
    secrets = derive_secrets(key)
    numbered = name.isascii() and _is_key(number)
    whole = _seal_number(name, int(number), secrets) if numbered else _seal_text(octets, secrets)
    return base64.b64encode(whole).decode()


def unseal(opaque: str, key: bytes) -> str | None:
    """Return the text, or None if it was not sealed with this key. Raises ValueError for a malformed value."""
    try:
        whole = base64.b64decode(opaque, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if base64.b64encode(whole).decode() != opaque:
        raise ValueError("not as base64 is written")
    if len(whole) == ID_BYTES:
        return _unseal_number(whole, derive_secrets(key))
    if len(whole) <= MARK_BYTES or len(whole) % PADDED_BYTES != MARK_BYTES:
        raise ValueError("of no length that an id or a cursor has")
    return _unseal_text(whole, derive_secrets(key))


def _is_key(number: str) -> bool:
    """Test whether a key is a number in the range of bigint, as it is written."""
    digits = number.isascii() and number.isdigit() and len(number) <= len(str(LARGEST_KEY))
    return digits and str(int(number)) == number and int(number) < LARGEST_KEY


def _seal_number(name: str, number: int, secrets: Secrets) -> bytes:
    kind, octets = hash_type(name), struct.pack(">q", number)
    mark = sha256(secrets.opaque_marking + kind + octets).digest()[:NUMBER_BYTES]
    return kind + mark + _hide(octets, kind + mark, secrets)


def _hide(octets: bytes, head: bytes, secrets: Secrets) -> bytes:
    return _xor(octets, sha256(secrets.opaque_hiding + head).digest())


def _unseal_number(whole: bytes, secrets: Secrets) -> str | None:
    head, name = whole[:-NUMBER_BYTES], names.get(whole[:TYPE_BYTES])
    (number,) = struct.unpack(">q", _hide(whole[-NUMBER_BYTES:], head, secrets))
    genuine = name is not None and hmac.compare_digest(whole, _seal_number(name, number, secrets))
    return f"{name}:{number}" if genuine else None


def _seal_text(octets: bytes, secrets: Secrets) -> bytes:
    padded = octets + bytes(-len(octets) % PADDED_BYTES)
    mark = _hash_text(b"\0" + padded, secrets)[:MARK_BYTES]
    return mark + _xor(padded, _stream(mark, len(padded), secrets))


def _unseal_text(whole: bytes, secrets: Secrets) -> str | None:
    mark, hidden = whole[:MARK_BYTES], whole[MARK_BYTES:]
    padded = _xor(hidden, _stream(mark, len(hidden), secrets))
    genuine = hmac.compare_digest(mark, _hash_text(b"\0" + padded, secrets)[:MARK_BYTES])
    return padded.rstrip(b"\0").decode() if genuine else None


def _stream(mark: bytes, length: int, secrets: Secrets) -> bytes:
    numbers = range(1, length // HASH_BYTES + 1)
    return b"".join(_hash_text(b"\1" + mark + struct.pack(">i", number), secrets) for number in numbers)


def _hash_text(octets: bytes, secrets: Secrets) -> bytes:
    return sha256(secrets.opaque_outer + sha256(secrets.opaque_inner + octets).digest()).digest()


def _xor(octets: bytes, stream: bytes) -> bytes:
    return (int.from_bytes(octets) ^ int.from_bytes(stream[: len(octets)])).to_bytes(len(octets))
