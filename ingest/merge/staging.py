"""Temporary tables into which a chunk is copied. They are emptied by a commit."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from casework.number_forms import claim_earlier
from ingest.records import Chunk

METADATA = sa.MetaData()
SHARED: Mapping[str, type[TypeEngine[Any]]] = {
    "party_id": BigInteger,
    "of_age_from": Date,
    "case_number": Text,
    "turn": SmallInteger,
}
"""The columns of every staged line: party, from when it is of age, case number, and turn."""


def define_table(name: str, *columns: Column[Any]) -> sa.Table:
    """A temporary table."""
    return sa.Table(name, METADATA, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS")


def define_lines(name: str, *columns: Column[Any]) -> sa.Table:
    """The staging table of a format, with the common columns first."""
    return define_table(name, *(Column(column, kind) for column, kind in SHARED.items()), *columns)


staged_case = define_table(
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
    Column("division", Text),
)

staged_subject = define_table(
    "staged_subject",
    Column("place", Integer),
    Column("first", Integer),
    Column("kind", Text),
    Column("name", Text),
    Column("folded", Text),
    Column("index", LargeBinary),
    Column("sealed", LargeBinary),
    Column("masked", Text),
    Column("type", Text),
    Column("code", LargeBinary),
    Column("code_sealed", LargeBinary),
    Column("code_masked", Text),
    Column("village", Text),
    Column("begins_on", Date),
    Column("latest_on", Date),
)

staged_mention = define_table(
    "staged_mention", Column("place", Integer), Column("of_age_from", Date), Column("case_number", Text)
)

resolved_subject = define_table(
    "resolved_subject",
    Column("place", Integer),
    Column("party_id", BigInteger),
    Column("fresh", Boolean),
    Column("holder_id", BigInteger),
    Column("opens", Boolean),
    Column("numbered", Boolean),
    Column("joins", Boolean),
    Column("disclosed", Boolean),
    Column("of_age_from", Date),
)
"""The party of each subject.

fresh: it is new. holder_id: the party with the same number and another name; opens: the conflict is new. numbered: the
number is known. joins: the party was found by the organization code in its number.
"""

FOR_PARTIES = (staged_case, staged_subject, staged_mention, resolved_subject)


async def create_staging(connection: AsyncConnection, *tables: sa.Table) -> None:
    """Create temporary tables."""
    for table in tables:
        await connection.execute(CreateTable(table, if_not_exists=True))


async def empty_staging(connection: AsyncConnection, *tables: sa.Table) -> None:
    """Delete all rows of temporary tables."""
    for table in tables:
        await connection.execute(sa.delete(table))


async def stage_subjects(connection: AsyncConnection, chunk: Chunk) -> None:
    """Copy the cases, subjects and mentions of a chunk."""
    mentions = chain((row[:3] for row in chunk.rows if row[0] is not None), chunk.others)
    await copy(connection, staged_case, chunk.cases.values())
    numbers = [
        one for mention in chunk.subjects.values() for one in (mention.subject.number, mention.subject.code) if one
    ]
    claimed = await claim_earlier(connection, {one.earlier for one in numbers if one.earlier})
    await copy(connection, staged_subject, _subjects(chunk, claimed))
    await copy(connection, staged_mention, mentions)


async def stage_rows(
    connection: AsyncConnection, rows: sa.Table, chunk: Chunk, parties: Mapping[int, int], renumbered: Collection[int]
) -> None:
    """Copy the lines of a chunk, with the keys of their `parties` by place.

    renumbered: places whose number belongs to another person, so that it does not tell the age.
    """
    find = parties.get
    if renumbered:
        lines = [(find(row[0]), None if row[0] in renumbered else row[1], *row[2:]) for row in chunk.rows]
    else:
        lines = [(find(row[0]), *row[1:]) for row in chunk.rows]
    await copy(connection, rows, lines)


async def copy(connection: AsyncConnection, table: sa.Table, records: Iterable[Sequence[Any]]) -> None:
    """COPY records into a temporary table. They contain no number in clear text (R18)."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection  # asyncpg's own connection
    await driver.copy_records_to_table(table.name, records=records, columns=table.columns.keys())


def _subjects(chunk: Chunk, claimed: Collection[bytes]) -> Iterator[tuple[Any, ...]]:
    for mention in chunk.subjects.values():
        subject, number, code = mention.subject, mention.subject.number, mention.subject.code
        yield (
            mention.place,
            mention.first,
            subject.kind,
            subject.name,
            subject.folded,
            number.choose_form(claimed),
            number.sealed,
            number.masked,
            number.document,
            code and code.choose_form(claimed),
            code and code.sealed,
            code and code.masked,
            mention.village,
            mention.begins_on,
            mention.latest_on,
        )
