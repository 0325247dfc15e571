"""What the reference of the import tests keeps: parties, cases and rows in plain records, and lines of files."""

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

DEBTOR, LENDER, SANCTION, CERTIFICATE, DEDUCTION = "debtor", "lender", "sanction", "certificate", "deduction"
SECRECY = ("OPEN", "FAMILY", "TRADE_SECRET", "PRIVACY", "STATE_SECRET")
TERMS = {
    "R01": 60,
    "R04": 60,
    "R02": 60,
    "R03": 60,
    "A01": 12,
    "Y04": 24,
    "Y12": 12,
    "Y14": 12,
    "Y21": 24,
    "Y01": None,
    "Y18": None,
}
Key = tuple[Any, ...]
LATE = date.max
LEFT = ("DELISTED", "PERFORMED")
"""How a record ends with its entry, unless that was wrong."""


def months(day: date, number: int) -> date:
    """So many calendar months later, or the end of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass
class Case:
    """A case as its newest line says."""

    number: str
    filed: date
    closed: date | None
    secrecy: str
    cause: str
    exported: date | None = None

    @property
    def secret(self) -> bool:
        """Whether nothing of it leaves the court (R16)."""
        return self.secrecy in ("PRIVACY", "STATE_SECRET")

    @property
    def enforcement(self) -> bool:
        """Whether gold falls away while it is open (R11)."""
        return "执" in self.number


@dataclass
class Record:
    """A reason for a colour: from a day through another, or until the day before it is closed. It may have a repair."""

    code: str
    effective: date
    ends: date | None
    closed: date | None = None
    reason: str | None = None

    def lasts(self, day: date) -> bool:
        """Whether it runs on a day."""
        return (
            self.effective <= day
            and (self.ends is None or day <= self.ends)
            and (self.closed is None or day < self.closed)
        )


@dataclass
class Row:
    """A row of a format. content: what may change; begins, ends, stopped: the days of which it is made.

    sentence: the last day of a sentence of imprisonment.
    """

    kind: str
    party: str
    case: str
    content: Mapping[str, Any]
    decided: date
    begins: date
    conduct: date | None = None
    ends: date | None = None
    sentence: date | None = None
    stopped: date | None = None
    code: str | None = None
    exported: date | None = None
    record: Record | None = None
    blue: Record | None = None
    measured: bool = False
    shortened: date | None = None
    published: bool = True

    @property
    def shielded(self) -> bool:
        """Whether it is a deduction that was repaired."""
        return self.content.get("state") == "SHIELDED"

    @property
    def red(self) -> bool:
        """Whether it makes red."""
        return self.record is not None and self.record.code.startswith("R")


@dataclass
class Entry:
    """An entry of the moral bank that counts."""

    party: str
    household: str
    item: str
    points: int


@dataclass
class Line:
    """A line of a file of rows. days: when its subject can have acted."""

    key: Key
    row: Row
    days: tuple[date, ...]


@dataclass
class Part:
    """A line of a file of cases."""

    case: Case
    party: str
    role: str


@dataclass
class Departure:
    """A line of a file of removals: a party has left a list, of debtors in a case."""

    kind: str
    party: str
    case: str
    day: date
    reason: str
    exported: date | None = None

    @property
    def key(self) -> Key:
        """What it is found by."""
        return self.kind, self.party, self.case


@dataclass
class Dwelling:
    """A line of a file of households."""

    party: str
    household: str
    since: date
    left: date | None


@dataclass
class Stay:
    """A membership. by_hand: the head office has ended it, and no export."""

    since: date
    left: date | None
    by_hand: bool = False


def term(row: Row) -> date | None:
    """The last day of a row's record: the entry's own, or its code type's."""
    if row.kind in (DEBTOR, LENDER):
        return row.ends
    term = TERMS[row.code or ""]
    if row.kind == DEDUCTION and term and row.ends:
        return min(months(row.decided, term), row.ends)
    return months(max(row.begins, row.sentence or row.begins), term) if term else None


def turns(lines: Sequence[Any]) -> list[list[Any]]:
    """Lines of one key one after another: the first of each key, then the second of each, and so on."""
    found: list[list[Any]] = []
    count: Counter[Key] = Counter()
    for line in lines:
        if count[line.key] == len(found):
            found.append([])
        found[count[line.key]].append(line)
        count[line.key] += 1
    return found


def revised(known: Case, later: Case) -> Case:
    """A case after two lines of one chunk."""
    secrecy = max(known.secrecy, later.secrecy, key=SECRECY.index)
    return replace(known, cause=later.cause, closed=later.closed or known.closed, secrecy=secrecy)
