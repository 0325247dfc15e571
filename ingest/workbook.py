"""XLSX exports by the same columns as CSV. Excel holds a sheet in memory, and no sheet has more than a million rows."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from ingest.reading import UNREADABLE, Line, check_header, is_text, open_file
from ingest.report import ImportFileError

EXACT = 2**53
"""Beyond it Excel has lost digits: such a number is never written out as if it were whole."""


class WorkbookExport:
    """The first sheet of a workbook; its first row names the columns."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        open_file(path).close()
        self.total = path.stat().st_size
        self._read = 0
        try:
            sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
            self._rows = sheet.to_python(skip_empty_area=False)
        except (CalamineError, IndexError, OSError) as error:
            raise ImportFileError(f"{path} is no readable XLSX workbook: save it again as .xlsx or CSV.") from error
        header = [_text(cell) for cell in self._rows[0]] if self._rows else []
        while header and not header[-1]:
            header.pop()
        self._order = check_header(path, header, columns)

    def lines(self) -> Iterator[Line]:
        for number, row in enumerate(self._rows[1:], 2):
            self._read = number
            cells = [_text(row[place]) for place in self._order]
            if any(cells):
                raw = _raw(row)
                yield Line(number, raw, cells, None if is_text(raw) else UNREADABLE)

    def position(self) -> int:
        return self.total * self._read // max(len(self._rows), 1)

    def close(self) -> None:
        self._rows = []


def _text(cell: object) -> str:
    """What the cell shows: days as ISO dates, whole numbers without a fraction."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return str(int(cell))
    return str(cell).strip()


def _raw(row: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([_text(cell) for cell in row])
    return line.getvalue()
