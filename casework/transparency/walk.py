"""A walk over all entries of the transparency log, from wherever they are read: the tree is computed anew."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from casework.transparency.faults import FaultKind, Verification
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.entries import read_entry
from models.transparency.merkle import Frontier, hash_leaf
from models.transparency.notes import NoteError, NoteKey
from models.transparency.tiles import HEIGHT

LATE = timedelta(minutes=5)
"""More than an answer may take from its time to its commit: requests end after a minute."""

UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError)
Progress = Callable[[str, int, int], None]
Nodes = dict[tuple[int, int], bytes]
"""Roots of full tiles, by level and index of the tile that has the hash."""


def group_roots(kept: Iterable[Checkpoint]) -> Mapping[int, set[bytes]]:
    """Return the roots of checkpoints by size."""
    roots = defaultdict[int, set[bytes]](set)
    for one in kept:
        roots[one.size].add(one.root)
    return roots


@dataclass(kw_only=True)
class TreeWalk:
    """One verification.

    keys: of the log, for its own newest checkpoint. now: the time of the verification. kept: roots by size of
    checkpoints that others have kept. promised: hashes of leaves in receipts, and the times by which the log must
    contain them. latest: the time of the latest entry that a kept checkpoint covers; of all entries, if none is kept.
    """

    keys: Sequence[NoteKey]
    now: datetime
    kept: Mapping[int, set[bytes]]
    promised: dict[bytes, datetime]
    progress: Progress
    result: Verification = field(default_factory=Verification)
    tree: Frontier = field(default_factory=Frontier)
    latest: datetime | None = None

    @property
    def covered(self) -> int:
        """The size of the largest checkpoint that was kept."""
        return max(self.kept, default=0)

    def read_time(self, index: int, entry: bytes) -> datetime | None:
        """Return the time of an entry after checking it; None for an entry that cannot be read, which is reported."""
        try:
            at = read_entry(entry).at
        except UNREADABLE:
            self.result.report(FaultKind.CHANGED, "The entry of this leaf cannot be read.", index)
            return None
        self.check_time(index, at)
        return at

    def check_time(self, index: int, at: datetime) -> None:
        """Report an entry that came after the kept checkpoint and says that it is older."""
        if index < self.covered or not self.covered:
            self.latest = max(self.latest or at, at)
        elif self.latest and at < self.latest - LATE:
            found = f"It says {at:%Y-%m-%d %H:%M:%S} and came after a checkpoint that has later entries."
            self.result.report(FaultKind.BACKDATED, found, index)

    def append(self, entry: bytes) -> Nodes:
        """Append an entry to the tree, and compare the root with kept ones. Return the roots of tiles that it fills."""
        leaf = hash_leaf(entry)
        self.promised.pop(leaf, None)
        completed = self.tree.append(leaf)
        self.compare(self.kept, "the checkpoint that was kept")
        roots = enumerate(completed[HEIGHT::HEIGHT], 1)
        return {(level, (self.tree.size >> level * HEIGHT) - 1): root for level, root in roots}

    def compare(self, roots: Mapping[int, set[bytes]], what: str) -> None:
        """Compare the root so far with the roots of this size."""
        expected = roots.get(self.tree.size)
        if expected and expected != {self.tree.compute_root()}:
            found = f"The first {self.tree.size} entries are not those of {what}."
            self.result.report(FaultKind.REWRITTEN, found)

    def check_nodes(self, nodes: Nodes, published: Mapping[tuple[int, int], bytes]) -> None:
        """Compare the roots of tiles with those that are published."""
        for (level, index), root in nodes.items():
            if published.get((level, index)) != root:
                first, last = index << level * HEIGHT, ((index + 1) << level * HEIGHT) - 1
                found = f"The published hash of the entries {first} to {last} is not theirs."
                self.result.report(FaultKind.REWRITTEN, found)

    def check_kept(self) -> None:
        """Compare the size with what was kept, and report promises that have not been kept. Set the result's root."""
        self.result.size, self.result.root = self.tree.size, self.tree.compute_root()
        for size in self.kept:
            if size > self.tree.size:
                found = f"The log has {self.tree.size} entries; the checkpoint that was kept covers {size}."
                self.result.report(FaultKind.TRUNCATED, found)
        for promise in self.promised.values():
            if promise < self.now:
                found = f"The entry of a receipt should have been logged by {promise:%Y-%m-%d %H:%M:%S}."
                self.result.report(FaultKind.PROMISE, found)

    def check_newest(self, note: str) -> None:
        """Check the log's own newest checkpoint, which must cover the whole log."""
        try:
            signed = open_checkpoint(note, self.keys)
        except NoteError as error:
            self.result.report(FaultKind.REWRITTEN, f"The newest checkpoint does not hold. {error}")
            return
        if (signed.size, signed.root) != (self.tree.size, self.tree.compute_root()):
            self.result.report(FaultKind.REWRITTEN, "The newest checkpoint is of another log.")
