"""The period of a question, and the period before it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from engine.load.errors import BadInputError
from languages.sentence import say
from models.terms import add_months
from resolvers.statistics.dimensions import Dimension
from resolvers.statistics.sources import StatisticsSource

MOST_MONTHS = 120
A_DAY = timedelta(days=1)
WHOLE_MONTHS = "Your figures are of whole months: begin with the first day of a month, and end with the last of one."
BACKWARDS = "`fromDay` is after `toDay`: no day is in this period."
NO_AS_OF = "`asOf` is for COLOURS, which are those of a day. Other figures are of a period: `fromDay` and `toDay`."
NO_PERIOD = (
    "COLOURS are those of a day, `asOf`, today by default. Group by MONTH for those of the last day of each month."
)
NO_MONTHS = "Colours by MONTH need `fromDay` and `toDay`, at most 120 months apart, and no `asOf`."
NO_FUTURE = "Colours of days after today are not known."
NO_START = "`monthsBefore` needs `fromDay` and `toDay`, which are both set back by so many months."
NO_DAYS_BEFORE = "`monthsBefore` compares months: group by MONTH, not by DAY."
BEYOND = "The period reaches beyond the calendar."
TOO_MANY = say("`monthsBefore` must be 1 to {most_months}.", most_months=MOST_MONTHS)


@dataclass(frozen=True)
class DayRange:
    """Days from `first` through `last`; None where it is open."""

    first: date | None = None
    last: date | None = None

    def check_months(self) -> None:
        """Raise BadInputError unless it begins and ends with a month."""
        ends = self.last is None or self.last == date.max or (self.last + A_DAY).day == 1
        if (self.first and self.first.day != 1) or not ends:
            raise BadInputError(WHOLE_MONTHS)

    def go_back(self, months: int) -> "DayRange":
        """Return the period that is so many months earlier. Whole months stay whole. Raises BadInputError."""
        if self.first is None or self.last is None:
            raise BadInputError(NO_START)
        return DayRange(_shift(self.first, -months), _shift_end(self.last, -months))

    def list_month_ends(self) -> list[date]:
        """Return the last day of each of its months; of the last one, its own last day. Both bounds must be given."""
        first, last = self.first or date.min, self.last or date.max
        starts = (_shift(first.replace(day=1), number) for number in range(MOST_MONTHS + 1))
        return [min(_end_of_month(start), last) for start in starts if start <= last]


@dataclass(frozen=True)
class Times:
    """The periods of a question. days: on which colours are looked at."""

    period: DayRange
    before: DayRange
    months: int | None
    days: list[date]


def read_times(
    of: StatisticsSource, group_by: Collection[Dimension], chosen: Any, months: int | None, today: date
) -> Times:
    """Return the periods of a question. Raises BadInputError if they have no meaning."""
    period = DayRange(chosen.from_day, chosen.to_day) if chosen else DayRange()
    as_of = chosen.as_of if chosen else None
    if period.first and period.last and period.first > period.last:
        raise BadInputError(BACKWARDS)
    if months is not None and not 1 <= months <= MOST_MONTHS:
        raise BadInputError(TOO_MANY)
    if months is not None and Dimension.DAY in group_by:
        raise BadInputError(NO_DAYS_BEFORE)
    if of is StatisticsSource.COLOURS:
        return _read_days(period, as_of, Dimension.MONTH in group_by, months, today)
    if as_of:
        raise BadInputError(NO_AS_OF)
    return Times(period, period.go_back(months) if months else DayRange(), months, [])


def _read_days(period: DayRange, as_of: date | None, by_month: bool, months: int | None, today: date) -> Times:
    """Return the days on which colours are looked at."""
    if by_month:
        return _read_month_ends(period, as_of, months, today)
    if period.first or period.last:
        raise BadInputError(NO_PERIOD)
    day = as_of or today
    if day > today:
        raise BadInputError(NO_FUTURE)
    before = _shift_end(day, -months) if months else None
    days = [day, *([before] if before else [])]
    return Times(DayRange(day, day), DayRange(before, before), months, days)


def _read_month_ends(period: DayRange, as_of: date | None, months: int | None, today: date) -> Times:
    """Return the last days of the months of a period. Months before are whole, so that they end with a month."""
    first, last = period.first, period.last
    if as_of or not first or not last or last >= _shift(first.replace(day=1), MOST_MONTHS):
        raise BadInputError(NO_MONTHS)
    if first > today:
        raise BadInputError(NO_FUTURE)
    period = DayRange(first, last := min(last, today))
    ends = period.list_month_ends()
    before = DayRange(first.replace(day=1), _end_of_month(last)).go_back(months) if months else DayRange()
    earlier = [_end_of_month(_shift(day.replace(day=1), -months)) for day in ends] if months else []
    return Times(period, before, months, sorted({*ends, *earlier}))


def _shift(day: date, months: int) -> date:
    """Return the day so many months later. Raises BadInputError for a day before the first year."""
    try:
        return add_months(day, months)
    except (ValueError, OverflowError):
        raise BadInputError(BEYOND) from None


def _shift_end(day: date, months: int) -> date:
    """Return the day so many months later; the last day of a month for a last day."""
    return _end_of_month(_shift(day.replace(day=1), months)) if _is_last(day) else _shift(day, months)


def _is_last(day: date) -> bool:
    return day == date.max or (day + A_DAY).day == 1


def _end_of_month(day: date) -> date:
    return _shift(day.replace(day=1), 1) - A_DAY
