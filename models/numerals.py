"""Numbers as Chinese texts write them: 十五, 二〇二一, 贰万, 2.5万. Pure: text in, numbers out."""

import re
from decimal import Decimal

DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"〇": 0, "○": 0, "两": 2}
FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟萬億貳參陸弍弎", "一二三四五六七八九十百千万亿二三六二三")
"""大写 numerals, and what is written for them, as the plain ones."""

UNITS = {"十": 10, "百": 100, "千": 1000}
SECTIONS = {"万": 10_000, "亿": 100_000_000}
ZEROS = "零〇○0"
SIGNS = f"{''.join(DIGITS)}{''.join(UNITS)}"
WORD = re.compile(f"[{SIGNS}]+")
NUMBER = re.compile(rf"((?:[0-9]+(?:\.[0-9]+)?)|[{SIGNS}]+)([万亿]*)")


def read_digits(text: str) -> int | None:
    """A row of digits such as 二〇二一, each standing for itself; None if it is none."""
    values = [DIGITS.get(sign) for sign in text.translate(FORMAL)]
    return int("".join(map(str, values))) if values and None not in values else None


def read_number(text: str) -> Decimal | None:
    """A number in digits, in words, or in both (2万, 二十五, 一万二千); None if it is none."""
    plain, total, at, largest = text.translate(FORMAL), Decimal(0), 0, None
    while at < len(plain):
        found = NUMBER.match(plain, at)
        value = _value(found[1]) if found else None
        if found is None or value is None:
            return None
        section = _section(found[2])
        if largest is not None and (section >= largest or _is_short(found[1], value)):
            return None
        total, at, largest = total + value * section, found.end(), section
    return total if plain else None


def _is_short(text: str, value: Decimal) -> bool:
    """Whether a number after 万 lacks its unit: 二万五 is said for 25,000 and reads as 20,005."""
    return value < (1000 if text[0].isascii() else 10) and text[0] not in ZEROS


def _section(signs: str) -> int:
    """What 万, 亿 and 万亿 multiply by."""
    product = 1
    for sign in signs:
        product *= SECTIONS[sign]
    return product


def _value(text: str) -> Decimal | None:
    """A number below ten thousand in words, or any in digits."""
    return Decimal(text) if text[0].isascii() else _words(text)


def _words(text: str) -> Decimal | None:
    """As above, below ten thousand: 一百零二, and not 一百二, which is said for 120."""
    total, digit, unit, zero = 0, None, 10_000, False
    for sign in text:
        if sign not in UNITS:
            if digit:
                return None
            digit, zero = DIGITS[sign], sign in ZEROS or digit == 0
        elif UNITS[sign] >= unit or (digit is None and total):
            return None
        else:
            unit = UNITS[sign]
            total, digit = total + (1 if digit is None else digit) * unit, None
    if digit and total and unit > UNITS["十"] and not zero:
        return None
    return Decimal(total + (digit or 0))
