"""Any history of records, asked of any day over HTTP, is answered as a plain chronicle of it answers (R26)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import YUYAO, Chambers
from emptying import empty_tables
from generated import sized
from hypothesis import given
from hypothesis import strategies as st
from knowledge import COLOURS, Book, Chronicle, Written, answer
from play import night
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import Audience
from casework.colour import recolour
from casework.transaction import transact
from demo.city.cast import WANG
from models.catalogue import CodeType
from models.code_record import CloseReason, CodeRecord
from models.court import StaffRole
from models.party import Party
from models.terms import to_midnight
from postgres import database

FIRST, LAST = date(2026, 3, 2), date(2026, 4, 20)
ALL_DAYS = [date(2025, 12, 1) + timedelta(n) for n in range(260)]
TYPES = ("R03", "Y17", "Y20", "Y03", "A01")


@dataclass(frozen=True)
class Act:
    """What the court writes down. `wait`: days since the act before. `back`: for how many days it holds already."""

    kind: str
    wait: int
    back: int = 0
    code: str = "Y20"
    lasts: int | None = None
    pick: int = 0
    reason: CloseReason = CloseReason.REVOKED


LASTING = st.none() | st.integers(1, 40)
ACTS = st.one_of(
    st.builds(Act, st.just("enter"), st.integers(0, 6), st.integers(-3, 20), st.sampled_from(TYPES), LASTING),
    st.builds(Act, st.just("close"), st.integers(0, 6), st.integers(0, 10), pick=st.integers(0, 7),
              reason=st.sampled_from(CloseReason)),
    st.builds(Act, st.just("shorten"), st.integers(0, 6), lasts=st.integers(1, 20), pick=st.integers(0, 7)),
    st.builds(Act, st.just("repair"), st.integers(0, 6), lasts=LASTING, pick=st.integers(0, 7)),
)  # fmt: skip


class Court:
    """Writes each act into the database and into the book."""

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self.book: Book = []
        self.keys: list[int] = []
        self.chronicle = Chronicle()

    async def replay(self, acts: Sequence[Act]) -> None:
        """Begin with empty tables, and do one act after the other, each in a transaction of its day."""
        engine = database.make_async_engine(self.url, pool_size=1, statement_timeout=30)
        await transact(engine, self._empty)
        day, moment = FIRST, to_midnight(FIRST)
        for act in acts:
            day += timedelta(act.wait)
            moment = max(to_midnight(day), moment + timedelta(minutes=1))

            async def work(connection: AsyncConnection, act: Act = act, day: date = day) -> None:
                await self._do(connection, act, day)
                await recolour(connection, [self.party])

            await transact(engine, work, moment)
            self.chronicle.keep(day, self.book)
        await engine.dispose()

    async def _empty(self, connection: AsyncConnection) -> None:
        await connection.run_sync(empty_tables, "code_record", "code_period")
        query = sa.select(Party.id).where(Party.name == WANG.name)
        self.party = (await connection.execute(query)).scalar_one()
        self.types = {row.code: row for row in await connection.execute(sa.select(CodeType.__table__))}

    async def _do(self, connection: AsyncConnection, act: Act, day: date) -> None:
        if act.kind == "enter":
            start = day - timedelta(act.back)
            await self._enter(connection, Written(act.code, start, _after(start, act.lasts)))
        elif self.book:
            place = act.pick % len(self.book)
            await getattr(self, f"_{act.kind}")(connection, act, day, place)

    async def _repair(self, connection: AsyncConnection, act: Act, day: date, place: int) -> None:
        if self.book[place].code[0] == "Y":
            await self._enter(connection, Written("B01", day, _after(day, act.lasts), repairs=place))

    async def _close(self, connection: AsyncConnection, act: Act, day: date, place: int) -> None:
        record = self.book[place]
        if record.closed_on is None:
            record.closed_on = max(day - timedelta(act.back), record.effective_on)
            record.reason = act.reason.value
            await self._change(connection, place, closed_on=record.closed_on, close_reason=act.reason)

    async def _shorten(self, connection: AsyncConnection, act: Act, day: date, place: int) -> None:
        record = self.book[place]
        record.ends_on = max(day, record.effective_on) + timedelta(act.lasts or 1)
        await self._change(connection, place, ends_on=record.ends_on)

    async def _change(self, connection: AsyncConnection, place: int, **values: Any) -> None:
        await connection.execute(sa.update(CodeRecord).where(CodeRecord.id == self.keys[place]).values(values))

    async def _enter(self, connection: AsyncConnection, record: Written) -> None:
        values = {
            "party_id": self.party,
            "code_type_id": self.types[record.code].id,
            "colour": COLOURS[record.code[0]],
            "court_code": YUYAO,
            "effective_on": record.effective_on,
            "ends_on": record.ends_on,
        }
        if record.repairs is not None:
            values |= {"repaired_id": self.keys[record.repairs], "repaired_colour": "YELLOW"}
        written = sa.insert(CodeRecord).values(values).returning(CodeRecord.id)
        self.keys.append((await connection.execute(written)).scalar_one())
        self.book.append(record)


def _after(day: date, lasts: int | None) -> date | None:
    return None if lasts is None else day + timedelta(lasts)


SHOWN = "fragment F on CreditCode { colour changesOn changesTo since "
SHOWN += "records { type { code } effectiveOn endsOn closedOn } }"
READERS = ("COURT", "LITIGANT_PORTAL")


def asked(chambers: Chambers, reader: str, days: Sequence[date]) -> dict[tuple[date, str], Any]:
    """What the service answers, by day and reading."""
    names = {f"{reading.lower()}_{day:%Y%m%d}": (day, reading) for day in days for reading in ("VALID", "KNOWN")}
    codes = " ".join(
        f'{name}: creditCode(asOf: "{day}", reading: {reading}) {{ ...F }}' for name, (day, reading) in names.items()
    )
    if reader == "COURT":
        document = f'{{ parties(first: 1, filter: {{ name: "{WANG.name}" }}) {{ nodes {{ {codes} }} }} }} {SHOWN}'
        (party,) = chambers.data(chambers.officer(StaffRole.JUDGE), document)["parties"]["nodes"]
    else:
        token = chambers.partner(Audience.LITIGANT_PORTAL, WANG)
        party = chambers.data(token, f"{{ me {{ party {{ {codes} }} }} }} {SHOWN}")["me"]["party"]
    return {asked_for: _plain(party[name]) for name, asked_for in names.items()}


def _plain(code: Any) -> dict[str, Any]:
    shown = [
        (one["type"]["code"], str(one["effectiveOn"]), str(one["endsOn"]), str(one["closedOn"]))
        for one in code["records"]
    ]
    return {**code, "records": sorted(shown)}


@pytest.fixture(scope="module")
def later(chambers: Chambers) -> Chambers:
    """The service when all that is told has happened."""
    chambers.calendar.turn(days=180)
    night(chambers)
    assert chambers.calendar.moment.date() > LAST + timedelta(60)
    return chambers


@pytest.mark.generated
@sized(6)
@given(st.lists(ACTS, min_size=1, max_size=8), st.lists(st.sampled_from(ALL_DAYS), min_size=4, max_size=4))
def test_both_readings_are_those_of_a_plain_chronicle(later: Chambers, acts: list[Act], some: list[date]) -> None:
    court = Court(later.url)
    asyncio.run(court.replay(acts))
    days = sorted({*some, *(day for day, _ in court.chronicle.pages)})
    for reader in READERS:
        expected = {
            (day, reading): answer(court.chronicle.book(day, reading), day, reader, ALL_DAYS)
            for day in days
            for reading in ("VALID", "KNOWN")
        }
        assert asked(later, reader, days) == expected
