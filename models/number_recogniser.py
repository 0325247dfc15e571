"""Resident ID numbers in free text (R18): one function for inputs, imports, references and documents.

The text is first made plain: digits of any script become 0 to 9, letters `a`, everything else a blank. A number is then
looked for in four ways, each in time linear in the text:

- alone: exactly 18 or 15 digits, blanks between them or not, that `parse_person_number` accepts; 15 must begin with a
  province;
- in a longer run of digits and blanks: any 18 consecutive digits whose first six are a division of the country;
- with words between the digits: the same, over all digits of the text;
- 15 digits in a longer number, such as that of a bank card: likewise; and in groups between blanks.

The division is asked for where digits of different things meet by chance. Date of birth and check digit (GB 11643,
ISO 7064 MOD 11-2) are always asked for; numbers of 15 digits have no check digit. Organization codes and numbers of
other documents are not looked for, since R18 names ID numbers.
"""

import re
import unicodedata
from collections.abc import Iterator

from stdnum import numdb

from models.identifiers import is_person_number

SHORTEST = 15
LONGEST_SERIAL = 20
"""Digits of the longest run in which 15 digits are looked for: longer ones hold some by chance."""

NEWEST_DISTRICT, TAIWAN = "25", "830000"
"""The highest number that a new district of a prefecture may have, and the division of residents of Taiwan."""

REMEMBERED = 10_000
"""Characters whose plain form is kept."""

LETTER, GAP = "a", " "
BIRTHDAY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
OLD = f"[1-9][0-9]{{7}}{BIRTHDAY}[0-9]{{3}}"
NEW = f"[1-9][0-9]{{5}}(?:18|19|20)[0-9]{{2}}{BIRTHDAY}[0-9]{{3}}"

ALONE = re.compile(f"(?<![0-9])(?:{NEW}[0-9X]|{OLD})(?![0-9])")
WITHIN = re.compile(f"(?=({NEW}[0-9X]))")
WITHIN_WORDS = re.compile(f"(?=({NEW}[0-9]))")
WITHIN_WORDS_BEFORE_X = re.compile("(?=([1-9](?:X?[0-9]){16}X))")
OLD_WITHIN = re.compile(f"(?=({OLD}))")
SERIAL = re.compile(f"(?<![0-9])[0-9]{{{SHORTEST},{LONGEST_SERIAL}}}(?![0-9])")
GROUPS = re.compile("(?<![0-9])(?=([1-9](?: *[0-9]){14})(?![0-9]))")
NO_DIGIT, NO_SIGN, CROSSES, GAPS = (re.compile(one) for one in ("[^0-9]+", "[^0-9X]+", "X+", " +"))

LOOK_ALIKES = {
    **dict.fromkeys("\u25cb\u25ef", "0"),
    **dict.fromkeys("\u0425\u0445\u03a7\u03c7\u00d7\u2715\u2716", "X"),
    **dict.fromkeys("\u115f\u1160\u3164\uffa0", GAP),
    **{chr(0xE0000 + ord(sign)): sign for sign in "0123456789X"},
}
"""Circles as zero; Cyrillic and Greek letters and crosses as X; Hangul fillers, which are invisible letters; and tags
(U+E0030), which are invisible digits."""


class _Plain(dict[int, str]):
    """The plain form of characters, computed when first met. `numerals`: whether Han numerals are digits."""

    def __init__(self, numerals: bool) -> None:
        super().__init__()
        self._numerals = numerals

    def __missing__(self, code: int) -> str:
        plain = self._simplify(chr(code))
        if len(self) < REMEMBERED:
            self[code] = plain
        return plain

    def _simplify(self, sign: str) -> str:
        plain = LOOK_ALIKES.get(sign) or unicodedata.normalize("NFKC", sign)
        value = unicodedata.numeric(plain, -1) if len(plain) == 1 else -1
        if value in range(10) and (self._numerals or not plain.isalpha()):
            return str(int(value))
        if plain in {"X", "x"}:
            return "X"
        return LETTER if any(map(str.isalnum, plain)) and unicodedata.category(sign) != "Lm" else GAP


READINGS = (_Plain(numerals=True), _Plain(numerals=False))
"""Han numerals are read as digits, and as words: 一 is also written for a dash."""


def holds_identity_number(text: str) -> bool:
    """Test whether a text holds a resident ID number, in digits of any script, whatever stands between them (R18)."""
    if len(text) < SHORTEST:
        return False
    readings = READINGS[:1] if text.isascii() else READINGS
    return any(map(_is_found, {text.translate(reading) for reading in readings}))


def _is_found(plain: str) -> bool:
    if len(NO_DIGIT.sub("", plain)) < SHORTEST:
        return False
    solid = plain.replace(GAP, "")
    alone = {*ALONE.findall(plain), *ALONE.findall(solid)}
    return any(map(_is_of_a_province, alone)) or any(map(_is_of_a_division, set(_list_windows(plain, solid))))


def _list_windows(plain: str, solid: str) -> Iterator[str]:
    """Yield what can be a number among other digits. solid: the plain text without blanks."""
    yield from WITHIN.findall(solid)
    signs = CROSSES.sub("X", NO_SIGN.sub("", solid))
    yield from WITHIN_WORDS.findall(signs.replace("X", ""))
    yield from (found.replace("X", "") + "X" for found in WITHIN_WORDS_BEFORE_X.findall(signs))
    for serial in SERIAL.findall(plain):
        yield from OLD_WITHIN.findall(serial)
    yield from (found.replace(GAP, "") for found in GROUPS.findall(GAPS.sub(GAP, plain)))


def _is_of_a_province(number: str) -> bool:
    """Test whether a number is a person's, and the province is one if there is no check digit."""
    return is_person_number(number) and (len(number) > SHORTEST or _names(number[:2], "province"))


def _is_of_a_division(number: str) -> bool:
    """Test whether a number is a person's, and its first six digits are a division of any year (GB 2260).

    Of cards of foreigners, which begin with 9, the second and third digits are the province. A district that is newer
    than the list, such as 330113 of 2021, has a low number in a known prefecture; numbers of 15 digits are older.
    """
    if not is_person_number(number):
        return False
    if number[0] == "9":
        return _names(number[1:3], "province")
    newer = len(number) > SHORTEST and number[4:6] <= NEWEST_DISTRICT and _names(f"{number[:4]}00", "county")
    return newer or number.startswith(TAIWAN) or _names(number[:6], "county")


def _names(code: str, part: str) -> bool:
    return any(part in found for _, found in numdb.get("cn/loc").info(code))
