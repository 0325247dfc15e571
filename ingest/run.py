"""One run over one file, in three steps that work at the same time on different chunks.

Reading a chunk; establishing its cases and parties; recording its lines. The two steps in the database have a
connection and a transaction each, so that two cores are busy. Whatever may change a colour is recorded with the change.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.colour import recolour
from ingest.linking import link_cases
from ingest.parties import merge_cases, merge_parties
from ingest.reading import Export, Line
from ingest.records import Chunk, Format, Record
from ingest.report import Rejects, Summary
from ingest.staging import FOR_PARTIES, create_staging, empty_staging, stage_rows, stage_subjects
from models.identifiers import IdentifierError

CHUNK_LINES = 40_000
"""Accepted lines of a transaction."""

STEPS = 2
"""Chunks under way in the database."""

SLICE_LINES = 100
"""Lines read before the event loop may go on with the merge."""

ESTABLISHING, RECORDING = 0x5355_5849, 0x5355_584A
"""Advisory locks: each step runs for one import at a time, so that imports of the same file never wait in a circle."""

SETTINGS = sa.text(
    "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true),"
    " set_config('random_page_cost', '0.5', true), set_config('work_mem', '64MB', true),"
    " set_config('synchronous_commit', :synchronous, true), pg_advisory_xact_lock(:lock)"
)
"""A step may wait for another import. Pages count as cached: the planner knows nothing of staging tables, and would
read whole tables to find a few thousand rows. Chunks need not wait for the disk: nothing is done before SEAL."""

SEAL = sa.text("SELECT pg_logical_emit_message(true, 'suxin', 'imported')")
"""Something to write, so that the last commit waits for the disk, where all commits before it in the log are then."""

WAIT = sa.text("SELECT pg_advisory_xact_lock(:lock)")


@dataclass
class Run:
    """The state of one import. `seen` holds a hash of each accepted line, `cases` and `parties` of each one named."""

    establishing: AsyncConnection
    recording: AsyncConnection
    format: Format
    export: Export
    rejects: Rejects
    progress: Callable[[int, int], None]
    dry_run: bool
    summary: Summary
    seen: set[int] = field(default_factory=set)
    cases: set[int] = field(default_factory=set)
    parties: set[int] = field(default_factory=set)
    _first: asyncio.Lock = field(default_factory=asyncio.Lock)
    _second: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def all(self) -> None:
        """Read and merge the whole file."""
        await create_staging(self.establishing, *FOR_PARTIES)
        await create_staging(self.recording, self.format.staged)
        await self._keep(self.establishing)
        await self._keep(self.recording)
        lines, merging = self.export.lines(), deque[asyncio.Task[None]]()
        collecting = gc.isenabled()
        gc.disable()  # lines hold no cycles, and walking over those in flight takes half the time of reading them
        try:
            while (chunk := await self._read(lines)).rows:
                if len(merging) == (1 if self.dry_run else STEPS):
                    await merging.popleft()
                merging.append(asyncio.create_task(self._merge(chunk)))
            while merging:
                await merging.popleft()
        finally:
            await _end(merging)
            if collecting:
                gc.enable()
        await self._finish()

    async def _read(self, lines: Iterator[Line]) -> Chunk:
        """The next chunk; empty at the end of the file."""
        chunk = Chunk()
        while len(chunk.rows) < CHUNK_LINES and (some := list(islice(lines, SLICE_LINES))):
            for line in some:
                self._accept(line, chunk)
            await asyncio.sleep(0)
        self.progress(self.export.position(), self.export.total)
        return chunk

    def _accept(self, line: Line, chunk: Chunk) -> None:
        self.summary.lines += 1
        try:
            if line.error:
                raise line.error
            record = self.format.read(line.cells)
        except IdentifierError as error:
            self.summary.rejected[error.code] += 1
            self.rejects.add(line.number, error, line.raw)
            return
        known = len(self.seen)
        self.seen.add(hash(tuple(line.cells)))
        if len(self.seen) == known:
            self.summary.duplicates += 1
        else:
            self._count(record)
            chunk.add(record)

    def _count(self, record: Record) -> None:
        self.summary.accepted += 1
        self.summary.protected += record.protected
        if record.case:
            self.cases.add(hash(record.case_number))
        if record.subject is None:
            self.summary.unidentified += 1
        else:
            self.parties |= {hash(one.probes[0]) for one in (record.subject, record.other) if one}
            if not record.subject.check_digit_valid:
                self.summary.warnings["USCC_CHECK_DIGIT"] += 1

    async def _merge(self, chunk: Chunk) -> None:
        """Both steps of a chunk. The locks are fair: chunks pass each step in the order of the file."""
        async with self._first:
            parties = await self._establish(chunk)
        async with self._second:
            await self._record(chunk, parties)

    async def _establish(self, chunk: Chunk) -> dict[int, int]:
        """Write cases and parties, and the colours of new ones and of debtors in changed cases. Parties by place."""
        connection = self.establishing
        await connection.execute(SETTINGS, {"lock": ESTABLISHING, "synchronous": "off"})
        await stage_subjects(connection, chunk)
        new_cases, changed_cases, debtors = await merge_cases(connection) if chunk.cases else (0, 0, [])
        parties, new_parties = await merge_parties(connection)
        if debtors:
            await connection.execute(WAIT, {"lock": RECORDING})
        await recolour(connection, debtors)
        self.summary.cases.new += new_cases
        self.summary.cases.changed += changed_cases
        self.summary.parties.new += len(new_parties)
        await self._keep(connection, *FOR_PARTIES)
        return parties

    async def _record(self, chunk: Chunk, parties: dict[int, int]) -> None:
        """Write the lines themselves, and the colours that they change."""
        connection, rows = self.recording, self.format.staged
        await connection.execute(SETTINGS, {"lock": RECORDING, "synchronous": "off"})
        await stage_rows(connection, rows, chunk, parties)
        merged = await self.format.merge(connection)
        await recolour(connection, merged.recolour)
        self.summary.records.new += merged.new
        await self._keep(connection, rows)

    async def _keep(self, connection: AsyncConnection, *staging: sa.Table) -> None:
        """End a step's transaction; a dry run goes on in its one transaction, with staging emptied."""
        if self.dry_run:
            await empty_staging(connection, *staging)
        else:
            await connection.commit()

    async def _finish(self) -> None:
        await self.recording.execute(SETTINGS, {"lock": RECORDING, "synchronous": "on"})
        await recolour(self.recording, await link_cases(self.recording))
        await self.recording.execute(SEAL)
        await self._keep(self.recording)
        self.summary.cases.found = len(self.cases)
        self.summary.parties.found = len(self.parties)
        self.summary.records.found = self.summary.accepted


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Stop what is still under way after an error."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
