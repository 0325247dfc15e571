"""Publicity as the database keeps it, against the rules in plain Python: whatever changes, by whichever statement."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from courtroom import Courtroom, open_courtroom
from generated import sized
from hypothesis import given
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.cards import BUCKETS, MAKE, find_wrong_cards

DAY = date(2026, 1, 10)
NEVER_WAS = ("REVOKED", "WITHDRAWN", "SHIELDED")
DAYS = st.integers(-3, 12).map(lambda n: DAY + timedelta(n))
MAYBE = st.none() | DAYS
ITEMS = ("deduction", "sanction", "listing", "certificate")
Row = dict[str, Any]

CASE = """INSERT INTO court_case (number, court_code, year, type_characters, stage, cause, confidentiality, filed_on)
VALUES ('(2026)浙0281执77号', '浙0281', 2026, '执', 'ENFORCEMENT', '', 'OPEN', '2026-01-09') RETURNING id"""
PARTY = """INSERT INTO party (kind, name, folded, disclosed, of_age_from, created_at)
VALUES ('PERSON', '某某', '某某', true, '2020-01-01', now()) RETURNING id"""
BATCH = """INSERT INTO batch (court_code, month, status, published_at)
VALUES ('浙0281', '2025-12-01', 'PUBLISHED', '2026-01-20') RETURNING id"""
DEDUCTION = """INSERT INTO deduction (case_id, party_id, role, behaviour_id, stage, tier, points, status, version,
 conduct_on, finding_kind, batch_id, proposed_by, proposed_at, notified_at, published_at, determined_on, expires_on)
SELECT :case, :party, 'JUDGMENT_DEBTOR', id, stage, tier, points_min, 'PUBLISHED', 1, '2026-01-10', 'COURT_RECORD',
 :batch, (SELECT min(id) FROM staff), '2026-01-10', '2026-01-10', '2026-01-11 20:00+00', '2026-01-11', '2026-01-18'
FROM behaviour WHERE code = 'E01' RETURNING id"""
SANCTION = """INSERT INTO sanction (decision_number, related_number, court_code, case_id, party_id, kind, decided_on,
 effective_on) VALUES ('(2026)浙0281司惩7号', :number, '浙0281', :case, :party, 'ORDERED_OUT', '2026-01-10',
 '2026-01-11') RETURNING id"""
LISTING = """INSERT INTO listing (kind, party_id, court_code, case_id, case_number, basis_number, basis_unit,
 obligation, performance, grounds, listed_on, published_on, ends_on) VALUES ('DISHONEST_DEBTOR', :party, '浙0281',
 :case, :number, '', '', '', '', '', '2026-01-10', '2026-01-11', '2026-01-18') RETURNING id"""
CERTIFICATE = """INSERT INTO certificate (number, case_number, case_id, party_id, performed_on, issued_on)
VALUES ('证7', :number, :case, :party, '2026-01-10', '2026-01-11') RETURNING id"""
RECORD = """INSERT INTO code_record (party_id, code_type_id, colour, court_code, case_id, effective_on, ends_on,
 {column}) SELECT :party, id, colour, '浙0281', :case, '2026-01-12', '2026-01-18', :source
FROM code_type WHERE code = :code
RETURNING id"""
BLUE = """INSERT INTO code_record (party_id, code_type_id, colour, court_code, case_id, effective_on, ends_on,
 repaired_id, repaired_colour) SELECT :party, id, colour, '浙0281', :case, '2026-01-13', '2026-01-20', :source, 'YELLOW'
