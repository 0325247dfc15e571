"""What an import and the court at work must leave behind, told plainly: rows in dictionaries, days looked through.

It knows nothing of casework, of ingest, or of SQL. It is written from R9-R12, R16, R23 and DOMAIN 5.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from import_books import (
    DEBTOR,
    LATE,
    LEFT,
    LENDER,
    SECRECY,
    Case,
    Departure,
    Dwelling,
    Key,
    Line,
    Part,
    Record,
    Row,
    Stay,
    months,
    revised,
    term,
    turns,
)
from import_telling import Telling


class Reference(Telling):
    """The books, and how files and the court write them."""

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
                found[known.number] = revised(known, line.case)
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
        for turn in turns(lines):
            self._file_turn(turn, exported)

    def _file_turn(self, lines: Sequence[Line], exported: date) -> None:
        wanted = {line.key: line.row for line in lines if self._differs(line, exported)}
        for line in lines:
            known = self.rows.get(line.key)
            if known and line.key not in wanted and known.content == line.row.content:
                known.exported = max(known.exported or exported, exported)
        entries = self._entries_of({line.row.party for line in lines if line.row.kind in (DEBTOR, LENDER)})
        with self.following({*wanted, *entries}, wanted):
            for key, row in wanted.items():
                self._write(key, replace(row, exported=exported))
            self._depart({*wanted, *entries})

    def _differs(self, line: Line, exported: date) -> bool:
        known = self.rows.get(line.key)
        if known is None:
            return True
        if _ending(known) > _ending(line.row):
            return False
        older = known.exported is not None and known.exported > exported
        return not older and (known.content != line.row.content)

    def _write(self, key: Key, row: Row) -> None:
        """A new row, or what a row says now; an end that it has stays."""
        known = self.rows.get(key)
        record = Record(row.code, row.begins, term(row)) if row.code and row.published else None
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

    def file_departures(self, lines: Sequence[Departure], exported: date) -> None:
        """The recording step of a chunk of removals."""
        for turn in turns(lines):
            for line in turn:
                self._note(line, exported)
            with self.following(self._entries_of({line.party for line in turn}), ()):
                self._depart(self._entries_of({line.party for line in turn}))

    def _note(self, line: Departure, exported: date) -> None:
        known = self.departures.get(line.key)
        newest = max(known.exported or exported, exported) if known else exported
        if known is None or exported == newest or (known.day, known.reason) == (line.day, line.reason):
            self.departures[line.key] = replace(line, exported=newest)

    def _entries_of(self, parties: Collection[str]) -> set[Key]:
        """Their entries on the lists."""
        return {key for key, row in self.rows.items() if row.kind in (DEBTOR, LENDER) and row.party in parties}

    def _depart(self, keys: Collection[Key]) -> None:
        """End each of these entries that a removal ends: the one published last on or before its day."""
        for row in (self.rows[key] for key in keys):
            line = self.departures.get((row.kind, row.party, row.case))
            if line and row.begins == self._last_published(line):
                row.stopped = line.day
                if row.record and (row.record.closed is None or row.record.reason in LEFT):
                    row.record = replace(row.record, closed=max(line.day, row.record.effective), reason=line.reason)

    def _last_published(self, line: Departure) -> date | None:
        days = [row.begins for row in self.rows.values() if (row.kind, row.party, row.case) == line.key]
        return max((day for day in days if day <= line.day), default=None)

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
        left, known = line.left or min(later, default=None), self.stays.get((line.party, line.household))
        if left or not (known and known.by_hand and known.since == line.since):  # no export takes back such an end
            self.stays[line.party, line.household] = Stay(line.since, left)
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


def _ending(row: Row) -> int:
    """How far a deduction has ended; none is public again, and what was withdrawn stays so."""
    return ("PUBLISHED", "SHIELDED", "WITHDRAWN").index(row.content.get("state", "PUBLISHED"))
