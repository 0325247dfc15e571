"""Imports in any order, repeated and interrupted, mixed with a court at work and with days that pass.

After every step the database says what the reference in plain Python says (`import_reference`).
"""

import asyncio
import csv
import json
import os
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import NOW, Courtroom, open_courtroom
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from import_reference import (
    CERTIFICATE,
    DEBTOR,
    LENDER,
    SANCTION,
    Case,
    Dwelling,
    Line,
    Part,
    Reference,
    Row,
    months,
)
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from world import KEYRING

import database
from auth.audiences import Audience
from auth.registry import Registration, add_client
from auth.scopes import Scope
from casework import certificates, households, listings, sanctions
from casework.calendar import catch_up
from casework.outbox import place_left
from casework.transaction import transact
from ingest import run as running
from ingest.importing import FORMATS, import_file
from models.court import StaffRole
from models.sanction import SanctionKind

EXAMPLES = int(os.environ.get("TEST_IMPORT_EXAMPLES", "12"))
STEPS = 20
EMPTIED = "TRUNCATE court_case, household, party, calendar_day, import_run, event CASCADE"


@dataclass(frozen=True)
class Subject:
    """Who appears in the files."""

    name: str
    number: str
    born: date | None = None

    @property
    def kind(self) -> str:
        """As the database names it."""
        return "ORGANIZATION" if self.born is None else "PERSON"


ADULT = Subject("张波", "330281190409263363", date(1904, 9, 26))
YOUNG = Subject("李晓", "330281200706010000", date(2007, 6, 1))
COMPANY = Subject("余姚金秋公司", "91330281999911175U")
SUBJECTS = {one.name: one for one in (ADULT, YOUNG, COMPANY)}
EXECUTION, TRIAL = "(2025)浙0281执1号", "(2025)浙0281民初2号"
COURT_NAME = "余姚市人民法院"
YEAR = date(2025, 1, 1)
BEHAVIOURS = {"T02": "Y04", "T09": "Y12", "": None}
ROLES = {"被执行人": "JUDGMENT_DEBTOR", "被告": "DEFENDANT", "原告": "PLAINTIFF"}


@dataclass(frozen=True)
class Written:
    """A line as it stands in a file, and what it says to the reference."""

    cells: tuple[str, ...]
    meant: tuple[Any, ...] = field(repr=False)


# --- lines ------------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(sorted(SUBJECTS))


@st.composite
def case_line(draw: Any) -> Written:
    """A participation; the case may be filed later, be closed, be sealed, or be about a marriage."""
    party, number = SUBJECTS[draw(NAMES)], draw(st.sampled_from((EXECUTION, EXECUTION, TRIAL)))
    filed = draw(st.sampled_from((date(2025, 1, 8), date(2025, 11, 3))))
    closed = draw(st.sampled_from((None, date(2026, 2, 2))))
    cause, private = draw(st.sampled_from((("民间借贷纠纷", ""),) * 5 + (("离婚纠纷", ""), ("民间借贷纠纷", "是"))))
    secrecy = "PRIVACY" if private else "FAMILY" if cause == "离婚纠纷" else "OPEN"
    role = "被执行人" if number == EXECUTION else draw(st.sampled_from(("被告", "原告")))
    kind, document = ("法人", "统一社会信用代码") if party.born is None else ("自然人", "居民身份证")
    ends = closed.isoformat() if closed else ""
    cells = (number, COURT_NAME, cause, filed.isoformat(), ends, role, kind, party.name, document, party.number, "")
    return Written((*cells, private), (Part(Case(number, filed, closed, secrecy, cause), party.name, ROLES[role]),))