FROM code_type WHERE code = 'B01' RETURNING id"""
PART = """INSERT INTO participation (case_id, party_id, name, role) VALUES (:case, :party, '某某', 'PLAINTIFF')
RETURNING id"""
NUMBER = "(2026)浙0281执77号"
CODES = {"deduction": "Y10", "sanction": "R03", "listing": "Y18", "certificate": "A01"}


@dataclass
class Matter:
    """One case with one party, one item of each kind, the record of each, and the repair of the listing's."""

    connection: AsyncConnection
    case: int
    party: int
    keys: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)

    async def one(self, table: str, key: int) -> Row:
        """A row as it is stored."""
        columns = "id, kind, held, disclosed, of_age_from" if table == "party" else "*"
        found = await self.connection.execute(sa.text(f"SELECT {columns} FROM {table} WHERE id = :key"), {"key": key})  # noqa: S608
        return dict(found.mappings().one())

    async def change(self, table: str, key: int, **values: Any) -> None:
        """A plain UPDATE, undone where a constraint refuses it."""
        changes = ", ".join(f"{name} = :{name}" for name in values)
        statement = sa.text(f"UPDATE {table} SET {changes} WHERE id = :key")  # noqa: S608
        with suppress(sa.exc.IntegrityError):
            async with self.connection.begin_nested():
                await self.connection.execute(statement, {**values, "key": key})

    def place(self, what: str, table: str) -> tuple[str, int]:
        """The table and key of what a change is made to."""
        match what:
            case "item":
                return table, self.keys[table]
            case "record":
                return "code_record", self.records[table]
            case "case":
                return "court_case", self.case
        return "party", self.party

    async def check(self) -> None:
        """What is stored is what the rules say, of every item and every record."""
        for table, key in self.keys.items():
            row = await self.one(table, key)
            assert span(row["publicity"]) == await self.days_of(table, row), (table, row)
        for table, key in self.records.items():
            row = await self.one("code_record", key)
            assert span(row["publicity"]) == await self.days_of_record(row), (table, row)
        assert (await self.one("party", self.party))["disclosed"] is await self.disclosed()
        await self.check_cards()

    async def check_cards(self) -> None:
        """The card that was made after the last change is right, or withdrawn; it is made anew."""
        assert await find_wrong_cards(self.connection) == []
        values = {"bucket": self.party % BUCKETS, "parties": [self.party], "day": DAY}
        assert (await self.connection.execute(MAKE, values)).scalar_one() == 1
        assert await find_wrong_cards(self.connection) == []

    # --- the rules, a second time -------------------------------------------------------------------------------------

    async def days_of(self, table: str, row: Row) -> set[date]:
        """The days on which an item is public."""
        record = await self.one("code_record", self.records[table])
        if record["close_reason"] in NEVER_WAS or not await self.tellable(
            row, conduct(table, row), decided(table, row)
        ):
            return set()
        match table:
            case "deduction":
                first = (row["published_at"] + timedelta(hours=8)).date()
                return {day for day in ALL if row["status"] == "PUBLISHED" and first <= day <= row["expires_on"]}
            case "sanction":
                return {day for day in ALL if row["effective_on"] <= day and before(day, row["revoked_on"])}
            case "listing":
                begun = {day for day in ALL if row["published_on"] <= day and before(day, row["removed_on"])}
                return {day for day in begun if row["ends_on"] is None or day <= row["ends_on"]}
        return {day for day in ALL if row["issued_on"] <= day and before(day, row["revoked_on"])}

    async def days_of_record(self, row: Row) -> set[date]:
        """The days on which a code record is public: its own, as long as what it rests on stands."""
        kind = await self.one("code_type", row["code_type_id"])
        if row["close_reason"] in NEVER_WAS or not kind["partner_visible"]:
            return set()
        own = {day for day in ALL if row["effective_on"] <= day and before(day, row["closed_on"])}
        own = {day for day in own if row["ends_on"] is None or day <= row["ends_on"]}
        if row["repaired_id"]:
            return own & await self.days_of_record(await self.one("code_record", row["repaired_id"]))
        table = next(table for table in ITEMS if row[f"{table}_id"])
        return own & await self.days_of(table, await self.one(table, row[f"{table}_id"]))

    async def tellable(self, row: Row, conduct: date | None, decided: date) -> bool:
        """Nobody's minority, no closed matter, no party in doubt (R16, R22)."""
        party, case = await self.one("party", row["party_id"]), None
        if row["case_id"]:
            case = await self.one("court_case", row["case_id"])
        if party["held"] or (case and case["confidentiality"] in ("PRIVACY", "STATE_SECRET")):
            return False
        day = conduct or (case["filed_on"] if case else decided)
        return bool(day >= party["of_age_from"])

    async def disclosed(self) -> bool:
        """Whether anything of the party may be known outside, on any day."""
        rows = [(table, await self.one(table, key)) for table, key in self.keys.items()]
        mine = [row for row in rows if row[1]["party_id"] == self.party]
        told = [await self.tellable(row, conduct(table, row), decided(table, row)) for table, row in mine]
        part = {"party_id": self.party, "case_id": self.case}
        return any(told) or await self.tellable(part, None, DAY)


ALL = [DAY + timedelta(n) for n in range(-10, 40)]
"""The days that are compared; what has no end goes beyond them."""


def before(day: date, end: date | None) -> bool:
    """Whether something that ends from a day on has not ended on this one."""
    return end is None or day < end


def conduct(table: str, row: Row) -> date | None:
    """The day of conduct that an item names."""
    return row["performed_on"] if table == "certificate" else row.get("conduct_on")


def decided(table: str, row: Row) -> date:
    """The day that counts where nothing else is known."""
    return row.get("decided_on") or row.get("listed_on") or DAY


def span(publicity: Any) -> set[date]:
    """The days of a range, as the driver reads it."""
    if publicity.isempty:
        return set()
    return {day for day in ALL if publicity.lower <= day and before(day, publicity.upper)}


