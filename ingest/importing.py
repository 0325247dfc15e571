"""Import a file: read it line by line, and merge each chunk while the next one is read."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.catalogue import read_case_types
from casework.policy_profiles import read_starts
from ingest.files.file_types import open_file
from ingest.files.text_files import WORKBOOK, CsvExport, Export, JsonLinesExport
from ingest.files.workbook import WorkbookExport
from ingest.formats.cases import Cases
from ingest.formats.certificates import Certificates
from ingest.formats.convictions import Convictions
from ingest.formats.deductions import Deductions
from ingest.formats.households import Households
from ingest.formats.listings import Lenders, Shixin
from ingest.formats.relations import Relations
from ingest.formats.removals import Removals
from ingest.formats.sanctions import Sanctions
from ingest.formats.settlements import Settlements
from ingest.ledger import begin_run
from ingest.records import Format, FormatContext
from ingest.reference.catalogue import read_catalogue
from ingest.reference.vocabulary import read_vocabulary
from ingest.report import ImportFileError, Rejects, Summary
from ingest.run import Run
from ingest.subjects import SubjectReader
from ingest.versions import Source
from models.keyring import Keyring
from models.terms import to_court_day

FORMATS: dict[str, type[Format]] = {
    "cases": Cases,
    "shixin": Shixin,
    "sanctions": Sanctions,
    "certificates": Certificates,
    "lenders": Lenders,
    "removals": Removals,
    "convictions": Convictions,
    "settlements": Settlements,
    "deductions": Deductions,
    "households": Households,
    "relations": Relations,
}
JSON_LINES = frozenset({"shixin"})

Progress = Callable[[int, int, int], None]
"""Called with the bytes read, the bytes in total, and the lines read."""


def utc_now() -> datetime:
    return datetime.now(UTC)


async def import_file(
    engine: AsyncEngine,
    format: str,
    path: Path,
    *,
    keyring: Keyring,
    court: str | None = None,
    rejects: TextIO | Path | None = None,
    dry_run: bool = False,
    progress: Progress = lambda read, total, lines: None,
    exported_on: date | None = None,
    history: bool = False,
    now: Callable[[], datetime] = utc_now,
) -> Summary:
    """Import one export. Rejected lines are written to `rejects` with their reason.

    format: a key of FORMATS. court: the code of the court that lines must belong to; courts below it are included.
    exported_on: the day of the export, by default today. Rows of a newer export are kept. history: former years;
    nobody is notified. now: the time at which events are recorded.
    dry_run: run everything in one transaction and roll it back. Otherwise each chunk is a transaction, and an
    interrupted import is repeated with the same file.
    Raises ImportFileError if the file as a whole cannot be read.
    """
    async with AsyncExitStack() as stack:
        establishing = await stack.enter_async_context(_session(engine))
        recording = establishing if dry_run else await stack.enter_async_context(_session(engine))
        reader = FORMATS[format](await _context(establishing, keyring, court, to_court_day(now())))
        await reader.prepare(establishing)
        await establishing.rollback()
        export = stack.enter_context(closing(_open(path, reader, format)))
        rejected = stack.enter_context(Rejects(rejects))
        summary, at = Summary(format, courts={court} if court else set()), now()
        day = exported_on or to_court_day(at)
        run = None if dry_run else await begin_run(establishing, format, path, day, history, at, summary.courts)
        await establishing.commit()
        source = Source(day, run, at)
        await Run(establishing, recording, reader, export, rejected, progress, dry_run, summary, source, history).all()
    return summary


@asynccontextmanager
async def _session(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A READ COMMITTED connection. It is invalidated at the end, because the temporary tables live in its session."""
    async with engine.connect() as connection:
        try:
            yield await connection.execution_options(isolation_level="READ COMMITTED")
            await connection.rollback()
        finally:
            await connection.invalidate()


async def _context(connection: AsyncConnection, keyring: Keyring, court: str | None, today: date) -> FormatContext:
    await read_case_types(connection)
    vocabulary = await read_vocabulary(connection)
    if not vocabulary.codes:
        raise ImportFileError("The database knows no courts yet: run suxin setup, or add them with suxin court add.")
    if court and court not in vocabulary.codes:
        raise ImportFileError("No court has the code that --court names: write a code such as 浙0281.")
    catalogue, profiles = await read_catalogue(connection), await read_starts(connection)
    return FormatContext(vocabulary, catalogue, SubjectReader(keyring), today, court, profiles)


def _open(path: Path, reader: Format, format: str) -> Export:
    if format in JSON_LINES:
        return JsonLinesExport(path, reader.columns)
    with open_file(path) as file:
        workbook = file.read(len(WORKBOOK)) == WORKBOOK
    export = WorkbookExport if workbook else CsvExport
    return export(path, reader.columns, reader.optional)
