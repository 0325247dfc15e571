"""Archiving of months of the access log after ten years (R19): detached, written to a file, verified, and then deleted.

Each step can be interrupted, and the next run takes the month up where it stands: PostgreSQL knows whether its
partitions are attached, and the directory whether it has the archive. Only the owner of the tables can do it.
"""

import gzip
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.transparency.archives import ArchiveWalk, hash_file
from casework.transparency.erasure import ArchiveError, check_complete, name_table
from casework.transparency.tree import fetch_by, read_last, read_roots
from languages.sentence import say
from models.access_answer import AccessAnswer
from models.transparency.archives import (
    ANSWERS,
    DELETION,
    MANIFEST,
    Manifest,
    open_manifest,
    write_answer,
    write_closed,
    write_deletion,
    write_head,
)
from models.transparency.entries import read_recorded, select_recorded
from models.transparency.merkle import Range, list_complete
from models.transparency.notes import NoteError, NoteSigner
from models.transparency.tables import LogDeletion, LogLeaf
from sqlstate import get_sqlstate

PARENTS = ("access_answer", "access_index")
CHUNK = 500
PATIENCE = "10s"
"""How long a statement waits for those that use the log. They do not wait for it."""

LOCKED = "55P03"
PATIENT = sa.text(f"SET lock_timeout = '{PATIENCE}'")
ATTACHED = sa.text(
    "SELECT relname, inhdetachpending FROM pg_inherits JOIN pg_class ON oid = inhrelid"
    " WHERE inhparent = CAST(:parent AS regclass)"
)
LEAF = LogLeaf.__table__.c


@dataclass(frozen=True)
class ArchivePlace:
    """The files of a month in a directory."""

    directory: Path
    month: str

    @property
    def answers(self) -> Path:
        """The file with the answers."""
        return self.directory / f"{self.month}{ANSWERS}"

    @property
    def manifest(self) -> Path:
        """The signed manifest, which is written last."""
        return self.directory / f"{self.month}{MANIFEST}"

    @property
    def deletion(self) -> Path:
        """The signed note of the deletion."""
        return self.directory / f"{self.month}{DELETION}"

    def verify(self, signer: NoteSigner) -> Manifest | None:
        """Return the manifest of the archive that is there; None without one. Raises ArchiveError if it does not
        hold."""
        if not self.manifest.exists():
            return None
        try:
            manifest = open_manifest(self.manifest.read_text(), signer.trusted)
        except (NoteError, OSError, UnicodeDecodeError) as error:
            raise _damaged(self, str(error)) from error
        found = ArchiveWalk(self.answers, manifest, signer.trusted).run()
        if found.total or manifest.month != self.month:
            raise _damaged(self, found.faults[0].found if found.faults else "It is of another month.")
        return manifest


def _damaged(place: ArchivePlace, reason: str) -> ArchiveError:
    template = (
        "The archive of {month} in {where} does not hold: {reason} Nothing was deleted. Move it away, and try again."
    )
    return ArchiveError(say(template, month=place.month, where=str(place.directory), reason=reason))


async def archive_month(
    engine: AsyncEngine, place: ArchivePlace, signer: NoteSigner, deleted_by: str, now: datetime
) -> Manifest:
    """Archive a month that is due, and delete it. Takes an interrupted run up. Returns the manifest.

    Raises ArchiveError, after which the month is where it was or detached, and never deleted; OSError.
    """
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(PATIENT)
            await check_complete(connection, place.month)
            for parent in PARENTS:
                await detach(connection, parent, place.month)
        if not place.manifest.exists():
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                await write_archive(connection, place, signer)
        manifest = place.verify(signer)
        assert manifest  # noqa: S101 - it was written or is there
        async with engine.connect() as connection:
            await connection.execute(PATIENT)
            await delete_month(connection, place, manifest, signer, deleted_by, now)
    except DBAPIError as error:
        if get_sqlstate(error) != LOCKED:
            raise
        template = (
            "Others have used the access log for {patience}: {month} waits. Run the command again, which goes on there."
        )
        raise ArchiveError(say(template, patience=PATIENCE, month=place.month)) from error
    return manifest


async def detach(connection: AsyncConnection, parent: str, month: str) -> None:
    """Detach the partition of a month, and finish what was begun before. No reader or writer waits. The connection must
    commit each statement."""
    name, rows = name_table(parent, month), await connection.execute(ATTACHED, {"parent": parent})
    pending = {row.relname: row.inhdetachpending for row in rows}
    for one, begun in pending.items():
        if begun:
            await connection.execute(sa.text(f"ALTER TABLE {parent} DETACH PARTITION {one} FINALIZE"))
    if pending.get(name) is False:
        await connection.execute(sa.text(f"ALTER TABLE {parent} DETACH PARTITION {name} CONCURRENTLY"))


