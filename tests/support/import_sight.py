"""What others see on a day, by the books of the import tests (R10, R11, R12, R16)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from import_books import LATE, SANCTION, Case, Departure, Entry, Key, Record, Row, Stay

NEVER_WAS, WRONG = ("REVOKED", "WITHDRAWN", "SHIELDED"), ("REVOKED", "WITHDRAWN")
COLOURS = {"R": "RED", "Y": "YELLOW", "B": "BLUE", "A": "GOLD"}
ENFORCEMENT = ("Y18", "Y19", "Y20", "Y21", "Y22")


@dataclass
class Sight:
    """The court's books, and what others see of them. born: the day of birth of persons; organizations have none."""

    today: date
    born: Mapping[str, date | None]
    cases: dict[str, Case] = field(default_factory=dict)
    parts: set[tuple[str, str, str]] = field(default_factory=set)
    of_age: dict[str, date] = field(default_factory=dict)
    rows: dict[Key, Row] = field(default_factory=dict)
    departures: dict[Key, Departure] = field(default_factory=dict)
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
