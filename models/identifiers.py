"""Numbers of persons and organizations: resident numbers and unified social credit codes.

Pure functions. Errors do not repeat the text (R18).
"""

import re
import unicodedata
from datetime import date, datetime
from typing import NamedTuple

from stdnum.cn import ric, uscc

from models.terms import COURT_TIME


class IdentifierError(ValueError):
    """A text that cannot be parsed. code: reason code in the file of rejects. The message has a hint."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class PersonNumber(NamedTuple):
    """A resident identity number of 18 characters, and the date of birth that it states."""

    value: str
    born_on: date


class OrganizationCode(NamedTuple):
    """A unified social credit code. A wrong check digit is no error, since some valid legacy codes have one."""

    value: str

    @property
    def check_digit_valid(self) -> bool:
        """Whether the check digit is right (ISO 7064)."""
        return bool(self.value[-1] == uscc.calc_check_digit(self.value[:-1]))


INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
PERSON_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
OLD_PERSON_NUMBER = re.compile(r"[1-9][0-9]{14}")
ORGANIZATION_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
LENGTH = 18
EARLIEST_BIRTH = date(1880, 1, 1)
PAST = date(2026, 1, 1)
"""A day in the past, so that the clock is read for later dates of birth only."""

ADULT_AGE = 18


def compact(text: str) -> str:
    """Return `text` in half width, without blanks and invisible characters."""
    if text.isascii():
        if text.isalnum():
            return text
    else:
        text = unicodedata.normalize("NFKC", text)
        if not text.isprintable():
            text = text.translate(INVISIBLE)
    return "".join(text.split())


def parse_person_number(text: str) -> PersonNumber:
    """Parse a resident identity number (GB 11643) of 18 or, as issued until 1999, 15 characters.

    `ric.validate` is not used, since it rejects valid cards whose division did not exist at birth. Raises
    IdentifierError ID_NUMBER for a wrong length, character, check digit (ISO 7064) or date of birth.
    """
    plain = _unmasked(text)
    if len(plain) != LENGTH and OLD_PERSON_NUMBER.fullmatch(plain):
        plain = f"{plain[:6]}19{plain[6:]}"
        plain += ric.calc_check_digit(plain + "0")
    if not PERSON_NUMBER.fullmatch(plain):
        raise IdentifierError("ID_NUMBER", "A resident identity number has 18 characters (or 15): check the number.")
    if plain[-1] != ric.calc_check_digit(plain):
        raise IdentifierError("ID_NUMBER", "The check digit of the identity number is wrong: check the number.")
    return PersonNumber(plain, _born_on(plain))


def _unmasked(text: str) -> str:
    """Return a number in half width and upper case. Raises IdentifierError ID_NUMBER for a masked one."""
    plain = compact(text).upper()
    if "*" in plain:
        raise IdentifierError("ID_NUMBER", "The number is masked and names nobody: export it in full.")
    return plain


def is_person_number(text: str) -> bool:
    """Test whether a text is a resident ID number, which may not be stored (R18)."""
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
    if born_on < EARLIEST_BIRTH or (born_on > PAST and born_on > datetime.now(COURT_TIME).date()):
        raise IdentifierError("ID_NUMBER", "The birth date in the identity number cannot be: check the number.")
    return born_on


def parse_organization_code(text: str) -> OrganizationCode:
    """Parse a unified social credit code (GB 32100). Raises IdentifierError ID_NUMBER for a wrong form."""
    plain = _unmasked(text)
    if not ORGANIZATION_CODE.fullmatch(plain):
        raise IdentifierError(
            "ID_NUMBER", "A unified social credit code has 18 characters, without I, O, S, V and Z: check the code."
        )
    return OrganizationCode(plain)


def parse_party_number(text: str) -> PersonNumber | OrganizationCode:
    """Parse a number of either kind; a date of birth makes it a person's. Raises IdentifierError ID_NUMBER."""
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


def mask_number(value: str) -> str:
    """Mask an 18-character number: shows its first 6 and last 4 characters (R18)."""
    return f"{value[:6]}{'*' * 8}{value[-4:]}"


def was_minor(born_on: date, day: date) -> bool:
    """Test whether a person is under 18 on a day (R16; Civil Code, article 17)."""
    birthday_to_come = (day.month, day.day) < (born_on.month, born_on.day)
    return day.year - born_on.year - birthday_to_come < ADULT_AGE
