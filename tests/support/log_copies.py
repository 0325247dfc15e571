"""Copies of a transparency log that was never in a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from rfc9162 import leaf_hash, node_hash
from sequencing import SIGNER

from models.transparency.checkpoints import Checkpoint

Files = dict[str, bytes]
FIRST = datetime(2026, 11, 21, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_entry(number: int, at: datetime | None = None) -> bytes:
    """An entry of 105 bytes: version, time, three hashes."""
    moment = at or FIRST + timedelta(milliseconds=number)
    stamp = ((moment - EPOCH) // timedelta(microseconds=1)).to_bytes(8)
    return b"\x01" + stamp + b"".join(sha256(b"%d %d" % (number, part)).digest() for part in range(3))


def join(hashes: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1: the root over hashes of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(join(hashes[:half]), join(hashes[half:]))


def write_files(entries: Sequence[bytes]) -> Files:
    """The files of `tlog-tiles` for a log of fewer than 256,000 entries, written independently of the product."""
    files, level, hashes = Files(), 0, [leaf_hash(entry) for entry in entries]
    root = join(hashes)
    while hashes:
        for start in range(0, len(hashes), 256):
            tile = hashes[start : start + 256]
            place = f"{start // 256:03d}" + (f".p/{len(tile)}" if len(tile) < 256 else "")
            files[f"tile/{level}/{place}"] = b"".join(tile)
            if not level:
                own = entries[start : start + 256]
                files[f"tile/entries/{place}"] = b"".join(len(one).to_bytes(2) + one for one in own)
        full = range(0, len(hashes) - 255, 256)
        level, hashes = level + 1, [join(hashes[start : start + 256]) for start in full]
    files["checkpoint"] = SIGNER.sign(Checkpoint(SIGNER.name, len(entries), root).write()).encode()
    return files
