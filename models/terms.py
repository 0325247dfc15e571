"""Court days, and terms in calendar months (R6, R8, R9, R12)."""

from calendar import monthrange
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

COURT_TIME = ZoneInfo("Asia/Shanghai")
"""The time zone of court days."""


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last of that month (R8).

    It is the last day of a term, since the day from which a term runs is not counted (Civil Code 201, 202).
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def to_court_day(moment: datetime) -> date:
    """Return the court day of a moment with time zone."""
    return moment.astimezone(COURT_TIME).date()


def to_midnight(day: date) -> datetime:
    """Return the moment at which a court day begins."""
    return datetime.combine(day, time(), COURT_TIME)
