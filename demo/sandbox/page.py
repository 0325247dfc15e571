"""The page of the sandbox: its text, with a table of what is answered."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from auth.audiences import Audience
from demo.sandbox.outcomes import LASTING_DAYS, Outcome, read_outcomes, read_showings

HEADS = {
    "en": ("name", "number", "purpose", "sent with it", "`outcome`", "colour", "why"),
    "zh": ("姓名或名称", "号码", "用途", "另附", "`outcome`", "颜色", "原因"),
}
CODES = {
    "en": ("share code", "`sharedReport`", "why"),
    "zh": ("分享码", "`sharedReport`", "原因"),
}


class Language(StrEnum):
    """A language of the page."""

    EN = "en"
    ZH = "zh"


def write_page(language: Language) -> str:
    """Return the page, in Markdown."""
    text = Path(__file__).with_name(f"page.{language}.md").read_text("utf-8")
    tables = {"{look_ups}": _write_look_ups(language), "{codes}": _write_codes(language), "{days}": str(LASTING_DAYS)}
    for place, table in tables.items():
        text = text.replace(place, table)
    return text


def _write_look_ups(language: Language) -> str:
    """A table for each audience."""
    tables = []
    for audience, found in groupby(read_outcomes(), lambda outcome: outcome.audience):
        rows = _write_table(HEADS[language], (_list_cells(outcome, language) for outcome in found))
        tables.append(f"### {audience}\n\n{rows}")
    return "\n\n".join(tables)


def _list_cells(outcome: Outcome, language: Language) -> list[str]:
    sent = [f"`shareCode` {outcome.code}"] * bool(outcome.code) + [f"`consent` {outcome.letter}"] * bool(outcome.letter)
    colour = outcome.colour or "–"
    why = outcome.en if language is Language.EN else outcome.zh
    told = [f"`{outcome.outcome}`", colour if outcome.audience is not Audience.EMPLOYER else f"({colour})", why]
    return [outcome.name, f"`{outcome.number}`", f"`{outcome.purpose}`", " ".join(sent), *told]


def _write_codes(language: Language) -> str:
    said = {True: ("null", "null"), False: ("a report", "报告")}
    rows = []
    for showing in read_showings():
        en, zh = said[not showing.name]
        told = (en, showing.en) if language is Language.EN else (zh, showing.zh)
        rows.append([f"`{showing.code}`", *told])
    return _write_table(CODES[language], rows)


def _write_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
