"""The rows of the city in memory, with their keys."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from demo.city.lookup_tables import Found
from demo.city.numbers import Numbers
from models.base import Base
from models.colour import Span
from models.consent import ShareCode
from models.keyring import Keyring
from models.names import fold
from models.party import Party
from models.party_name import PartyName
from models.terms import COURT_TIME
from models.watch import Watch

Row = dict[str, Any]
"""A row by column name. Missing columns are NULL."""


FOLDED: dict[type[Base], dict[str, str]] = {
    Party: {"name": "folded"},
    PartyName: {"name": "folded"},
    Watch: {"name": "folded"},
    ShareCode: {"shown_name": "shown_folded"},
}
"""The columns for folded names, which COPY does not compute."""


class Draft:
    """Rows by table, and shared state of the functions that create them."""

    def __init__(self, found: Found, keyring: Keyring, today: date, seed: int) -> None:
        self.found = found
        self.keyring = keyring
        self.today = today
        self.random = Random(seed)
        self.numbers = Numbers()
        self.rows: dict[type[Base], list[Row]] = defaultdict(list)
        self.records: dict[int, list[Row]] = defaultdict(list)
        self.enforcements: dict[int, list[Span]] = defaultdict(list)
        self.serials: dict[tuple[int, str, str], int] = defaultdict(lambda: 4999)
        self.names: set[str] = set()
        self.minors: set[int] = set()
        self.secluded: set[int] = set()
        self.assessed = 0

    def add(self, model: type[Base], **values: Any) -> Row:
        """Add a row. Keyed tables get the next key."""
        rows = self.rows[model]
        row = {"id": self.found.last_keys[model] + len(rows) + 1, **values} if model in self.found.last_keys else values
        row |= {folded: fold(row[name]) for name, folded in FOLDED.get(model, {}).items()}
        rows.append(row)
        return row

    def serial(self, year: int, court: str, characters: str) -> int:
        """The next serial number of a case type. Numbers below 5000 are used by the example exports."""
        key = (year, court, characters)
        self.serials[key] += 1
        return self.serials[key]

    def ago(self, least: int, most: int) -> date:
        """A day from `least` to `most` days ago."""
        return self.today - timedelta(self.random.randint(least, most))

    def after(self, day: date, least: int, most: int) -> date:
        """A day from `least` to `most` days after `day`, but before today."""
        later = day + timedelta(self.random.randint(least, most))
        return min(later, max(day, self.today - timedelta(1)))

    def hour(self, day: date) -> datetime:
        """A time on `day` in office hours."""
        return datetime.combine(day, time(self.random.randint(9, 16), self.random.randint(0, 59)), COURT_TIME)

    def cycle(self, choices: Iterable[Any], model: type[Base]) -> Any:
        """One of `choices` in turn, by the number of rows of `model`."""
        options = tuple(choices)
        return options[len(self.rows[model]) % len(options)]
