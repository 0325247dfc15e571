"""Merkle trees of RFC 9162, section 2.1, with SHA-256: hashes, roots, proofs, and their verification."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256().digest()
"""The root of a tree without leaves."""

LEAF, NODE = b"\x00", b"\x01"
Range = tuple[int, int]
"""The leaves from the first number to before the second one."""


class PathError(ValueError):
    """A proof does not hold. The message is a sentence that gives the reason."""


def hash_leaf(entry: bytes) -> bytes:
    """Return the hash of a leaf (2.1.1)."""
    return sha256(LEAF + entry).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node (2.1.1)."""
    return sha256(NODE + left + right).digest()


class Frontier:
    """The roots of the complete subtrees from which a tree is continued, the largest first.

    size: the number of leaves. roots: one for each bit of `size`.
    """

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size, self.roots = size, list(roots)
        if len(self.roots) != size.bit_count():
            raise ValueError("A frontier has one root for each bit of its size.")

    def append(self, leaf: bytes) -> list[bytes]:
        """Append the hash of a leaf. Return the roots of the subtrees that it completes, of 1, 2, 4 … leaves."""
        completed = [leaf]
        size = self.size
        while size & 1:
            completed.append(hash_children(self.roots.pop(), completed[-1]))
            size >>= 1
        self.roots.append(completed[-1])
        self.size += 1
        return completed

    def append_subtree(self, level: int, root: bytes) -> None:
        """Append the root of a complete subtree of 2 ** level leaves, of which nothing else is known. Raises
        PathError if none can begin at the end of the tree."""
        if self.size & ((1 << level) - 1):
            raise PathError(f"No subtree of {1 << level} leaves begins at leaf {self.size}.")
        size = self.size >> level
        while size & 1:
            root = hash_children(self.roots.pop(), root)
            size >>= 1
        self.roots.append(root)
        self.size += 1 << level

    def compute_root(self) -> bytes:
        """Return the root of the tree."""
        return join_roots(self.roots)


def join_roots(roots: Sequence[bytes]) -> bytes:
    """Return the root of a tree from those of its complete subtrees, the largest first."""
    if not roots:
        return EMPTY_ROOT
    *others, root = roots
    for left in reversed(others):
        root = hash_children(left, root)
    return root


def compute_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these hashes of leaves (2.1.1)."""
    level = list(leaves)
    while len(level) > 1:
        lone = level[-1:] if len(level) & 1 else []
        level = [hash_children(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + lone
    return level[0] if level else EMPTY_ROOT


def list_inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the ranges whose roots are the inclusion path of a leaf (2.1.3.1). Raises PathError."""
    if not 0 <= index < size:
        raise PathError(f"A tree of {size} leaves has no leaf {index}.")
    start, end, ranges = 0, size, list[Range]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def list_consistency_ranges(old: int, new: int) -> list[Range]:
    """Return the ranges whose roots are the consistency path of two sizes (2.1.4.1). Raises PathError.

    Nothing can be proven from the empty tree.
    """
    if not 0 < old <= new:
        raise PathError(f"There is no consistency proof from {old} to {new} leaves.")
    start, end, ranges = 0, new, list[Range]()
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return [*([(start, end)] if start else []), *ranges[::-1]]


def list_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield level and index of the complete subtrees of a range that begins at a multiple of the largest one's size."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def list_complete(start: int, end: int) -> Iterator[Range]:
    """Yield the largest complete subtrees of any range of leaves, in order, as ranges."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield start, start + (1 << level)
        start += 1 << level


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Verify an inclusion path (2.1.3.2). leaf: its hash. Raises PathError."""
    if compute_included_root(leaf, index, size, path) != root:
        raise PathError("The path leads to another root: the log does not contain this entry at this place.")


def compute_included_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root to which an inclusion path leads. Raises PathError if the path does not fit index and size."""
    if not 0 <= index < size:
        raise PathError(f"A tree of {size} leaves has no leaf {index}.")
    place, last, root = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise PathError("The path is too long.")
        if place & 1 or place == last:
            root = hash_children(sibling, root)
            place, last = _skip(place, last)
        else:
            root = hash_children(root, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise PathError("The path is too short.")
    return root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Verify that the tree of `new` leaves begins with the tree of `old` ones (2.1.4.2). Raises PathError."""
    if not 0 < old <= new:
        raise PathError(f"There is no consistency proof from {old} to {new} leaves.")
    if old == new:
        if path or old_root != new_root:
            raise PathError("Two trees of the same size have different roots.")
        return
    given = [old_root, *path] if old.bit_count() == 1 else list(path)
    if not given:
        raise PathError("The path is too short.")
    if _compute_consistent_roots(old, new, given) != (old_root, new_root):
        raise PathError("The path leads to other roots: entries that were in the log have been changed or removed.")


def _compute_consistent_roots(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_root = new_root = path[0]
    for node in path[1:]:
        if not last:
            raise PathError("The path is too long.")
        if place & 1 or place == last:
            old_root, new_root = hash_children(node, old_root), hash_children(node, new_root)
            place, last = _skip(place, last)
        else:
            new_root = hash_children(new_root, node)
        place, last = place >> 1, last >> 1
    if last:
        raise PathError("The path is too short.")
    return old_root, new_root


def _skip(place: int, last: int) -> tuple[int, int]:
    """Go up to the next level at which the node is a right child, or the first."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
