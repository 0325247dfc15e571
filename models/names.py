"""Names of parties: stored as written, compared folded (R21). Pure functions."""

import csv
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

DOTS = dict.fromkeys(map(ord, "・•‧∙⋅･●⸱ꞏᐧ᛫˙ㆍ"), "\u00b7")
"""Variants of the dot between the parts of a name (间隔号, GB/T 15834), mapped to U+00B7. U+02D9 is its like in GBK."""


def _read_equivalents() -> dict[int, str]:
    """Return the characters that stand for another one, by their codes. Sources: radicals by Unicode's
    EquivalentUnifiedIdeograph.txt; private-use characters of GBK by GB 18030-2022, where Python's codec still has those
    of 2000, and the blank A3A0 by the Encoding Standard of WHATWG; circles that are typed for 〇."""
    with Path(__file__).with_name("equivalent_signs.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["code"], 16): chr(int(row["equivalent"], 16)) for row in csv.DictReader(file)}


EQUIVALENTS = _read_equivalents()
PROPER = {code: sign for code, sign in EQUIVALENTS.items() if unicodedata.category(chr(code)) == "Co"}
"""Private-use characters: no name is kept with them."""

BRACKETS = str.maketrans("〔〕【】［］[]", "()()()()")
"""Variants of brackets, mapped to half-width round ones."""

FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff"
"""Invisible characters that are no format characters: fillers, joiners, variation selectors (UAX 44, DI)."""

UNSEEN = re.compile(f"[{FILLERS}]")
HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
TIGHT = f"{HAN}()\u00b7"
"""Characters between which a blank is insignificant: Han characters, brackets and dots."""

BLANK_BETWEEN = re.compile(f"(?<=[{TIGHT}]) (?=[{TIGHT}])")
PLAIN = re.compile("[\u4e00-\u9fff0-9a-z()\u00b7]+")
"""Han characters, digits, small letters, brackets and dots with one form. A name of these is its own folded form."""

STOP_BETWEEN = re.compile(f"(?<=[{HAN}]) ?[.。] ?(?=[{HAN}])")
"""A full stop that is typed for the dot between the parts of a name."""


def tidy(text: str) -> str:
    """Return a name to be stored: with single blanks, without invisible characters and private-use ones of GBK."""
    if PLAIN.fullmatch(text):
        return text
    if not text.isprintable() or UNSEEN.search(text):
        signs = text.translate(PROPER)
        text = "".join(" " if sign.isspace() else sign for sign in signs if _is_seen(sign))
    return " ".join(text.split())


def fold(text: str) -> str:
    """Return the folded form of a name, equal for all spellings of it (R21). Idempotent.

    NFKC and case folding; no blanks between Han characters, single blanks elsewhere; no invisible characters; one form
    of dots, brackets and radicals.
    """
    if PLAIN.fullmatch(text):
        return text
    if text.isascii():
        plain = tidy(text).casefold().translate(BRACKETS)
    else:
        signs = tidy(text).translate(DOTS)
        plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", signs).casefold())
        plain = tidy(unicodedata.normalize("NFKC", tidy(plain))).translate(BRACKETS).translate(EQUIVALENTS)
    return STOP_BETWEEN.sub("\u00b7", BLANK_BETWEEN.sub("", plain))


def fold_default(column: str) -> Callable[[Any], str | None]:
    """Return a column default: the folded value of another column of the row, or None."""

    def folded(context: Any) -> str | None:
        name = context.get_current_parameters()[column]
        return None if name is None else fold(name)

    return folded


def _is_seen(sign: str) -> bool:
    return sign.isspace() or not (unicodedata.category(sign) in {"Cc", "Cf"} or UNSEEN.match(sign))
