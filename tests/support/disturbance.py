"""Changes a copy of the demo city at random, so that every rule about an item meets rows on both of its sides."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from world import NOW

import models
from auth.audiences import Audience, Purpose
from auth.scopes import Scope
from models.terms import to_court_day

TODAY = to_court_day(NOW)
COPIES = 500
CONSENTING = 0.7
PARTNERS = (Audience.BANK, Audience.BANK, Audience.EMPLOYER, Audience.EMPLOYER, Audience.COMMERCE)
DAYS = (-400, -1, 0, 1, 400)
"""Days from today: long past, yesterday, today, tomorrow, far ahead."""

Row = dict[str, Any]


def rows_of(connection: sa.Connection, table: str) -> list[Row]:
    """All rows of a table as they are stored."""
    columns = "id, kind, name, disclosed, held, of_age_from::text" if table == "party" else "*"
    found = connection.execute(sa.text(f"SELECT {columns} FROM {table} ORDER BY 1"))  # noqa: S608
    return [dict(row) for row in found.mappings()]


class Disturbance:
    """Random changes, the same ones for the same seed."""

    def __init__(self, connection: sa.Connection, seed: int) -> None:
        self.connection, self.random = connection, Random(seed)
        self.parties = [row["party_id"] for row in rows_of(connection, "identity")]
        self.cases = [row["id"] for row in rows_of(connection, "court_case")]

    def apply(self, clients: Mapping[Audience, int]) -> None:
        """Spread items over parties and cases, change all of them a little, and let persons consent."""
        for model in (models.Deduction, models.Sanction, models.Certificate, models.Listing):
            self._spread(model)
        self._change(models.Party, self._party)
        self._change(models.CourtCase, self._case)
        self._change(models.Deduction, self._deduction)
        self._change(models.Listing, self._listing)
        self._change(models.Certificate, self._certificate)
        self._change(models.Sanction, self._sanction)
        self._change(models.CodeRecord, self._code_record)
        self._consent(clients)

    def chance(self, share: float) -> bool:
        """True in `share` of all cases."""
        return self.random.random() < share

    def day(self) -> date:
        """A day about which a rule may turn."""
        return TODAY + timedelta(self.random.choice(DAYS))

    def _spread(self, model: Any) -> None:
        stored = rows_of(self.connection, model.__table__.name)
        copies = [self._copied(row) for row in self.random.choices(stored, k=COPIES)]
        self.connection.execute(insert(model).on_conflict_do_nothing(), copies)

    def _copied(self, row: Row) -> Row:
        names = [name for name in ("number", "decision_number") if name in row]
        unique: Row = {name: f"{row[name]}-{self.random.random()}" for name in names}
        moved = {"party_id": self.random.choice(self.parties), "case_id": self.random.choice(self.cases)}
        return {name: value for name, value in {**row, **unique, **moved}.items() if name != "id"}

    def _change(self, model: Any, change: Any) -> None:
        table = model.__table__
        for row in rows_of(self.connection, table.name):
            if changed := change(row):
                self.connection.execute(sa.update(table).where(table.c.id == row["id"]).values(changed))

    def _party(self, row: Row) -> Row:
        if row["kind"] == "PERSON" and self.chance(0.2):
            return {"of_age_from": self.day() - timedelta(self.random.choice((0, 400, 800)))}
        return {"disclosed": False} if self.chance(0.05) else {}

    def _case(self, row: Row) -> Row:
        kinds = ("FAMILY", "TRADE_SECRET", "PRIVACY", "STATE_SECRET")
        changed: Row = {"confidentiality": self.random.choice(kinds)} if self.chance(0.2) else {}
        if self.chance(0.1):
            changed["cause"] = "劳动争议"
        return changed

    def _deduction(self, row: Row) -> Row:
        if row["status"] != "PUBLISHED":
            return {}
        changed: Row = {}
        if self.chance(0.2):
            changed["conduct_on"] = self.day()
        if self.chance(0.3):
            changed["expires_on"] = min(self.day(), row["determined_on"] + timedelta(1800))
        if self.chance(0.1):
            changed["published_at"] = NOW + timedelta(seconds=self.random.choice((0, 1)))
        if self.chance(0.2):
            changed |= {"status": self.random.choice(("WITHDRAWN", "SHIELDED")), "ended_at": NOW}
        return changed

    def _listing(self, row: Row) -> Row:
        changed: Row = {}
        if self.chance(0.3):
            changed["removed_on"] = max(self.day(), row["published_on"])
        if self.chance(0.3):
            changed["ends_on"] = max(self.day(), row["published_on"] + timedelta(1))
        return changed

    def _certificate(self, row: Row) -> Row:
        changed: Row = {}
        if self.chance(0.3):
            changed["revoked_on"] = max(self.day(), row["issued_on"])
        if self.chance(0.1):
            changed["issued_on"] = max(self.day(), row["performed_on"])
        return changed

    def _sanction(self, row: Row) -> Row:
        changed: Row = {}
        if self.chance(0.2):
            changed["conduct_on"] = self.day()
        if self.chance(0.2):
            changed["revoked_on"] = max(self.day(), row["effective_on"])
        if self.chance(0.2):
            day = self.random.choice((date(2021, 11, 21), date(2021, 11, 22), TODAY, TODAY + timedelta(1)))
            changed |= {"decided_on": day, "effective_on": day}
        return changed

    def _code_record(self, row: Row) -> Row:
        changed: Row = {}
        if self.chance(0.2):
            changed["closed_on"] = max(self.day(), row["effective_on"])
            changed["close_reason"] = self.random.choice(("WITHDRAWN", "SHIELDED", "REVOKED", "PERFORMED", "CLEARED"))
        return changed

    def _consent(self, clients: Mapping[Audience, int]) -> None:
        persons = [row for row in rows_of(self.connection, "identity") if row["type"] == "RESIDENT_ID"]
        letters = [self._letter(row, clients) for row in persons for _ in range(2) if self.chance(CONSENTING)]
        numbered = [{**letter, "reference": f"SQ-{number}"} for number, letter in enumerate(letters)]
        self.connection.execute(sa.insert(models.Consent), numbered)

    def _letter(self, identity: Row, clients: Mapping[Audience, int]) -> Row:
        start = NOW + timedelta(self.random.choice((-100, -100, -100, 0, 1)))
        end = start + timedelta(self.random.choice((50, 100, 101, 300, 300, 300)))
        revoked = self.random.choice((None, None, None, NOW, NOW + timedelta(1), NOW - timedelta(1)))
        return {
            "client_key": clients[self.random.choice(PARTNERS)],
            "subject_index": identity["index"],
            "purposes": self._some(CONSENTED_PURPOSES),
            "scopes": self._some((Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY)),
            "signed_on": TODAY,
            "valid_from": start,
            "valid_to": end,
            "revoked_at": revoked,
        }

    def _some(self, values: Iterable[str]) -> list[str]:
        chosen = [str(value) for value in values if self.chance(0.6)]
        return chosen or [str(next(iter(values)))]


CONSENTED_PURPOSES = (
    Purpose.LOAN_APPROVAL,
    Purpose.GUARANTEE_REVIEW,
    Purpose.POST_LOAN_MONITORING,
    Purpose.INCENTIVE_LOAN,
    Purpose.EMPLOYMENT_CHECK,
    Purpose.SENIOR_POST_QUALIFICATION,
    Purpose.EMPLOYER_CHECK,
)
"""The last is for organizations only: a letter that names it opens nothing."""
