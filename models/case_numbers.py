"""Case numbers (案号), parsed and normalized (法〔2015〕137号). Pure functions."""

import csv
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from languages.sentence import say
from models.catalogue import Stage
from models.identifiers import IdentifierError, compact
from models.numerals import DIGITS, read_digits
from models.terms import COURT_TIME


class CaseNumber(NamedTuple):
    """A case number (案号) in half-width form, without the suffix of a document.

    court_code is None and type_characters are empty for numbers before 2016.
    """

    number: str
    year: int
    court_code: str | None
    type_characters: str
    stage: Stage


def _case_types() -> dict[str, Stage]:
    """The catalogue's case types (类型代字) with their stages."""
    path = Path(__file__).with_name("catalogue_data") / "case_types.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["characters"]: Stage(row["stage"]) for row in csv.DictReader(file)}


CASE_TYPES = _case_types()
CODED_SINCE = 2016
"""The first year of case numbers with court codes (法〔2015〕137号)."""

EARLIEST_YEAR = 1949
PRESERVATION = frozenset({"财保", "行保", "证保"})
BRACKETS = str.maketrans("〔〕【】[]〈〉<>{}", "()()()()()()")
CLOSING = "。.,，、;；:：!！"
PROVINCES = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新军兵"
COURT = rf"最高法|[{PROVINCES}](?:[0-9]{{4}}|[0-9]{{2}})?(?![0-9])"
SERIAL = r"0*([1-9][0-9]{0,7})"
SUFFIX = r"(?:之[一二三四五六七八九十0-9]{1,3})?(?:-[0-9]{1,3})?"
DOCUMENT = r"(?:(?:民事|刑事|行政|执行|赔偿|司法)?(?:附带民事)?(?:判决|裁定|决定|调解|通知|支付令)书?)?"
ENDING = rf"(?:-[0-9]{{1,3}})?号{SUFFIX}{DOCUMENT}"
YEAR = re.compile(rf"\(([0-9]{{4}}|[0-9]{{2}}|[{''.join(DIGITS)}]{{4}})年?度?\)")
WORDED = re.compile(rf"([\u4e00-\u9fa5]{{2,12}})字第?{SERIAL}{ENDING}")
SEVERAL = re.compile(r"[0-9]号?[、,;和及至~][0-9(]")
RANGE = re.compile(r"([0-9]+)号?-([0-9]{1,3})(?![0-9])")
WRONG_COURT = re.compile(f"[{PROVINCES}][0-9]")
SERIAL_PART = re.compile(rf"{SERIAL}(?:-[0-9]{{1,3}})?号")
COURT_PART = re.compile(COURT)


class CaseTypes(NamedTuple):
    """Case types with their stages, and the patterns of their numbers."""

    stages: Mapping[str, Stage]
    number: re.Pattern[str]
    part: re.Pattern[str]


def _reading(stages: Mapping[str, Stage]) -> CaseTypes:
    """Compile the patterns. Longer types come first, since 民特 is a prefix of 民特监."""
    one = "|".join(sorted(stages, key=len, reverse=True))
    number = re.compile(rf"({COURT})(知?)({one})字?第?{SERIAL}{ENDING}")
    return CaseTypes(stages, number, re.compile(rf"知?(?:{one})字?第?(?=[0-9])"))


_known = _reading(CASE_TYPES)


def admit_case_types(stages: Mapping[str, Stage]) -> None:
    """Accept further case types in this process. Built-in ones keep their stage."""
    global _known
    if not stages.keys() <= _known.stages.keys():
        _known = _reading({**stages, **_known.stages})


def parse_case_number(text: str) -> CaseNumber:
    """Parse a case number such as (2021)浙0281民初202号, in half or full width, or (2014)甬余民初字第1006号.

    Suffixes of documents (之一, -1, 民事判决书), 第 and leading zeros are dropped. Raises IdentifierError CASE_NUMBER;
    its text names the wrong part: year, court code, case type or serial.
    """
    plain = compact(text).rstrip(CLOSING).translate(BRACKETS)
    found = YEAR.match(plain)
    if not found:
        raise _fault(say("its year is missing or does not stand in brackets, as in (2021)"))
    year, rest = _year(found[1]), plain[found.end() :]
    number = _coded(year, rest) if year >= CODED_SINCE else _worded(year, rest)
    if number is None or _is_range(rest):
        raise _fault(_wrong_part(year, rest))
    return number


def _fault(part: str) -> IdentifierError:
    """Return the error, without the text (R18)."""
    message = say("The case number cannot be read: {part}. Write it as in (2021)浙0281民初1号.", part=part)
    return IdentifierError("CASE_NUMBER", message)


def _year(text: str) -> int:
    year = read_digits(text) if not text.isascii() else int(text)
    if year is not None and len(text) == 2:
        year += 1900
    if year is None or not EARLIEST_YEAR <= year <= datetime.now(COURT_TIME).year + 1:
        raise _fault(say("its year cannot be"))
    return year


def _is_range(rest: str) -> bool:
    """Test whether a number names several cases, as 202-205号 does; 202-1号 is a document of one."""
    found = RANGE.search(rest) if "-" in rest else None
    return found is not None and int(found[2]) > int(found[1])


def _coded(year: int, rest: str) -> CaseNumber | None:
    found = _known.number.fullmatch(rest)
    if not found:
        return None
    court, special, characters, serial = found.groups()
    number = f"({year}){court}{special}{characters}{serial}号"
    return CaseNumber(number, year, court, characters, _known.stages[characters])


def _worded(year: int, rest: str) -> CaseNumber | None:
    found = WORDED.fullmatch(rest)
    if not found:
        return None
    words, serial = found.groups()
    return CaseNumber(f"({year}){words}字第{serial}号", year, None, "", _worded_stage(words))


def _worded_stage(words: str) -> Stage:
    if "执" in words:
        return Stage.ENFORCEMENT
    return Stage.FILING if words[-2:] in PRESERVATION else Stage.TRIAL


def _wrong_part(year: int, rest: str) -> str:
    """Describe the error in the text after the year."""
    if _is_range(rest) or SEVERAL.search(rest):
        return say("it names several cases, so write a line for each")
    return _wrong_coded(rest) if year >= CODED_SINCE else _wrong_worded(rest)


def _wrong_coded(rest: str) -> str:
    court = COURT_PART.match(rest)
    if not court and WRONG_COURT.match(rest):
        return say("its court code has neither two nor four digits")
    if not court:
        return say("its court has no code, which stands in every number since {year}", year=CODED_SINCE)
    kind = _known.part.match(rest, court.end())
    return _wrong_ending(rest[kind.end() :]) if kind else say("its case type is missing or not in the catalogue")


def _wrong_worded(rest: str) -> str:
    _, _, ending = rest.partition("字")
    if ending:
        return _wrong_ending(ending.removeprefix("第"))
    if COURT_PART.match(rest):
        return say("its year lies before {year}, when courts had no codes", year=CODED_SINCE)
    return say("字 is missing, which stands in every number before {year}", year=CODED_SINCE)


def _wrong_ending(rest: str) -> str:
    if "号" not in rest:
        return say("号 is missing at its end, so its serial may be cut off")
    if not SERIAL_PART.match(rest):
        return say("its serial is no number of one to eight digits")
    return say("something that is no part of it follows 号")
