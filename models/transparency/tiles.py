"""Tiles: runs of at most 256 hashes of one level of the tree (C2SP `tlog-tiles`)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from models.transparency.merkle import hash_children

HEIGHT = 8
WIDTH = 1 << HEIGHT
MOST_LEVEL, MOST_INDEX = 63, 2**55
"""The highest level of the format, and a bound of indexes: a place in the tree is a bigint."""

PATH = re.compile(r"(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
ENTRIES = "entries"


@dataclass(frozen=True)
class Tile:
    """A tile, or a bundle of entries. level: in steps of eight levels of the tree. width: its number of hashes."""

    level: int
    index: int
    width: int = WIDTH
    of_entries: bool = False

    @property
    def first(self) -> int:
        """The index of its first hash among those of its level."""
        return self.index * WIDTH

    def is_of(self, size: int) -> bool:
        """Return whether a tree of `size` leaves, or a smaller one, has this tile. A tile never changes."""
        return self.first + self.width <= size >> (HEIGHT * self.level)

    def write_path(self) -> str:
        """Return the path below `tile/`."""
        digits = f"{self.index:d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        *others, last = (digits[start : start + 3] for start in range(0, len(digits), 3))
        number = "".join(f"x{part}/" for part in others) + last
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{ENTRIES if self.of_entries else self.level}/{number}{partial}"


def read_path(path: str) -> Tile | None:
    """Return the tile at a path below `tile/`; None for a path that is not canonical."""
    found = PATH.fullmatch(path)
    if found is None:
        return None
    level, number, width = found.groups()
    index = int(number.replace("x", "").replace("/", ""))
    tile = Tile(0 if level == ENTRIES else int(level), index, int(width or WIDTH), level == ENTRIES)
    canonical = tile.write_path() == path and (width is None or tile.width < WIDTH)
    return tile if canonical and tile.level <= MOST_LEVEL and index < MOST_INDEX else None


def list_edge(size: int) -> list[Tile]:
    """Return the partial tiles of a tree, from the leaves up: from them the tree is continued."""
    levels = range(-(-size.bit_length() // HEIGHT))
    tiles = (Tile(level, size >> HEIGHT * (level + 1), (size >> HEIGHT * level) % WIDTH) for level in levels)
    return [tile for tile in tiles if tile.width]


def list_tiles(size: int) -> Iterator[Tile]:
    """Yield the tiles of a tree, full ones and the partial ones of its edge, from the leaves up."""
    level, hashes = 0, size
    while hashes:
        for index in range(0, hashes, WIDTH):
            yield Tile(level, index // WIDTH, min(WIDTH, hashes - index))
        level, hashes = level + 1, hashes >> HEIGHT


def find_tile(level: int, index: int) -> tuple[Tile, int, int]:
    """Return the tile that contains a complete subtree, and the range of its hashes. level: of the tree."""
    height = level % HEIGHT
    first = index << height
    tile = Tile(level // HEIGHT, first // WIDTH, first % WIDTH + (1 << height))
    return tile, first % WIDTH, tile.width


def join_hashes(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a complete subtree from the hashes of one of its levels."""
    while len(hashes) > 1:
        hashes = [hash_children(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def list_roots(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the roots of the complete subtrees of a tile, the largest first."""
    roots, start = list[bytes](), 0
    for bit in range(HEIGHT, -1, -1):
        if len(hashes) >> bit & 1:
            roots.append(join_hashes(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return roots


def write_bundle(entries: Iterable[bytes]) -> bytes:
    """Return a bundle of entries, each after its length in two bytes."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def read_bundle(bundle: bytes) -> list[bytes]:
    """Return the entries of a bundle. Raises ValueError."""
    entries, place = list[bytes](), 0
    while place < len(bundle):
        start = place + 2
        place = start + int.from_bytes(bundle[place:start])
        if start > len(bundle) or place > len(bundle):
            raise ValueError("The bundle is truncated.")
        entries.append(bundle[start:place])
    return entries
