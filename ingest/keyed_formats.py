"""Base classes of the formats whose lines are rows of one table."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Visible, find_visible, follow
from casework.matters import Matter
from ingest.merge.staging import SHARED
from ingest.records import Format, LineRecord, Merged
from ingest.versions import Kept, Present, Source, Written, is_among
from models.party import Party


class KeyedFormat(Format):
    """A format whose lines are rows of `table`, identified by the columns `key`.

    noted: the column of `RecordChange` for such a row; None keeps no changes. derived: columns whose value is computed
    from the line and the row. only_imported: rows that were not imported are not changed.
    """

    table: ClassVar[Any]
    noted: ClassVar[str | None] = None
    key: ClassVar[Sequence[str]]
    derived: ClassVar[Mapping[str, Present]] = {}
    only_imported: ClassVar[bool] = False
    _places: ClassVar[Sequence[int]]
    _court: ClassVar[int | None]

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "staged"):  # an abstract base class
            return
        own = [column.name for column in cls.staged.c][len(SHARED) :]
        cls._places = tuple(own.index(name) for name in cls.key if name in own)
        cls._court = own.index("court_code") if "court_code" in own else None

    def key_of(self, place: int | None, record: LineRecord) -> tuple[Any, ...]:
        """The party and the case, if they are part of the key, and the key columns of the line."""
        own = (record.row[place_] for place_ in self._places)
        case = record.case_number if "case_number" in self.key else None
        return (place if "party_id" in self.key else None, case, *own)

    def court_of(self, record: LineRecord) -> str | None:
        """The court of the line, if the format has such a column."""
        return super().court_of(record) if self._court is None else str(record.row[self._court])

    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        """Write the lines turn by turn, with their consequences."""
        total = Merged()
        last = sa.select(sa.func.coalesce(sa.func.max(self.staged.c.turn), -1))
        for turn in range((await connection.execute(last)).scalar_one() + 1):
            total.add(await self.merge_turn(connection, source, turn, silent))
        return total

    @abstractmethod
    async def merge_turn(self, connection: AsyncConnection, source: Source, turn: int, silent: bool) -> Merged:
        """Write the lines of one turn, with their consequences."""

    def met(self) -> sa.ColumnElement[bool]:
        """Joins a line to its row."""
        return sa.and_(*(self.table.c[name] == self.staged.c[name] for name in self.key))

    async def count_lines(
        self, connection: AsyncConnection, turn: int, new: Sequence[int], changed: Sequence[int], outdated: int
    ) -> Merged:
        """Count the lines of a turn by result. Lines of an open identity conflict are counted as held."""
        staged, key = self.staged.c, self.table.c.id
        fresh_keys, other_keys = (sa.literal(list(keys), sa.ARRAY(sa.BigInteger)) for keys in (new, changed))
        held, count = sa.func.coalesce(Party.held, sa.false()), sa.func.count()
        query = (
            sa.select(
                count,
                count.filter(held),
                count.filter(~held, is_among(key, fresh_keys)),
                count.filter(~held, is_among(key, other_keys), ~is_among(key, fresh_keys)),
            )
            .select_from(sa.join(self.staged, self.table, self.met()).outerjoin(Party, Party.id == staged.party_id))
            .where(staged.turn == turn)
        )
        lines, of_conflicts, fresh, other = (await connection.execute(query)).one()
        older = min(outdated, lines - of_conflicts - fresh - other)
        return Merged(fresh, other, lines - of_conflicts - fresh - other - older, older, of_conflicts)

    def make_rule(self) -> Kept:
        """The rule by which lines become rows."""
        table = self.table
        content = [column.name for column in self.staged.c if column.name in table.c and column.name not in self.key]
        contents: dict[str, Present | None] = {**dict.fromkeys(content), **self.derived}
        kept = Kept(table, self.staged, self.key, contents, self.noted)
        return replace(kept, only_imported=self.only_imported, stands=self.stands())

    def stands(self) -> sa.ColumnElement[bool]:
        """For which lines and rows the row is kept unchanged."""
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

        written = await self.make_rule().write(connection, source, turn, before)
        ended, seen_ended = await self.end(connection, source, turn, written)
        keys = sorted({*written.new, *written.changed, *ended})
        await follow(connection, {self.matter: keys}, {**seen_ended, **seen}, source.at, silent=silent)
        changed = sorted({*written.changed, *ended})
        return await self.count_lines(connection, turn, written.new, changed, written.outdated)

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Visible]:
        """End the rows that lines report as ended. Returns their keys, and what others saw of them before."""
        return (), {}
