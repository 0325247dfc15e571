"""Verification of the transparency log against the access log, and against checkpoints that others have kept.

Everything is computed anew in this process, in one snapshot: no hash that the database computes is trusted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.transparency.faults import FaultKind, Verification
from casework.transparency.tree import fetch_by, read_last
from casework.transparency.walk import LATE, UNREADABLE, Nodes, Progress, TreeWalk, group_roots
from models.transparency.archives import fits_deletion
from models.transparency.checkpoints import Checkpoint
from models.transparency.entries import AnswerLeaf, read_recorded, select_recorded
from models.transparency.notes import NoteKey
from models.transparency.tables import LogCheckpoint, LogLeaf, LogNode

CHUNK = 2_000
KEPT = timedelta(days=3_653)
"""Ten years (R19). The details of older answers may have been erased; their entries stay."""

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
DELETIONS = sa.text(
    """
    SELECT month, answers, entries, archive, deleted_by, note FROM log_deletion
    UNION ALL SELECT replace(right(relname, 7), '_', '-'), NULL, NULL, NULL, NULL, NULL FROM pg_class
    WHERE relname ~ '^access_answer_[0-9]{4}_[0-9]{2}$' AND relkind = 'r' AND NOT relispartition
    AND relnamespace = current_schema()::regnamespace
    """
)
"""The months that were deleted, and those that are being archived, of which nothing is recorded yet."""

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
    walk = _DatabaseWalk(
        connection=connection,
        keys=keys,
        now=now,
        kept=group_roots(kept),
        promised=dict(promised or {}),
        progress=progress,
    )
    await walk.run()
    return walk.result


@dataclass(kw_only=True)
class _DatabaseWalk(TreeWalk):
    """A walk over the tables.

    nodes, checkpoints, joined: the numbers of rows that belong to leaves, and of leaves whose answers are there.
    gone: the number and the hash of the entries of ten years ago that have lost their answers, by month.
    """

    connection: AsyncConnection
    nodes: int = 0
    checkpoints: int = 0
    joined: int = 0
    gone: dict[str, tuple[int, Any]] = field(default_factory=dict)

    async def run(self) -> None:
        """Walk over all leaves in order, then check what is left."""
        counts = (await self.read(COUNTS))[0]
        first = 0
        while rows := await self.read(LEAVES, first=first):
            await self.check_rows(rows)
            first = rows[-1]["leaf_index"] + 1
            self.progress("entries", self.tree.size, counts["leaves"])
        await self.check_deletions()
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
        nodes: Nodes = {}
        for row in rows:
            if row["leaf_index"] != self.tree.size:
                self.miss(row["leaf_index"])
            self.check_leaf(row)
            nodes |= self.append(row["leaf_entry"])
            self.compare(signed, "a checkpoint that the log has signed")
        await self.check_stored(nodes)

    def miss(self, index: int) -> None:
        """Report leaves that are missing, or are there twice."""
        found = f"The leaf that should be number {self.tree.size} is number {index} in the log's own table."
        self.result.report(FaultKind.REMOVED, found, self.tree.size)

    def check_leaf(self, row: sa.RowMapping) -> None:
        """Compare a leaf with its answer."""
        index, entry = row["leaf_index"], row["leaf_entry"]
        at = self.read_time(index, entry)
        if at is None:
            return
        if row["id"] is None:
            self.check_erased(index, at, entry)
            return
        self.joined += 1
        if not _fits(row, entry):
            found = f"The answer of {at:%Y-%m-%d %H:%M:%S} is not the one that was logged."
            self.result.report(FaultKind.CHANGED, found, index)

    def check_erased(self, index: int, at: datetime, entry: bytes) -> None:
        """Report an answer that is not there, unless it may have been deleted."""
        if at < self.now - KEPT:
            self.result.erased += 1
            number, hashed = self.gone.get(f"{at:%Y-%m}", (0, sha256()))
            hashed.update(entry)
            self.gone[f"{at:%Y-%m}"] = number + 1, hashed
        else:
            found = f"The answer of {at:%Y-%m-%d %H:%M:%S} is no longer there."
            self.result.report(FaultKind.REMOVED, found, index)

    async def check_deletions(self) -> None:
        """Compare what is gone with the deletions that are recorded, and their signatures."""
        recorded = {row["month"]: row for row in await self.read(DELETIONS)}
        for month in sorted({*self.gone, *recorded}):
            number, hashed = self.gone.get(month, (0, sha256()))
            row = recorded.get(month)
            if row is None:
                found = f"{number} answers of {month} are no longer there, and no deletion is recorded."
            elif row["answers"] is None or (row["answers"], row["entries"]) == (number, hashed.digest()):
                if row["note"] is None or fits_deletion(row["note"], self.keys, row):
                    continue
                found = f"The deletion of {month} is not signed as it is recorded."
            else:
                found = f"{number} answers of {month} are no longer there; the deletion that is recorded is of others."
            self.result.report(FaultKind.REMOVED, found)

    async def check_stored(self, nodes: Nodes) -> None:
        """Compare the roots of tiles with those in the table."""
        self.nodes += len(nodes)
        asked = {"levels": [level for level, _ in nodes], "indexes": [index for _, index in nodes]}
        stored = {(row["level"], row["index"]): row["hash"] for row in await self.read(NODES, **asked)}
        self.check_nodes(nodes, stored)

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
        """Check size, promises, the numbers of published hashes and of checkpoints, and the newest checkpoint."""
        self.check_kept()
        if counts["nodes"] != self.nodes or counts["checkpoints"] != self.checkpoints:
            self.result.report(FaultKind.REWRITTEN, "There are hashes or checkpoints of entries that are not there.")
        last = await read_last(fetch_by(self.connection))
        if last or self.tree.size:
            self.check_newest(last["note"] if last else "")


def _fits(row: sa.RowMapping, entry: bytes) -> bool:
    """Return whether a leaf has the entry of its answer."""
    try:
        return AnswerLeaf(read_recorded(row)).encode() == entry
    except UNREADABLE:
        return False
