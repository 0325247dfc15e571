"""A copy of the transparency log in files: whatever is done to it is found, and nothing else is."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from log_copies import Files, make_entry, write_files
from sequencing import NOW, SIGNER

from casework.transparency.copies import CopyWalk
from casework.transparency.faults import FaultKind, Verification
from casework.transparency.walk import group_roots
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.merkle import compute_root, hash_leaf
from models.transparency.tiles import list_tiles

SIZE = 700
ENTRIES = [make_entry(number) for number in range(SIZE)]
KEPT = Checkpoint(SIGNER.name, SIZE, compute_root(map(hash_leaf, ENTRIES)))
OLDER = Checkpoint(SIGNER.name, 300, compute_root(map(hash_leaf, ENTRIES[:300])))


def verify(files: Files, *kept: Checkpoint) -> Verification:
    """Verify a copy."""
    walk = CopyWalk(
        keys=[SIGNER.key], now=NOW, kept=group_roots(kept), promised={}, progress=lambda *_: None, read=files.get
    )
    return walk.run()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 65_536, 65_537])
def test_a_copy_holds_at_every_size(size: int) -> None:
    entries = [make_entry(number) for number in range(size)]
    found = verify(write_files(entries))
    assert (found.faults, found.size) == ([], size)


@pytest.mark.parametrize("size", [1, 256, 257, 65_537, 66_000, 16_777_217])
def test_a_full_tile_is_full_and_a_partial_one_is_of_the_edge(size: int) -> None:
    tiles = list(list_tiles(size))
    assert [tile for tile in tiles if not tile.is_of(size)] == []
    for level in range(4):
        own = [tile for tile in tiles if tile.level == level]
        assert sum(tile.width for tile in own) == size >> 8 * level
        assert [tile.width for tile in own[:-1]] == [256] * (len(own) - 1)


def change(entries: list[bytes]) -> None:
    """Another commitment in one entry."""
    entries[100] = entries[100][:40] + bytes([entries[100][40] ^ 1]) + entries[100][41:]


def remove(entries: list[bytes]) -> None:
    """One entry is gone."""
    del entries[100]


def insert(entries: list[bytes]) -> None:
    """One entry is between others."""
    entries.insert(100, make_entry(100_000))


def swap(entries: list[bytes]) -> None:
    """Two entries of different tiles change places."""
    entries[100], entries[400] = entries[400], entries[100]


def reorder(entries: list[bytes]) -> None:
    """The entries of one tile are in another order."""
    entries[256:512] = entries[256:512][::-1]


def replace_last(entries: list[bytes]) -> None:
    """The last entry is another one."""
    entries[-1] = make_entry(100_001)


def cut(entries: list[bytes]) -> None:
    """The end is gone."""
    del entries[650:]


TAMPERINGS = [change, remove, insert, swap, reorder, replace_last, cut]


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda one: one.__name__)
def test_a_copy_that_is_written_anew_with_the_key_of_the_log_is_found(tamper: Callable[[list[bytes]], None]) -> None:
    """All hashes and the checkpoint fit: only what was kept says otherwise."""
    entries = list(ENTRIES)
    tamper(entries)
    files = write_files(entries)
    assert verify(files).faults == []
    assert verify(files, KEPT).kinds[0] in {FaultKind.REWRITTEN, FaultKind.TRUNCATED}


@pytest.mark.parametrize("tamper", [change, swap, reorder, replace_last], ids=lambda one: one.__name__)
def test_entries_that_do_not_fit_their_hashes_are_named(tamper: Callable[[list[bytes]], None]) -> None:
    entries = list(ENTRIES)
    tamper(entries)
    files = write_files(ENTRIES) | {name: octets for name, octets in write_files(entries).items() if "entries" in name}
    found = verify(files, KEPT)
    named = [fault.index for fault in found.faults if fault.kind is FaultKind.CHANGED]
    assert named == [index for index in range(SIZE) if entries[index] != ENTRIES[index]]
    assert FaultKind.REWRITTEN in found.kinds


@pytest.mark.parametrize("tamper", [remove, insert, cut], ids=lambda one: one.__name__)
def test_a_bundle_with_another_number_of_entries_is_found(tamper: Callable[[list[bytes]], None]) -> None:
    entries = list(ENTRIES)
    tamper(entries)
    last = "tile/entries/002.p/188"
    files = write_files(ENTRIES)
    others = write_files(entries)
    files |= {name: octets for name, octets in others.items() if "entries" in name}
    files[last] = next(octets for name, octets in others.items() if name.startswith("tile/entries/002"))
    found = verify(files, KEPT)
    assert FaultKind.REMOVED in found.kinds
    assert FaultKind.TRUNCATED in found.kinds


FILES = ["checkpoint", *(name for name in write_files(ENTRIES) if name != "checkpoint")]


@pytest.mark.parametrize("name", FILES)
def test_every_file_counts(name: str) -> None:
    """Whichever file is missing, shorter, longer, or differs by a bit."""
    files = write_files(ENTRIES)
    content = files[name]
    for other in (None, content[:-1], content + b"x", content[:9] + bytes([content[9] ^ 1]) + content[10:]):
        tampered = {one: octets for one, octets in (files | {name: other or b""}).items() if other or one != name}
        assert verify(tampered, KEPT).total, (name, other and len(other))


def test_an_older_copy_is_not_enough() -> None:
    found = verify(write_files(ENTRIES[:300]), OLDER, KEPT)
    assert [fault.found for fault in found.faults] == [
        "The log has 300 entries; the checkpoint that was kept covers 700."
    ]
    assert verify(write_files(ENTRIES), OLDER, KEPT).faults == []


def test_an_entry_that_says_that_it_is_older_than_the_checkpoint_is_found() -> None:
    late = make_entry(100_002, datetime(2026, 11, 20, tzinfo=UTC))
    found = verify(write_files([*ENTRIES, late]), KEPT)
    assert [(fault.kind, fault.index) for fault in found.faults] == [(FaultKind.BACKDATED, SIZE)]


def test_a_checkpoint_of_another_key_is_not_of_this_log() -> None:
    files = write_files(ENTRIES)
    files["checkpoint"] = files["checkpoint"].replace(b"court.example", b"other.example")
    assert verify(files).kinds == [FaultKind.REWRITTEN]


def test_a_size_that_nobody_could_walk_ends_at_the_first_missing_tile(tmp_path: Path) -> None:
    """A checkpoint of 10^18 entries names millions of millions of tiles."""
    files = {"checkpoint": SIGNER.sign(Checkpoint(SIGNER.name, 10**18, KEPT.root).write()).encode()}
    found = verify(files, KEPT)
    assert found.kinds[0] is FaultKind.REMOVED
    assert open_checkpoint(files["checkpoint"].decode(), [SIGNER.key]).size == 10**18