async def open_matter(connection: AsyncConnection, room: Courtroom, tied: bool = True) -> Matter:
    """A matter in which everything is public. tied: items and their records come after their case, not before it."""

    async def added(statement: str, **values: Any) -> int:
        named = {name: value for name, value in values.items() if f":{name}" in statement}
        return int((await connection.execute(sa.text(statement), named)).scalar_one())

    party, batch = await added(PARTY), await added(BATCH)
    case = await added(CASE) if tied else 0
    made = Matter(connection, case, party)
    given = {"party": party, "number": NUMBER, "batch": batch, "case": case or None}

    async def enter(table: str, statement: str) -> None:
        made.keys[table] = await added(statement, **given)
        of_record = given | {"source": made.keys[table], "code": CODES[table]}
        made.records[table] = await added(RECORD.format(column=f"{table}_id"), **of_record)

    for table, statement in (("sanction", SANCTION), ("listing", LISTING), ("certificate", CERTIFICATE)):
        await enter(table, statement)
    if not tied:
        made.case = given["case"] = await added(CASE)
    await enter("deduction", DEDUCTION)
    made.records["blue"] = await added(BLUE, **given, source=made.records["listing"])
    await added(PART, case=made.case, party=party)
    return made


@pytest.fixture
async def matter(connection: AsyncConnection, room: Courtroom) -> Matter:
    """A matter in the transaction of the test."""
    return await open_matter(connection, room)


ENDS = {
    "deduction": st.sampled_from(["PUBLISHED", "WITHDRAWN", "SHIELDED"]).map(
        lambda status: {
            "status": status,
            "ended_at": None if status == "PUBLISHED" else datetime(2026, 1, 15, tzinfo=UTC),
        }
    )
    | st.fixed_dictionaries({"expires_on": DAYS})
    | st.fixed_dictionaries({"conduct_on": DAYS}),
    "sanction": st.fixed_dictionaries({"revoked_on": MAYBE}) | st.fixed_dictionaries({"conduct_on": MAYBE}),
    "listing": st.fixed_dictionaries({"removed_on": MAYBE}) | st.fixed_dictionaries({"ends_on": MAYBE}),
    "certificate": st.fixed_dictionaries({"revoked_on": MAYBE}) | st.fixed_dictionaries({"performed_on": DAYS}),
}
CLOSED = st.sampled_from([*NEVER_WAS, "DELISTED", "PERFORMED", "BREACHED", "CLEARED"])
CHANGES = st.one_of(
    *(st.tuples(st.just(("item", table)), ends) for table, ends in ENDS.items()),
    *(
        st.tuples(
            st.just(("record", table)),
            st.just({"closed_on": None, "close_reason": None})
            | st.fixed_dictionaries({"closed_on": DAYS, "close_reason": CLOSED})
            | st.fixed_dictionaries({"ends_on": MAYBE}),
        )
        for table in (*ITEMS, "blue")
    ),
    st.tuples(
        st.just(("case", "")),
        st.fixed_dictionaries({"confidentiality": st.sampled_from(["OPEN", "FAMILY", "PRIVACY", "STATE_SECRET"])})
        | st.fixed_dictionaries({"filed_on": DAYS}),
    ),
    st.tuples(
        st.just(("party", "")),
        st.fixed_dictionaries({"of_age_from": DAYS | st.just(date.max)})
        | st.fixed_dictionaries({"held": st.booleans()}),
    ),
)


@given(changes=st.lists(CHANGES, min_size=1, max_size=8), tied=st.booleans())
@pytest.mark.generated
@sized(30)
async def test_publicity_follows_whatever_changes(
    connection: AsyncConnection, room: Courtroom, changes: list[tuple[tuple[str, str], Row]], tied: bool
) -> None:
    outer = await connection.begin_nested()
    try:
        made = await open_matter(connection, room, tied)
        await made.check()
        for (what, table), values in changes:
            await made.change(*made.place(what, table), **values)
            await made.check()
    finally:
        await outer.rollback()


async def test_the_first_and_the_last_day_are_days_of_publicity(matter: Matter) -> None:
    """Published at four in the morning of the 12th in Yuyao, through the 18th (R6)."""
    row = await matter.one("deduction", matter.keys["deduction"])
    assert span(row["publicity"]) == {date(2026, 1, day) for day in range(12, 19)}


async def test_everything_is_public_at_first(matter: Matter) -> None:
    await matter.check()
    for table, key in matter.keys.items():
        assert not (await matter.one(table, key))["publicity"].isempty, table
    for table, key in matter.records.items():
        assert not (await matter.one("code_record", key))["publicity"].isempty, table


