"""Amounts of money and numbers of days, parsed from text. Pure functions."""

import re
from decimal import Decimal

from models.identifiers import IdentifierError, compact
from models.numerals import read_number

LARGEST = Decimal(10) ** 12
CURRENCY = re.compile(r"^(?:人民币|RMB|CNY|¥|￥)+[::]?", re.IGNORECASE)
YUAN = re.compile(r"(?:元|圆|块)?(?:整|正)?(?:人民币|RMB|CNY)?$", re.IGNORECASE)
DIGIT = "[0-9一二三四五六七八九壹贰叁肆伍陆柒捌玖]"
FRACTION = re.compile(rf"(.*?)[元圆](?:零?({DIGIT})角)?(?:零?({DIGIT})分)?")
THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,4}(?:,[0-9]{4})+(?![0-9])")
DAYS = re.compile(r"(.+?)(?:个?(?:自然)?[日天])?")
CENT = Decimal("0.01")


def parse_amount(text: str) -> Decimal:
    """Parse an amount in CNY: 20000, 20,000.00元, ￥20000, 2万元, 2.5万, 人民币贰万元整.

    Raises IdentifierError AMOUNT for other texts, more than two decimals, 0, and 10^12 or more.
    """
    plain = CURRENCY.sub("", compact(text))
    plain = THOUSANDS.sub(lambda found: found[0].replace(",", ""), plain)
    amount = _with_jiao(plain) if plain.endswith(("角", "分")) else read_number(YUAN.sub("", plain))
    if amount is None:
        raise IdentifierError("AMOUNT", "The amount cannot be read: write CNY in digits, such as 20000 or 20000.50.")
    if not 0 < amount < LARGEST:
        raise IdentifierError("AMOUNT", "The amount is not above zero and below 1,000,000,000,000 CNY.")
    if amount != amount.quantize(CENT):
        raise IdentifierError("AMOUNT", "The amount has more than two decimals: write CNY as in 20000.50.")
    return amount


def _with_jiao(text: str) -> Decimal | None:
    """Parse an amount with 角 and 分."""
    found = FRACTION.fullmatch(text.removesuffix("整"))
    whole = read_number(found[1]) if found else None
    if found is None or whole is None:
        return None
    jiao, fen = (read_number(sign) if sign else Decimal(0) for sign in (found[2], found[3]))
    return None if jiao is None or fen is None else whole + jiao / 10 + fen / 100


def parse_days(text: str) -> int:
    """Parse a number of days: 15, 15日, 15天, 十五日. Raises IdentifierError DAYS for other texts and for 0."""
    found = DAYS.fullmatch(compact(text))
    days = read_number(found[1]) if found else None
    if days is None or days < 1 or days != days.to_integral_value() or days >= LARGEST:
        raise IdentifierError("DAYS", "The number of days cannot be read: write it in digits, such as 15日.")
    return int(days)
