"""Dates, parsed from text. Pure functions, except that the clock limits the year."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from models.identifiers import IdentifierError
from models.numerals import DIGITS, read_digits, read_number
from models.terms import COURT_TIME

EARLIEST_DAY = date(1949, 1, 1)
"""The earliest plausible date of a decision and of a signature."""

EXCEL_EPOCH = date(1899, 12, 30)
"""Day 0 of Excel's serial numbers after February 1900."""

HAN = "".join(DIGITS) + "十"
ZONE = r"\s*(Z|[+-][0-9]{2}:?[0-9]{2})?"
TIME = rf"(?:(?:T|\s*)([0-9]{{1,2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:[.,][0-9]{{1,9}})?)?{ZONE})?"
WEEKDAY = r"(?:\s*\(?(?:星期|周|礼拜)[一二三四五六日天]\)?\s*)?"
SEPARATED = re.compile(
    rf"([0-9]{{4}})(?:\s*([-/.])\s*([0-9]{{1,2}})\s*\2\s*([0-9]{{1,2}})"
    rf"|\s*年\s*([0-9]{{1,2}})\s*月\s*([0-9]{{1,2}})\s*[日号]?){WEEKDAY}{TIME}",
    re.IGNORECASE,
)
RUN = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})(?:[0-9]{2})?)?")
WORDS = re.compile(rf"([{HAN}]{{4}})年([{HAN}]{{1,3}})月([{HAN}]{{1,4}})[日号]?")
SERIAL = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
MILLISECONDS = re.compile(r"(?:-[0-9]{8,13}|[2-9][0-9]{10}|[0-9]{12,13})(?:\.0)?")
"""Ten digits may be seconds, and eleven that begin with 1 the number of a mobile phone: they are not read."""

LEAP = "60"
"""The second that is inserted at the end of a minute (ITU-R TF.460)."""

YEAR_LAST = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?![0-9]).*")

UNREADABLE = "The date cannot be read: write it as 2021-03-05, 20210305 or 2021年3月5日."
NO_DAY = "There is no such day in the calendar: correct the date."
IMPLAUSIBLE = "The year of the date cannot be: it lies before 1949 or too far ahead. Correct it."
AMBIGUOUS = "Day, month and year of the date could be taken for each other: write the year first, in four digits."


def parse_date(text: str, *, latest: date | None = None) -> date:
    """Parse a date with the year first, in Chinese numerals, as Excel serial number, or as milliseconds since 1970.

    A time of day is ignored; with an offset it is first converted to the court's time zone. latest: the last plausible
    day, by default the end of next year. Raises IdentifierError DATE for a text that cannot be parsed, is ambiguous, is
    no date, or lies before 1949 or after `latest`.
    """
    day = _read(text)
    if latest is None and EARLIEST_DAY <= day < datetime.now(UTC).date():  # fast path
        return day
    if not EARLIEST_DAY <= day <= (latest or _end_of_next_year()):
        raise IdentifierError("DATE", IMPLAUSIBLE)
    return day


def _end_of_next_year() -> date:
    return date(datetime.now(COURT_TIME).year + 1, 12, 31)


@lru_cache(maxsize=65536)
def _read(text: str) -> date:
    """Parse a date of any year. Cached, since files repeat their dates."""
    plain = unicodedata.normalize("NFKC", text).strip(" \t\r\n\u200b\ufeff。")
    try:
        day = _separated(plain) or _run(plain) or _words(plain) or _counted(plain)
    except (ValueError, OverflowError) as error:
        raise IdentifierError("DATE", NO_DAY) from error
    if day is None:
        raise IdentifierError("DATE", AMBIGUOUS if YEAR_LAST.fullmatch(plain) else UNREADABLE)
    return day


def _separated(text: str) -> date | None:
    """2021-3-5, 2021/03/05 08:30, 2021年3月5号, 2021-03-04T16:00:00Z (the 5th in Shanghai)."""
    found = SEPARATED.fullmatch(text)
    if not found:
        return None
    year, _, *rest = found.groups()
    month, day = rest[0] or rest[2], rest[1] or rest[3]
    hour, minute, second, zone = rest[4:]
    at = datetime(int(year), int(month), int(day), _hour(hour), int(minute or 0), _second(second))  # noqa: DTZ001
    return at.replace(tzinfo=_offset(zone)).astimezone(COURT_TIME).date() if zone else at.date()


def _hour(text: str | None) -> int:
    """24:00 belongs to the day that it ends."""
    return 23 if text == "24" else int(text or 0)


def _second(text: str | None) -> int:
    """A leap second belongs to the minute that it ends."""
    return 59 if text == LEAP else int(text or 0)


def _offset(zone: str) -> timezone:
    if zone in "Zz":
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def _run(text: str) -> date | None:
    """20210305, with or without a time of day."""
    found = RUN.fullmatch(text)
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None


def _words(text: str) -> date | None:
    """二〇二一年三月五日."""
    found = WORDS.fullmatch("".join(text.split()))
    if not found:
        return None
    year, month, day = read_digits(found[1]), read_number(found[2]), read_number(found[3])
    if year is None or month is None or day is None:
        return None
    return date(year, int(month), int(day))


def _counted(text: str) -> date | None:
    """44260 or 44260.35 (Excel), 1614873600000 or -86400000 (milliseconds since 1970)."""
    if found := SERIAL.fullmatch(text):
        return EXCEL_EPOCH + timedelta(days=int(found[1]))
    if MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(float(text) / 1000, COURT_TIME).date()
    return None
