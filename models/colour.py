"""The rule that selects a colour (R11, R13). Pure functions."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from models.catalogue import Colour

PRECEDENCE = (Colour.RED, Colour.YELLOW, Colour.BLUE, Colour.GOLD, Colour.GREEN)
"""Strongest first (R11)."""

ENFORCEMENT_TYPES = frozenset({"Y18", "Y19", "Y20", "Y21", "Y22"})
"""The yellow code types that a repair in enforcement may turn blue (R11)."""

ENDED_BY_PERFORMANCE = frozenset({"Y18"})
"""The code types that performance ends: who has performed is taken off the list (法释〔2017〕7号, article 10)."""


@dataclass(frozen=True)
class Span:
    """Days from `start` until the day before `end`; unbounded if None."""

    start: date
    end: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Record:
    """A code record for this rule. repaired: the key of the yellow record that a blue one repairs."""

    key: int
    colour: Colour
    code_type: str
    active: Span
    repaired: int | None = None


@dataclass(frozen=True)
class Period:
    """A colour and its days; unbounded where None."""

    start: date | None
    end: date | None
    colour: Colour


def find_colour(day: date, records: Iterable[Record], enforcements: Iterable[Span] = ()) -> Colour:
    """Return the colour on a day (R11).

    A blue record covers the yellow record that it repairs, if that is of an enforcement type. Gold does not count while
    an enforcement case against the subject is open.
    """
    active = {record.key: record for record in records if day in record.active}
    colours = {record.colour for record in _uncovered(active)}
    if any(day in enforcement for enforcement in enforcements):
        colours.discard(Colour.GOLD)
    return next((colour for colour in PRECEDENCE if colour in colours), Colour.GREEN)


def _uncovered(active: dict[int, Record]) -> Iterator[Record]:
    """Yield the records that count: no yellow one under repair, and no blue one that repairs nothing."""
    repairs = {record.repaired: record for record in active.values() if record.colour is Colour.BLUE}
    covered = {key for key in repairs if key in active and active[key].code_type in ENFORCEMENT_TYPES}
    for record in active.values():
        if (record.repaired in covered) if record.colour is Colour.BLUE else (record.key not in covered):
            yield record


def compute_periods(records: Sequence[Record], enforcements: Sequence[Span] = ()) -> list[Period]:
    """Return the colours of all days as adjoining periods of different colours (R13, R14)."""
    spans = [record.active for record in records] + list(enforcements)
    changes = sorted({day for span in spans for day in (span.start, span.end) if day is not None})
    found = [Period(None, changes[0] if changes else None, Colour.GREEN)]
    ends: list[date | None] = [*changes[1:], None]
    for start, end in zip(changes, ends, strict=False):
        colour = find_colour(start, records, enforcements)
        if colour is found[-1].colour:
            found[-1] = Period(found[-1].start, end, colour)
        else:
            found.append(Period(start, end, colour))
    return found


def find_ended(records: Iterable[Record], performed: Collection[int], day: date) -> frozenset[int]:
    """Return the keys of the records that end if those with the keys `performed` are performed on a day.

    A record ends of a type that performance ends, and a yellow record under repair together with its blue one (R11).
    """
    active = {record.key: record for record in records if day in record.active}
    pairs = ((one.key, one.repaired) for one in active.values() if one.colour is Colour.BLUE and one.repaired in active)
    ended = {key for key in performed if key in active and active[key].code_type in ENDED_BY_PERFORMANCE}
    for blue, yellow in pairs:
        if yellow is not None and ({blue, yellow} & set(performed)):
            ended |= {blue, yellow}
    return frozenset(ended)


def end_on(span: Span, day: date) -> Span:
    """Return the days of a span that ends on a day, unless it ends earlier."""
    return replace(span, end=max(span.start, day if span.end is None else min(span.end, day)))
