"""The formats whose lines are rows of one table, found again by their key; upon most of them rest code records."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import Column
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Visible, find_visible, follow
from casework.matters import Matter
from ingest.merge.staging import SHARED, staged_rows
from ingest.records import Format, LineRecord, Merged
from ingest.versions import Kept, Present, Source, Written
from models.party import Party


def staged_records(name: str, *columns: Column[Any]) -> sa.Table:
    """A staging table: `columns` under the names of the format's table."""
    return staged_rows(name, *columns)


class KeyedFormat(Format):
    """A format whose lines are rows of `table`, found again by `key`, which may hold the party.

    noted: the column of `RecordChange` that names such a row, if its changes are kept. derived: what columns are to be
    that are not simply as the line says. only_imported: rows that no file wrote stay.
    """

    table: ClassVar[Any]
    noted: ClassVar[str | None]
    key: ClassVar[Sequence[str]]
    derived: ClassVar[Mapping[str, Present]] = {}
    only_imported: ClassVar[bool] = False
    _places: ClassVar[Sequence[int]]
    _court: ClassVar[int | None]

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "staged"):  # what several formats have in common
            return
        own = [column.name for column in cls.staged.c][len(SHARED) :]
        cls._places = tuple(own.index(name) for name in cls.key if name in own)
        cls._court = own.index("court_code") if "court_code" in own else None

    def key_of(self, place: int | None, record: LineRecord) -> tuple[Any, ...]:
        """The party and the case, where they are in the key, and the key's own columns."""
        own = (record.row[place_] for place_ in self._places)
        case = record.case_number if "case_number" in self.key else None
        return (place if "party_id" in self.key else None, case, *own)

    def court_of(self, record: LineRecord) -> str | None:
        """Its own court's, where the line has one."""
        return super().court_of(record) if self._court is None else str(record.row[self._court])

    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        """Write the lines turn by turn, and all that follows from them."""
        total = Merged()
        for turn in range(await self._turns(connection)):
            total.add(await self.merge_turn(connection, source, turn, silent))
        return total

    async def _turns(self, connection: AsyncConnection) -> int:
        last = sa.select(sa.func.coalesce(sa.func.max(self.staged.c.turn), -1))
        turns: int = (await connection.execute(last)).scalar_one() + 1
        return turns

    @abstractmethod
    async def merge_turn(self, connection: AsyncConnection, source: Source, turn: int, silent: bool) -> Merged:
        """Write the lines of a turn, and all that follows from them."""

    def met(self) -> sa.ColumnElement[bool]:
        """Whether a line is of a row."""
        return sa.and_(*(self.table.c[name] == self.staged.c[name] for name in self.key))

    async def counted(
        self, connection: AsyncConnection, turn: int, new: Sequence[int], changed: Sequence[int], outdated: int
    ) -> Merged:
        """How many lines of a turn did what; a line of an open conflict is held, whatever it did."""
        staged, party, table, met = self.staged.c, Party, self.table, self.met()
        held = sa.func.coalesce(party.held, sa.false())
        query = (
            sa.select(
                sa.func.count(),
                sa.func.count().filter(held),
                sa.func.count().filter(~held, table.c.id == sa.any_(sa.literal(list(new), sa.ARRAY(sa.BigInteger)))),
                sa.func.count().filter(
                    ~held,
                    table.c.id == sa.any_(sa.literal(list(changed), sa.ARRAY(sa.BigInteger))),
                    table.c.id != sa.all_(sa.literal(list(new), sa.ARRAY(sa.BigInteger))),
                ),
            )
            .select_from(sa.join(self.staged, table, met).outerjoin(party, party.id == staged.party_id))
            .where(staged.turn == turn)
        )
        lines, of_conflicts, fresh, other = (await connection.execute(query)).one()
        older = min(outdated, lines - of_conflicts - fresh - other)
        return Merged(fresh, other, lines - of_conflicts - fresh - other - older, older, of_conflicts)

    def kept(self) -> Kept:
        """How the lines become rows."""
        table = self.table
        content = [column.name for column in self.staged.c if column.name in table.c and column.name not in self.key]
        contents: dict[str, Present | None] = {**dict.fromkeys(content), **self.derived}
        of: dict[str, Any] = {"only_imported": self.only_imported, "stands": self.stands()}
        return Kept(table, self.staged, self.key, contents, self.noted, **of)

    def stands(self) -> sa.ColumnElement[bool]:
        """Of which lines and rows the row stays as it is."""
        return sa.false()


class RecordingFormat(KeyedFormat):
    """A format whose lines are rows of `matter`."""

    matter: ClassVar[Matter]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "matter"):
            cls.table, cls.noted = cls.matter.model.__table__, cls.matter.source.key

    async def merge_turn(self, connection: AsyncConnection, source: Source, turn: int, silent: bool) -> Merged:
        seen: Visible = {}

        async def before(keys: Sequence[int]) -> None:
            nonlocal seen
            seen = await find_visible(connection, {self.matter: keys}, source.at)

        written = await self.kept().write(connection, source, turn, before)
        ended, seen_ended = await self.end(connection, source, turn, written)
        keys = sorted({*written.new, *written.changed, *ended})
        await follow(connection, {self.matter: keys}, {**seen_ended, **seen}, source.at, silent=silent)
        return await self.counted(connection, turn, written.new, sorted({*written.changed, *ended}), written.outdated)

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Visible]:
        """End what lines report as ended; gives the keys of those rows, and what others saw of them."""
        return (), {}
