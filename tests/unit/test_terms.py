"""Terms counted in calendar months, and the court's day (R6, R8, R9, R12)."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.terms import add_months, to_court_day

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))
MONTHS = st.integers(-600, 600)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-15", 1, "2026-02-15"),
        ("2026-01-28", 1, "2026-02-28"),
        ("2026-01-29", 1, "2026-02-28"),
        ("2026-01-30", 1, "2026-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2100-01-31", 1, "2100-02-28"),
        ("2000-01-31", 1, "2000-02-29"),
        ("2026-03-31", 1, "2026-04-30"),
        ("2026-02-28", 1, "2026-03-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-12-31", 60, "2031-12-31"),
        ("2026-12-01", 0, "2026-12-01"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-31", -1, "2025-12-31"),
    ],
)
def test_the_same_day_of_a_later_month_or_its_last(day: str, months: int, later: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(later)


@given(DAYS, MONTHS)
def test_months_are_counted_exactly(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months


@given(DAYS, MONTHS)
def test_the_day_is_kept_or_the_month_is_over(day: date, months: int) -> None:
    later = add_months(day, months)
    assert later.day == day.day or (later.day < day.day and (later + timedelta(1)).day == 1)


@given(DAYS, DAYS, MONTHS)
def test_terms_keep_the_order_of_days(one: date, other: date, months: int) -> None:
    first, second = sorted((one, other))
    assert add_months(first, months) <= add_months(second, months)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-21T15:59:59.999999+00:00", "2026-11-21"),
        ("2026-11-21T16:00:00+00:00", "2026-11-22"),
        ("2026-12-31T16:00:00+00:00", "2027-01-01"),
        ("2026-11-22T00:00:00+08:00", "2026-11-22"),
        ("2026-11-21T23:59:59+08:00", "2026-11-21"),
        ("2026-11-21T06:00:00-10:00", "2026-11-22"),
        ("2026-11-21T05:59:59-10:00", "2026-11-21"),
        ("2026-11-22T05:00:00+14:00", "2026-11-21"),
    ],
)
def test_the_court_s_day_turns_at_midnight_in_shanghai(moment: str, day: str) -> None:
    assert to_court_day(datetime.fromisoformat(moment)) == date.fromisoformat(day)


@given(st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")])))
def test_the_court_s_day_does_not_depend_on_the_zone_a_moment_is_written_in(moment: datetime) -> None:
    if 1950 < moment.year < 2100:
        elsewhere = moment.astimezone(timezone(timedelta(hours=-7)))
        assert to_court_day(moment) == to_court_day(elsewhere)