@st.composite
def debtor_line(draw: Any) -> Written:
    """A listing in the enforcement case, for two years or until performed."""
    party, published = SUBJECTS[draw(NAMES)], draw(st.sampled_from((date(2026, 1, 12), date(2026, 2, 20))))
    grounds = draw(st.sampled_from(("违反财产报告制度", "有履行能力而拒不履行生效法律文书确定义务")))
    duty = draw(st.sampled_from(("支付借款本金", "支付借款本息")))
    listed = date(2026, 1, 10)
    cells = (
        party.name, party.number, "1" if party.born is None else "0", COURT_NAME, EXECUTION, TRIAL, COURT_NAME,
        listed.isoformat(), published.isoformat(), duty, "全部未履行", grounds,
    )  # fmt: skip
    ends = None if "拒不履行" in grounds else months(published, 24)
    content = {"ends": ends, "duty": duty, "grounds": grounds}
    row = Row(DEBTOR, party.name, EXECUTION, content, listed, published, ends=ends, code="Y18")
    return Written(cells, (Line((DEBTOR, party.name, EXECUTION, published), row, (YEAR, listed)),))


@st.composite
def lender_line(draw: Any) -> Written:
    """A professional lender."""
    party, listed = SUBJECTS[draw(NAMES)], draw(st.sampled_from((date(2026, 1, 5), date(2026, 2, 5))))
    grounds = draw(st.sampled_from(("一年内民间借贷案件10件以上", "一年内民间借贷案件20件以上")))
    row = Row(LENDER, party.name, "", {"grounds": grounds}, listed, listed, code="Y01")
    cells = (party.name, party.number, COURT_NAME, listed.isoformat(), grounds)
    return Written(cells, (Line((LENDER, party.name, listed), row, (listed,)),))


@st.composite
def certificate_line(draw: Any) -> Written:
    """A certificate, whose number may turn out to be another party's."""
    party, number = SUBJECTS[draw(NAMES)], draw(st.sampled_from(("甬履证1", "甬履证2")))
    performed = draw(st.sampled_from((date(2025, 3, 3), date(2025, 12, 1))))
    issued = performed + timedelta(draw(st.sampled_from((2, 9))))
    content = {"party": party.name, "performed": performed, "issued": issued}
    row = Row(CERTIFICATE, party.name, TRIAL, content, issued, issued, conduct=performed, code="A01")
    cells = (number, TRIAL, party.name, party.number, performed.isoformat(), issued.isoformat())
    return Written(cells, (Line((CERTIFICATE, number), row, (performed,)),))


@st.composite
def sanction_line(draw: Any) -> Written:
    """A fine, a detention, both, or an admonition that may name its behaviour."""
    party, case = SUBJECTS[draw(NAMES)], draw(st.sampled_from((EXECUTION, TRIAL)))
    words = ("罚款", "训诫") if party.born is None else ("罚款", "训诫", "拘留", "罚款、拘留")
    word, behaviour = draw(st.sampled_from(words)), draw(st.sampled_from(sorted(BEHAVIOURS)))
    amount, days = draw(st.sampled_from((("1000", "5"), ("2000", "15"))))
    decided, effective = date(2026, 1, 20), draw(st.sampled_from((date(2026, 1, 21), date(2026, 1, 25))))
    measure = {"罚款": f"{amount}元", "拘留": f"{days}日", "罚款、拘留": f"{amount}元、{days}日", "训诫": ""}[word]
    number = f"(2026)浙0281司惩{draw(st.integers(1, 2))}号"
    dates = (decided.isoformat(), effective.isoformat())
    cells = (number, case, party.name, party.number, word, measure, behaviour, *dates)
    kinds = {"罚款": ("FINE",), "拘留": ("DETENTION",), "训诫": ("ADMONITION",), "罚款、拘留": ("FINE", "DETENTION")}[
        word
    ]
    return Written(
        cells,
        tuple(_sanction(kind, party, number, case, behaviour, amount, days, decided, effective) for kind in kinds),
    )


