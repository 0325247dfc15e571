"""Suxin and the reference of the import tests, side by side: files are delivered to both, up to an interruption."""

import asyncio
import csv
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import NOW, Courtroom
from emptying import empty_tables
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from import_lines import SUBJECTS, File, Written
from import_reference import Reference
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from world import KEYRING

from casework.calendar import catch_up
from casework.transaction import transact
from ingest import run as running
from ingest.importing import FORMATS, import_file
from models.court import StaffRole
from postgres import database

EMPTIED = ("court_case", "household", "party", "calendar_day", "import_run", "event")


class KilledError(Exception):
    """The import was interrupted."""


@dataclass(frozen=True)
class Kill:
    """Before or after which commit an import is interrupted: each chunk has two, of the parties and of the rows."""

    commit: int
    after: bool


KILLS = st.none() | st.none() | st.builds(Kill, st.integers(0, 5), st.booleans())
SETTING_UP = 2
"""Commits before the first chunk."""


class Bench(RuleBasedStateMachine):
    """Suxin and the reference, side by side."""

    url: sa.URL
    room: Courtroom
    bank: int
    directory: Path
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.room.now = NOW
        self.engine: AsyncEngine = self.runner.run(self._begun())
        self.book = Reference(NOW.date(), {name: one.born for name, one in SUBJECTS.items()})
        self.files: list[File] = []
        self.serial = 0
        self.runner.run(catch_up(self.engine, NOW))

    async def _begun(self) -> AsyncEngine:
        engine = database.make_async_engine(self.url, pool_size=4, statement_timeout=10)
        async with engine.begin() as connection:
            await connection.run_sync(empty_tables, *EMPTIED)
        return engine

    def teardown(self) -> None:
        """Let the connections go."""
        self.runner.run(self.engine.dispose())
        self.runner.close()

    def deliver(self, file: File, kill: Kill | None) -> None:
        """Import a file, up to an interruption."""
        if file not in self.files:
            self.files.append(file)
        accepted = self._accepted(file)
        self._run(file, kill)
        self._follow(accepted, kill)

    def _accepted(self, file: File) -> File:
        """The file without the lines of cases that are not there, where a line needs its case."""
        if file.format != "deductions":
            return file
        return replace(file, lines=tuple(one for one in file.lines if one.meant[0].row.case in self.book.cases))

    def _run(self, file: File, kill: Kill | None, *, dry_run: bool = False) -> None:
        path = self.directory / f"file.{'jsonl' if file.format == 'shixin' else 'csv'}"
        write(path, file)
        moment, original, count = self._minute(), running.Run._keep, 0

        async def keep(run: Any, connection: AsyncConnection, *staging: sa.Table) -> None:
            nonlocal count
            count += 1
            met = kill is not None and count == SETTING_UP + 1 + kill.commit
            if met and kill and not kill.after:
                raise KilledError
            await original(run, connection, *staging)
            if met:
                raise KilledError

        async def imported() -> Any:
            exported = self.book.today - timedelta(file.age)
            return await import_file(
                self.engine,
                file.format,
                path,
                keyring=KEYRING,
                exported_on=exported,
                now=lambda: moment,
                dry_run=dry_run,
            )

        with self.patch.context() as patch:
            patch.setattr(running, "CHUNK_LINES", 2)
            patch.setattr(running, "SLICE_LINES", 1)
            patch.setattr(running, "STEPS", 1)
            patch.setattr(running.Run, "_keep", keep)
            try:
                summary = self.runner.run(imported())
            except KilledError:
                return
        assert summary.rejected == Counter(CASE_UNKNOWN=len(file.lines) - len(self._accepted(file).lines))

    def _follow(self, file: File, kill: Kill | None) -> None:
        """What the reference makes of the chunks that were committed."""
        exported = self.book.today - timedelta(file.age)
        last = 10**6 if kill is None else kill.commit + kill.after
        for place, chunk in enumerate(chunks(file.lines)):
            if 2 * place < last:
                self._establish(file.format, chunk, exported)
            if 2 * place + 1 < last:
                self._record(file.format, chunk, exported)

    def _establish(self, format: str, chunk: Sequence[Any], exported: date) -> None:
        if format == "cases":
            self.book.file_cases(chunk, exported)
        elif format in ("households", "removals"):
            self.book.mention([(one.party, ()) for one in chunk])
        else:
            self.book.mention([(one.row.party, one.days) for one in chunk])

    def _record(self, format: str, chunk: Sequence[Any], exported: date) -> None:
        if format == "cases":
            self.book.file_parts(chunk)
        elif format == "households":
            self.book.file_dwellings(chunk)
        elif format == "removals":
            self.book.file_departures(chunk, exported)
        else:
            self.book.file_rows(chunk, exported)

    # --- how it is done -----------------------------------------------------------------------------------------------

    def _minute(self) -> Any:
        self.room.now += timedelta(minutes=1)
        return self.room.now

    def _act(self, role: StaffRole) -> Any:
        return replace(self.room.act(role), keyring=KEYRING)

    def _done(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        self.runner.run(transact(self.engine, work, self.room.now + timedelta(minutes=1)))

    async def _case(self, connection: AsyncConnection, number: str) -> int:
        return int(await connection.scalar(sa.text("SELECT id FROM court_case WHERE number = :n"), {"n": number}) or 0)

    async def _party(self, connection: AsyncConnection, name: str) -> int:
        return int(await connection.scalar(sa.text("SELECT id FROM party WHERE name = :n"), {"n": name}) or 0)

    def _takes_part(self, name: str, number: str) -> bool:
        return any((case, party) == (number, name) for case, party, _ in self.book.parts)

    def _is_known(self, name: str) -> bool:
        cases = [self.book.cases[number] for number, party, _ in self.book.parts if party == name]
        return any(not case.secret and case.filed >= self.book.adult_since(name) for case in cases)

    def _chosen(self, kind: str, place: int) -> Any:
        keys = sorted(key for key, row in self.book.rows.items() if row.kind == kind and row.stopped is None)
        return keys[place % len(keys)] if keys else None


def chunks(lines: Sequence[Written]) -> list[list[Any]]:
    """What each transaction of an import holds: lines until there are two rows; a repeated line counts once."""
    found: list[list[Any]] = [[]]
    for line in {line.cells: line for line in lines}.values():
        if len(found[-1]) >= 2:
            found.append([])
        found[-1] += line.meant
    return found


def write(path: Path, file: File) -> None:
    """Write a file as a court would."""
    columns = FORMATS[file.format].columns
    with path.open("w", encoding="utf-8", newline="") as stream:
        if file.format == "shixin":
            for line in file.lines:
                stream.write(json.dumps(dict(zip(columns, line.cells, strict=True)), ensure_ascii=False) + "\n")
        else:
            csv.writer(stream).writerows([columns, *(line.cells for line in file.lines)])
