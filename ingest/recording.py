"""The four formats whose lines colour a code: each line is a row of one table and, mostly, a code record upon it."""

from collections.abc import Sequence
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Date, Text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.catalogue import Colouring
from ingest.records import Format, Merged
from ingest.staging import staged_rows
from models.base import Keyed
from models.code_record import CodeRecord
from models.court_case import CourtCase

GIVEN = ("party_id", "case_id")
"""What a row gets from its party and case."""

CODE_RECORD = ("party_id", "code_type_id", "colour", "court_code", "case_id", "effective_on", "ends_on")
COLOURING = ("code_type_id", "colour", "effective_from", "ends_before")


def staged_records(name: str, *columns: Column[Any]) -> sa.Table:
    """A staging table: `columns` under the names of the format's table, a court, and the colouring."""
    colouring = zip(COLOURING, (BigInteger, Text, Date, Date), strict=True)
    court = Column("record_court", Text)
    return staged_rows(name, *columns, court, *(Column(column, kind) for column, kind in colouring))


def coloured(own: Sequence[Any], court_code: str, colouring: Colouring | None) -> tuple[Any, ...]:
    """The row of such a table."""
    return (*own, court_code, *(colouring or (None,) * len(COLOURING)))


class RecordingFormat(Format):
    """A format whose lines are rows of `model`, found again by `key`; `source` is the code record's column for it."""

    model: ClassVar[type[Keyed]]
    key: ClassVar[Sequence[str]]
    source: ClassVar[str]

    async def merge(self, connection: AsyncConnection) -> Merged:
        new = len((await connection.execute(self._add_rows())).all())
        return Merged(new, list(await connection.scalars(self._add_code_records())))

    def _lines(self) -> Any:
        return self.staged.outerjoin(CourtCase, CourtCase.number == self.staged.c.case_number)

    def _add_rows(self) -> Any:
        """Insert the rows that are not there yet."""
        table: Any = self.model.__table__
        staged = self.staged.c
        own = [column.name for column in staged if column.name in table.c and column.name not in GIVEN]
        values = sa.select(staged.party_id, CourtCase.id, *(staged[name] for name in own)).select_from(self._lines())
        arriving = insert(table).from_select([*GIVEN, *own], values)
        return arriving.on_conflict_do_nothing().returning(table.c.id)

    def _add_code_records(self) -> Any:
        """Insert the code record of each staged row that has none yet."""
        table: Any = self.model.__table__
        staged = self.staged.c
        match = [table.c.party_id == staged.party_id, *(table.c[name] == staged[name] for name in self.key)]
        source = CodeRecord.__table__.c[self.source]
        values = (
            sa.select(
                table.c.party_id,
                staged.code_type_id,
                staged.colour,
                staged.record_court,
                table.c.case_id,
                staged.effective_from,
                staged.ends_before,
                table.c.id,
            )
            .select_from(self._lines().join(table, sa.and_(*match)))
            .where(staged.code_type_id.is_not(None), ~sa.exists().where(source == table.c.id))
        )
        arriving = insert(CodeRecord).from_select([*CODE_RECORD, self.source], values)
        return arriving.on_conflict_do_nothing().returning(CodeRecord.party_id)
