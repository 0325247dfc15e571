"""Compare staged lines with stored rows: new, changed, unchanged or older than the row (R23)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.keys import KEYS
from models.import_run import RecordChange

TURN = sa.bindparam("turn", type_=sa.SmallInteger)
EXPORTED = sa.bindparam("exported", type_=sa.Date)
NEW = sa.bindparam("new", type_=sa.ARRAY(sa.BigInteger))


def is_among(key: sa.ColumnElement[Any], keys: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return whether a key is in an array.

    The array is hashed. By `= ANY`, a plan that is kept for all values would compare each row with all of it.
    """
    return key.in_(sa.select(sa.func.unnest(keys)))


@dataclass(frozen=True)
class Source:
    """The day of the export, the key of the run, and the time of the import."""

    exported_on: date
    run: int | None
    at: datetime


@dataclass(frozen=True)
class Written:
    """Keys of new and of changed rows, and the number of lines older than their row."""

    new: Sequence[int]
    changed: Sequence[int]
    outdated: int


Present = Callable[[Any, Any], Any]
"""Computes the new value of a column from the staged line and the row."""


Before = Callable[[Sequence[int]], Awaitable[None]]
"""Called with the keys of rows before they change."""


@dataclass(frozen=True)
class Kept:
    """The rule by which staged lines become rows of a table.

    key: columns that identify a row. content: columns that a line changes, with a function if the value is computed.
    matter: the column of `RecordChange` for such a row; None keeps no changes. turns: whether staging numbers the lines
    of one row. only_imported: rows that were not imported are not changed. stands: lines and rows for which the row is
    kept unchanged.
    """

    table: Any
    staged: sa.Table
    key: Sequence[str]
    content: Mapping[str, Present | None]
    matter: str | None
    turns: bool = True
    only_imported: bool = False
    stands: sa.ColumnElement[bool] = field(default_factory=sa.false)

    async def write(
        self, connection: AsyncConnection, source: Source, turn: int, before: Before | None = None
    ) -> Written:
        """Write the lines of a turn. `before` is called with the keys of the rows that will change."""
        bound = {"exported": source.exported_on, "turn": turn}
        new = list((await connection.execute(self._add(), bound)).scalars())
        outdated = (await connection.execute(self._outdated(), bound | {"new": new})).scalar_one()
        noted = self._note(source, self.matter) if self.matter else self._differing()
        changed = sorted(set((await connection.execute(noted, bound | {"new": new})).scalars()))
        if before:
            await before(changed)
        if changed:
            await connection.execute(self._change(), bound | {"keys": changed})
        await connection.execute(self._refresh(), bound)
        return Written(new, changed, outdated)

    def _turn(self) -> sa.ColumnElement[bool]:
        return self.staged.c.turn == TURN if self.turns else sa.true()

    def _met(self) -> sa.ColumnElement[bool]:
        """Joins a line to its row."""
        imported = self.table.c.exported_on.is_not(None) if self.only_imported else sa.true()
        return sa.and_(self._turn(), imported, *(self.table.c[name] == self.staged.c[name] for name in self.key))

    def _values(self) -> dict[str, Any]:
        return {
            name: build(self.staged.c, self.table.c) if build else self.staged.c[name]
            for name, build in self.content.items()
        }

    def _add(self) -> Any:
        names = [column.name for column in self.staged.c if column.name in self.table.c]
        values = [self.staged.c[name] for name in names]
        chosen = sa.select(*values, EXPORTED).where(self._turn()).order_by(*(self.staged.c[name] for name in self.key))
        arriving = insert(self.table).from_select([*names, "exported_on"], chosen)
        return arriving.on_conflict_do_nothing().returning(self.table.c.id)

    def _differs(self) -> sa.ColumnElement[bool]:
        return sa.or_(*(self.table.c[name].is_distinct_from(value) for name, value in self._values().items()))

    def is_older(self) -> sa.ColumnElement[bool]:
        """Whether the row is kept, because a newer export wrote it or it has ended."""
        newer = sa.func.coalesce(self.table.c.exported_on > EXPORTED, sa.false())
        return sa.or_(newer, self.stands)

    def _outdated(self) -> Any:
        return sa.select(sa.func.count()).where(
            self._met(), ~is_among(self.table.c.id, NEW), self.is_older(), self._differs()
        )

    def _differing(self) -> Any:
        return sa.select(self.table.c.id).where(
            self._met(), ~is_among(self.table.c.id, NEW), ~self.is_older(), self._differs()
        )

    def _note(self, source: Source, matter: str) -> Any:
        """Insert a record of each changed column, and return the keys of the rows."""
        compared = sa.values(
            sa.column("field", sa.Text), sa.column("former", sa.Text), sa.column("present", sa.Text), name="compared"
        ).data(
            [
                (sa.literal(name, sa.Text), sa.cast(self.table.c[name], sa.Text), self._text(name, value))
                for name, value in self._values().items()
            ]
        )
        lateral = compared.lateral()
        chosen = (
            sa.select(
                sa.literal(source.run, sa.BigInteger),
                sa.literal(source.at, sa.DateTime(timezone=True)),
                self.table.c.id,
                lateral.c.field,
                lateral.c.former,
                lateral.c.present,
            )
            .select_from(sa.join(self.table, self.staged, self._met()).join(lateral, sa.true()))
            .where(lateral.c.former.is_distinct_from(lateral.c.present), ~self.is_older())
            .where(~is_among(self.table.c.id, NEW))
        )
        columns = ["import_run_id", "changed_at", matter, "field", "former", "present"]
        return sa.insert(RecordChange).from_select(columns, chosen).returning(getattr(RecordChange, matter))

    def _text(self, name: str, value: Any) -> sa.ColumnElement[str]:
        """The value as its column formats it: 2000 is 2000.00."""
        return sa.cast(sa.cast(value, self.table.c[name].type), sa.Text)

    def _change(self) -> Any:
        named = "case_id" in self.content or "case_id" in self.key
        tied = {"case_id": None} if "case_id" in self.table.c and not named else {}
        update = sa.update(self.table).values(self._values() | tied | {"exported_on": EXPORTED})
        return update.where(self._met(), is_among(self.table.c.id, KEYS))

    def _refresh(self) -> Any:
        """Rows without difference get the day of this export, if it is newer."""
        older = self.table.c.exported_on.is_(None) | (self.table.c.exported_on < EXPORTED)
        return sa.update(self.table).values(exported_on=EXPORTED).where(self._met(), older, ~self._differs())
