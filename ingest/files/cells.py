"""Cells have a value, are blank, or contain an error, which is never read as blank (R24)."""

import re
from collections.abc import Iterable, Sequence

from ingest.report import LineError
from models.names import tidy

ERROR = re.compile(r"#[A-Z][A-Z0-9/_]*[!?]?|#{2,}|Err:[0-9]{3}")
"""Error values of Excel, and Err:502 of LibreOffice."""

ROUNDED = re.compile(r"[0-9]\.[0-9]+E\+?[0-9]{2}|[0-9]E\+[0-9]{2}", re.IGNORECASE)
"""Scientific notation, such as 3.30281E+17."""

FORMULA_TEXT = re.compile(r'="([^"]*)"')
"""Text that is protected from rounding in Excel: ="330281…"."""

APOSTROPHE = re.compile(r"'(?:\d|\s*[=+@＝＋－＠-])")
"""The mark of text in spreadsheets, and of `ingest.masking.disarm`."""

EXACT = 10**15
"""Spreadsheets keep 15 digits."""

CODES = {
    "证件号码": "ID_NUMBER",
    "cardNum": "ID_NUMBER",
    "统一社会信用代码": "ID_NUMBER",
    "不公开": "CONFIDENTIALITY",
}
"""Reason codes of errors in these columns; CELL in all others."""

SIGNS = ("#", "=", "'", "E+", "e+", "Err:")
"""A line without any of these contains no error, no formula and no protected number."""


def clean_cell(cell: str) -> str:
    """Strip a cell, replace line breaks and tabs by blanks, and remove invisible characters."""
    cell = cell.strip()
    if not cell.isprintable():
        cell = tidy(cell)
    if cell.startswith(("=", "'")):
        cell = _unwrapped(cell)
    return cell


def _unwrapped(cell: str) -> str:
    """The text of ="…", or what follows the apostrophe that marks it as text: a number, or a sign of formulas."""
    if found := FORMULA_TEXT.fullmatch(cell):
        return found[1].strip()
    return cell[1:].strip() if APOSTROPHE.match(cell) else cell


def is_simple(raw: str) -> bool:
    """Whether the cells of a line need only be stripped."""
    for sign in SIGNS:
        if sign in raw:
            return False
    return raw.rstrip("\r\n").isprintable()


def find_error(columns: Iterable[str], cells: Sequence[str]) -> LineError | None:
    """The first error in the cells of a format's columns."""
    for column, cell in zip(columns, cells, strict=True):
        if ERROR.fullmatch(cell):
            return make_cell_error(column, cell)
        if ROUNDED.fullmatch(cell):
            return make_rounding_error(column)
        if cell.startswith("="):
            return make_formula_error(column)
    return None


def make_cell_error(column: str, shown: str) -> LineError:
    """An error value of the spreadsheet."""
    return _error(column, f"an error of the spreadsheet ({shown}): correct the formula, or write the value")


def make_formula_error(column: str) -> LineError:
    """A formula that was saved without its value."""
    return _error(column, "a formula without its value: open the file in Excel and save it again, or write the value")


def make_rounding_error(column: str) -> LineError:
    """A number with more than 15 digits."""
    return _error(
        column,
        "a number that the spreadsheet has rounded, so digits are lost: format the column as text, and enter it again",
    )


def _error(column: str, what: str) -> LineError:
    return LineError(CODES.get(column, "CELL"), f"The column {column} holds {what}.")
