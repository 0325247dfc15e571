"""Lines below the records of a table that are none: totals, and who filled it in."""

import re
from collections.abc import Iterator, Sequence

from ingest.columns import COLUMNS
from ingest.files.text_files import Line
from models.case_numbers import parse_case_number
from models.identifiers import IdentifierError
from models.number_recogniser import holds_identity_number

BEGINNINGS = "合总小共填制审"
WORDS = re.compile(r"(?:[合总小共]\s*计|(?:填表|填报|制表|审核)(?:人|日期|单位))\s*(?:[:：].*)?")
"""A total, or a signature with or without its name."""

BETWEEN = re.compile(r"[,;|，\t]")
KEYS = frozenset({"ID_NUMBER", "CASE_NUMBER"})
"""Reasons of the columns by which a record is known."""

LONGEST_TRAILER = 20
"""Lines."""


def skip_trailer(lines: Iterator[Line], columns: Sequence[str], skipped: list[int]) -> Iterator[Line]:
    """Yield the lines of a file without totals and signatures at its end, whose numbers are appended to `skipped`.

    columns: the columns of the cells. Such a line before a record, and one with a number of a person or case, is
    yielded.
    """
    keys = [place for place, column in enumerate(columns) if KEYS.intersection(COLUMNS[column].codes)]
    held: list[Line] = []
    for line in lines:
        if is_trailer(line, keys) and len(held) < LONGEST_TRAILER:
            held.append(line)
            continue
        yield from held
        held.clear()
        yield line
    skipped += [line.number for line in held]


def is_trailer(line: Line, keys: Sequence[int]) -> bool:
    """Return whether a line begins with such a word and has no number. keys: the places of columns of numbers."""
    text = line.raw.lstrip(' ,;|，\t"\ufeff')
    if text[:1] not in BEGINNINGS or not text:
        return False
    cells = [cell.strip(' "\r\n') for cell in BETWEEN.split(text)]
    if not WORDS.fullmatch(cells[0]) or holds_identity_number(text) or any(map(_is_case, cells)):
        return False
    own = () if line.error else (line.cells[place] for place in keys)
    return all(not cell or WORDS.fullmatch(cell) for cell in own)


def _is_case(cell: str) -> bool:
    try:
        return bool(parse_case_number(cell))
    except IdentifierError:
        return False
