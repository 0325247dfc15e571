"""The hashes of the transparency log in the database: tiles, the frontier, and the roots of ranges of leaves."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.transparency.merkle import Frontier, Range, join_roots, list_subtrees
from models.transparency.tables import LogCheckpoint
from models.transparency.tiles import Tile, find_tile, join_hashes, list_edge, list_roots

Fetch = Callable[[sa.Executable, Mapping[str, Any]], Awaitable[Sequence[sa.RowMapping]]]
"""Executes a statement with values, and returns its rows."""

TILES = (
    sa.text(
        """
        SELECT asked.tile, ARRAY(
            SELECT sha256('\\x00'::bytea || leaf.entry) FROM log_leaf AS leaf
            WHERE leaf.index BETWEEN asked.tile * 256 AND asked.tile * 256 + 255
            ORDER BY leaf.index LIMIT 256
        ) AS hashes
        FROM unnest(CAST(:tiles AS bigint[])) AS asked (tile)
        """
    ),
    sa.text(
        """
        SELECT asked.tile, ARRAY(
            SELECT node.hash FROM log_node AS node
            WHERE node.level = :level AND node.index BETWEEN asked.tile * 256 AND asked.tile * 256 + 255
            ORDER BY node.index LIMIT 256
        ) AS hashes
        FROM unnest(CAST(:tiles AS bigint[])) AS asked (tile)
        """
    ),
)
"""The hashes of tiles: of leaves, and of higher levels."""

CHECKPOINT = LogCheckpoint.__table__.c
LAST = (
    sa.select(
        CHECKPOINT.size,
        CHECKPOINT.root,
        CHECKPOINT.note,
        CHECKPOINT.epoch,
        sa.cast(CHECKPOINT.snapshot, sa.Text).label("snapshot"),
    )
    .order_by(CHECKPOINT.size.desc(), CHECKPOINT.epoch.desc())
    .limit(1)
)
ENTRIES = sa.text("SELECT entry FROM log_leaf WHERE index >= :first AND index < :first + :width ORDER BY index")


class LogBrokenError(RuntimeError):
    """The stored log contradicts itself or its key. The message is a sentence without personal data."""


def fetch_by(connection: AsyncConnection) -> Fetch:
    """Return the function that executes statements on a connection."""

    async def fetch(statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[sa.RowMapping]:
        return (await connection.execute(statement, values)).mappings().all()

    return fetch


async def read_tiles(fetch: Fetch, tiles: Iterable[Tile]) -> dict[tuple[int, int], list[bytes]]:
    """Return the hashes of tiles by level and index, one statement a level. A tile may have more than its width."""
    wanted = defaultdict[int, set[int]](set)
    for tile in tiles:
        wanted[tile.level].add(tile.index)
    found = {}
    for level, indexes in sorted(wanted.items()):
        values = {"tiles": sorted(indexes)} | ({"level": level} if level else {})
        for row in await fetch(TILES[bool(level)], values):
            found[level, row["tile"]] = row["hashes"]
    return found


async def read_frontier(fetch: Fetch, size: int) -> Frontier:
    """Return the frontier of the tree of `size` leaves. Raises LogBrokenError if hashes are missing."""
    edge = list_edge(size)
    tiles = await read_tiles(fetch, edge)
    roots = list[bytes]()
    for tile in reversed(edge):
        roots += list_roots(_cut(tiles, tile, 0, tile.width))
    return Frontier(size, roots)


async def read_roots(fetch: Fetch, ranges: Iterable[Range]) -> dict[Range, bytes]:
    """Return the roots of ranges of leaves. Raises LogBrokenError if hashes are missing."""
    subtrees = {one: [find_tile(*subtree) for subtree in list_subtrees(*one)] for one in ranges}
    tiles = await read_tiles(fetch, {tile for found in subtrees.values() for tile, _, _ in found})
    return {one: join_roots([join_hashes(_cut(tiles, *place)) for place in found]) for one, found in subtrees.items()}


def _cut(tiles: Mapping[tuple[int, int], Sequence[bytes]], tile: Tile, first: int, last: int) -> Sequence[bytes]:
    hashes = tiles.get((tile.level, tile.index), [])[first:last]
    if len(hashes) != last - first:
        raise LogBrokenError(f"Hashes of the tile {tile.write_path()} are missing.")
    return hashes


async def read_last(fetch: Fetch) -> sa.RowMapping | None:
    """Return size, root, note, epoch and snapshot of the newest checkpoint."""
    return next(iter(await fetch(LAST, {})), None)
