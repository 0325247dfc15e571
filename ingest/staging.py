"""Temporary tables that a chunk is copied into. Only the connection sees them, and a commit empties them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from ingest.records import Chunk
from models.party import IdentityType, PartyKind

METADATA = sa.MetaData()
IDENTITY_TYPES = {
    PartyKind.PERSON: IdentityType.RESIDENT_ID,
    PartyKind.ORGANIZATION: IdentityType.UNIFIED_SOCIAL_CREDIT_CODE,
}


def staging_table(name: str, *columns: Column[Any]) -> sa.Table:
    """A temporary table of this name and these columns."""
    return sa.Table(name, METADATA, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS")


def staged_rows(name: str, *columns: Column[Any]) -> sa.Table:
    """The staging table of a format: what every line has, then the format's own columns."""
    shared = (Column("party_id", BigInteger), Column("protected", Boolean), Column("case_number", Text))
    return staging_table(name, *shared, *columns)


staged_case = staging_table(
    "staged_case",
    Column("number", Text),
    Column("court_code", Text),
    Column("year", SmallInteger),
    Column("type_characters", Text),
    Column("stage", Text),
    Column("cause", Text),
    Column("confidentiality", Text),
    Column("filed_on", Date),
    Column("closed_on", Date),
)

staged_subject = staging_table(
    "staged_subject",
    Column("place", Integer),
    Column("kind", Text),
    Column("name", Text),
    Column("folded", Text),
    Column("index", LargeBinary),
    Column("older", ARRAY(LargeBinary)),
    Column("sealed", LargeBinary),
    Column("masked", Text),
    Column("type", Text),
    Column("village", Text),
)

staged_mention = staging_table(
    "staged_mention", Column("place", Integer), Column("protected", Boolean), Column("case_number", Text)
)

resolved_subject = staging_table(
    "resolved_subject",
    Column("place", Integer),
    Column("party_id", BigInteger),
    Column("fresh", Boolean),
    Column("disclosed", Boolean),
)

FOR_PARTIES = (staged_case, staged_subject, staged_mention, resolved_subject)


async def create_staging(connection: AsyncConnection, *tables: sa.Table) -> None:
    """Create temporary tables for the connection's session."""
    for table in tables:
        await connection.execute(CreateTable(table, if_not_exists=True))


async def empty_staging(connection: AsyncConnection, *tables: sa.Table) -> None:
    """Empty temporary tables within a transaction that goes on."""
    for table in tables:
        await connection.execute(sa.delete(table))


async def stage_subjects(connection: AsyncConnection, chunk: Chunk) -> None:
    """Copy the cases and subjects of a chunk, and which lines mention them, into the transaction that has begun."""
    mentions = (row[:3] for row in chunk.rows if row[0] is not None)
    await copy(connection, staged_case, chunk.cases.values())
    await copy(connection, staged_subject, _subjects(chunk))
    await copy(connection, staged_mention, mentions)


async def stage_rows(connection: AsyncConnection, rows: sa.Table, chunk: Chunk, parties: Mapping[int, int]) -> None:
    """Copy the lines of a chunk, with the keys of their `parties` by place, into the transaction that has begun."""
    find = parties.get
    await copy(connection, rows, [(find(row[0]), *row[1:]) for row in chunk.rows])


async def copy(connection: AsyncConnection, table: sa.Table, records: Iterable[Sequence[Any]]) -> None:
    """COPY records into a temporary table. No number in clear is ever among them (R18)."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection  # asyncpg's own connection
    await driver.copy_records_to_table(table.name, records=records, columns=table.columns.keys())


def _subjects(chunk: Chunk) -> Iterator[tuple[Any, ...]]:
    for place, subject, village in chunk.subjects.values():
        index, *older = subject.probes
        yield (
            place,
            subject.kind,
            subject.name,
            subject.folded,
            index,
            older or None,
            subject.sealed,
            subject.masked,
            IDENTITY_TYPES[subject.kind],
            village,
        )
