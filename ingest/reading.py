"""Court exports as lines of cells: CSV in the encodings that courts use, and JSON Lines. `workbook` reads XLSX.

Streaming: memory does not grow with the file. A line that cannot be read carries its error; only a file that cannot
be read as a whole raises.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import orjson

from ingest.report import ImportFileError, LineError

ENCODINGS = ("utf-8-sig", "gb18030")
LONGEST_LINE = 65536
"""Bytes of a header, and characters of a line. No line of an export comes near it."""

WORKBOOK = b"PK\x03\x04"
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as .xlsx",
    b"\xff\xfe": "UTF-16 text: save it as CSV in UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as CSV in UTF-8",
    b"%PDF": "a PDF document: export the table as CSV",
    b"\x1f\x8b": "compressed: unpack it",
}

UNREADABLE = LineError("ENCODING", "The line holds bytes that are no text: export the file again as UTF-8.")
TOO_LONG = LineError("COLUMNS", "The line is longer than any line of an export: look for a missing line break.")
UNQUOTED = LineError("COLUMNS", "A quotation mark is not closed in this line: write each record on one line.")
NOT_JSON = LineError("JSON", "The line is no JSON object of plain values: export one object a line.")


class Line(NamedTuple):
    """One record: its line number in the file, its text, and its cells in the order of the columns, or its error."""

    number: int
    raw: str
    cells: Sequence[str]
    error: LineError | None = None


class Export(Protocol):
    """An open file. `position` of `total`, in bytes, tells how far its lines have been read."""

    total: int

    def lines(self) -> Iterator[Line]:
        """All records after the header. Blank lines are none."""

    def position(self) -> int:
        """Bytes read."""

    def close(self) -> None:
        """Close the file."""


def open_file(path: Path) -> BinaryIO:
    """Open an export for reading. Raises ImportFileError if it is missing, empty or of a foreign type."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImportFileError(
            f"{path} cannot be read ({error.strerror}). Check its name and its permissions."
        ) from error
    start = file.read(4)
    file.seek(0)
    foreign = next((what for magic, what in FOREIGN.items() if start.startswith(magic)), None)
    if not start or foreign:
        file.close()
        raise ImportFileError(f"{path} is {foreign or 'empty: export it again'}.")
    return file


def check_header(path: Path, header: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Where each of `columns` stands in `header`. Raises ImportFileError naming what is missing or unknown."""
    missing = [column for column in columns if column not in header]
    unknown = [cell for cell in header if cell not in columns]
    if missing or unknown or len(set(header)) != len(header):
        parts = [
            f"{what}: {', '.join(names)[:500]}" for what, names in (("missing", missing), ("unknown", unknown)) if names
        ]
        raise ImportFileError(
            f"{path} has not the columns of this format ({'; '.join(parts) or 'a column stands twice'}). "
            f"Its first line must name: {', '.join(columns)}."
        )
    return [header.index(column) for column in columns]


class CsvExport:
    """A CSV file in UTF-8, UTF-8 with BOM or GB18030, told apart by the header; one record a line."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = open_file(path)
        self.total = path.stat().st_size
        try:
            encoding, header = _detect(self._file.readline(LONGEST_LINE), columns)
            self._order = check_header(path, header, columns)
        except ImportFileError:
            self._file.close()
            raise
        self._text = io.TextIOWrapper(self._file, encoding, errors="surrogateescape")

    def lines(self) -> Iterator[Line]:
        order, width, plain = self._order, len(self._order), self._order == sorted(self._order)
        for number, raw in enumerate(self._text, 2):
            cells = raw.split(",") if '"' not in raw else _quoted(raw)
            error = _fault(raw, cells, width)
            if error:
                if raw.strip(' \t\r\n,"'):
                    yield Line(number, raw, cells, error)
            else:
                cells = [cell.strip() for cell in cells]
                yield Line(number, raw, cells if plain else [cells[place] for place in order])

    def position(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._text.close()


def _detect(header: bytes, columns: Sequence[str]) -> tuple[str, list[str]]:
    """The encoding under which the header names most columns, and the header's cells."""
    found = []
    for encoding in ENCODINGS:
        cells = [cell.strip() for cell in _quoted(header.decode(encoding, errors="replace"))]
        found.append((len(set(cells) & set(columns)), encoding, cells))
    _, encoding, cells = max(found, key=lambda candidate: candidate[0])
    return encoding, cells


def _quoted(raw: str) -> list[str]:
    """The cells of a line with quotation marks; none if one is not closed."""
    try:
        return next(csv.reader([raw.rstrip("\r\n")], strict=True), [])
    except csv.Error:
        return []


def _fault(raw: str, cells: list[str], width: int) -> LineError | None:
    if not is_text(raw):
        return UNREADABLE
    if len(cells) == width and len(raw) <= LONGEST_LINE:
        return None
    if len(raw) > LONGEST_LINE:
        return TOO_LONG
    return _ragged(len(cells), width) if cells else UNQUOTED


def _ragged(found: int, width: int) -> LineError:
    return LineError("COLUMNS", f"The line has {found} cells instead of {width}: look for a missing or stray comma.")


def is_text(raw: str) -> bool:
    """Whether every byte was decoded, and PostgreSQL can hold the text."""
    if "\0" in raw:
        return False
    try:
        raw.encode()
    except UnicodeEncodeError:
        return False
    return True


class JsonLinesExport:
    """JSON Lines in UTF-8: one object of plain values a line. Fields that the format does not use are passed over."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = open_file(path)
        self.total = path.stat().st_size
        self._columns = columns
        if not self._file.peek(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):  # type: ignore[attr-defined]
            self._file.close()
            raise ImportFileError(f"{path} is not JSON Lines: write one object a line, starting with {{.")

    def lines(self) -> Iterator[Line]:
        for number, content in enumerate(self._file, 1):
            if content.strip():
                yield self._line(number, content.removeprefix(b"\xef\xbb\xbf"))

    def _line(self, number: int, content: bytes) -> Line:
        raw = content.decode(errors="surrogateescape")
        if not is_text(raw):
            return Line(number, raw, (), UNREADABLE)
        try:
            return Line(number, raw, _values(orjson.loads(content), self._columns))
        except (orjson.JSONDecodeError, TypeError):
            return Line(number, raw, (), NOT_JSON)
        except LineError as error:
            return Line(number, raw, (), error)

    def position(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def _values(entry: dict[str, object], columns: Sequence[str]) -> list[str]:
    if missing := [column for column in columns if column not in entry]:
        raise LineError("JSON", f"The object lacks {', '.join(missing)}: export these fields too.")
    values = [entry[column] for column in columns]
    if not all(value is None or isinstance(value, str | int) for value in values):
        raise TypeError
    cells = ["" if value is None else str(value).strip() for value in values]
    if not all(map(is_text, cells)):
        raise UNREADABLE
    return cells