async def write_archive(connection: AsyncConnection, place: ArchivePlace, signer: NoteSigner) -> None:
    """Write the file, then its manifest, each whole or not at all. Raises OSError, ArchiveError."""
    await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    last = await read_last(fetch_by(connection))
    assert last  # noqa: S101 - the months that are due are older than a checkpoint
    draft = place.answers.with_suffix(".part")
    entries, answers = sha256(), 0
    with draft.open("wb") as file:
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as lines:
            lines.write(write_head(signer.name, place.month, last["note"]))
            async for chunk, closed in _read_chunks(connection, place.month, last["size"]):
                roots = await read_roots(fetch_by(connection), closed)
                written = [
                    (start, write_closed((end - start).bit_length() - 1, roots[start, end])) for start, end in closed
                ]
                for row in chunk:
                    line = write_answer(row["leaf_index"], row["leaf_hash"], read_recorded(row))
                    written.append((row["leaf_index"], line))
                    entries.update(row["leaf_entry"])
                answers += len(chunk)
                lines.writelines(line for _, line in sorted(written))
        file.flush()
        os.fsync(file.fileno())
    octets, hashed = draft.stat().st_size, hash_file(draft)
    made = (signer.name, place.month, answers, entries.digest(), octets, hashed, last["size"], last["root"])
    draft.replace(place.answers)
    write_whole(place.manifest, signer.sign(Manifest(*made).write()))


async def _read_chunks(
    connection: AsyncConnection, month: str, size: int
) -> AsyncIterator[tuple[Sequence[sa.RowMapping], list[Range]]]:
    """Yield the answers of a detached month in the order of the log, and the complete subtrees before, between and, at
    the end, after them."""
    table: Any = AccessAnswer.__table__
    answers = table.to_metadata(sa.MetaData(), name=name_table("access_answer", month))
    same = sa.and_(LEAF.at == answers.c.at, LEAF.answer_id == answers.c.id, LEAF.client_key == answers.c.client_key)
    leaf = sa.func.sha256(sa.text("'\\x00'::bytea || log_leaf.entry"))
    asked = (
        select_recorded(answers)
        .add_columns(LEAF.index.label("leaf_index"), LEAF.entry.label("leaf_entry"), leaf.label("leaf_hash"))
        .join(LogLeaf.__table__, same)
        .order_by(LEAF.index)
    )
    rows = await connection.stream(asked, execution_options={"yield_per": CHUNK})
    reached = 0
    async for chunk in rows.mappings().partitions():
        places = [reached - 1, *(row["leaf_index"] for row in chunk)]
        yield chunk, _list_closed(places)
        reached = places[-1] + 1
    yield [], list(list_complete(reached, size))


def _list_closed(places: Iterable[int]) -> list[Range]:
    return [one for before, after in pairwise(places) for one in list_complete(before + 1, after)]


def write_whole(file: Path, text: str) -> None:
    """Write a file, flush it to disk, and give it its name then. Raises OSError."""
    draft = file.with_suffix(f"{file.suffix}.part")
    with draft.open("w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


async def delete_month(
    connection: AsyncConnection,
    place: ArchivePlace,
    manifest: Manifest,
    signer: NoteSigner,
    deleted_by: str,
    now: datetime,
) -> None:
    """Delete a month whose archive was verified, and record it: both or nothing. The signed note is put beside the
    archive first. Raises ArchiveError if the archive is of other answers than the month has."""
    table = name_table("access_answer", place.month)
    await connection.execute(sa.text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
    if await connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) != manifest.answers:  # noqa: S608 - its name
        raise _damaged(place, "It has another number of answers than the month.")
    note = signer.sign(write_deletion(manifest, deleted_by, now))
    row: Mapping[str, Any] = {
        "month": place.month,
        "answers": manifest.answers,
        "entries": manifest.entries,
        "archive": manifest.file,
        "deleted_by": " ".join(deleted_by.split()),
        "note": note,
    }
    write_whole(place.deletion, note)
    await connection.execute(sa.insert(LogDeletion).values(row))
    for parent in PARENTS:
        await connection.execute(sa.text(f"DROP TABLE IF EXISTS {name_table(parent, place.month)}"))
    await connection.execute(sa.text("SELECT forget_earlier_hashes()"))
    await connection.commit()
