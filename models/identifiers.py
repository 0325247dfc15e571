"""Numbers and dates as courts' exports write them: case numbers, identity numbers, organization codes.

Pure: text in, normalized values out. No error ever repeats the text that it refuses (R18).
"""

import csv
import re
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from stdnum.cn import ric, uscc

from models.catalogue import Stage
from models.terms import COURT_TIME


class IdentifierError(ValueError):
    """A text that cannot be read. `code` is the reason code of a rejects file; the message says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class CaseNumber(NamedTuple):
    """A case number (案号) in half-width form without document suffix.

    `court_code` is None and `type_characters` are empty for numbers from before 2016, which do not name either in code.
    """

    number: str
    year: int
    court_code: str | None
    type_characters: str
    stage: Stage


class PersonNumber(NamedTuple):
    """A resident identity number of 18 characters, and the birth date that it states."""

    value: str
    born_on: date


class OrganizationCode(NamedTuple):
    """A unified social credit code of 18 characters. Live legacy codes fail the check digit, so that is no error."""

    value: str

    @property
    def check_digit_valid(self) -> bool:
        """Whether the check digit is right (ISO 7064)."""
        return bool(self.value[-1] == uscc.calc_check_digit(self.value[:-1]))


INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
BRACKETS = str.maketrans("〔〕【】[]", "()()()")
PROVINCES = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新军兵"
SUFFIX = r"(?:之[一二三四五六七八九十0-9]{1,3})?"
PRESERVATION = frozenset({"财保", "行保", "证保"})
PERSON_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
OLD_PERSON_NUMBER = re.compile(r"[1-9][0-9]{14}")
ORGANIZATION_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
DATES = (
    re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"),
)
EARLIEST_BIRTH = date(1880, 1, 1)
ADULT_AGE = 18


def _case_types() -> str:
    """The catalogue's case types as an alternation, longest first, since 民特 begins 民特监."""
    with (
        Path(__file__).with_name("catalogue_data").joinpath("case_types.csv").open(encoding="utf-8", newline="") as file
    ):
        characters = {row["characters"] for row in csv.DictReader(file)}
    return "|".join(sorted(characters, key=len, reverse=True))


CASE_NUMBER = re.compile(
    rf"\((20[0-9]{{2}})\)(最高法|[{PROVINCES}](?:[0-9]{{4}}|[0-9]{{2}})?)(知?)({_case_types()})0*([1-9][0-9]{{0,7}})号{SUFFIX}"
)
LEGACY_CASE_NUMBER = re.compile(
    rf"\(((?:19|20)[0-9]{{2}})\)([\u4e00-\u9fa5]{{2,12}})字第0*([1-9][0-9]{{0,7}})(?:-[0-9]{{1,3}})?号{SUFFIX}"
)
CODED_SINCE = 2016
"""The first year of case numbers with court codes (法〔2015〕137号)."""


