"""The pipeline of an import: read a chunk, write its cases and parties, write its lines.

The three steps run concurrently on different chunks. Both database steps have their own connection and transaction.
Changes of colours are committed with the changes that cause them.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.outbox import place, take_told
from casework.transaction import ATTEMPTS, repeat
from ingest.columns import locate_error
from ingest.files.text_files import Export, Line
from ingest.ledger import end_run, note_courts
from ingest.masking import disarm, mask_line
from ingest.merge.ages import lower_ages
from ingest.merge.docket import Docket, find_touched, merge_cases
from ingest.merge.links import link_cases
from ingest.merge.parties import Resolved, follow_mergers, merge_parties
from ingest.merge.session import REPLAN, SEAL, SETTINGS
from ingest.merge.staging import FOR_PARTIES, create_staging, empty_staging, stage_rows, stage_subjects
from ingest.records import Chunk, Format, LineRecord, Merged
from ingest.report import Rejects, Summary
from ingest.subjects import LineSubject
from ingest.trailers import skip_trailer
from ingest.versions import Source
from models.identifiers import IdentifierError
from postgres.errors import is_out_of_order
from postgres.locks import HOLD, Lock

CHUNK_LINES = 40_000
"""Accepted lines per transaction."""

STEPS = 2
"""Chunks that are in the database steps at the same time."""

SLICE_LINES = 100
"""Lines read before control returns to the event loop."""

Result = TypeVar("Result")


@dataclass
class Run:
    """The state of one import.

    silent: nobody is notified. `seen`: hashes of accepted lines. `cases`: hashes of case numbers. `parties`: first
    line by hash of the number. `made`: keys of parties created by this run. `further`: rows beyond the first of a line.
    """

    establishing: AsyncConnection
    recording: AsyncConnection
    format: Format
    export: Export
    rejects: Rejects
    progress: Callable[[int, int, int], None]
    dry_run: bool
    summary: Summary
    source: Source
    silent: bool
    seen: set[int] = field(default_factory=set)
    cases: set[int] = field(default_factory=set)
    parties: dict[int, int] = field(default_factory=dict)
    made: set[int] = field(default_factory=set)
    further: int = 0
    _first: asyncio.Lock = field(default_factory=asyncio.Lock)
    _second: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def all(self) -> None:
        """Read and merge the whole file."""
        for warning in self.export.warnings:
            self.summary.warnings[warning.code] += 1
            self.summary.notices.append(warning.sentence)
        await create_staging(self.establishing, *FOR_PARTIES)
        await create_staging(self.recording, self.format.staged)
        await self._keep(self.establishing)
        await self._keep(self.recording)
        skipped: list[int] = []
        columns = (*self.format.columns, *self.format.optional)
        lines, merging = skip_trailer(self.export.lines(), columns, skipped), deque[asyncio.Task[None]]()
        collecting = gc.isenabled()
        gc.disable()  # records form no cycles, and collections would take half the time of reading
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
        if skipped:
            told = ", ".join(map(str, skipped))
            self.summary.notices.append(f"Lines at the end that are totals or signatures were passed over: {told}.")
        await self._through(self.recording, self._seal)

    async def _read(self, lines: Iterator[Line]) -> Chunk:
        """The next chunk; empty at the end of the file."""
        chunk = Chunk(self.format.key_of)
        while len(chunk.rows) < CHUNK_LINES and (some := list(islice(lines, SLICE_LINES))):
            for line in some:
                self._accept(line, chunk)
            await asyncio.sleep(0)
        self.progress(self.export.position(), self.export.total, self.summary.lines)
        return chunk

    def _accept(self, line: Line, chunk: Chunk) -> None:
        self.summary.lines += 1
        try:
            if line.error:
                raise line.error
            record = self.format.read(line.cells)
        except IdentifierError as error:
            hint = self.export.empty_hint
            self._reject(line, error if line.error else locate_error(self.format, line.cells, error, hint))
            return
        known = len(self.seen)
        self.seen.add(hash(tuple(line.cells)))
        if len(self.seen) == known:
            self.summary.duplicates += 1
        else:
            self._count(record, line.number, chunk.add(record, line.number))

    def _reject(self, line: Line, error: IdentifierError) -> None:
        self.summary.rejected[error.code] += 1
        self.summary.met(error.code, getattr(error, "word", ""))
        columns = (*self.format.columns, *self.format.optional)
        self.rejects.add(line.number, error, disarm(mask_line(line.raw.rstrip("\r\n"), columns, line.cells)))

    def _count(self, record: LineRecord, line: int, of_age_from: date | None) -> None:
        self.summary.accepted += 1
        if court := self.format.court_of(record):
            self.summary.courts.add(court)
        self.further += len(record.further)
        self.summary.protected += of_age_from is None and record.subject is not None and bool(record.days)
        for code, word in record.warnings:
            self.summary.warnings[code] += 1
            self.summary.met(code, word)
        if record.case:
            self.cases.add(hash(record.case_number))
        if record.subject is None:
            self.summary.unidentified += 1
        else:
            for one in (record.subject, record.other):
                if one:
                    self.parties.setdefault(hash(one.keyed_hash), line)
            if not record.subject.check_digit_valid:
                self.summary.warnings["USCC_CHECK_DIGIT"] += 1

    async def _merge(self, chunk: Chunk) -> None:
        """Run both database steps of a chunk. The locks are fair, so chunks pass each step in order."""
        async with self._first:
            resolved = await self._through(self.establishing, partial(self._establish, chunk))
        async with self._second:
            merged = await self._through(self.recording, partial(self._record, chunk, resolved))
        self._add(merged)

    async def _through(self, connection: AsyncConnection, step: Callable[[], Awaitable[Result]]) -> Result:
        """Run and commit a step. It is repeated after a serialization failure or deadlock (`casework.transaction`)."""
        attempts = 1 if self.dry_run else ATTEMPTS  # a dry run is one transaction
        result = await repeat(partial(_attempt, connection, step), attempts)
        self.summary.told.update(told := take_told(connection))
        if told and not self.dry_run:
            with suppress(SQLAlchemyError, OSError):  # committed already; the worker places the rest
                await place(connection)
                await connection.commit()
        return result

    async def _establish(self, chunk: Chunk) -> Resolved:
        """Write cases and parties of a chunk, with their consequences."""
        connection = self.establishing
        await connection.execute(REPLAN)
        await connection.execute(SETTINGS, self._set(Lock.ESTABLISHING))
        await stage_subjects(connection, chunk)
        docket = await self._merge_cases() if chunk.cases else Docket(0, 0)
        resolved = await merge_parties(connection, chunk, self.source, self._first_line)
        await self._keep(connection, *FOR_PARTIES)
        self.summary.cases.new += docket.new
        self.summary.cases.changed += docket.changed
        self.summary.parties.new += len(resolved.new)
        self.made |= resolved.new
        self._note_conflicts(chunk, resolved)
        return resolved

    def _first_line(self, subject: LineSubject, holder: int, new: Collection[int]) -> int | None:
        """The first line of the holder of a number in this file; None if it was known before."""
        return self.parties[hash(subject.keyed_hash)] if holder in self.made or holder in new else None

    def _note_conflicts(self, chunk: Chunk, resolved: Resolved) -> None:
        """Count the lines whose number belongs to another party (R22)."""
        if not resolved.holders:
            return
        subjects = {mention.place: mention.subject for mention in chunk.subjects.values()}
        differing = {
            line: row[0] for row, line in zip(chunk.rows, chunk.lines, strict=True) if row[0] in resolved.holders
        }
        self.summary.warnings["NAME_DIFFERS"] += len(differing)
        for line, where in differing.items():
            self.summary.conflicts.append((line, self._first_line(subjects[where], resolved.holders[where], ())))

    async def _merge_cases(self) -> Docket:
        """Write cases. The recording lock is taken before colours are changed."""
        items = await find_touched(self.establishing, self.source.exported_on)
        if items:
            await self._wait()
        return await merge_cases(self.establishing, items, self.source, self.silent, self._wait)

    async def _wait(self) -> None:
        await self.establishing.execute(HOLD, {"lock": Lock.RECORDING})

    async def _record(self, chunk: Chunk, resolved: Resolved) -> Merged:
        """Write the lines of a chunk, with their consequences."""
        connection, rows = self.recording, self.format.staged
        await connection.execute(REPLAN)
        await connection.execute(SETTINGS, self._set(Lock.RECORDING))
        await stage_rows(connection, rows, chunk, resolved.parties, resolved.renumbered)
        await follow_mergers(connection, rows)
        await lower_ages(connection, rows, self.source.at, self.silent)
        merged = await self.format.merge(connection, self.source, self.silent)
        if self.source.run is not None:
            await note_courts(connection, self.source.run, self.summary.courts)
        await self._keep(connection, rows)
        return merged

    def _set(self, lock: Lock, synchronous: str = "off") -> dict[str, object]:
        return {"lock": lock, "synchronous": synchronous, "at": self.source.at.isoformat()}

    def _add(self, merged: Merged) -> None:
        """Add the results of a chunk to the summary."""
        records = self.summary.records
        records.new += merged.new
        records.changed += merged.changed
        records.other += merged.outdated + merged.held
        self.summary.outdated += merged.outdated
        self.summary.held += merged.held

    async def _keep(self, connection: AsyncConnection, *staging: sa.Table) -> None:
        """Commit a step. A dry run continues its single transaction and empties the staging tables."""
        if self.dry_run:
            await empty_staging(connection, *staging)
        else:
            await connection.commit()

    async def _seal(self) -> None:
        """Link cases, record the result, and wait until everything is on disk."""
        summary = self.summary
        summary.cases.found, summary.parties.found = len(self.cases), len(self.parties)
        summary.records.found = summary.accepted + self.further
        await self.recording.execute(SETTINGS, self._set(Lock.RECORDING, "on"))
        await link_cases(self.recording, self.source.at, self.silent)
        if self.source.run is not None:
            await end_run(self.recording, self.source.run, summary, self.source.at)
        await self.recording.execute(SEAL)
        await self._keep(self.recording)


async def _attempt(connection: AsyncConnection, step: Callable[[], Awaitable[Result]]) -> Result:
    """Run a step, and roll back if it conflicted with another transaction."""
    take_told(connection)
    try:
        return await step()
    except DBAPIError as error:
        if is_out_of_order(error):
            await connection.rollback()
        raise


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
