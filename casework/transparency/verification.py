"""Verification of the transparency log against the access log, and against checkpoints that others have kept.

Everything is computed anew in this process, in one snapshot: no hash that the database computes is trusted.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.transparency.faults import FaultKind, Verification
from casework.transparency.tree import fetch_by, read_last
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.entries import AnswerLeaf, read_entry, read_recorded, select_recorded
from models.transparency.merkle import Frontier, hash_leaf
from models.transparency.notes import NoteError, NoteKey
from models.transparency.tables import LogCheckpoint, LogLeaf, LogNode
from models.transparency.tiles import HEIGHT

CHUNK = 2_000
KEPT = timedelta(days=3_653)
"""Ten years (R19). The details of older answers may have been erased; their entries stay."""

LATE = timedelta(minutes=5)
"""More than an answer may take from its time to its commit: requests end after a minute."""

RECORDED = select_recorded().subquery("recorded")
LEAF, NODE, CHECKPOINT = LogLeaf.__table__.c, LogNode.__table__.c, LogCheckpoint.__table__.c
SAME = sa.and_(RECORDED.c.at == LEAF.at, RECORDED.c.id == LEAF.answer_id, RECORDED.c.client_key == LEAF.client_key)
LEAVES = (
    sa.select(LEAF.index.label("leaf_index"), LEAF.entry.label("leaf_entry"), *RECORDED.c)
    .select_from(LogLeaf.__table__.outerjoin(RECORDED, SAME))
    .where(LEAF.index >= sa.bindparam("first"))
    .order_by(LEAF.index)
    .limit(CHUNK)
)
"""Leaves in order, each with its answer, whose columns are NULL if it is not there."""

NODES = sa.text(
    """
    SELECT node.level, node.index, node.hash
    FROM unnest(CAST(:levels AS smallint[]), CAST(:indexes AS bigint[])) AS asked (level, index)
    JOIN log_node AS node ON node.level = asked.level AND node.index = asked.index
    """
)
CHECKPOINTS = sa.select(CHECKPOINT.size, CHECKPOINT.root).where(
    CHECKPOINT.size > sa.bindparam("first"), CHECKPOINT.size <= sa.bindparam("last")
)
COUNTS = sa.text(
    """
    SELECT (SELECT count(*) FROM log_leaf) AS leaves, (SELECT count(*) FROM log_node) AS nodes,
        (SELECT count(*) FROM log_checkpoint) AS checkpoints, (SELECT count(*) FROM access_answer) AS answers
    """
)
UNLOGGED = sa.text(
    """
    SELECT answer.at, answer.id, answer.epoch = :epoch AND pg_visible_in_snapshot(
        answer.xid, CAST(CAST(:snapshot AS text) AS pg_snapshot)
    ) AS complete
    FROM access_answer AS answer
    WHERE NOT EXISTS (
        SELECT FROM log_leaf
        WHERE log_leaf.at = answer.at AND log_leaf.answer_id = answer.id AND log_leaf.client_key = answer.client_key
    )
    ORDER BY answer.at, answer.id
    """
)
"""Answers without a leaf. complete: whether the newest checkpoint must have covered them."""

UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError)
Progress = Callable[[str, int, int], None]


async def verify_log(
    connection: AsyncConnection,
    keys: Sequence[NoteKey],
    now: datetime,
    *,
    kept: Sequence[Checkpoint] = (),
    promised: Mapping[bytes, datetime] | None = None,
    progress: Progress = lambda *_: None,
) -> Verification:
    """Verify the whole log. The transaction must be REPEATABLE READ.

    keys: of the log, for its own newest checkpoint. kept: checkpoints that others have kept, whose signatures were
    verified. promised: hashes of leaves in receipts, and the times by which the log must contain them.
    """
    await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    roots = defaultdict[int, set[bytes]](set)
    for one in kept:
        roots[one.size].add(one.root)
    walk = _Walk(connection, keys, now, roots, dict(promised or {}), progress)
    await walk.run()
    return walk.result


@dataclass
class _Walk:
    """One verification. kept: roots by size. latest: the time of the latest entry that a kept checkpoint covers; of all
    entries, if none is kept. joined: the number of leaves whose answers are there."""

    connection: AsyncConnection
    keys: Sequence[NoteKey]
    now: datetime
    kept: Mapping[int, set[bytes]]
    promised: dict[bytes, datetime]
    progress: Progress
    result: Verification = field(default_factory=Verification)
    tree: Frontier = field(default_factory=Frontier)
    latest: datetime | None = None
    nodes: int = 0
    checkpoints: int = 0
    joined: int = 0

    @property
    def covered(self) -> int:
        """The size of the largest checkpoint that was kept."""
        return max(self.kept, default=0)

    async def run(self) -> None:
        """Walk over all leaves in order, then check what is left."""
        counts = (await self.read(COUNTS))[0]
        first = 0
        while rows := await self.read(LEAVES, first=first):
            await self.check_rows(rows)
            first = rows[-1]["leaf_index"] + 1
            self.progress("entries", self.tree.size, counts["leaves"])
        await self.check_unlogged(counts["answers"])
        await self.check_end(counts)

    async def read(self, statement: sa.Executable, **values: Any) -> Sequence[sa.RowMapping]:
        """Execute a statement."""
        return (await self.connection.execute(statement, values)).mappings().all()

    async def check_rows(self, rows: Sequence[sa.RowMapping]) -> None:
        """Check a run of leaves: each by itself, the roots of tiles, and the roots at checkpoints."""
        stored = await self.read(CHECKPOINTS, first=self.tree.size, last=self.tree.size + len(rows))
        signed = {row["size"]: {row["root"]} for row in stored}
        self.checkpoints += len(stored)
        nodes: dict[tuple[int, int], bytes] = {}
        for row in rows:
            if row["leaf_index"] != self.tree.size:
                self.miss(row["leaf_index"])
            self.check_leaf(row)
            completed = self.tree.append(hash_leaf(row["leaf_entry"]))
            for level, root in enumerate(completed[HEIGHT::HEIGHT], 1):
                nodes[level, (self.tree.size >> level * HEIGHT) - 1] = root
            self.compare(signed, "a checkpoint that the log has signed")
            self.compare(self.kept, "the checkpoint that was kept")
        await self.check_nodes(nodes)

    def miss(self, index: int) -> None:
        """Report leaves that are missing, or are there twice."""
        found = f"The leaf that should be number {self.tree.size} is number {index} in the log's own table."
        self.result.report(FaultKind.REMOVED, found, self.tree.size)

    def check_leaf(self, row: sa.RowMapping) -> None:
        """Compare a leaf with its answer."""
        index, entry = row["leaf_index"], row["leaf_entry"]
        self.promised.pop(hash_leaf(entry), None)
        try:
            at = read_entry(entry).at
        except UNREADABLE:
            self.result.report(FaultKind.CHANGED, "The entry of this leaf cannot be read.", index)
            return
        self.check_time(index, at)
        if row["id"] is None:
            self.check_erased(index, at)
            return
        self.joined += 1
        if not _fits(row, entry):
            found = f"The answer of {at:%Y-%m-%d %H:%M:%S} is not the one that was logged."
            self.result.report(FaultKind.CHANGED, found, index)

    def check_time(self, index: int, at: datetime) -> None:
        """Report an entry that came after the kept checkpoint and says that it is older."""
        if index < self.covered or not self.covered:
            self.latest = max(self.latest or at, at)
        elif self.latest and at < self.latest - LATE:
            found = f"It says {at:%Y-%m-%d %H:%M:%S} and came after a checkpoint that has later entries."
            self.result.report(FaultKind.BACKDATED, found, index)

    def check_erased(self, index: int, at: datetime) -> None:
        """Report an answer that is not there, unless it may have been erased."""
        if at < self.now - KEPT:
            self.result.erased += 1
        else:
            found = f"The answer of {at:%Y-%m-%d %H:%M:%S} is no longer there."
            self.result.report(FaultKind.REMOVED, found, index)

    def compare(self, roots: Mapping[int, set[bytes]], what: str) -> None:
        """Compare the root so far with the roots of this size."""
        expected = roots.get(self.tree.size)
        if expected and expected != {self.tree.compute_root()}:
            found = f"The first {self.tree.size} entries are not those of {what}."
            self.result.report(FaultKind.REWRITTEN, found)

    async def check_nodes(self, nodes: Mapping[tuple[int, int], bytes]) -> None:
        """Compare the roots of tiles that are published."""
        self.nodes += len(nodes)
        asked = {"levels": [level for level, _ in nodes], "indexes": [index for _, index in nodes]}
        stored = {(row["level"], row["index"]): row["hash"] for row in await self.read(NODES, **asked)}
        for (level, index), root in nodes.items():
            if stored.get((level, index)) != root:
                first, last = index << level * HEIGHT, ((index + 1) << level * HEIGHT) - 1
                found = f"The published hash of the entries {first} to {last} is not theirs."
                self.result.report(FaultKind.REWRITTEN, found)

    async def check_unlogged(self, answers: int) -> None:
        """Check the answers that the log does not contain."""
        last = await read_last(fetch_by(self.connection))
        state = {"epoch": last and last["epoch"], "snapshot": last["snapshot"] if last else "1:1:"}
        unlogged = await self.read(UNLOGGED, **state)
        for row in unlogged:
            at = row["at"]
            if row["complete"]:
                found = f"An answer of {at:%Y-%m-%d %H:%M:%S} was never logged."
                self.result.report(FaultKind.INSERTED, found)
            elif self.latest and at < self.latest - LATE:
                found = f"An answer that is not logged yet says {at:%Y-%m-%d %H:%M:%S}; later ones are logged."
                self.result.report(FaultKind.BACKDATED, found)
            else:
                self.result.pending += 1
        if answers != self.joined + len(unlogged):
            self.result.report(FaultKind.INSERTED, "Several answers have one key.")

    async def check_end(self, counts: sa.RowMapping) -> None:
        """Compare the size with what was kept, and the numbers of published hashes and of checkpoints."""
        self.result.size, self.result.root = self.tree.size, self.tree.compute_root()
        for size in self.kept:
            if size > self.tree.size:
                found = f"The log has {self.tree.size} entries; the checkpoint that was kept covers {size}."
                self.result.report(FaultKind.TRUNCATED, found)
        if counts["nodes"] != self.nodes or counts["checkpoints"] != self.checkpoints:
            self.result.report(FaultKind.REWRITTEN, "There are hashes or checkpoints of entries that are not there.")
        await self.check_newest()
        for promise in self.promised.values():
            if promise < self.now:
                found = f"The entry of a receipt should have been logged by {promise:%Y-%m-%d %H:%M:%S}."
                self.result.report(FaultKind.PROMISE, found)

    async def check_newest(self) -> None:
        """Check the log's own newest checkpoint, which must cover the whole log."""
        last = await read_last(fetch_by(self.connection))
        if last is None and not self.tree.size:
            return
        try:
            signed = open_checkpoint(last["note"] if last else "", self.keys)
        except NoteError as error:
            self.result.report(FaultKind.REWRITTEN, f"The newest checkpoint does not hold. {error}")
            return
        if (signed.size, signed.root) != (self.tree.size, self.tree.compute_root()):
            self.result.report(FaultKind.REWRITTEN, "The newest checkpoint is of another log.")


def _fits(row: sa.RowMapping, entry: bytes) -> bool:
    """Return whether a leaf has the entry of its answer."""
    try:
        return AnswerLeaf(read_recorded(row)).encode() == entry
    except UNREADABLE:
        return False
