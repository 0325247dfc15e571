"""Tiles and bundles (C2SP `tlog-tiles`)."""

import pytest
from generated import sized
from hypothesis import given
from hypothesis import strategies as st

from models.transparency.merkle import compute_root, hash_leaf, join_roots
from models.transparency.tiles import (
    MOST_INDEX,
    WIDTH,
    Tile,
    find_tile,
    join_hashes,
    list_edge,
    list_roots,
    read_bundle,
    read_path,
    write_bundle,
)

TILES = st.builds(
    Tile, st.integers(0, 63), st.integers(0, MOST_INDEX - 1), st.one_of(st.just(WIDTH), st.integers(1, WIDTH - 1))
)


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("0/x001/x234/067", Tile(0, 1234067)),  # the example of the specification
        ("0/000", Tile(0, 0)),
        ("1/999.p/255", Tile(1, 999, 255)),
        ("63/x001/000", Tile(63, 1000)),
        ("entries/x001/234.p/7", Tile(0, 1234, 7, of_entries=True)),
    ],
)
def test_paths_of_the_specification(path: str, tile: Tile) -> None:
    assert read_path(path) == tile
    assert tile.write_path() == path


@sized(50)
@given(TILES)
def test_every_tile_has_one_path(tile: Tile) -> None:
    assert read_path(tile.write_path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/0", "0/00", "0/0000", "0/x000/001", "00/001", "64/000", "100/000", "-1/000", "0/001.p/0",
        "0/001.p/256", "0/001.p/07", "0/001.p/", "0/001.p/1.p/1", "0/x001/x002", "0/001/002", "0/000/", "/0/000",
        "0/٠٠١", "entries/1", "Entries/001", "0/../000", "0/000?x", "0/000\n", "data/000", "0/" + "x999/" * 30 + "999",
    ],
)  # fmt: skip
def test_other_paths_are_none(path: str) -> None:
    assert read_path(path) is None


@pytest.mark.parametrize(
    ("size", "edge"),
    [
        (70_000, [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]),  # the example of the specification
        (256, [Tile(1, 0, 1)]),
        (255, [Tile(0, 0, 255)]),
        (0, []),
        (1, [Tile(0, 0, 1)]),
    ],
)
def test_the_partial_tiles_of_a_tree(size: int, edge: list[Tile]) -> None:
    assert list_edge(size) == edge
    assert all(tile.is_of(size) for tile in edge)


def test_a_tile_is_of_the_trees_that_have_all_its_hashes() -> None:
    """A full tile must not be served while it is partial: it would change."""
    assert not Tile(0, 1).is_of(280)
    assert Tile(0, 1, 24).is_of(280)
    assert not Tile(0, 1, 25).is_of(280)
    assert Tile(0, 1).is_of(512)
    assert not Tile(1, 0, 2).is_of(511)
    assert Tile(1, 0, 2).is_of(512)
    assert not Tile(0, 2, 1).is_of(512)


@sized(50)
@given(size=st.integers(1, 256))
def test_the_roots_of_a_tile(size: int) -> None:
    leaves = [hash_leaf(bytes([place])) for place in range(size % 256 or 1)]
    roots = list_roots(leaves)
    assert len(roots) == len(leaves).bit_count()
    assert join_roots(roots) == compute_root(leaves)


@sized(50)
@given(level=st.integers(0, 30), index=st.integers(0, 2**20))
def test_a_subtree_is_in_one_tile(level: int, index: int) -> None:
    tile, first, last = find_tile(level, index)
    assert last - first == 1 << level % 8
    span = 256**tile.level
    assert (tile.first + first) * span == index << level
    assert last <= WIDTH


def test_a_complete_tile_has_one_root() -> None:
    leaves = [hash_leaf(bytes([place])) for place in range(256)]
    assert list_roots(leaves) == [join_hashes(leaves)] == [compute_root(leaves)]


@sized(50)
@given(st.lists(st.binary(max_size=200), max_size=20))
def test_bundles_are_read_as_they_are_written(entries: list[bytes]) -> None:
    assert read_bundle(write_bundle(entries)) == entries


@pytest.mark.parametrize("bundle", [b"\x00", b"\x00\x02a", b"\x00\x01ab\x00"])
def test_truncated_bundles_are_refused(bundle: bytes) -> None:
    with pytest.raises(ValueError, match="truncated"):
        read_bundle(bundle)
