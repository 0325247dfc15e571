"""Scalars: one spelling on the way out, no loss on the way back, and a sentence for everything else."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import read_amount, read_day, read_moment, write_moment

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.builds(datetime.combine, st.dates(date(1, 1, 3), date(9999, 12, 29)), st.times(), ZONES)
MOMENT = r"^A DateTime must be a moment with its zone, such as 2026-11-21T08:00:00Z\.$"
DAY = r"^A Date must be a day of the calendar, such as 2026-11-21\.$"
AMOUNT = r"^Money must be a decimal string with two places, such as 20000\.50\.$"


@given(MOMENTS)
def test_a_moment_comes_back_as_it_was(moment: datetime) -> None:
    assert read_moment(write_moment(moment)) == moment


@given(MOMENTS)
def test_a_moment_is_written_in_27_characters_that_sort(moment: datetime) -> None:
    written = write_moment(moment)
    assert (len(written), written[-1]) == (27, "Z")
    assert (written < write_moment(moment + timedelta(microseconds=1))) is True


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 11, 21, 8, tzinfo=UTC), "2026-11-21T08:00:00.000000Z"),
        (datetime(2026, 11, 21, 8, 0, 0, 1, tzinfo=UTC), "2026-11-21T08:00:00.000001Z"),
        (datetime(2026, 11, 21, 8, tzinfo=timezone(timedelta(hours=8))), "2026-11-21T00:00:00.000000Z"),
        (datetime(999, 1, 1, tzinfo=UTC), "0999-01-01T00:00:00.000000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_moments_have_one_spelling(moment: datetime, written: str) -> None:
    assert write_moment(moment) == written


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21T08:00:00",
        "2026-11-21",
        "2026-11-21T25:00:00Z",
        "2026-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "yesterday",
        "",
        20261121,
        1.5,
        None,
        True,
        ["2026-11-21T08:00:00Z"],
    ],
)
def test_what_is_no_moment_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=MOMENT):
        read_moment(value)


@given(st.dates())
def test_a_day_comes_back_as_it_was(day: date) -> None:
    assert read_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30",
        "2026-13-01",
        "0000-00-00",
        "20260101",
        "2026-1-1",
        "2026-W01-1",
        "2026-001",
        " 2026-1-1 ",
        "2026-01-01 ",
        "２０２６-01-01",
        "2026-01-01T00:00:00Z",
        "10000-01-01",
        "",
        20260101,
        None,
        True,
    ],
)
def test_what_is_no_day_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=DAY):
        read_day(value)


@given(st.decimals(-(10**13) + 1, 10**13 - 1, places=2))
def test_an_amount_comes_back_as_it_was(amount: Decimal) -> None:
    assert str(read_amount(str(amount))) == str(amount)


@pytest.mark.parametrize(
    "value", ["1", "1.5", "1.000", "1e3", "10000000000000.000", "NaN", "Infinity", " 1.00", "１.00", "", 1.0, 1, None]
)
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=AMOUNT):
        read_amount(value)


@pytest.mark.parametrize("value", ["10000000000000.00", "-10000000000000.00", f"{'9' * 30}.00"])
def test_an_amount_that_is_too_large_is_told_apart(value: str) -> None:
    with pytest.raises(ValueError, match=r"^Money must have at most 13 digits before its point\.$"):
        read_amount(value)
