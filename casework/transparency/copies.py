"""Copies of the transparency log outside the database: files as C2SP `tlog-tiles` names them, and their verification.

A copy has `checkpoint`, `tile/…`, `tile/entries/…` and `rotation/…`: nothing else than what `/log` serves to everybody.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, dropwhile, groupby, islice, takewhile

from casework.transparency.cosignatures import read_lines
from casework.transparency.faults import FaultKind, Verification
from casework.transparency.key_changes import read_rotations
from casework.transparency.tree import ENTRIES, Fetch, LogBrokenError, read_last, read_tiles
from casework.transparency.walk import Nodes, Progress, TreeWalk
from models.transparency.checkpoints import read_checkpoint
from models.transparency.merkle import hash_leaf
from models.transparency.notes import NoteError, split_note
from models.transparency.tiles import Tile, list_tiles, read_bundle, write_bundle

CHECKPOINT = "checkpoint"
AT_ONCE = 64
"""Tiles that are read by one statement."""

HASH_OCTETS = 32
Read = Callable[[str], bytes | None]
"""Returns the content of the file at a path; None if there is none."""

Write = Callable[[str, bytes], None]
"""Writes the content of the file at a path."""


def name_tile(tile: Tile) -> str:
    """Return the path of the file of a tile."""
    return f"tile/{tile.write_path()}"


def name_rotation(number: int) -> str:
    """Return the path of the file of a change of the log's key. number: from 1."""
    return f"rotation/{number}"


def list_rotations(read: Read) -> Iterator[str]:
    """Yield the changes of the log's key in a copy."""
    for number in count(1):
        note = read(name_rotation(number))
        if note is None:
            return
        yield note.decode(errors="replace")


async def copy_log(fetch: Fetch, write: Write, progress: Progress = lambda *_: None) -> int:
    """Write all files of the log as one snapshot has it, the checkpoint last. Returns the number of entries.

    Raises LogBrokenError if parts are missing.
    """
    last = await read_last(fetch)
    if last is None:
        return 0
    for level, found in groupby(list_tiles(last["size"]), key=lambda tile: tile.level):
        while some := list(islice(found, AT_ONCE)):
            await (_copy_hashes if level else _copy_entries)(fetch, write, some)
            if not level:
                progress("entries", some[-1].first + some[-1].width, last["size"])
    for number, note in enumerate(await read_rotations(fetch), 1):
        write(name_rotation(number), note.encode())
    write(CHECKPOINT, (last["note"] + await read_lines(fetch, last["size"])).encode())
    return int(last["size"])


async def _copy_entries(fetch: Fetch, write: Write, tiles: Sequence[Tile]) -> None:
    first, width = tiles[0].first, sum(tile.width for tile in tiles)
    entries = [row["entry"] for row in await fetch(ENTRIES, {"first": first, "width": width})]
    if len(entries) != width:
        raise LogBrokenError(f"Entries of {tiles[0].write_path()} or the following tiles are missing.")
    for tile in tiles:
        own = entries[tile.first - first :][: tile.width]
        write(name_tile(replace(tile, of_entries=True)), write_bundle(own))
        write(name_tile(tile), b"".join(map(hash_leaf, own)))


async def _copy_hashes(fetch: Fetch, write: Write, tiles: Sequence[Tile]) -> None:
    found = await read_tiles(fetch, tiles)
    for tile in tiles:
        hashes = found.get((tile.level, tile.index), [])[: tile.width]
        if len(hashes) != tile.width:
            raise LogBrokenError(f"Hashes of the tile {tile.write_path()} are missing.")
        write(name_tile(tile), b"".join(hashes))


@dataclass(kw_only=True)
class CopyWalk(TreeWalk):
    """A walk over the files of a copy."""

    read: Read
    nodes: Nodes = field(default_factory=dict)

    def run(self) -> Verification:
        """Verify the copy. Everything is computed anew from its entries."""
        note = self.read_note()
        size = self.read_size(note)
        leaves = takewhile(lambda tile: not tile.level, list_tiles(size))
        if all(self.check_tile(tile, size) for tile in leaves):
            for tile in dropwhile(lambda tile: not tile.level, list_tiles(size)):
                self.check_roots(tile)
        self.check_kept()
        if size or self.tree.size:
            self.check_newest(note)
        return self.result

    def read_note(self) -> str:
        """Return the checkpoint of the copy, which may be damaged."""
        return (self.read(CHECKPOINT) or b"").decode(errors="replace")

    def read_size(self, note: str) -> int:
        """Return the size that the checkpoint says, 0 if it cannot be read, which is reported."""
        try:
            return read_checkpoint(split_note(note)[0]).size
        except NoteError as error:
            self.result.report(FaultKind.REWRITTEN, f"The copy has no checkpoint that can be read. {error}")
            return 0

    def check_tile(self, tile: Tile, size: int) -> bool:
        """Check a tile of leaves and its entries. Returns whether the walk can go on."""
        bundle = replace(tile, of_entries=True)
        try:
            entries = read_bundle(self.read(name_tile(bundle)) or b"")
        except ValueError:
            entries = []
        if len(entries) != tile.width:
            found = f"{name_tile(bundle)} has {len(entries)} entries instead of {tile.width}."
            self.result.report(FaultKind.REMOVED, found, tile.first)
            return False
        hashes = list(map(hash_leaf, entries))
        for index, entry in enumerate(entries, tile.first):
            self.read_time(index, entry)
        self.check_hashes(tile, hashes)
        for entry in entries:
            self.nodes |= self.append(entry)
        self.progress("entries", self.tree.size, size)
        return True

    def check_hashes(self, tile: Tile, hashes: Sequence[bytes]) -> None:
        """Compare the leaves of a tile with its entries, which names those that differ."""
        for index, (leaf, other) in enumerate(zip(hashes, self.read_hashes(tile), strict=False), tile.first):
            if leaf != other:
                self.result.report(FaultKind.CHANGED, "The entry is not the one whose hash is published.", index)

    def check_roots(self, tile: Tile) -> None:
        """Compare the hashes of a tile above the leaves with the roots of the tiles below it."""
        stored = {(tile.level, index): root for index, root in enumerate(self.read_hashes(tile), tile.first)}
        places = [(tile.level, index) for index in range(tile.first, tile.first + tile.width)]
        self.check_nodes({place: self.nodes[place] for place in places}, stored)

    def read_hashes(self, tile: Tile) -> list[bytes]:
        """Return the hashes of a tile; a wrong number of them is reported."""
        octets = self.read(name_tile(tile)) or b""
        if len(octets) != tile.width * HASH_OCTETS:
            found = f"{name_tile(tile)} has {len(octets)} bytes instead of {tile.width * HASH_OCTETS}."
            self.result.report(FaultKind.REWRITTEN, found)
        return [octets[start : start + HASH_OCTETS] for start in range(0, len(octets), HASH_OCTETS)]
