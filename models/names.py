"""Names of parties: kept as they are written, compared folded (R21). Pure: text in, text out."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

DOTS = dict.fromkeys(map(ord, "・•‧∙⋅･●⸱ꞏᐧ᛫"), "\u00b7")
"""What is typed for the dot between the parts of a name (间隔号, GB/T 15834), as U+00B7."""

BRACKETS = str.maketrans("〔〕【】［］[]", "()()()()")
"""Brackets of other shapes, as round ones in half width."""

FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff"
"""What is drawn as nothing and is no format character: fillers, joiners and variation selectors (UAX 44, DI)."""

UNSEEN = re.compile(f"[{FILLERS}]")
HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
TIGHT = f"{HAN}()\u00b7"
"""Characters between which a blank means nothing: Han characters, and the brackets and dots that stand among them."""

BLANK_BETWEEN = re.compile(f"(?<=[{TIGHT}]) (?=[{TIGHT}])")
PLAIN = re.compile("[\u4e00-\u9fff]+")
"""Han characters that have one form: a name of these alone is folded to itself."""

STOP_BETWEEN = re.compile(f"(?<=[{HAN}])\\.(?=[{HAN}])")


def tidy(text: str) -> str:
    """A name as it is kept: single blanks, and nothing that cannot be seen; otherwise as it was written."""
    if PLAIN.fullmatch(text):
        return text
    if not text.isprintable() or UNSEEN.search(text):
        text = "".join(" " if sign.isspace() else sign for sign in text if _is_seen(sign))
    return " ".join(text.split())


def fold(text: str) -> str:
    """A name as it is compared: two spellings of one name are folded to the same text (R21).

    NFKC and no case; blanks dropped between Han characters and single elsewhere; nothing that cannot be seen; one dot
    and one pair of brackets. Folding again changes nothing.
    """
    if PLAIN.fullmatch(text):
        return text
    if text.isascii():
        plain = tidy(text).casefold().translate(BRACKETS)
    else:
        plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tidy(text)).casefold())
        plain = tidy(unicodedata.normalize("NFKC", tidy(plain))).translate(BRACKETS).translate(DOTS)
    return STOP_BETWEEN.sub("\u00b7", BLANK_BETWEEN.sub("", plain))


def fold_default(column: str) -> Callable[[Any], str | None]:
    """The default of a column that holds the name of another column of its row, folded; none of none."""

    def folded(context: Any) -> str | None:
        name = context.get_current_parameters()[column]
        return None if name is None else fold(name)

    return folded


def _is_seen(sign: str) -> bool:
    return sign.isspace() or not (unicodedata.category(sign) in {"Cc", "Cf"} or UNSEEN.match(sign))