def _sanction(
    kind: str,
    party: Subject,
    number: str,
    case: str,
    behaviour: str,
    amount: str,
    days: str,
    decided: date,
    begins: date,
) -> Line:
    extent = {"FINE": amount, "DETENTION": days}.get(kind)
    content = {"case": case, "behaviour": behaviour, "extent": extent, "effective": begins}
    code = {"FINE": "R03", "DETENTION": "R02"}.get(kind) or BEHAVIOURS[behaviour]
    row = Row(SANCTION, party.name, case, content, decided, begins, ends=months(begins, 60), code=code)
    return Line((SANCTION, party.name, number, kind), row, (YEAR, decided))


@st.composite
def dwelling_line(draw: Any) -> Written:
    """A person of a household."""
    party = draw(st.sampled_from((ADULT, YOUNG)))
    home, since = draw(st.sampled_from((("H1", date(2026, 1, 1)), ("H2", date(2026, 2, 1)))))
    left = draw(st.sampled_from((None, None, date(2026, 1, 20)))) if home == "H1" else None
    cells = (
        home, "马渚镇四联村", party.name, "居民身份证", party.number, "户主", "授1", "2025-12-31", since.isoformat(),
        left.isoformat() if left else "",
    )  # fmt: skip
    return Written(cells, (Dwelling(party.name, home, since, left),))


LINES = {
    "cases": case_line(),
    "shixin": debtor_line(),
    "lenders": lender_line(),
    "certificates": certificate_line(),
    "sanctions": sanction_line(),
    "households": dwelling_line(),
}


@dataclass(frozen=True)
class File:
    """A file of a format, and how many days before today it was exported."""

    format: str
    lines: tuple[Written, ...]
    age: int


def files(format: str) -> Any:
    """Files of a format; most are of today."""
    lines = st.lists(LINES[format], min_size=1, max_size=5).map(tuple)
    age = st.just(0) if format == "households" else st.sampled_from((0, 0, 0, 30))
    return st.builds(File, st.just(format), lines, age)


# --- interruptions ----------------------------------------------------------------------------------------------------


class KilledError(Exception):
    """The import was interrupted."""


@dataclass(frozen=True)
class Kill:
    """Before or after which commit an import is interrupted: each chunk has two, of the parties and of the rows."""

    commit: int
    after: bool


KILLS = st.none() | st.none() | st.builds(Kill, st.integers(0, 5), st.booleans())
SETTING_UP = 2
"""Commits before the first chunk."""


