"""Both readings of a day, told plainly: a list of what was written down each day, and the rules of colour by hand.

It knows nothing of periods, versions or SQL: each day's answer is looked for among all that was written by then.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta

ENFORCEMENT = ("Y18", "Y19", "Y20", "Y21", "Y22")
COLOURS = {"R": "RED", "Y": "YELLOW", "B": "BLUE", "A": "GOLD"}
NEVER_WAS = {"COURT": ("REVOKED", "WITHDRAWN"), "LITIGANT_PORTAL": ("REVOKED", "WITHDRAWN", "SHIELDED")}
SUSPICION = "Y03"


@dataclass
class Written:
    """A record as it stands in the book. `repairs`: the place of the record that a blue one repairs."""

    code: str
    effective_on: date
    ends_on: date | None = None
    closed_on: date | None = None
    reason: str | None = None
    repairs: int | None = None

    def counts(self, day: date, reader: str) -> bool:
        """Whether it is a reason for a colour on a day."""
        if self.reason in NEVER_WAS[reader] or (self.code == SUSPICION and reader != "COURT"):
            return False
        closed = self.closed_on is not None and self.closed_on <= day
        return self.effective_on <= day and not closed and (self.ends_on is None or day <= self.ends_on)


Book = list[Written]


@dataclass
class Chronicle:
    """The book as it stood at the end of each day on which something was written."""

    pages: list[tuple[date, Book]] = field(default_factory=list)

    def keep(self, day: date, book: Book) -> None:
        """Copy the book as it stands."""
        self.pages.append((day, deepcopy(book)))

    def book(self, day: date, reading: str) -> Book:
        """What is known today, or was known at the end of a day."""
        known = [page for written, page in self.pages if reading == "VALID" or written <= day]
        return known[-1] if known else []


def colour(book: Book, day: date, reader: str) -> str:
    """The colour of a day by what the book says (R11)."""
    active = {place: record for place, record in enumerate(book) if record.counts(day, reader)}
    repaired = {
        record.repairs
        for record in active.values()
        if record.repairs in active and book[record.repairs].code in ENFORCEMENT
    }
    shown = {
        COLOURS[record.code[0]]
        for place, record in active.items()
        if (record.repairs in repaired if record.code[0] == "B" else place not in repaired)
    }
    return next((one for one in ("RED", "YELLOW", "BLUE", "GOLD") if one in shown), "GREEN")


def answer(book: Book, day: date, reader: str, days: Sequence[date]) -> dict[str, object]:
    """The answer of a day, with the days before and after it looked through one by one."""
    found = colour(book, day, reader)
    later = next((one for one in days if one > day and colour(book, one, reader) != found), None)
    earlier = next((one for one in reversed(days) if one < day and colour(book, one, reader) != found), None)
    records = [record for record in book if record.counts(day, reader)]
    return {
        "colour": found,
        "changesOn": later and later.isoformat(),
        "changesTo": later and colour(book, later, reader),
        "since": earlier and (earlier + timedelta(1)).isoformat(),
        "records": sorted((one.code, str(one.effective_on), str(one.ends_on), str(one.closed_on)) for one in records),
    }
