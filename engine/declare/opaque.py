"""Opaque ids and cursors: text with a message authentication code.

The code is HMAC-SHA-256 (RFC 2104), truncated to 8 bytes. The key is kept outside the database. Its inner and outer
padded keys are bind parameters, so that PostgreSQL can compute the code with sha256().
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from functools import cache

import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from engine.declare.sql import SQL

BLOCK_BYTES = 64
MARK_BYTES = 8
INNER = sa.bindparam("opaque_inner", type_=sa.LargeBinary)
OUTER = sa.bindparam("opaque_outer", type_=sa.LargeBinary)


@cache
def bind_key(key: bytes) -> Mapping[str, bytes]:
    """Return the values of INNER and OUTER for a key of at most 64 bytes."""
    padded = key.ljust(BLOCK_BYTES, b"\0")
    return {"opaque_inner": bytes(b ^ 0x36 for b in padded), "opaque_outer": bytes(b ^ 0x5C for b in padded)}


def seal_in_sql(text: SQL) -> SQL:
    """Return SQL for `text` with its authentication code, in base64."""
    octets = sa.func.convert_to(text, "UTF8")
    mark = sa.func.sha256(OUTER.op("||")(sa.func.sha256(INNER.op("||")(octets))))
    whole = octets.op("||")(sa.func.substring(mark, 1, MARK_BYTES))
    return sa.func.translate(sa.func.encode(whole, "base64"), "\n", "")


def seal(octets: bytes, key: bytes) -> str:
    """Return the value of `seal_in_sql` for a text in UTF-8."""
    return base64.b64encode(octets + _mark(octets, key)).decode()


def unseal(opaque: str, key: bytes) -> str | None:
    """Return the text, or None if the authentication code is wrong. Raises ValueError for a malformed value."""
    try:
        whole = base64.b64decode(opaque, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if base64.b64encode(whole).decode() != opaque:
        raise ValueError("not as base64 is written")
    octets, mark = whole[:-MARK_BYTES], whole[-MARK_BYTES:]
    if not octets:
        raise ValueError("too short")
    return octets.decode() if hmac.compare_digest(mark, _mark(octets, key)) else None


def _mark(octets: bytes, key: bytes) -> bytes:
    hashing = _begin_hash(key).copy()
    hashing.update(octets)
    return hashing.finalize()[:MARK_BYTES]


@cache
def _begin_hash(key: bytes) -> HMAC:
    """Return a hash that has read its key."""
    return HMAC(key, hashes.SHA256())
