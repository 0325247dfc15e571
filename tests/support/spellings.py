"""A hundred names, and how people write each of them: a table that knows nothing of how names are folded."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from stdnum.cn import ric, uscc

TRADES = ["机电", "塑业", "纺织", "贸易", "建材", "电器", "物流", "水产", "置业", "模具"]
TOWNS = ["临山", "泗门", "马渚", "陆埠", "丈亭"]
GIVEN = ["一", "二", "人", "八", "力", "土", "大", "小", "山", "工"]
DOTTED = ["买买提", "阿依古丽", "古丽娜尔", "艾合买提", "吐尔逊"]


@dataclass(frozen=True)
class Named:
    """A party under the name that its first file gives."""

    name: str
    number: str
    person: bool


def _person(serial: int) -> str:
    stem = f"33028119800101{serial:03d}"
    return f"{stem}{ric.calc_check_digit(stem + '0')}"


def _organization(serial: int) -> str:
    stem = f"91330281{serial:09d}"
    return f"{stem}{uscc.calc_check_digit(stem)}"


def _names() -> Iterator[Named]:
    for place in range(50):
        town, trade = TOWNS[place % 5], TRADES[place // 5]
        latin = "TCL" if place % 2 else "Abc"
        yield Named(f"余姚市{town}{latin}（集团）{trade}有限公司", _organization(place), False)
    for place in range(25):
        yield Named(f"{DOTTED[place % 5]}·{DOTTED[place // 5]}", _person(place), True)
    for place in range(25):
        yield Named(f"{GIVEN[place % 5]}{GIVEN[5 + place // 5]}人", _person(100 + place), True)


NAMES = list(_names())


def _replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda name: name.replace(old, new)


def _bracketed(pair: str) -> Callable[[str], str]:
    return lambda name: name.replace("（", pair[0]).replace("）", pair[1])


def _parted(what: str, at: int = 1) -> Callable[[str], str]:
    return lambda name: name[:at] + what + name[at:]


def _wide(name: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in name)


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "half-width brackets": _bracketed("()"),
    "tortoise-shell brackets": _bracketed("〔〕"),
    "black brackets": _bracketed("【】"),
    "full-width square brackets": _bracketed("［］"),
    "square brackets": _bracketed("[]"),
    "katakana dot": _replaced("·", "・"),
    "bullet": _replaced("·", "•"),
    "half-width katakana dot": _replaced("·", "･"),
    "hyphenation point": _replaced("·", "‧"),
    "bullet operator": _replaced("·", "∙"),
    "dot operator": _replaced("·", "⋅"),
    "dot between blanks": _replaced("·", " · "),
    "dot above for the dot": _replaced("·", "˙"),
    "full-width stop for the dot": _replaced("·", "．"),
    "blank within": _parted(" "),
    "ideographic blank within": _parted("\u3000"),
    "no-break blank within": _parted("\u00a0"),
    "two blanks within": _parted("  "),
    "zero-width blank within": _parted("\u200b"),
    "soft hyphen within": _parted("\u00ad"),
    "variation selector within": _parted("\ufe00"),
    "blanks around": lambda name: f"  {name} ",
    "byte order mark before": lambda name: f"\ufeff{name}",
    "word joiner after": lambda name: f"{name}\u2060",
    "full-width Latin": _wide,
    "lower case": str.lower,
    "upper case": str.upper,
    "radical for the character": _replaced("人", "⼈"),
    "radical for one": _replaced("一", "⼀"),
    "radical of the supplement": _replaced("小", "\u2e8c"),
    "blank of GBK after": lambda name: f"{name}\ue5e5",
    "blank after the bracket": _replaced("）", "） "),
}
"""What somebody does to a name that is still the name."""


def _swapped(name: str) -> str:
    at = next(place for place in range(len(name) - 1) if name[place] != name[place + 1])
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


SLIPS: Mapping[str, Callable[[str], str]] = {
    "last character lost": lambda name: name[:-1],
    "first character lost": lambda name: name[1:],
    "character added": lambda name: f"{name}厂",
    "character before": lambda name: f"新{name}",
    "character doubled": lambda name: name[0] + name,
    "two characters changed about": _swapped,
    "last character another": lambda name: f"{name[:-1]}商",
    "first character another": lambda name: f"淡{name[1:]}",
    "character within": _parted("末"),
    "digit added": lambda name: f"{name}2",
    "letter within": _parted("x"),
    "number for a letter": lambda name: name.replace("l", "1").replace("L", "1"),
    "brackets lost": lambda name: name.replace("（", "").replace("）", ""),
    "what stands in brackets lost": lambda name: name.replace("（集团）", ""),
    "dot lost": _replaced("·", ""),
    "dot for a comma": _replaced("·", "、"),
}
"""What makes of a name another one."""


def made(names: list[Named], table: Mapping[str, Callable[[str], str]], each: int) -> list[tuple[Named, str]]:
    """For each name so many different texts of the table, beginning elsewhere for each name."""
    found: list[tuple[Named, str]] = []
    changes = list(table.values())
    for place, one in enumerate(names):
        turned = changes[place % len(changes) :] + changes[: place % len(changes)]
        texts = list(dict.fromkeys(text for change in turned if (text := change(one.name)) != one.name))
        assert len(texts) >= each, one.name
        found += [(one, text) for text in texts[:each]]
    return found
