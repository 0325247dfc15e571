"""Read CSV and JSON Lines exports. XLSX is read by `workbook`.

Memory does not grow with the file. A line that cannot be read carries its error; exceptions are raised only for the
file as a whole.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson

from ingest.files.cells import EXACT, clean_cell, find_error, is_simple, make_rounding_error
from ingest.files.file_types import open_file
from ingest.files.headers import ABSENT, FileWarning
from ingest.files.layout import read_layout
from ingest.files.lines import LONGEST_LINE, Lines
from ingest.report import ImportFileError, LineError

MOST_BREAKS = 100
"""Lines per record."""

WORKBOOK = b"PK\x03\x04"

UNREADABLE = LineError("ENCODING", "The line holds bytes that are no text: export the file again as UTF-8.")
TOO_LONG = LineError("COLUMNS", "The line is longer than any line of an export: look for a missing line break.")
UNQUOTED = LineError(
    "COLUMNS", 'A quotation mark is not closed in this line, or stands where none can: write "" for one in a cell.'
)
NOT_JSON = LineError("JSON", "The line is no JSON object of plain values: export one object a line.")


class Line(NamedTuple):
    """A record: line number, text, and its cells in the order of the columns, or its error."""

    number: int
    raw: str
    cells: Sequence[str]
    error: LineError | None = None


class Export(Protocol):
    """An open file. `position` of `total`: progress in bytes."""

    total: int
    empty_hint: str
    """What is said of an empty cell, after that it is empty."""

    @property
    def warnings(self) -> Sequence[FileWarning]:
        """Warnings about the file as a whole."""

    def lines(self) -> Iterator[Line]:
        """All records after the header, without blank lines."""

    def position(self) -> int:
        """Bytes read."""

    def close(self) -> None:
        """Close the file."""


class CsvExport:
    """A CSV file in UTF-8, UTF-8 with BOM or GB18030. Encoding and delimiter are detected by the header."""

    empty_hint = ""

    def __init__(self, path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> None:
        self._file = open_file(path)
        self.total = path.stat().st_size
        self._columns = (*columns, *optional)
        try:
            layout = read_layout(path, self._file.read(LONGEST_LINE), columns, optional)
        except ImportFileError:
            self._file.close()
            raise
        self._file.seek(0)
        self._text = io.TextIOWrapper(self._file, layout.encoding, errors="surrogateescape", newline=layout.ending)
        self._source = Lines(self._text, layout.ending)
        self._skipped = layout.skipped
        self._delimiter = layout.delimiter
        self._header = layout.header
        self._names = layout.header.names
        self._order = layout.header.order
        self._straight = self._order == list(range(len(self._names)))
        self._blank = layout.header.blank
        self._leading = layout.header.leading
        self.warnings: Sequence[FileWarning] = layout.header.warnings()

    def lines(self) -> Iterator[Line]:
        self._source.skip(self._skipped)
        nothing = f" \t\r\n{self._delimiter}"
        while taken := self._source.take():
            number, raw = taken
            if not raw.strip(nothing):
                continue
            cells = raw.split(self._delimiter)
            if '"' in raw:
                raw, cells = self._quoted(raw)
            error = self._fault(raw, cells)
            if error:
                yield Line(number, raw, cells, error)
            elif not (self._columns[0] in raw and self._header.is_repeated(cells)) and any(map(str.strip, cells)):
                cells = cells if self._straight and len(cells) == len(self._names) else self._ordered(cells)
                if is_simple(raw):
                    yield Line(number, raw, [cell.strip() for cell in cells])
                else:
                    cells = [clean_cell(cell) for cell in cells]
                    yield Line(number, raw, cells, find_error(self._columns, cells))

    def _quoted(self, raw: str) -> tuple[str, list[str]]:
        """Read a record with quotation marks, which may span lines.

        If a mark is not closed, there are no cells, and the record ends with its first line.
        """
        further: list[tuple[int, str]] = []
        whole = raw
        while whole.count('"') % 2 and len(further) < MOST_BREAKS and len(whole) <= LONGEST_LINE:
            taken = self._source.take()
            if taken is None:
                break
            further.append(taken)
            whole += taken[1]
            if self._is_whole(taken[1]):
                break
        cells = _parse(whole, self._delimiter)
        if further and (not cells or self._fault(whole, cells)):
            self._source.put_back(further)
            return raw, []
        return whole, cells

    def _is_whole(self, raw: str) -> bool:
        """Whether a line after an open quotation mark is a record by itself."""
        cells = _parse(raw, self._delimiter)
        return bool(cells) and any(cells) and self._fits(cells)

    def _fault(self, raw: str, cells: list[str]) -> LineError | None:
        if not is_text(raw):
            return UNREADABLE
        if len(raw) > LONGEST_LINE:
            return TOO_LONG
        if not cells:
            return UNQUOTED
        return None if self._fits(cells) else _ragged(len(cells), len(self._names))

    def _fits(self, cells: list[str]) -> bool:
        """Whether each cell has a heading. Trailing blank cells may be added or omitted."""
        width = len(self._names)
        if len(cells) == width and not self._blank:
            return True
        if self._lacks_leading(cells):
            return True
        if any(cell.strip() for cell in cells[width:]):
            return False
        return len(cells) > max(self._order) and not any(cells[at].strip() for at in self._blank if at < len(cells))

    def _lacks_leading(self, cells: list[str]) -> bool:
        """Whether a row omits the unknown leading columns, such as 序号."""
        return bool(self._leading) and not self._blank and len(cells) == len(self._names) - self._leading

    def _ordered(self, cells: list[str]) -> list[str]:
        lacking = self._leading if self._lacks_leading(cells) else 0
        return ["" if place == ABSENT else cells[place - lacking] for place in self._order]

    def position(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._text.close()


def _parse(raw: str, delimiter: str) -> list[str]:
    """The cells of a record; empty if a quotation mark is not closed."""
    try:
        return next(csv.reader([raw.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True, strict=True), [])
    except csv.Error:
        return []


def _ragged(found: int, width: int) -> LineError:
    return LineError("COLUMNS", f"The line has {found} cells instead of {width}: look for a missing or stray comma.")


def is_text(raw: str) -> bool:
    """Whether all bytes were decoded and PostgreSQL can store the text."""
    if "\0" in raw:
        return False
    try:
        raw.encode()
    except UnicodeEncodeError:
        return False
    return True


class JsonLinesExport:
    """JSON Lines in UTF-8: one object of scalar values per line. Unknown fields are ignored."""

    empty_hint = ""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = open_file(path)
        self.total = path.stat().st_size
        self._columns = columns
        self.warnings: Sequence[FileWarning] = ()
        if not self._file.peek(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):  # type: ignore[attr-defined]
            self._file.close()
            raise ImportFileError(f"{path} is not JSON Lines: write one object a line, starting with {{.")
        self._text = io.TextIOWrapper(self._file, "utf-8", errors="surrogateescape", newline="\n")
        self._source = Lines(self._text, "\n")

    def lines(self) -> Iterator[Line]:
        while taken := self._source.take():
            number, raw = taken
            if raw.strip():
                yield self._line(number, raw)

    def _line(self, number: int, raw: str) -> Line:
        if not is_text(raw):
            return Line(number, raw, (), UNREADABLE)
        if len(raw) > LONGEST_LINE:
            return Line(number, raw, (), TOO_LONG)
        try:
            cells = _values(orjson.loads(raw.removeprefix("\ufeff")), self._columns)
            return Line(number, raw, cells, find_error(self._columns, cells))
        except (orjson.JSONDecodeError, TypeError):
            return Line(number, raw, (), NOT_JSON)
        except LineError as error:
            return Line(number, raw, (), error)

    def position(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._text.close()


def _written(column: str, value: object) -> str:
    """A value as text. Raises LineError for a rounded number, TypeError if it is not scalar."""
    if isinstance(value, float) and abs(value) >= EXACT:
        raise make_rounding_error(column)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value)
    raise TypeError


def _values(entry: dict[str, object], columns: Sequence[str]) -> list[str]:
    if missing := [column for column in columns if column not in entry]:
        raise LineError("JSON", f"The object lacks {', '.join(missing)}: export these fields too.")
    texts = [_written(column, entry[column]) for column in columns]
    if not all(map(is_text, texts)):
        raise UNREADABLE
    return [clean_cell(text) for text in texts]
