"""Days as exports write them: every spelling of a day is that day, and what can be read in two ways is refused."""

import contextlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.dates import parse_date
from models.identifiers import IdentifierError

SIGNS = "〇一二三四五六七八九"


def words(number: int) -> str:
    """A number below forty as it is read out."""
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else SIGNS[tens]) + ("十" if tens else "") + (SIGNS[ones] if ones else "")


def read_out(day: date) -> str:
    return f"{''.join(SIGNS[int(sign)] for sign in str(day.year))}年{words(day.month)}月{words(day.day)}日"


SPELLINGS: list[Callable[[date], str]] = [
    date.isoformat,
    lambda day: f"{day:%Y%m%d}",
    lambda day: f"{day:%Y%m%d}083000",
    lambda day: f"{day:%Y/%m/%d}",
    lambda day: f"{day.year}/{day.month}/{day.day}",
    lambda day: f"{day.year}-{day.month}-{day.day}",
    lambda day: f"{day.year}.{day.month}.{day.day}",
    lambda day: f"{day.year} / {day.month} / {day.day}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day:%Y}年{day:%m}月{day:%d}号",
    lambda day: f"{day.year} 年 {day.month} 月 {day.day} 日 星期{'一二三四五六日'[day.weekday()]}",
    lambda day: f"{day.isoformat()} 00:00:00",
    lambda day: f"{day.isoformat()}T00:00:00",
    lambda day: f"{day.isoformat()} 23:59:59.999",
    lambda day: f"{day:%Y/%m/%d} 08:30",
    lambda day: f"{day.isoformat()}T00:00:00+08:00",
    lambda day: f"{day - timedelta(days=1)}T16:00:00.000Z",
    lambda day: str((day - date(1899, 12, 30)).days),
    lambda day: f"{(day - date(1899, 12, 30)).days}.64583333334",
    read_out,
    lambda day: day.isoformat().translate(str.maketrans("0123456789-", "０１２３４５６７８９－")),
    lambda day: f"\t{day.isoformat()}\u00a0",
]


@given(st.dates(date(1949, 1, 2), date(2027, 12, 31)), st.sampled_from(SPELLINGS))
def test_every_spelling_of_a_day_is_that_day(day: date, spelling: Callable[[date], str]) -> None:
    assert parse_date(spelling(day)) == day


@given(st.dates(date(1990, 1, 1), date(2027, 12, 31)))
def test_milliseconds_count_at_the_court(day: date) -> None:
    midnight = datetime.combine(day, time(), timezone(timedelta(hours=8)))
    if day >= date(1992, 1, 1):  # China kept summer time until 1991
        assert parse_date(str(int(midnight.timestamp() * 1000))) == day


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read"),
        ("2021年3月", "cannot be read"),
        ("20210305T00", "cannot be read"),
        ("202135", "cannot be read"),
        ("2021-03/05", "cannot be read"),
        ("March 5, 2021", "cannot be read"),
        ("2021-02-29", "no such day"),
        ("2021-02-30", "no such day"),
        ("20211301", "no such day"),
        ("二〇二一年二月三十日", "no such day"),
        ("2021-03-05 25:00", "no such day"),
        ("05/03/2021", "write the year first"),
        ("05.03.2021", "write the year first"),
        ("5-3-21", "write the year first"),
        ("21-3-5", "write the year first"),
        ("0221-03-05", "year of the date cannot be"),
        ("1948-12-31", "year of the date cannot be"),
        ("2098-01-01", "year of the date cannot be"),
    ],
)
def test_wrong_date(text: str, sentence: str) -> None:
    with pytest.raises(IdentifierError, match=sentence) as error:
        parse_date(text)
    assert error.value.code == "DATE"


def test_last_plausible_day() -> None:
    assert parse_date("2071-03-05", latest=date.max) == date(2071, 3, 5)
    with pytest.raises(IdentifierError, match="year of the date"):
        parse_date("2021-03-06", latest=date(2021, 3, 5))


@given(st.text() | st.text("0123456789年月日-/.: TZ"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(IdentifierError):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2017-01-01 07:59:60", date(2017, 1, 1)),
        ("2016-12-31T23:59:60Z", date(2017, 1, 1)),
        ("-28800000", date(1970, 1, 1)),
        ("-315648000000", date(1960, 1, 1)),
        ("63043200000", date(1972, 1, 1)),
    ],
)
def test_leap_seconds_and_moments_before_1973(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize("text", ["13812345678", "1614873600", "-17", "2017-01-01 07:59:61"])
def test_what_may_be_no_moment_is_no_day(text: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        parse_date(text)
    assert refused.value.code == "DATE"
