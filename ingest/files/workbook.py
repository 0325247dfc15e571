"""Read XLSX exports. A sheet is held in memory; it has at most 1,048,576 rows."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetMetadata, SheetTypeEnum, SheetVisibleEnum

from ingest.files.cells import EXACT, clean_cell, find_error, make_cell_error, make_formula_error, make_rounding_error
from ingest.files.file_types import open_file
from ingest.files.headers import ABSENT, HEADER_ROWS, NAMED, count_known, find_header, normalize_heading
from ingest.files.sheets import FORMULA, check_size, find_errors, find_far_cell, read_workbook, without_newer_errors
from ingest.files.text_files import UNREADABLE, Line, is_text
from ingest.report import ImportFileError, LineError

DAYS_UNTIL_1904 = 1462
"""Difference of the serial numbers of both date systems, in days."""

DAY_COLUMNS = ("日期", "期满日", "刑期起", "刑期止")
"""Endings of the names of date columns. An unformatted number in them is a serial number."""

UNREADABLE_WORKBOOK = (
    CalamineError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Exceptions of the libraries for a damaged workbook."""

Rows = list[list[object]]
SERIALS = range(10_000, 100_000)
CELL_ERROR = "cell error value"
"""The message of calamine for an unknown error value."""


class WorkbookExport:
    """The sheet of a workbook that has the columns."""

    empty_hint = " Merged cells have a value in their first row only: write it in each row."

    def __init__(self, path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> None:
        open_file(path).close()
        self.total = path.stat().st_size
        self._read = 0
        self._required, self._optional = columns, optional
        self._columns = (*columns, *optional)
        try:
            with zipfile.ZipFile(path) as archive:
                self._load(path, archive)
        except ImportFileError:
            raise
        except UNREADABLE_WORKBOOK as error:
            raise ImportFileError(f"{path} is no readable XLSX workbook: save it again as .xlsx or CSV.") from error

    def _load(self, path: Path, archive: zipfile.ZipFile) -> None:
        if not check_size(archive):
            raise ImportFileError(f"{path} is too large for a workbook: save it as CSV.")
        described = read_workbook(archive)
        for sheet, part in described.parts.items():
            if far := find_far_cell(archive, part):
                remedy = f"delete the rows and columns up to {far} beside it"
                raise ImportFileError(f"{path}, sheet {sheet}, has a cell far from its table: {remedy}, and save it.")
        name, self._rows = _table(path, archive, self._required)
        where = f"{path}, sheet {name} (of {_names(described.parts)}),"
        self._first, self._header = find_header(where, _texts(self._rows[:HEADER_ROWS]), self._required, self._optional)
        self._errors = find_errors(archive, described.parts[name])
        self._wrong = {row for row, _ in self._errors}
        self._shift = DAYS_UNTIL_1904 if described.counts_from_1904 else 0
        self.warnings = self._header.warnings()

    def lines(self) -> Iterator[Line]:
        for place in range(self._first + 1, len(self._rows)):
            self._read = place + 1
            row = self._rows[place]
            if row.count("") == len(row) and place not in self._wrong:
                continue
            cells = ["" if at == ABSENT else self._cell(column, row[at]) for column, at in self._places()]
            error = self._error(place, row, cells)
            if (any(cells) or error) and not self._is_header(row, cells):
                raw = _raw(row)
                yield Line(place + 1, raw, cells, error if is_text(raw) else UNREADABLE)

    def _places(self) -> Iterator[tuple[str, int]]:
        return zip(self._columns, self._header.order, strict=True)

    def _cell(self, column: str, value: object) -> str:
        if self._shift and column.endswith(DAY_COLUMNS) and isinstance(value, float) and int(value) in SERIALS:
            value += self._shift
        return _text(value)

    def _error(self, place: int, row: Sequence[object], cells: Sequence[str]) -> LineError | None:
        """The first error in the columns of the format."""
        for column, at in self._places():
            if at == ABSENT:
                continue
            shown = self._errors.get((place, at))
            if shown is not None:
                return make_formula_error(column) if shown == FORMULA else make_cell_error(column, shown)
            value = row[at]
            if isinstance(value, float) and abs(value) >= EXACT:
                return make_rounding_error(column)
        return find_error(self._columns, cells)

    def _is_header(self, row: Sequence[object], cells: Sequence[str]) -> bool:
        return normalize_heading(cells[0]) == self._columns[0] and self._header.is_repeated(map(_text, row))

    def position(self) -> int:
        return self.total * self._read // max(len(self._rows), 1)

    def close(self) -> None:
        self._rows = []


def _table(path: Path, archive: zipfile.ZipFile, columns: Sequence[str]) -> tuple[str, Rows]:
    """The name and rows of the sheet with the columns, or with the most of them. Visible sheets are preferred.

    Raises ImportFileError if several sheets have all columns.
    """
    with closing(_open(path, archive)) as book:
        known = {sheet.name: _known(book, sheet.name, columns) for sheet in book.sheets_metadata if _is_table(sheet)}
        if not known:
            raise ImportFileError(f"{path} has no sheet with cells: save the table again as .xlsx or CSV.")
        whole = [name for name, count in known.items() if count == len(columns)]
        hidden = {sheet.name for sheet in book.sheets_metadata if sheet.visible is not SheetVisibleEnum.Visible}
        candidates = [name for name in whole if name not in hidden] or whole
        if len(candidates) > 1:
            raise ImportFileError(
                f"{path} has these columns on several sheets ({_names(candidates)}): keep one, or save each as a file."
            )
        name = candidates[0] if candidates else max(known, key=known.__getitem__)
        return name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _is_table(sheet: SheetMetadata) -> bool:
    return bool(sheet.typ is SheetTypeEnum.WorkSheet)


def _names(sheets: Iterable[str]) -> str:
    return "、".join(sheets)[:NAMED]


def _known(book: CalamineWorkbook, name: str, columns: Sequence[str]) -> int:
    """The number of columns that a row at the top of a sheet names."""
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=HEADER_ROWS)
    return max((count_known(row, columns) for row in _texts(rows)), default=0)


def _open(path: Path, archive: zipfile.ZipFile) -> CalamineWorkbook:
    """Open the workbook; if calamine rejects an error value, open a copy without it."""
    book = CalamineWorkbook.from_path(str(path))
    try:
        for sheet in filter(_is_table, book.sheets_metadata):
            book.get_sheet_by_name(sheet.name)
    except CalamineError as error:
        if CELL_ERROR not in str(error):
            raise
        return CalamineWorkbook.from_filelike(without_newer_errors(archive))
    return book


def _texts(rows: Rows) -> list[list[str]]:
    return [[_text(cell) for cell in row] for row in rows]


def _text(cell: object) -> str:
    """A cell as text: dates in ISO format, whole numbers without fraction."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return str(int(cell))
    return clean_cell(str(cell))


def _raw(row: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([_text(cell) for cell in row])
    return line.getvalue()
