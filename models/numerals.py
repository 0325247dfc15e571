"""Chinese numerals: 十五, 二〇二一, 贰万, 2.5万. Pure functions."""

import re
from decimal import Decimal

DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"〇": 0, "○": 0, "两": 2}
FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟萬億貳參陸弍弎", "一二三四五六七八九十百千万亿二三六二三")
"""Formal numerals (大写) and variants, mapped to the common ones."""

UNITS = {"十": 10, "百": 100, "千": 1000}
SECTIONS = {"万": 10_000, "亿": 100_000_000}
ZEROS = "零〇○0"
SIGNS = f"{''.join(DIGITS)}{''.join(UNITS)}"
WORD = re.compile(f"[{SIGNS}]+")
NUMBER = re.compile(rf"((?:[0-9]+(?:\.[0-9]+)?)|[{SIGNS}]+)([万亿]*)")


def read_digits(text: str) -> int | None:
    """Read a sequence of digits such as 二〇二一; None for another text."""
    values = [DIGITS.get(sign) for sign in text.translate(FORMAL)]
    return int("".join(map(str, values))) if values and None not in values else None


def read_number(text: str) -> Decimal | None:
    """Read a number in digits, in words, or both (2万, 二十五, 一万二千); None for another text."""
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
    """Test whether a number after 万 lacks its unit: 二万五 means 25,000 but reads as 20,005."""
    return value < (1000 if text[0].isascii() else 10) and text[0] not in ZEROS


def _section(signs: str) -> int:
    """Return the factor of 万, 亿 and 万亿."""
    product = 1
    for sign in signs:
        product *= SECTIONS[sign]
    return product


def _value(text: str) -> Decimal | None:
    """Read a number below ten thousand in words, or any number in digits."""
    return Decimal(text) if text[0].isascii() else _words(text)


def _words(text: str) -> Decimal | None:
    """Read a number below ten thousand in words: 一百零二, but not 一百二, which means 120."""
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
