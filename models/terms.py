"""Terms of law counted in calendar months (R6, R8, R9, R12)."""

from calendar import monthrange
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

COURT_TIME = ZoneInfo("Asia/Shanghai")
"""Court days begin and end in this zone."""


def add_months(day: date, months: int) -> date:
    """The same calendar day `months` later, or the end of the month if it has none (R8).

    It is the last day of a term of so many months: the day from which it runs is not counted (Civil Code 201, 202).
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def court_day(moment: datetime) -> date:
    """The court's calendar day at `moment`, which must know its zone."""
    return moment.astimezone(COURT_TIME).date()


def beginning(day: date) -> datetime:
    """The moment at which a court day begins."""
    return datetime.combine(day, time(), COURT_TIME)
