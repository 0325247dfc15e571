"""The moral bank at work: what it reads and does over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from play import Courts
from sqlalchemy.ext.asyncio import AsyncConnection
from world import KEYRING

from auth.audiences import Audience
from demo.city.cast import CHEN, DEMO_VILLAGE, WANG, Subject
from ingest.importing import import_file
from postgres import database

ENTRIES = (
    "SELECT h.key, i.code, c.points, c.reverses_id IS NOT NULL FROM point_conversion c"
    " JOIN moral_bank_item i ON i.id = c.item_id JOIN household h ON h.id = c.household_id ORDER BY c.id"
)
STANDING = """query($key: String!) { householdStanding(key: $key) {
  householdKey points eligible liveVetoes ineligibleSince benefits { code } members { relation consentNumber } } }"""
TOLD = """{ householdStandings(first: 10) { nodes { householdKey points eligible
  notices(first: 20) { nodes { category points month } } } } }"""
LETTER = {"consentNumber": "授2026-1", "consentedOn": "2026-02-01", "enrolledOn": "2026-02-01"}
VILLAGE = DEMO_VILLAGE
HOUSES = {CHEN.name: "NH-CHEN", WANG.name: "NH-WANG"}
CHARGED = (("F05", "MD1", 2), ("F06", "MD1", 4), ("F08", "MD1", 4), ("E01", "MD3", 2), ("E13", "MD3", 3))
FIVE = ("FULL_PERFORMANCE", "SETTLEMENT_KEPT", "CO_OPERATION", "REMORSE", "RESTITUTION")


class MoralBank(Courts):
    """The courts, the head office, and a village."""

    def entries(self) -> list[tuple[str, str, int, bool]]:
        """The conversions so far: household, item, points, and whether it reverses another."""
        with self.chambers.engine.connect() as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(sa.text(ENTRIES))]

    def new(self, known: list[Any]) -> list[Any]:
        """What has been entered since."""
        return self.entries()[len(known) :]

    def enrol(self, subject: Subject, **changes: str) -> str:
        """By hand; gives the id of the membership."""
        given = LETTER | {"householdKey": HOUSES[subject.name], "village": VILLAGE, "relation": "户主"}
        token = self.chambers.partner(Audience.MORAL_BANK)
        person = {"name": subject.name, "idNumber": subject.number}
        return str(self.chambers.done(token, "enrolMember", "id", **(given | person | changes))["id"])

    def standing(self, key: str) -> Any:
        """As the head office reads it."""
        token = self.chambers.partner(Audience.MORAL_BANK)
        return self.chambers.data(token, STANDING, {"key": key})["householdStanding"]

    def confirm(self) -> None:
        """The head office confirms all that is assessed, and the villages are told."""
        token = self.chambers.partner(Audience.MORAL_BANK)
        asked = "{ pointConversions(first: 50) { nodes { id status } } }"
        for row in self.chambers.data(token, asked)["pointConversions"]["nodes"]:
            if row["status"] == "COURT_ASSESSED":
                self.chambers.done(token, "confirmConversion", "status", id=row["id"])
        self.work()

    def bring(self, format: str, file: Path) -> None:
        """By file, and what follows from it."""
        moment = self.chambers.calendar.moment
        self.run(lambda connection: _import(self.chambers.url, format, file, moment))

    def run(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """In a transaction of its own."""

        async def done() -> None:
            engine = database.make_async_engine(self.chambers.url, pool_size=2, statement_timeout=30)
            async with engine.begin() as connection:
                await work(connection)
            await engine.dispose()

        asyncio.run(done())


async def _import(url: sa.URL, format: str, file: Path, moment: datetime) -> None:
    engine = database.make_async_engine(url, pool_size=2, statement_timeout=30)
    report = await import_file(engine, format, file, keyring=KEYRING, now=lambda: moment)
    assert not report.rejected
    await engine.dispose()