def compact(text: str) -> str:
    """`text` in half-width characters, without blanks and invisible characters."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        if not text.isprintable():
            text = text.translate(INVISIBLE)
    return "".join(text.split())


def parse_case_number(text: str) -> CaseNumber:
    """Read a case number such as (2021)浙0281民初202号, its full-width forms, or (2014)甬余民初字第1006号.

    A suffix such as 之一 names a document, not a case, and is left off. Raises IdentifierError CASE_NUMBER.
    """
    plain = compact(text)
    if not plain.startswith("("):
        plain = plain.translate(BRACKETS)
    if (found := CASE_NUMBER.fullmatch(plain)) and int(found[1]) >= CODED_SINCE:
        year, court, special, characters, serial = found.groups()
        number = f"({year}){court}{special}{characters}{serial}号"
        return CaseNumber(number, int(year), court, characters, _stage(characters))
    if (found := LEGACY_CASE_NUMBER.fullmatch(plain)) and int(found[1]) < CODED_SINCE:
        year, words, serial = found.groups()
        return CaseNumber(f"({year}){words}字第{serial}号", int(year), None, "", _legacy_stage(words))
    raise IdentifierError(
        "CASE_NUMBER",
        "The case number cannot be read: write (year), court code, case type of the catalogue, serial and 号.",
    )


def _stage(characters: str) -> Stage:
    if characters.startswith("执"):
        return Stage.ENFORCEMENT
    return Stage.FILING if characters in PRESERVATION else Stage.TRIAL


def _legacy_stage(words: str) -> Stage:
    if "执" in words:
        return Stage.ENFORCEMENT
    return Stage.FILING if words[-2:] in PRESERVATION else Stage.TRIAL


def parse_person_number(text: str) -> PersonNumber:
    """Read a resident identity number (GB 11643) of 18 or, as issued until 1999, 15 characters.

    `ric.validate` is not used: it wants the division to have existed at birth, which refuses real cards.
    Raises IdentifierError ID_NUMBER for a wrong length, character, check digit (ISO 7064) or birth date.
    """
    plain = compact(text).upper()
    if OLD_PERSON_NUMBER.fullmatch(plain):
        plain = f"{plain[:6]}19{plain[6:]}"
        plain += ric.calc_check_digit(plain + "0")
    if not PERSON_NUMBER.fullmatch(plain):
        raise IdentifierError("ID_NUMBER", "A resident identity number has 18 characters (or 15): check the number.")
    if plain[-1] != ric.calc_check_digit(plain):
        raise IdentifierError("ID_NUMBER", "The check digit of the identity number is wrong: check the number.")
    return PersonNumber(plain, _born_on(plain))


def is_person_number(text: str) -> bool:
    """Whether a text is a resident ID number and so may not be kept (R18)."""
    try:
        parse_person_number(text)
    except IdentifierError:
        return False
    return True


def _born_on(number: str) -> date:
    try:
        born_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born_on = date.min
    if not EARLIEST_BIRTH <= born_on <= datetime.now(COURT_TIME).date():
        raise IdentifierError("ID_NUMBER", "The birth date in the identity number cannot be: check the number.")
    return born_on


def parse_organization_code(text: str) -> OrganizationCode:
    """Read a unified social credit code (GB 32100). Raises IdentifierError ID_NUMBER for a wrong length or alphabet."""
    plain = compact(text).upper()
    if not ORGANIZATION_CODE.fullmatch(plain):
        raise IdentifierError(
            "ID_NUMBER", "A unified social credit code has 18 characters, without I, O, S, V and Z: check the code."
        )
    return OrganizationCode(plain)


def parse_party_number(text: str) -> PersonNumber | OrganizationCode:
    """Read a number of either kind. What states a birth date is a person's. Raises IdentifierError ID_NUMBER."""
    try:
        return parse_person_number(text)
    except IdentifierError:
        code = parse_organization_code(text)
        if code.check_digit_valid or not _states_birth_date(code.value):
            return code
        raise


def _states_birth_date(number: str) -> bool:
    if not PERSON_NUMBER.fullmatch(number):
        return False
    try:
        _born_on(number)
    except IdentifierError:
        return False
    return True


def parse_date(text: str) -> date:
    """Read YYYY-MM-DD, YYYYMMDD or YYYY年M月D日, and nothing else. Raises IdentifierError DATE."""
    plain = compact(text)
    for pattern in DATES:
        if found := pattern.fullmatch(plain):
            try:
                return date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                break
    raise IdentifierError("DATE", "The date cannot be read: write it as 2021-03-05, 20210305 or 2021年3月5日.")


def mask_number(value: str) -> str:
    """An 18-character number as it may be shown: its first 6 and last 4 characters (R18)."""
    return f"{value[:6]}{'*' * 8}{value[-4:]}"


def born_minor_on(born_on: date, day: date) -> bool:
    """Whether somebody born on `born_on` is under 18 on `day` (R16; Civil Code, article 17)."""
    birthday_to_come = (day.month, day.day) < (born_on.month, born_on.day)
    return day.year - born_on.year - birthday_to_come < ADULT_AGE
