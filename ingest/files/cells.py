"""The three states of a cell (R24): a value, blank, or an error, which is never read as blank."""

import re
from collections.abc import Iterable, Sequence

from ingest.report import LineError
from models.names import tidy

ERROR = re.compile(r"#[A-Z][A-Z0-9/_]*[!?]?|#{2,}|Err:[0-9]{3}")
"""What spreadsheets show in place of a value: #N/A, #REF!, a column that is too narrow, LibreOffice's Err:502."""

ROUNDED = re.compile(r"[0-9]\.[0-9]+E\+?[0-9]{2}|[0-9]E\+[0-9]{2}", re.IGNORECASE)
"""A number in scientific notation, such as 3.30281E+17."""

FORMULA_TEXT = re.compile(r'="([^"]*)"')
"""How exporters keep Excel from rounding a number: ="330281…"."""

EXACT = 10**15
"""Spreadsheets keep 15 digits: a longer number is never written out as if it were whole."""

CODES = {
    "证件号码": "ID_NUMBER",
    "cardNum": "ID_NUMBER",
    "统一社会信用代码": "ID_NUMBER",
    "不公开": "CONFIDENTIALITY",
}
"""The reason codes of errors in these columns; in all others it is CELL."""

SIGNS = ("#", "=", "'", "E+", "e+", "Err:")
"""Without one of these a line holds no error, no formula and no guarded number."""


def plain(cell: str) -> str:
    """A cell without blanks around it; line breaks and tabs in it are blanks, and what cannot be seen is dropped."""
    cell = cell.strip()
    if not cell.isprintable():
        cell = tidy(cell)
    if cell.startswith(("=", "'")):
        cell = _unwrapped(cell)
    return cell


def _unwrapped(cell: str) -> str:
    """The text in ="…", and what follows the apostrophe that marks a number as text."""
    if found := FORMULA_TEXT.fullmatch(cell):
        return found[1].strip()
    return cell[1:] if cell[0] == "'" and cell[1:2].isdigit() else cell


def is_simple(raw: str) -> bool:
    """Whether the cells of a line are what they look like, apart from spaces around them."""
    for sign in SIGNS:
        if sign in raw:
            return False
    return raw.rstrip("\r\n").isprintable()


def find_error(columns: Iterable[str], cells: Sequence[str]) -> LineError | None:
    """The first error among the cells of a format's columns."""
    for column, cell in zip(columns, cells, strict=True):
        if ERROR.fullmatch(cell):
            return error_in(column, cell)
        if ROUNDED.fullmatch(cell):
            return rounded_in(column)
        if cell.startswith("="):
            return formula_in(column)
    return None


def error_in(column: str, shown: str) -> LineError:
    """An error of the spreadsheet, as it is shown there."""
    return _error(column, f"an error of the spreadsheet ({shown}): correct the formula, or write the value")


def formula_in(column: str) -> LineError:
    """A formula whose value was not saved with it."""
    return _error(column, "a formula without its value: open the file in Excel and save it again, or write the value")


def rounded_in(column: str) -> LineError:
    """A number of more digits than a spreadsheet keeps (15)."""
    return _error(
        column,
        "a number that the spreadsheet has rounded, so digits are lost: format the column as text, and enter it again",
    )


def _error(column: str, what: str) -> LineError:
    return LineError(CODES.get(column, "CELL"), f"The column {column} holds {what}.")
