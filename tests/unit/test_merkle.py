"""Merkle trees (RFC 9162, section 2.1) against their naive definitions and published vectors."""

from hashlib import sha256

import pytest
from generated import sized
from hypothesis import given
from hypothesis import strategies as st

from models.transparency.merkle import (
    EMPTY_ROOT,
    Frontier,
    PathError,
    compute_root,
    hash_leaf,
    join_roots,
    list_consistency_ranges,
    list_inclusion_ranges,
    list_subtrees,
    verify_consistency,
    verify_inclusion,
)

VECTORS = [
    b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
]  # fmt: skip
"""The leaves of the reference tree of Certificate Transparency (RFC 6962), which RFC 9162 hashes alike."""

ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of 2.1.1, word by word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + naive_root(leaves[:half]) + naive_root(leaves[half:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of 2.1.3.1, word by word."""
    if len(leaves) == 1:
        return []
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if index < half:
        return [*naive_path(index, leaves[:half]), naive_root(leaves[half:])]
    return [*naive_path(index - half, leaves[half:]), naive_root(leaves[:half])]


def naive_subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of 2.1.4.1, word by word."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if old <= half:
        return [*naive_subproof(old, leaves[:half], whole), naive_root(leaves[half:])]
    return [*naive_subproof(old - half, leaves[half:], False), naive_root(leaves[:half])]


def make_leaves(number: int) -> list[bytes]:
    return [hash_leaf(str(place).encode()) for place in range(number)]


def read_path(leaves: list[bytes], ranges: list[tuple[int, int]]) -> list[bytes]:
    return [naive_root(leaves[start:end]) for start, end in ranges]


def test_the_roots_of_the_reference_tree() -> None:
    leaves = [hash_leaf(entry) for entry in VECTORS]
    assert [compute_root(leaves[:size]).hex() for size in range(1, 9)] == ROOTS
    assert compute_root([]) == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 100])
def test_roots_and_paths_are_those_of_the_definition(size: int) -> None:
    leaves = make_leaves(size)
    assert compute_root(leaves) == naive_root(leaves)
    for index in range(size):
        assert read_path(leaves, list_inclusion_ranges(index, size)) == naive_path(index, leaves)
    for old in range(1, size + 1):
        assert read_path(leaves, list_consistency_ranges(old, size)) == naive_subproof(old, leaves, True)


@sized(50)
@given(size=st.integers(1, 200), data=st.data())
def test_proofs_hold_and_every_change_is_refused(size: int, data: st.DataObject) -> None:
    leaves = make_leaves(size)
    root, index = compute_root(leaves), data.draw(st.integers(0, size - 1))
    path = read_path(leaves, list_inclusion_ranges(index, size))
    verify_inclusion(leaves[index], index, size, path, root)
    for wrong in damage(path, data):
        with pytest.raises(PathError):
            verify_inclusion(leaves[index], index, size, wrong, root)
    other = data.draw(st.integers(0, size + 3).filter(lambda place: place != index))
    with pytest.raises(PathError):
        verify_inclusion(leaves[index], other, size, path, root)
    with pytest.raises(PathError):
        verify_inclusion(hash_leaf(b"another"), index, size, path, root)


@sized(50)
@given(sizes=st.lists(st.integers(1, 200), min_size=2, max_size=2).map(sorted), data=st.data())
def test_consistency_holds_and_every_change_is_refused(sizes: list[int], data: st.DataObject) -> None:
    old, new = sizes
    leaves = make_leaves(new)
    roots = compute_root(leaves[:old]), compute_root(leaves)
    path = read_path(leaves, list_consistency_ranges(old, new))
    verify_consistency(old, roots[0], new, roots[1], path)
    for wrong in damage(path, data):
        with pytest.raises(PathError):
            verify_consistency(old, roots[0], new, roots[1], wrong)
    forged = leaves.copy()
    forged[data.draw(st.integers(0, old - 1))] = hash_leaf(b"forged")
    with pytest.raises(PathError):
        verify_consistency(
            old, roots[0], new, compute_root(forged), read_path(forged, list_consistency_ranges(old, new))
        )


def damage(path: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """Paths that are longer, shorter, or have another hash."""
    wrong = [[*path, path[-1] if path else EMPTY_ROOT], [EMPTY_ROOT, *path]]
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        wrong += [path[:-1], path[1:], [*path[:place], EMPTY_ROOT, *path[place + 1 :]]]
    return wrong


def test_the_size_is_part_of_a_consistency_proof() -> None:
    """Without a check of what is left of the size, a path would be accepted for trees of any height."""
    leaves = make_leaves(8)
    path = read_path(leaves, list_consistency_ranges(3, 7))
    for new in (4, 9, 15, 16, 17):
        with pytest.raises(PathError):
            verify_consistency(3, compute_root(leaves[:3]), new, compute_root(leaves[:7]), path)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (5, 4), (-1, 3)])
def test_nothing_is_proven_from_the_empty_tree(old: int, new: int) -> None:
    with pytest.raises(PathError, match="There is no consistency proof"):
        verify_consistency(old, EMPTY_ROOT, new, compute_root(make_leaves(max(new, 0))), [])
    with pytest.raises(PathError, match="There is no consistency proof"):
        list_consistency_ranges(old, new)


def test_two_trees_of_one_size_have_one_root() -> None:
    with pytest.raises(PathError, match="different roots"):
        verify_consistency(4, compute_root(make_leaves(4)), 4, EMPTY_ROOT, [])


@sized(50)
@given(size=st.integers(0, 300), more=st.integers(0, 300))
def test_a_frontier_continues_a_tree(size: int, more: int) -> None:
    leaves = make_leaves(size + more)
    roots = [naive_root(leaves[index << level : (index + 1) << level]) for level, index in list_subtrees(0, size)]
    tree = Frontier(size, roots)
    assert tree.compute_root() == join_roots(roots) == naive_root(leaves[:size])
    for leaf in leaves[size:]:
        completed = tree.append(leaf)
        levels = range(len(completed))
        assert completed == [naive_root(leaves[tree.size - (1 << level) : tree.size]) for level in levels]
    assert tree.compute_root() == naive_root(leaves)


def test_a_frontier_has_a_root_for_each_bit_of_its_size() -> None:
    with pytest.raises(ValueError, match="one root for each bit"):
        Frontier(3, [EMPTY_ROOT])
