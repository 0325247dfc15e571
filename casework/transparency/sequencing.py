"""Appending answers of the access log to the transparency log, in the order in which they are seen to be committed.

Each run appends the answers whose transactions have ended since the snapshot of the last checkpoint, as the index of
the access log is written (`casework.access_index`): an answer that commits late is appended late, and never missed.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.transparency.tree import LogBrokenError, fetch_by, read_frontier, read_last
from models.access_answer import AccessAnswer, Snapshot
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.entries import AnswerLeaf, select_recorded
from models.transparency.merkle import Frontier, hash_leaf
from models.transparency.notes import NoteError, NoteSigner
from models.transparency.tiles import HEIGHT

CHUNK = 200
"""Answers that are read and hashed together. Other work of the process waits for one chunk at most."""

SETTINGS = sa.text("SELECT set_config('statement_timeout', '0', true), set_config('cursor_tuple_fraction', '1', true)")
EPOCH = sa.text("SELECT epoch FROM access_index_state")
IN_ORDER = ("at", "id", "client_key")
NEW = sa.func.list_answers_since(
    sa.cast(sa.cast(sa.bindparam("snapshot", type_=sa.Text), sa.Text), Snapshot),
    sa.cast(sa.bindparam("epoch", type_=sa.SmallInteger), sa.SmallInteger),
).table_valued(*(sa.column(one.name, one.type) for one in AccessAnswer.__table__.c), name="access_answer")
"""The answers whose transactions were not complete in a snapshot."""

ABSENT = sa.text(
    """
    NOT EXISTS (
        SELECT FROM log_leaf
        WHERE log_leaf.at = access_answer.at AND log_leaf.answer_id = access_answer.id
        AND log_leaf.client_key = access_answer.client_key
    )
    """
)
"""The answers that have no leaf: of a log that begins, or that was restored into another cluster."""

LEAVES = sa.text(
    """
    INSERT INTO log_leaf (index, at, answer_id, client_key, entry)
    SELECT * FROM unnest(
        CAST(:indexes AS bigint[]), CAST(:ats AS timestamptz[]), CAST(:ids AS bigint[]), CAST(:clients AS bigint[]),
        CAST(:entries AS bytea[])
    )
    """
)
NODES = sa.text(
    """
    INSERT INTO log_node (level, index, hash)
    SELECT * FROM unnest(CAST(:levels AS smallint[]), CAST(:indexes AS bigint[]), CAST(:hashes AS bytea[]))
    """
)
SIGNED = sa.text(
    """
    INSERT INTO log_checkpoint (size, root, signed_at, note, epoch, snapshot)
    VALUES (:size, :root, :at, :note, :epoch, pg_current_snapshot())
    """
)


@dataclass(frozen=True)
class LogState:
    """The state of the log. last: its newest checkpoint. epoch: of the cluster.

    A log that begins, or that was restored into another cluster, has no snapshot that means anything: answers without
    a leaf are looked for once.
    """

    last: sa.RowMapping | None
    epoch: int

    @property
    def is_elsewhere(self) -> bool:
        """Whether the log was restored into another cluster, and no checkpoint has been signed there."""
        return self.last is not None and self.last["epoch"] != self.epoch

    def select_new(self) -> sa.Select[Any]:
        """Select the answers that the log does not contain."""
        if self.last is None or self.is_elsewhere:
            return select_recorded().where(ABSENT)
        return select_recorded(NEW).params(snapshot=self.last["snapshot"], epoch=self.epoch)


async def read_state(connection: AsyncConnection) -> LogState:
    """Return the state of the log. Set how the rest of the transaction reads."""
    await connection.execute(SETTINGS)
    return LogState(await read_last(fetch_by(connection)), (await connection.execute(EPOCH)).scalar_one())


async def is_behind(connection: AsyncConnection) -> bool:
    """Return whether there is something to append or to sign."""
    state = await read_state(connection)
    if state.is_elsewhere:
        return True
    found: bool = (await connection.execute(sa.select(state.select_new().exists()))).scalar_one()
    return found


async def find_oldest_new(connection: AsyncConnection) -> datetime | None:
    """Return the time of the oldest answer that the log does not contain; None if it contains all."""
    new = (await read_state(connection)).select_new().subquery()
    found: datetime | None = (await connection.execute(sa.select(sa.func.min(new.c.at)))).scalar_one()
    return found


async def append_answers(connection: AsyncConnection, signer: NoteSigner, now: datetime) -> int:
    """Append all answers that the transaction sees and the log does not contain, and sign a checkpoint.

    The transaction must be REPEATABLE READ, since its snapshot is stored. Returns the number of answers. Raises
    LogBrokenError instead of continuing a log whose end is not what was signed, and DBAPIError (23505) if another
    process has appended.
    """
    state = await read_state(connection)
    frontier = await _continue(connection, state, signer)
    before = frontier.size
    async for rows in _read_chunks(connection, state.select_new()):
        await _append(connection, frontier, rows)
    if frontier.size > before or state.is_elsewhere:
        await _sign(connection, frontier, signer, now, state.epoch)
    return frontier.size - before


async def _read_chunks(
    connection: AsyncConnection, statement: sa.Select[Any]
) -> AsyncIterator[Sequence[sa.RowMapping]]:
    rows = await connection.stream(statement.order_by(*map(sa.text, IN_ORDER)), execution_options={"yield_per": CHUNK})
    async for chunk in rows.mappings().partitions():
        yield chunk


async def _continue(connection: AsyncConnection, state: LogState, signer: NoteSigner) -> Frontier:
    """Return the frontier of the log, which must be what the newest checkpoint says. Raises LogBrokenError."""
    last = state.last
    if last is None:
        return Frontier()
    frontier = await read_frontier(fetch_by(connection), last["size"])
    try:
        signed = open_checkpoint(last["note"], signer.trusted)
    except NoteError as error:
        raise LogBrokenError(f"The newest checkpoint is not signed by the key of this log. {error}") from None
    if signed != Checkpoint(signer.name, frontier.size, frontier.compute_root()):
        raise LogBrokenError(f"The last of the {frontier.size} leaves differ from the newest checkpoint.")
    return frontier


async def _append(connection: AsyncConnection, frontier: Frontier, rows: Sequence[sa.RowMapping]) -> None:
    first, nodes = frontier.size, list[tuple[int, int, bytes]]()
    entries = [AnswerLeaf(row).encode() for row in rows]
    for entry in entries:
        completed = frontier.append(hash_leaf(entry))
        roots = enumerate(completed[HEIGHT::HEIGHT], 1)
        nodes += [(level, (frontier.size >> level * HEIGHT) - 1, root) for level, root in roots]
    keys = {"ats": "at", "ids": "id", "clients": "client_key"}
    columns = {name: [row[column] for row in rows] for name, column in keys.items()}
    indexes = list(range(first, frontier.size))
    await connection.execute(LEAVES, {"indexes": indexes, "entries": entries, **columns})
    if nodes:
        levels, places, hashes = zip(*nodes, strict=True)
        await connection.execute(NODES, {"levels": levels, "indexes": places, "hashes": hashes})


async def _sign(connection: AsyncConnection, frontier: Frontier, signer: NoteSigner, now: datetime, epoch: int) -> None:
    checkpoint = Checkpoint(signer.name, frontier.size, frontier.compute_root())
    values = {"size": checkpoint.size, "root": checkpoint.root, "at": now, "note": signer.sign(checkpoint.write())}
    await connection.execute(SIGNED, values | {"epoch": epoch})
