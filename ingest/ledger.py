"""The records of imports in the database: counts, rejects and warnings (R23)."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ingest.report import Summary
from models.import_run import FindingLevel, ImportFinding, ImportRun, ImportState
from postgres.locks import Lock

HOLD = sa.text("SELECT pg_advisory_lock(:runs, :run)")
LEFT = sa.text(
    "UPDATE import_run SET state = 'INTERRUPTED' WHERE state = 'RUNNING' AND NOT EXISTS ("
    " SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = :runs AND objid = import_run.id AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
"""Marks runs as interrupted whose advisory lock nobody holds."""


async def mark_interrupted(engine: AsyncEngine) -> None:
    """Mark interrupted imports."""
    async with engine.begin() as connection:
        await connection.execute(LEFT, {"runs": Lock.RUNS})


async def begin_run(
    connection: AsyncConnection,
    format: str,
    path: Path,
    exported_on: date,
    history: bool,
    at: datetime,
    courts: Iterable[str] = (),
) -> int:
    """Record the start of an import, hold its advisory lock until the session ends, and return its key."""
    await connection.execute(LEFT, {"runs": Lock.RUNS})
    values = {
        "format": format,
        "digest": compute_digest(path),
        "state": ImportState.RUNNING,
        "court_codes": sorted(courts),
        "exported_on": exported_on,
        "history": history,
        "started_at": at,
    }
    key: int = (await connection.execute(sa.insert(ImportRun).values(values).returning(ImportRun.id))).scalar_one()
    await connection.execute(HOLD, {"runs": Lock.RUNS, "run": key})
    return key


async def note_courts(connection: AsyncConnection, key: int, courts: Iterable[str]) -> None:
    """Record the courts of an import's lines, so that they can read it even if it does not end."""
    codes = sorted(courts)
    differs = ImportRun.court_codes != codes
    await connection.execute(sa.update(ImportRun).where(ImportRun.id == key, differs).values(court_codes=codes))


async def end_run(connection: AsyncConnection, key: int, summary: Summary, at: datetime) -> None:
    """Record the result of an import."""
    counts = {name: getattr(summary, name) for name in ("lines", "accepted", "duplicates", "outdated", "held")}
    values = counts | {
        "state": ImportState.COMPLETED,
        "ended_at": at,
        "court_codes": sorted(summary.courts),
        "rejected": summary.rejected.total(),
        "records": summary.records.found,
        "new": summary.records.new,
        "changed": summary.records.changed,
        "unchanged": summary.records.unchanged,
    }
    await connection.execute(sa.update(ImportRun).where(ImportRun.id == key).values(values))
    if findings := list(_findings(key, summary)):
        await connection.execute(sa.insert(ImportFinding), findings)


def _findings(key: int, summary: Summary) -> Iterator[dict[str, Any]]:
    """A row for each reason and word, and one without word for the remaining lines of a reason."""
    for level, counted in ((FindingLevel.REJECT, summary.rejected), (FindingLevel.WARNING, summary.warnings)):
        for code, lines in counted.items():
            words = {word: n for (of, word), n in summary.words.items() if of == code}
            rest = lines - sum(words.values())
            for word, count in [*words.items(), *([(None, rest)] if rest > 0 else [])]:
                yield {"import_run_id": key, "level": level, "code": code, "word": word, "lines": count}


def compute_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
