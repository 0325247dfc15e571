"""Rules of the import machine: the court, the head office and the days at work."""

from datetime import date, timedelta
from decimal import Decimal

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import rule
from import_bench import Bench
from import_books import CERTIFICATE, DEBTOR, LENDER, SANCTION, Row, months
from import_lines import ADULT, EXECUTION, NAMES, TRIAL, YOUNG
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import certificates, households, listings, sanctions
from casework.calendar import catch_up
from models.court import StaffRole
from models.sanction import SanctionKind


class ByHand(Bench):
    """What is done by hand, and what days bring."""

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
            made = sanctions.SanctionDecision(
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
        stay = self.book.stays[name, home]
        stay.left, stay.by_hand = self.book.today, True
        self.book.rehouse([name])

    @rule(days=st.sampled_from((1, 9, 45, 320)))
    def wait(self, days: int) -> None:
        """Days pass; the calendar catches up."""
        self.room.now += timedelta(days)
        self.runner.run(catch_up(self.engine, self.room.now))
        for _ in range(days):
            self.book.turn()
