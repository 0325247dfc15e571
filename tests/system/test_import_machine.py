"""Imports in any order, repeated and interrupted, mixed with a court at work and with days that pass.

After every step the database says what the reference in plain Python says (`import_reference`).
"""

import asyncio
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cards import check_cards
from courtroom import NOW, Courtroom, open_courtroom
from generated import sized
from hypothesis import Phase
from hypothesis.stateful import invariant, run_state_machine_as_test
from import_by_file import ByFile
from import_by_hand import ByHand
from import_found import COUNTING, KEYED, MEASURED, differences, key_of
from import_lines import SUBJECTS
from joserfc.jwk import ECKey
from world import KEYRING

from auth.audiences import Audience
from auth.clients.registration import Registration
from auth.clients.registry import add_client
from auth.scopes import Scope
from casework.outbox import place_left
from postgres import database

EXAMPLES = 3
STEPS = 20


class Imports(ByFile, ByHand):
    """What must hold after every step."""

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
    def cards_are_as_the_tables_say(self) -> None:
        """Those that were made after the last step and not withdrawn in this one."""
        self.runner.run(check_cards(self.engine, self.room.now))

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
        days += [today + timedelta(place) for place in (-1, 0, 1, 200, 400, 800, 1500, 1800, 2000)]
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


def watching_bank(url: sa.URL) -> int:
    """A bank that watches everybody, with the consent of persons."""
    engine = database.make_sync_engine(url)
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


@pytest.mark.generated
def test_imports_and_the_court_leave_what_the_rules_say(database_url: sa.URL) -> None:
    async def opened() -> Courtroom:
        engine = database.make_async_engine(database_url, pool_size=1, statement_timeout=10)
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
            settings=sized(
                EXAMPLES,
                stateful_step_count=STEPS,
                derandomize=True,
                phases=(Phase.generate,),  # a failing example is short enough, and shrinking takes minutes
            ),
        )
