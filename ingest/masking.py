"""Lines of the rejects file: numbers masked (R18), and no cell that a spreadsheet would run as a formula."""

import re
from collections.abc import Sequence

from ingest.files.cells import CODES
from models.documents import mask_document
from models.number_recogniser import holds_identity_number

SHORTEST = 5
"""Characters of the shortest number that is masked."""

LONG_NUMBER = re.compile(r"(?:\d[\s-]?){11,}\d?[\dXx\uff38\uff58]")
"""Twelve digits or more: a number whose length or check digit is wrong is still nearly somebody's."""

FORMULA = re.compile(r'(?:^|[,;|，]"?)(?=[\t\r])|(?:^|[,;|，\t\n]"?)(?= *[=+@＝＋－＠-])')
"""The place before a cell that begins with = + - @, a tab or a carriage return, in a line with any separator."""


def mask_line(raw: str, columns: Sequence[str], cells: Sequence[str]) -> str:
    """Return a line with the cells of number columns and all long numbers masked.

    cells: in the order of the columns. If a number is left that cannot be found again, all digits are masked.
    """
    masked = LONG_NUMBER.sub(lambda found: mask_document(re.sub(r"[\s-]", "", found[0])), raw)
    for column, cell in zip(columns, cells, strict=False):
        if CODES.get(column) == "ID_NUMBER" and len(cell) >= SHORTEST and not LONG_NUMBER.search(cell):
            masked = masked.replace(cell, mask_document(cell))
    return re.sub(r"\w", "*", masked) if holds_identity_number(masked) else masked


def disarm(text: str) -> str:
    """Return a text with an apostrophe before each cell that would be a formula; `clean_cell` removes it again."""
    return FORMULA.sub(lambda found: f"{found[0]}'", text)