class Imports(RuleBasedStateMachine):
    """Suxin and the reference, side by side."""

    url: sa.URL
    room: Courtroom
    bank: int
    directory: Path
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.room.now = NOW
        self.engine: AsyncEngine = self.runner.run(self._begun())
        self.book = Reference(NOW.date(), {name: one.born for name, one in SUBJECTS.items()})
        self.files: list[File] = []
        self.serial = 0
        self.runner.run(catch_up(self.engine, NOW))

    async def _begun(self) -> AsyncEngine:
        engine = database.async_engine(self.url, pool_size=4, statement_timeout=10)
        async with engine.begin() as connection:
            await connection.execute(sa.text(EMPTIED))
        return engine

    def teardown(self) -> None:
        """Let the connections go."""
        self.runner.run(self.engine.dispose())
        self.runner.close()

    # --- files --------------------------------------------------------------------------------------------------------

    @rule(file=files("cases"), kill=KILLS)
    def import_cases(self, file: File, kill: Kill | None) -> None:
        """Participations."""
        self.deliver(file, kill)

    @rule(file=files("shixin"), kill=KILLS)
    def import_debtors(self, file: File, kill: Kill | None) -> None:
        """Dishonest debtors."""
        self.deliver(file, kill)

    @rule(file=files("sanctions"), kill=KILLS)
    def import_sanctions(self, file: File, kill: Kill | None) -> None:
        """Sanctions."""
        self.deliver(file, kill)

    @rule(file=files("certificates") | files("lenders"), kill=KILLS)
    def import_certificates_or_lenders(self, file: File, kill: Kill | None) -> None:
        """Certificates or lenders."""
        self.deliver(file, kill)

    @rule(file=files("households"), kill=KILLS)
    def import_households(self, file: File, kill: Kill | None) -> None:
        """Households."""
        self.deliver(file, kill)

    @precondition(lambda self: self.files)
    @rule(place=st.integers(0, 9), kill=KILLS)
    def import_again(self, place: int, kill: Kill | None) -> None:
        """A file that was imported before, in whole or in part."""
        self.deliver(self.files[place % len(self.files)], kill)

    @rule(file=st.one_of(*map(files, LINES)))
    def try_out(self, file: File) -> None:
        """A dry run leaves no trace."""
        self._run(file, None, dry_run=True)

    def deliver(self, file: File, kill: Kill | None) -> None:
        """Import a file, up to an interruption."""
        if file not in self.files:
            self.files.append(file)
        self._run(file, kill)
        self._follow(file, kill)

    def _run(self, file: File, kill: Kill | None, *, dry_run: bool = False) -> None:
        path = self.directory / f"file.{'jsonl' if file.format == 'shixin' else 'csv'}"
        write(path, file)
        moment, original, count = self._minute(), running.Run._keep, 0

        async def keep(run: Any, connection: AsyncConnection, *staging: sa.Table) -> None:
            nonlocal count
            count += 1
            met = kill is not None and count == SETTING_UP + 1 + kill.commit
            if met and kill and not kill.after:
                raise KilledError
            await original(run, connection, *staging)
            if met:
                raise KilledError

        async def imported() -> Any:
            exported = self.book.today - timedelta(file.age)
            return await import_file(
                self.engine,
                file.format,
                path,
                keyring=KEYRING,
                exported_on=exported,
                now=lambda: moment,
                dry_run=dry_run,
            )

        with self.patch.context() as patch:
            patch.setattr(running, "CHUNK_LINES", 2)
            patch.setattr(running, "SLICE_LINES", 1)
            patch.setattr(running, "STEPS", 1)
            patch.setattr(running.Run, "_keep", keep)
            try:
                summary = self.runner.run(imported())
            except KilledError:
                return
        assert summary.rejected == Counter()

    def _follow(self, file: File, kill: Kill | None) -> None:
        """What the reference makes of the chunks that were committed."""
        exported = self.book.today - timedelta(file.age)
        last = 10**6 if kill is None else kill.commit + kill.after
        for place, chunk in enumerate(chunks(file.lines)):
            if 2 * place < last:
                self._establish(file.format, chunk, exported)
            if 2 * place + 1 < last:
                self._record(file.format, chunk, exported)

    def _establish(self, format: str, chunk: Sequence[Any], exported: date) -> None:
        if format == "cases":
            self.book.file_cases(chunk, exported)
        elif format == "households":
            self.book.mention([(one.party, ()) for one in chunk])
        else:
            self.book.mention([(one.row.party, one.days) for one in chunk])

    def _record(self, format: str, chunk: Sequence[Any], exported: date) -> None:
        if format == "cases":
            self.book.file_parts(chunk)
        elif format == "households":
            self.book.file_dwellings(chunk)
        else:
            self.book.file_rows(chunk, exported)

    # --- by hand ------------------------------------------------------------------------------------------------------

    @rule(name=NAMES, number=st.sampled_from((EXECUTION, TRIAL)), fined=st.booleans())
    def sanction(self, name: str, number: str, fined: bool) -> None:
        """The Centre records a fine, or an admonition that names its behaviour."""
        self.serial += 1
        decided, kind = date(2026, 2, 25), SanctionKind.FINE if fined else SanctionKind.ADMONITION
        decision = f"(2026)浙0281司惩{100 + self.serial}号"
        content = {"case": number, "behaviour": "T09", "extent": "300" if fined else None, "effective": decided}
        code = "R03" if fined else "Y12"
        row = Row(SANCTION, name, number, content, decided, decided, ends=months(decided, 60), code=code)
        amount = Decimal(300) if fined else None

        async def work(connection: AsyncConnection) -> None:
            made = sanctions.Decision(
                decision, await self._case(connection, number), await self._party(connection, name), kind, decided,
                decided, behaviour="T09", amount=amount,
            )  # fmt: skip
            await sanctions.record_sanction(connection, made, self._act(StaffRole.CENTRE))

        if self._takes_part(name, number):
            self._done(work)
            self.book.enter((SANCTION, name, decision, str(kind)), row)

    @rule(place=st.integers(0, 9))
    def revoke_sanction(self, place: int) -> None:
        """A reconsideration revokes a sanction."""
        if key := self._chosen(SANCTION, place):
            query = sa.text(
                "SELECT s.id FROM sanction s JOIN party p ON p.id = party_id"
                " WHERE p.name = :p AND decision_number = :d AND s.kind = :k"
            )

            async def work(connection: AsyncConnection) -> None:
                found = await connection.scalar(query, {"p": key[1], "d": key[2], "k": key[3]})
                await sanctions.revoke_sanction(connection, found, self.book.today, self._act(StaffRole.CENTRE))

            self._done(work)
            self.book.stop(key, "REVOKED")

    @rule(name=NAMES, early=st.booleans())
    def issue_certificate(self, name: str, early: bool) -> None:
        """The Centre certifies a performance."""
        self.serial += 1
        number, performed = f"手{self.serial}", date(2025, 10, 1) if early else date(2026, 1, 15)
        content = {"party": name, "performed": performed, "issued": self.book.today}
        row = Row(CERTIFICATE, name, TRIAL, content, self.book.today, self.book.today, conduct=performed, code="A01")

        async def work(connection: AsyncConnection) -> None:
            case, party = await self._case(connection, TRIAL), await self._party(connection, name)
            made = certificates.Performance(number, case, party, performed)
            await certificates.issue_certificate(connection, made, self._act(StaffRole.CENTRE))

        if self._takes_part(name, TRIAL):
            self._done(work)
            self.book.lower([(name, (performed,))])
            self.book.enter((CERTIFICATE, number), row)

    @rule(place=st.integers(0, 9))
    def revoke_certificate(self, place: int) -> None:
        """The Centre revokes one whose case the court knows."""
        if TRIAL in self.book.cases and (key := self._chosen(CERTIFICATE, place)):
            query = sa.text("SELECT id FROM certificate WHERE number = :number")

            async def work(connection: AsyncConnection) -> None:
                found = await connection.scalar(query, {"number": key[1]})
                await certificates.revoke_certificate(connection, found, self._act(StaffRole.CENTRE))

            self._done(work)
            self.book.stop(key, "REVOKED")

    @rule(name=NAMES)
    def list_lender(self, name: str) -> None:
        """A judge lists a lender that is not listed."""
        mine = [row for key, row in self.book.rows.items() if key[0] == LENDER and row.party == name]
        today = self.book.today
        if any(row.stopped is None or row.begins == today for row in mine) or not self._is_known(name):
            return

        async def work(connection: AsyncConnection) -> None:
            await listings.list_lender(connection, await self._party(connection, name), self._act(StaffRole.JUDGE))

        self._done(work)
        row = Row(LENDER, name, "", {"grounds": self.room.said}, today, today, code="Y01")
        self.book.enter((LENDER, name, today), row)

    @rule(place=st.integers(0, 9), kind=st.sampled_from((DEBTOR, LENDER)))
    def remove_listing(self, place: int, kind: str) -> None:
        """Somebody leaves a list."""
        if key := self._chosen(kind, place):
            query = sa.text(
                "SELECT l.id FROM listing l JOIN party p ON p.id = party_id"
                " WHERE p.name = :party AND case_number = :case AND published_on = :day AND l.kind = :kind"
            )
            row = self.book.rows[key]
            kinds = {DEBTOR: "DISHONEST_DEBTOR", LENDER: "PROFESSIONAL_LENDER"}
            bound = {"party": row.party, "case": row.case, "day": row.begins, "kind": kinds[kind]}

            async def work(connection: AsyncConnection) -> None:
                found = await connection.scalar(query, bound)
                await listings.remove_listing(connection, found, self._act(StaffRole.CENTRE))

            self._done(work)
            self.book.stop(key, "DELISTED")

    @rule(name=st.sampled_from((ADULT.name, YOUNG.name)))
    def leave_household(self, name: str) -> None:
        """The head office ends a membership."""
        home = self.book.household(name)
        if home is None:
            return
        query = sa.text(
            "SELECT m.id FROM household_member m JOIN party p ON p.id = party_id WHERE p.name = :p AND left_on IS NULL"
        )

        async def work(connection: AsyncConnection) -> None:
            found = await connection.scalar(query, {"p": name})
            await households.leave(connection, found, self.book.today, self._minute())

        self._done(work)
        self.book.stays[name, home].left = self.book.today
        self.book.rehouse([name])

    @rule(days=st.sampled_from((1, 9, 45, 320)))
    def wait(self, days: int) -> None:
        """Days pass; the calendar catches up."""
        self.room.now += timedelta(days)
        self.runner.run(catch_up(self.engine, self.room.now))
        for _ in range(days):
            self.book.turn()

    # --- how it is done -----------------------------------------------------------------------------------------------

    def _minute(self) -> Any:
        self.room.now += timedelta(minutes=1)
        return self.room.now

    def _act(self, role: StaffRole) -> Any:
        return replace(self.room.act(role), keyring=KEYRING)

    def _done(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        self.runner.run(transact(self.engine, work, self.room.now + timedelta(minutes=1)))

    async def _case(self, connection: AsyncConnection, number: str) -> int:
        return int(await connection.scalar(sa.text("SELECT id FROM court_case WHERE number = :n"), {"n": number}) or 0)

    async def _party(self, connection: AsyncConnection, name: str) -> int:
        return int(await connection.scalar(sa.text("SELECT id FROM party WHERE name = :n"), {"n": name}) or 0)

    def _takes_part(self, name: str, number: str) -> bool:
        return any((case, party) == (number, name) for case, party, _ in self.book.parts)

    def _is_known(self, name: str) -> bool:
        cases = [self.book.cases[number] for number, party, _ in self.book.parts if party == name]
        return any(not case.secret and case.filed >= self.book.adult_since(name) for case in cases)

    def _chosen(self, kind: str, place: int) -> Any:
        keys = sorted(key for key, row in self.book.rows.items() if row.kind == kind and row.stopped is None)
        return keys[place % len(keys)] if keys else None

    # --- what must hold after every step ------------------------------------------------------------------------------

    @invariant()
    def events_are_told_once(self) -> None:
        """Each in its place, and each to the bank that watches."""
        told, bank, sequences, places = self.runner.run(self._events())
        assert differences(told, self.book.told) == {}
        assert differences(bank, told) == {}
        for name in SUBJECTS:
            mine = sorted(sequence for party, sequence in sequences if party == name)
            assert mine == list(range(1, len(mine) + 1))
        assert sorted(places) == list(range(1, len(places) + 1))

    async def _events(self) -> Any:
        await place_left(self.engine)
        query = sa.text(
            "SELECT p.name, e.kind, e.sequence, e.position, (SELECT count(*) FROM notification n"
            " WHERE n.event_id = e.id AND n.client_key = :bank AND n.position = e.position) AS notes"
            " FROM event e JOIN party p ON p.id = e.party_id"
        )
        async with self.engine.connect() as connection:
            rows = (await connection.execute(query, {"bank": self.bank})).all()
        bank = Counter[tuple[str, str]]()
        for row in rows:
            bank[row.name, row.kind] += row.notes
        told = Counter((row.name, row.kind) for row in rows)
        return dict(told), dict(bank), [(row.name, row.sequence) for row in rows], [row.position for row in rows]

    @invariant()
    def rows_are_as_the_rules_say(self) -> None:
        """What others see today, and of what the platform holds a measure."""
        public, measured = self.runner.run(self._rows())
        assert public == {key for key, row in self.book.rows.items() if self.book.is_public(row, self.book.today)}
        assert measured == sorted(key for key, row in self.book.rows.items() if row.measured)

    async def _rows(self) -> Any:
        async with self.engine.connect() as connection:
            found = {row.id: row for row in await connection.execute(sa.text(KEYED), {"day": self.book.today})}
            live = await connection.execute(sa.text(MEASURED))
            public = {key_of(row) for row in found.values() if row.public}
            return public, sorted(key_of(found[row.source]) for row in live)

    @invariant()
    def conversions_are_as_the_rules_say(self) -> None:
        """The entries that count."""
        expected = sorted(
            (*key, one.party, one.household, one.item, one.points)
            for key, entries in self.book.entries.items()
            for one in entries
        )
        assert self.runner.run(self._entries()) == expected

    async def _entries(self) -> Any:
        async with self.engine.connect() as connection:
            found = {row.id: row for row in await connection.execute(sa.text(KEYED), {"day": self.book.today})}
            rows = await connection.execute(sa.text(COUNTING))
            return sorted((*key_of(found[row.source]), row.name, row.household, row.item, row.points) for row in rows)

    @invariant()
    def colours_are_as_the_rules_say(self) -> None:
        """Inside and outside, on days past and to come."""
        today = self.book.today
        days = [date(2025, 12, 30) + timedelta(5 * place) for place in range(20)]
        days += [today + timedelta(place) for place in (-1, 0, 1, 200, 400, 800, 1500, 2000)]
        found = self.runner.run(self._colours(days))
        for name in SUBJECTS:
            for outside in (False, True):
                seen = {day: found.get((name, day, outside), "GREEN") for day in days}
                said = {day: self.book.colour(name, day, outside) for day in days}
                assert differences(seen, said) == {}, (name, outside)

    async def _colours(self, days: list[date]) -> dict[tuple[str, date, bool], str]:
        query = sa.text(
            "SELECT p.name, day, perspective = 'OUTSIDE' AS outside, colour FROM code_period"
            " JOIN party p ON p.id = party_id"
            " JOIN unnest(CAST(:days AS date[])) AS day ON during @> day WHERE upper_inf(known)"
        )
        async with self.engine.connect() as connection:
            rows = await connection.execute(query, {"days": days})
            return {(row.name, row.day, row.outside): row.colour for row in rows}


KEYED = """
SELECT 's' || s.id AS id, 'sanction' AS kind, p.name, s.decision_number AS number, s.kind AS sort, NULL::date AS day,
 s.publicity @> CAST(:day AS date) AS public FROM sanction s JOIN party p ON p.id = s.party_id
UNION ALL SELECT 'l' || l.id, l.kind, p.name, l.case_number, '', l.published_on, l.publicity @> CAST(:day AS date)
 FROM listing l JOIN party p ON p.id = l.party_id
UNION ALL SELECT 'c' || id, 'certificate', '', number, '', NULL, publicity @> CAST(:day AS date) FROM certificate
UNION ALL SELECT 'd' || id, 'deduction', '', id::text, '', NULL, publicity @> CAST(:day AS date) FROM deduction
"""
SOURCE = "coalesce('s' || r.sanction_id, 'l' || r.listing_id, 'c' || r.certificate_id, 'd' || r.deduction_id)"
MEASURED = f"""
SELECT {SOURCE} AS source FROM measure m JOIN code_record r ON r.id = m.code_record_id WHERE m.status <> 'WITHDRAWN'
"""  # noqa: S608 - of constants
COUNTING = f"""
SELECT p.name, h.key AS household, i.code AS item, c.points, coalesce('d' || c.deduction_id, {SOURCE}) AS source
FROM point_conversion c JOIN party p ON p.id = c.party_id JOIN household h ON h.id = c.household_id
JOIN moral_bank_item i ON i.id = c.item_id LEFT JOIN code_record r ON r.id = c.code_record_id
WHERE c.reverses_id IS NULL AND NOT EXISTS (SELECT FROM point_conversion o WHERE o.reverses_id = c.id)
"""  # noqa: S608 - of constants


def key_of(row: Any) -> tuple[Any, ...]:
    """The reference's key of a stored row."""
    match row.kind:
        case "sanction":
            return SANCTION, row.name, row.number, row.sort
        case "DISHONEST_DEBTOR":
            return DEBTOR, row.name, row.number, row.day
        case "PROFESSIONAL_LENDER":
            return LENDER, row.name, row.day
    return row.kind, row.number


def differences(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> dict[Any, tuple[Any, Any]]:
    """Where two mappings differ: what one says and the other."""
    pairs = {key: (found.get(key), expected.get(key)) for key in {*found, *expected}}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def chunks(lines: Sequence[Written]) -> list[list[Any]]:
    """What each transaction of an import holds: lines until there are two rows; a repeated line counts once."""
    found: list[list[Any]] = [[]]
    for line in {line.cells: line for line in lines}.values():
        if len(found[-1]) >= 2:
            found.append([])
        found[-1] += line.meant
    return found


def write(path: Path, file: File) -> None:
    """Write a file as a court would."""
    columns = FORMATS[file.format].columns
    with path.open("w", encoding="utf-8", newline="") as stream:
        if file.format == "shixin":
            for line in file.lines:
                stream.write(json.dumps(dict(zip(columns, line.cells, strict=True)), ensure_ascii=False) + "\n")
        else:
            csv.writer(stream).writerows([columns, *(line.cells for line in file.lines)])


def watching_bank(url: sa.URL) -> int:
    """A bank that watches everybody, with the consent of persons."""
    engine = database.sync_engine(url)
    with engine.begin() as connection:
        jwks = {"keys": [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]}
        add_client(connection, Registration("某银行", Audience.BANK, client_id="bank", jwks=jwks), now=NOW)
        bank = int(connection.scalar(sa.text("SELECT id FROM client")) or 0)
        for one in SUBJECTS.values():
            given = {"client": bank, "index": KEYRING.index(one.number), "kind": one.kind, "name": one.name, "at": NOW}
            connection.execute(sa.text(WATCH), given)
            connection.execute(sa.text(CONSENT), given | {"scopes": [Scope.PERSON_CREDIT.value], "day": NOW.date()})
    engine.dispose()
    return bank


WATCH = """
INSERT INTO watch (client_key, subject_index, kind, name, folded, reference, created_at)
VALUES (:client, :index, :kind, :name, :name, :name, :at)
"""
CONSENT = """
INSERT INTO consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from, valid_to)
VALUES (:name, :client, :index, '{POST_LOAN_MONITORING}', :scopes, :day, :at,
    CAST(:at AS timestamptz) + interval '60 years')
"""


def test_imports_and_the_court_leave_what_the_rules_say(database_url: sa.URL) -> None:
    async def opened() -> Courtroom:
        engine = database.async_engine(database_url, pool_size=1, statement_timeout=10)
        async with engine.begin() as connection:
            room = await open_courtroom(connection)
        await engine.dispose()
        return room

    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as monkeypatch:

        class Here(Imports):
            url, room, bank = database_url, asyncio.run(opened()), watching_bank(database_url)
            patch = monkeypatch

        Here.directory = Path(directory)
        run_state_machine_as_test(
            Here,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=True,
                phases=(Phase.generate,),  # a failing example is short enough, and shrinking takes minutes
            ),
        )
