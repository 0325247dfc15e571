"""What an import and the court at work must leave behind, told plainly: rows in dictionaries, days looked through.

It knows nothing of casework, of ingest, or of SQL. It is written from R9-R12, R16, R23 and DOMAIN 5.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

DEBTOR, LENDER, SANCTION, CERTIFICATE, DEDUCTION = "debtor", "lender", "sanction", "certificate", "deduction"
ENTERED = {
    SANCTION: "ENTRY_PUBLISHED",
    DEDUCTION: "ENTRY_PUBLISHED",
    DEBTOR: "LIST_ADDED",
    LENDER: "LIST_ADDED",
    CERTIFICATE: "CERTIFICATE_ISSUED",
}
VANISHED = {
    SANCTION: "ENTRY_WITHDRAWN",
    DEDUCTION: "ENTRY_WITHDRAWN",
    DEBTOR: "LIST_REMOVED",
    LENDER: "LIST_REMOVED",
    CERTIFICATE: "CERTIFICATE_REVOKED",
}
NEVER_WAS, WRONG = ("REVOKED", "WITHDRAWN", "SHIELDED"), ("REVOKED", "WITHDRAWN")
COLOURS = {"R": "RED", "Y": "YELLOW", "B": "BLUE", "A": "GOLD"}
ENFORCEMENT = ("Y18", "Y19", "Y20", "Y21", "Y22")
SECRECY = ("OPEN", "FAMILY", "TRADE_SECRET", "PRIVACY", "STATE_SECRET")
TERMS = {"R02": 60, "R03": 60, "A01": 12, "Y04": 24, "Y12": 12, "Y21": 24, "Y01": None, "Y18": None}
POINTS = {"MB1": 5}
Key = tuple[Any, ...]
LATE = date.max


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
    """A row of a format. content: what may change; begins, ends, stopped: the days of which it is made."""

    kind: str
    party: str
    case: str
    content: Mapping[str, Any]
    decided: date
    begins: date
    conduct: date | None = None
    ends: date | None = None
    stopped: date | None = None
    code: str | None = None
    exported: date | None = None
    record: Record | None = None
    blue: Record | None = None
    measured: bool = False
    shortened: date | None = None
    published: bool = True

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
class Dwelling:
    """A line of a file of households."""

    party: str
    household: str
    since: date
    left: date | None


@dataclass
class Stay:
    """A membership."""

    since: date
    left: date | None


@dataclass
class Reference:
    """The court's books. born: the day of birth of persons; organizations have none."""

    today: date
    born: Mapping[str, date | None]
    cases: dict[str, Case] = field(default_factory=dict)
    parts: set[tuple[str, str, str]] = field(default_factory=set)
    of_age: dict[str, date] = field(default_factory=dict)
    rows: dict[Key, Row] = field(default_factory=dict)
    stays: dict[tuple[str, str], Stay] = field(default_factory=dict)
    entries: dict[Key, list[Entry]] = field(default_factory=dict)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)

    # --- what follows from the books ----------------------------------------------------------------------------------

    def is_person(self, party: str) -> bool:
        """Whether it is a natural person."""
        return self.born[party] is not None

    def may_be_told(self, row: Row) -> bool:
        """Nothing of a minor, nothing of a closed case (R16)."""
        case = self.cases.get(row.case)
        if case and case.secret:
            return False
        day = row.conduct or (case.filed if case else row.decided)
        return day >= self.adult_since(row.party)

    def adult_since(self, party: str) -> date:
        """The earliest day on which a party is established to have been of age."""
        return self.of_age.get(party, LATE) if self.is_person(party) else date.min

    def stands(self, row: Row) -> bool:
        """Whether a row is not one that never was, for others."""
        return row.published and not (row.record and row.record.reason in NEVER_WAS) and self.may_be_told(row)

    def is_public(self, row: Row, day: date) -> bool:
        """Whether others see a row on a day."""
        within = row.begins <= day and (row.ends is None or day <= row.ends)
        return self.stands(row) and within and (row.stopped is None or day < row.stopped)

    def is_told(self, row: Row, record: Record | None, day: date) -> bool:
        """Whether others see a record of a row on a day."""
        if record is None or record.reason in NEVER_WAS or not record.lasts(day) or not self.may_be_told(row):
            return False
        if record is row.blue:
            return self.is_told(row, row.record, day)
        if row.kind == SANCTION:
            return row.stopped is None or day < row.stopped
        return self.is_public(row, day)

    def was_ever_told(self, row: Row) -> bool:
        """Whether there is a day on which others see its record."""
        return row.record is not None and self.is_told(row, row.record, max(row.record.effective, row.begins))

    def colour(self, party: str, day: date, outside: bool) -> str:
        """The colour of a day (R11)."""
        shown = set()
        for row in self.rows.values():
            if row.party == party:
                shown |= self._colours(row, day, outside)
        if "GOLD" in shown and any(self._enforced(party, day, outside)):
            shown.discard("GOLD")
        return next((one for one in ("RED", "YELLOW", "BLUE", "GOLD") if one in shown), "GREEN")

    def _colours(self, row: Row, day: date, outside: bool) -> set[str]:
        def runs(record: Record | None) -> bool:
            if record is None or record.reason in WRONG or not record.lasts(day):
                return False
            return not outside or self.is_told(row, record, day)

        own, blue = runs(row.record), runs(row.blue)
        if own and blue and row.record and row.record.code in ENFORCEMENT:
            return {"BLUE"}
        return {COLOURS[row.record.code[0]]} if own and row.record else set()

    def _enforced(self, party: str, day: date, outside: bool) -> Iterator[bool]:
        for number, other, role in self.parts:
            case = self.cases[number]
            if other == party and role == "JUDGMENT_DEBTOR" and case.enforcement:
                seen = not outside or (not case.secret and case.filed >= self.adult_since(party))
                yield seen and case.filed <= day and (case.closed is None or day < case.closed)

    def household(self, party: str) -> str | None:
        """Where a person lives."""
        return next((home for (one, home), stay in self.stays.items() if one == party and stay.left is None), None)

    # --- what is told -------------------------------------------------------------------------------------------------

    @contextmanager
    def following(self, keys: Collection[Key], changed: Collection[Key] | None = None) -> Iterator[None]:
        """All that follows from what is done to these rows within. changed: those of which ENTRY_AMENDED is told."""
        before = {
            key: self.rows[key] for key in keys if key in self.rows and self.is_public(self.rows[key], self.today)
        }
        parties = {key: row.party for key, row in before.items()}
        former = self._outside()
        yield
        after = {key: self.rows[key] for key in keys if self.is_public(self.rows[key], self.today)}
        new = {(row.party, ENTERED[row.kind]) for key, row in after.items() if parties.get(key) != row.party}
        amended = keys if changed is None else changed
        same = {
            (row.party, "ENTRY_AMENDED")
            for key, row in after.items()
            if parties.get(key) == row.party and key in amended
        }
        gone = {
            (parties[key], VANISHED[row.kind])
            for key, row in before.items()
            if key not in after or after[key].party != parties[key]
        }
        self.tell(new | same | gone)
        self._tell_colours(former)
        self._settle(keys)

    @contextmanager
    def colouring(self) -> Iterator[None]:
        """What is done within changes colours and no row."""
        former = self._outside()
        yield
        self._tell_colours(former)

    def tell(self, events: Collection[tuple[str, str]]) -> None:
        """One event a party and kind."""
        self.told.update(events)

    def _outside(self) -> dict[str, str]:
        return {party: self.colour(party, self.today, True) for party in self.born}

    def _tell_colours(self, former: Mapping[str, str]) -> None:
        self.tell({(party, "COLOUR_CHANGED") for party, one in self._outside().items() if former[party] != one})

    def _settle(self, keys: Collection[Key]) -> None:
        """Measures and conversions of these rows."""
        for key in sorted(keys):
            row = self.rows[key]
            if row.record and row.record.code[0] in "RA":
                row.measured = row.record.closed is None and self.was_ever_told(row)
            self._reverse(key)
            self._convert(key)

    def _reverse(self, key: Key) -> None:
        row = self.rows[key]
        runs = self.is_told(row, row.record, self.today)
        self.entries[key] = [
            one
            for one in self.entries.get(key, [])
            if row.kind == DEDUCTION
            or (one.party == row.party and self.was_ever_told(row) and (runs or not one.item.startswith("MV")))
        ]

    def _convert(self, key: Key) -> None:
        row = self.rows[key]
        home = self.household(row.party)
        item = self._item(row)
        if home and item and self.is_person(row.party) and not self.entries.get(key):
            self.entries[key] = [Entry(row.party, home, item, row.content.get("points", POINTS.get(item, 0)))]

    def _item(self, row: Row) -> str | None:
        """What arises of a row today."""
        if row.kind == DEDUCTION:
            return "MD3" if self.is_public(row, self.today) else None
        if not self.is_told(row, row.record, self.today):
            return None
        return {CERTIFICATE: "MB1", DEBTOR: "MV3", SANCTION: "MV2" if row.red else None}.get(row.kind)

    # --- files --------------------------------------------------------------------------------------------------------

    def mention(self, lines: Sequence[tuple[str, tuple[date, ...]]]) -> None:
        """The establishing step of a chunk: parties that were unknown. lines: party, and the days it can have acted."""
        new = {party for party, _ in lines if party not in self.of_age}
        for party in new:
            self.of_age[party] = min((self._since(party, days) for one, days in lines if one == party), default=LATE)

    def _since(self, party: str, days: Collection[date]) -> date:
        born = self.born[party]
        if born is None:
            return date.min
        return min((day for day in days if months(born, 12 * 18) <= day), default=LATE)

    def lower(self, lines: Sequence[tuple[str, tuple[date, ...]]]) -> None:
        """The recording step of a chunk establishes that known parties were of age earlier than was known."""
        lower: dict[str, date] = {}
        for party, days in lines:
            since = self._since(party, days)
            if since < min(self.of_age[party], lower.get(party, LATE)):
                lower[party] = since
        self.know_of_age(lower)

    def know_of_age(self, lower: Mapping[str, date]) -> None:
        """Parties are known to have been of age on earlier days than before."""
        with self.following([key for key, row in self.rows.items() if row.party in lower], ()):
            self.of_age.update(lower)

    def file_cases(self, lines: Sequence[Part], exported: date) -> None:
        """The establishing step of a chunk of cases."""
        found: dict[str, Case] = {}
        for line in lines:
            known = found.setdefault(line.case.number, line.case)
            if known is not line.case:
                found[known.number] = _revised(known, line.case)
        written = {number: one for number, case in found.items() if (one := self._written(case, exported))}
        waiting = {number for number in written if number not in self.cases}
        altered = {number for number in written if number in waiting or self._alters(written[number])}
        with self.following([key for key, row in self.rows.items() if row.case in altered]):
            self.cases.update(written)
        self.mention([(line.party, (line.case.filed,)) for line in lines])

    def _written(self, case: Case, exported: date) -> Case | None:
        """What the book says of a case after a line; None if nothing else than before."""
        known = self.cases.get(case.number)
        if known is None:
            return replace(case, exported=exported)
        secrecy = max(known.secrecy, case.secrecy, key=SECRECY.index)
        one = replace(case, closed=case.closed or known.closed, secrecy=secrecy, exported=known.exported)
        if one != known and known.exported and known.exported > exported:
            return None
        return replace(one, exported=max(exported, known.exported or exported))

    def _alters(self, case: Case) -> bool:
        known = self.cases[case.number]
        return (known.filed, known.secrecy) != (case.filed, case.secrecy)

    def file_parts(self, lines: Sequence[Part]) -> None:
        """The recording step of a chunk of cases."""
        self.lower([(line.party, (line.case.filed,)) for line in lines])
        with self.colouring():
            self.parts |= {(line.case.number, line.party, line.role) for line in lines}

    def file_rows(self, lines: Sequence[Line], exported: date) -> None:
        """The recording step of a chunk of rows: the lines of one row one after another."""
        self.lower([(line.row.party, line.days) for line in lines])
        turns: dict[int, list[Line]] = {}
        count: Counter[Key] = Counter()
        for line in lines:
            turns.setdefault(count[line.key], []).append(line)
            count[line.key] += 1
        for turn in sorted(turns):
            self._file_turn(turns[turn], exported)

    def _file_turn(self, lines: Sequence[Line], exported: date) -> None:
        wanted = {line.key: line.row for line in lines if self._differs(line, exported)}
        for line in lines:
            known = self.rows.get(line.key)
            if known and line.key not in wanted and known.content == line.row.content:
                known.exported = max(known.exported or exported, exported)
        with self.following(list(wanted)):
            for key, row in wanted.items():
                self._write(key, replace(row, exported=exported))

    def _differs(self, line: Line, exported: date) -> bool:
        known = self.rows.get(line.key)
        if known is None:
            return True
        older = known.exported is not None and known.exported > exported
        return not older and (known.content != line.row.content)

    def _write(self, key: Key, row: Row) -> None:
        """A new row, or what a row says now; an end that it has stays."""
        known = self.rows.get(key)
        record = Record(row.code, row.begins, _term(row)) if row.code else None
        if known is None:
            row.record = record
            self.rows[key] = row
            return
        row.stopped, row.record, row.blue, row.measured = known.stopped, known.record, known.blue, known.measured
        row.shortened = known.shortened
        self.rows[key] = row
        if row.record is None or row.record.closed is None:
            row.record = record
            if record and row.shortened:
                record.ends = min(one for one in (record.ends, row.shortened) if one)

    def file_dwellings(self, lines: Sequence[Dwelling]) -> None:
        """The recording step of a chunk of households."""
        latest: dict[tuple[str, str], Dwelling] = {}
        for line in lines:
            known = latest.get((line.party, line.household))
            if known is None or (known.left or date.min) < (line.left or date.min):
                latest[line.party, line.household] = line
        moved = set()
        for line in sorted(latest.values(), key=lambda line: line.since):
            moved |= self._dwell(line)
        self.rehouse(moved)

    def _dwell(self, line: Dwelling) -> set[str]:
        """Who is enrolled later elsewhere leaves then. Gives the person if anything changes."""
        before = {place: replace(stay) for place, stay in self.stays.items()}
        mine = {
            home: stay for (party, home), stay in self.stays.items() if party == line.party and home != line.household
        }
        later = [stay.since for stay in mine.values() if stay.left is None and stay.since > line.since]
        if line.left is None:
            for stay in mine.values():
                if stay.left is None and stay.since <= line.since:
                    stay.left = line.since
        self.stays[line.party, line.household] = Stay(line.since, line.left or min(later, default=None))
        return {line.party} if before != self.stays else set()

    def rehouse(self, parties: Collection[str]) -> None:
        """Vetoes go with a person who moves; points stay where they arose."""
        for key, row in self.rows.items():
            if row.party in parties:
                self.entries[key] = [one for one in self.entries.get(key, []) if not one.item.startswith("MV")]
                self._convert(key)

    # --- by hand ------------------------------------------------------------------------------------------------------

    def enter(self, key: Key, row: Row) -> None:
        """A new row."""
        with self.following([key]):
            self._write(key, row)

    def stop(self, key: Key, reason: str) -> None:
        """End a row today: revoked, or taken off its list."""
        row = self.rows[key]
        with self.following([key]):
            row.stopped = max(self.today, row.begins) if row.kind in (DEBTOR, LENDER) else self.today
            self.close(row, reason)

    def close(self, row: Row, reason: str) -> None:
        """Close its record today."""
        if row.record and row.record.closed is None:
            row.record = replace(row.record, closed=max(self.today, row.record.effective), reason=reason)

    # --- days ---------------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """The next day begins: ends are told, vetoes are lifted."""
        yesterday = self.today
        self.today += timedelta(1)
        ended = set()
        for row in self.rows.values():
            kind = {DEBTOR: "LIST_REMOVED", LENDER: "LIST_REMOVED", DEDUCTION: "ENTRY_EXPIRED"}.get(row.kind)
            if kind and row.ends == yesterday and self.is_public(row, yesterday):
                ended.add((row.party, kind))
        self.told.update(ended)
        self.tell(
            {
                (party, "COLOUR_CHANGED")
                for party in self.born
                if self.colour(party, yesterday, True) != self.colour(party, self.today, True)
            }
        )
        for key, row in self.rows.items():
            if any(one.item.startswith("MV") for one in self.entries.get(key, [])):
                self._reverse(key)
            if row.record and row.record.effective == self.today:
                self._convert(key)


def _term(row: Row) -> date | None:
    """The last day of a row's record: the entry's own, or its code type's."""
    if row.kind in (DEBTOR, LENDER):
        return row.ends
    term = TERMS[row.code or ""]
    return months(row.begins, term) if term else None


def _revised(known: Case, later: Case) -> Case:
    """A case after two lines of one chunk."""
    secrecy = max(known.secrecy, later.secrecy, key=SECRECY.index)
    return replace(known, cause=later.cause, closed=later.closed or known.closed, secrecy=secrecy)
