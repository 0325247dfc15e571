"""What is told, measured and converted when the books change, or a day begins (R9, R10, R23, DOMAIN 5)."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from import_books import CERTIFICATE, DEBTOR, DEDUCTION, LENDER, SANCTION, Entry, Key, Row
from import_sight import Sight

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
SHARES = {"MR1": 1, "MR4": 2}
"""By what the points are divided that a repair gives back."""
POINTS = {"MB1": 5}


class Telling(Sight):
    """The books, and what follows from what is done to them."""

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
            (parties[key], self._vanishing(key))
            for key in before
            if key not in after or after[key].party != parties[key]
        }
        self.tell(new | same | gone)
        self._tell_colours(former)
        self._settle(keys)

    def _vanishing(self, key: Key) -> str:
        """What is told of a row that others see no more."""
        return "RECORD_SHIELDED" if self.rows[key].shielded else VANISHED[self.rows[key].kind]

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
        if row.kind == DEDUCTION:
            self.entries[key] = self.entries.get(key, []) if self._takes(row) else []
            return
        runs = self.is_told(row, row.record, self.today)
        self.entries[key] = [
            one
            for one in self.entries.get(key, [])
            if one.party == row.party and self.was_ever_told(row) and (runs or not one.item.startswith("MV"))
        ]

    def _takes(self, row: Row) -> bool:
        """Whether a deduction that took points still does: others see it, or could if it were not repaired."""
        if row.shielded:
            return self.may_be_told(row)
        return self.stands(row) and (row.ends is None or row.begins <= row.ends)

    def _convert(self, key: Key) -> None:
        row = self.rows[key]
        for one in self.entries.get(key, []):
            if one.item.startswith("MD"):
                one.points = row.content["points"]
        if row.shielded:
            self._give_back(key)
        home = self.household(row.party)
        item = self._item(row)
        if home and item and self.is_person(row.party) and not self.entries.get(key):
            self.entries[key] = [Entry(row.party, home, item, row.content.get("points", POINTS.get(item, 0)))]

    def _give_back(self, key: Key) -> None:
        """A repair gives back what was taken, or half of it in whole points, once."""
        entries, item = self.entries.get(key, []), self.rows[key].content["repair"]
        taken = [one for one in entries if one.item.startswith("MD")]
        given = sum(one.points for one in entries if one.item.startswith("MR"))
        for one in taken:
            if points := -one.points // SHARES[item] - given:
                entries.append(replace(one, item=item, points=points))

    def _item(self, row: Row) -> str | None:
        """What arises of a row today."""
        if row.kind == DEDUCTION:
            return row.content["item"] if self.is_public(row, self.today) else None
        if not self.is_told(row, row.record, self.today):
            return None
        red = "MV1" if row.code in ("R01", "R04") else "MV2" if row.red else None
        return {CERTIFICATE: "MB1", DEBTOR: "MV3", SANCTION: red}.get(row.kind)

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