SEALED = [
    ("court_case", {"confidentiality": "PRIVACY"}, {"deduction", "sanction", "listing", "certificate"}),
    ("court_case", {"confidentiality": "STATE_SECRET"}, {"deduction", "sanction", "listing", "certificate"}),
    ("court_case", {"confidentiality": "FAMILY"}, set()),
    ("party", {"held": True}, {"deduction", "sanction", "listing", "certificate"}),
    ("party", {"of_age_from": date.max}, {"deduction", "sanction", "listing", "certificate"}),
    ("party", {"of_age_from": date(2026, 1, 11)}, {"deduction", "sanction", "listing", "certificate"}),
    ("party", {"of_age_from": date(2026, 1, 10)}, {"sanction", "listing"}),
    ("party", {"of_age_from": date(2026, 1, 9)}, set()),
]


@pytest.mark.parametrize(("table", "values", "hidden"), SEALED)
async def test_what_stays_inside(matter: Matter, table: str, values: Row, hidden: set[str]) -> None:
    """Deduction and certificate name the 10th as the day of conduct; of the others the filing on the 9th counts."""
    await matter.change(table, matter.case if table == "court_case" else matter.party, **values)
    rows = {name: await matter.one(name, key) for name, key in matter.keys.items()}
    records = {name: await matter.one("code_record", matter.records[name]) for name in ITEMS}
    assert {name for name, row in rows.items() if row["publicity"].isempty} == hidden
    assert {name for name, row in records.items() if row["publicity"].isempty} == hidden
    await matter.check()


async def test_who_was_seventeen_is_not_shown_though_the_case_was_filed_a_year_later(matter: Matter) -> None:
    """The day of the conduct counts, not the filing (R16)."""
    await matter.change("court_case", matter.case, filed_on=date(2026, 12, 1))
    await matter.change("party", matter.party, of_age_from=date(2026, 12, 1))
    assert (await matter.one("deduction", matter.keys["deduction"]))["publicity"].isempty
    assert not (await matter.one("sanction", matter.keys["sanction"]))["publicity"].isempty
    await matter.change("sanction", matter.keys["sanction"], conduct_on=date(2026, 1, 10))
    assert (await matter.one("sanction", matter.keys["sanction"]))["publicity"].isempty
    await matter.check()


async def test_what_came_before_its_case_is_tied_by_its_arrival(connection: AsyncConnection, room: Courtroom) -> None:
    made = await open_matter(connection, room, tied=False)
    for table in ("sanction", "listing", "certificate"):
        assert (await made.one(table, made.keys[table]))["case_id"] == made.case
        await made.change("court_case", made.case, confidentiality="PRIVACY")
        assert (await made.one(table, made.keys[table]))["publicity"].isempty
    await made.check()


async def test_an_organization_is_always_of_age(connection: AsyncConnection) -> None:
    statement = (
        "INSERT INTO party (kind, name, folded, disclosed, created_at) VALUES ('ORGANIZATION', '甲', '甲', true, now())"
    )
    found = await connection.execute(sa.text(f"{statement} RETURNING of_age_from"))
    assert found.scalar_one() == date.min


async def test_of_a_person_nothing_is_established_at_first(connection: AsyncConnection) -> None:
    statement = (
        "INSERT INTO party (kind, name, folded, disclosed, created_at) VALUES ('PERSON', '甲', '甲', false, now())"
    )
    found = await connection.execute(sa.text(f"{statement} RETURNING of_age_from"))
    assert found.scalar_one() == date.max


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


async def test_who_seals_a_case_waits_for_what_is_being_published_of_it(engine: AsyncEngine) -> None:
    """Neither sees the other's work until it is done: the one that comes second must (R16)."""
    committed = engine.execution_options(isolation_level="READ COMMITTED")
    async with committed.begin() as connection:
        made = await open_matter(connection, await open_courtroom(connection))
        withdrawn = {"status": "WITHDRAWN", "ended_at": datetime(2026, 1, 15, tzinfo=UTC)}
        await made.change("deduction", made.keys["deduction"], **withdrawn)

    async def seal() -> None:
        async with committed.begin() as other:
            await other.execute(sa.text("UPDATE court_case SET confidentiality = 'PRIVACY'"))

    async with committed.connect() as connection, committed.connect() as onlooker:
        publish = "UPDATE deduction SET status = 'PUBLISHED', ended_at = NULL"
        await connection.execute(sa.text(publish))
        sealing = asyncio.create_task(seal())
        while not (await onlooker.execute(sa.text(WAITING))).scalar_one():
            await onlooker.rollback()
        await connection.commit()
        await sealing
        found = await onlooker.execute(sa.text("SELECT isempty(publicity) FROM deduction"))
        assert found.scalar_one() is True
