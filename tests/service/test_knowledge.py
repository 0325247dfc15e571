"""What the tables keep of what was known: closed and not deleted, dated once, never twice at one moment (R26)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import COURT, Courtroom
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.colour import recolour
from casework.transaction import date_records
from models.catalogue import CodeType, Colour
from models.code_record import CodePeriod, CodeRecord, CodeRecordVersion, Perspective

FIRST, SECOND, THIRD = (datetime(2026, 3, day, 2, tzinfo=UTC) for day in (2, 9, 16))
BEGINS, ENDS, SOONER = date(2026, 2, 10), date(2027, 2, 10), date(2026, 8, 10)


class Book:
    """One record of the first party, written at moments that the test gives."""

    def __init__(self, connection: AsyncConnection, room: Courtroom) -> None:
        self.connection, self.room = connection, room

    async def enter(self, at: datetime, ends_on: date = ENDS) -> int:
        """A yellow record, and the colour that it gives."""
        await date_records(self.connection, at)
        kind = (await self.connection.execute(sa.select(CodeType.id).where(CodeType.code == "Y17"))).scalar_one()
        values = {"party_id": self.room.parties[0], "code_type_id": kind, "colour": Colour.YELLOW, "court_code": COURT}
        days = {"effective_on": BEGINS, "ends_on": ends_on}
        entered = sa.insert(CodeRecord).values(**values, **days).returning(CodeRecord.id)
        key: int = (await self.connection.execute(entered)).scalar_one()
        await recolour(self.connection, self.room.parties)
        return key

    async def change(self, at: datetime, key: int, **values: Any) -> None:
        """Another word on it, and the colour that follows."""
        await date_records(self.connection, at)
        await self.connection.execute(sa.update(CodeRecord).where(CodeRecord.id == key).values(values))
        await recolour(self.connection, self.room.parties)

    async def versions(self) -> Sequence[Any]:
        """Whose the record was, when it ended, and from when until when that was known."""
        version = CodeRecordVersion
        query = sa.select(version.party_id, version.ends_on, *_bounds(version)).order_by(sa.func.lower(version.known))
        return [tuple(row) for row in await self.connection.execute(query)]

    async def yellow(self, party: int = 0) -> Sequence[Any]:
        """The yellow periods of a party: until when, and from when until when that was known."""
        query = sa.select(sa.func.upper(CodePeriod.during), *_bounds(CodePeriod)).where(
            CodePeriod.party_id == self.room.parties[party],
            CodePeriod.perspective == Perspective.COURT,
            CodePeriod.colour == Colour.YELLOW,
        )
        return [tuple(row) for row in await self.connection.execute(query.order_by(sa.func.lower(CodePeriod.known)))]


def over(last: date) -> date:
    """The first day on which what holds to its last day, inclusive, is over."""
    return last + timedelta(days=1)


def _bounds(table: Any) -> tuple[Any, Any]:
    return sa.func.lower(table.known), sa.func.upper(table.known)


@pytest.fixture
def book(connection: AsyncConnection, room: Courtroom) -> Book:
    return Book(connection, room)


async def test_what_is_changed_is_closed_and_what_stays_is_left_alone(book: Book) -> None:
    party = book.room.parties[0]
    key = await book.enter(FIRST)
    await book.change(SECOND, key, ends_on=SOONER)
    await book.change(THIRD, key, ends_on=SOONER)
    assert await book.versions() == [(party, ENDS, FIRST, SECOND), (party, SOONER, SECOND, None)]
    assert await book.yellow() == [(over(ENDS), FIRST, SECOND), (over(SOONER), SECOND, None)]


async def test_periods_that_are_still_so_are_not_written_again(book: Book) -> None:
    """The green days before the first record and those after the last one, which have one bound, as well."""
    await book.enter(FIRST)
    rows = sa.text("SELECT ctid, xmin, during, known FROM code_period ORDER BY ctid")
    before = (await book.connection.execute(rows)).all()
    await date_records(book.connection, SECOND)
    await recolour(book.connection, book.room.parties)
    assert (await book.connection.execute(rows)).all() == before
    assert len(before) == 6


async def test_what_is_unsaid_at_the_moment_it_is_said_was_never_known(book: Book) -> None:
    party = book.room.parties[0]
    key = await book.enter(FIRST)
    await book.change(FIRST, key, ends_on=SOONER)
    assert await book.versions() == [(party, SOONER, FIRST, None)]
    assert await book.yellow() == [(over(SOONER), FIRST, None)]


async def test_a_clock_that_is_behind_makes_no_second_colour(book: Book) -> None:
    party = book.room.parties[0]
    key = await book.enter(FIRST)
    await book.change(THIRD, key, ends_on=SOONER)
    await book.change(SECOND, key, ends_on=ENDS)
    assert await book.versions() == [(party, ENDS, FIRST, THIRD), (party, ENDS, THIRD, None)]
    assert await book.yellow() == [(over(ENDS), FIRST, THIRD), (over(ENDS), THIRD, None)]


async def test_a_record_that_moves_was_known_of_the_one_and_is_of_the_other(book: Book) -> None:
    one, other = book.room.parties
    key = await book.enter(FIRST)
    await book.change(SECOND, key, party_id=other)
    assert await book.versions() == [(one, ENDS, FIRST, SECOND), (other, ENDS, SECOND, None)]
    assert (await book.yellow(0), await book.yellow(1)) == (
        [(over(ENDS), FIRST, SECOND)],
        [(over(ENDS), SECOND, None)],
    )


async def test_without_a_moment_the_transaction_s_own_dates_it(book: Book, connection: AsyncConnection) -> None:
    begun = (await connection.execute(sa.select(sa.func.now()))).scalar_one()
    assert (await connection.execute(sa.select(sa.func.recorded_at()))).scalar_one() == begun
    await date_records(connection, FIRST)
    assert (await connection.execute(sa.select(sa.func.recorded_at()))).scalar_one() == FIRST


async def test_the_database_refuses_two_colours_known_at_one_moment(book: Book, connection: AsyncConnection) -> None:
    await book.enter(FIRST)
    values = {"party_id": book.room.parties[0], "perspective": Perspective.COURT, "colour": Colour.RED}
    during = sa.func.daterange(BEGINS, ENDS)
    known = sa.func.tstzrange(datetime(2026, 3, 1, tzinfo=UTC), SECOND)
    with pytest.raises(sa.exc.IntegrityError, match="one_colour_a_day"):
        await connection.execute(sa.insert(CodePeriod).values(during=during, known=known, **values))
