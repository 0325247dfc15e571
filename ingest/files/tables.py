"""Read reference tables from CSV files that people edit, and report every mistake with file, line and column."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ingest.files.layout import ENCODINGS
from ingest.report import ImportFileError

LARGEST_TABLE = 4 * 2**20
"""In bytes."""

FOREIGN = {
    b"PK\x03\x04": "an Excel workbook: save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV UTF-8",
    b"\xff\xfe": "UTF-16 text: save it as CSV UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as CSV UTF-8",
}


class Problem(NamedTuple):
    """A mistake in a table. `line` 0 and `column` "" denote the file as a whole."""

    file: str
    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.column}: {self.sentence}" if self.column else f"{place}: {self.sentence}"


class TableError(ImportFileError):
    """A table with mistakes, listed in `problems`. Nothing was loaded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class TableRow(NamedTuple):
    """A record: its first line number, and its cells by column."""

    line: int
    cells: dict[str, str]


def read_table(
    path: Path, columns: Sequence[str], optional: Sequence[str] = ()
) -> tuple[list[TableRow], list[Problem]]:
    """Read a CSV file with these columns in any order. Returns its records and mistakes.

    UTF-8, UTF-8 with BOM or GB18030. A `sep=` line, blank lines and trailing blank columns are ignored. `optional`
    columns are "" if missing.
    """
    try:
        text = _text(path)
    except ImportFileError as error:
        return [], [Problem(path.name, 0, "", str(error))]
    records = _records(text)
    try:
        line, header = next(records, (1, []))
        problems = [Problem(path.name, line, "", sentence) for sentence in _faults(header, columns, optional)]
        return ([], problems) if problems else _rows(path.name, header, records, optional)
    except csv.Error:
        return [], [Problem(path.name, 0, "", "A quotation mark is not closed or stands alone: look for it.")]


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImportFileError(f"It cannot be read ({error.strerror}): check its name and its permissions.") from error
    foreign = next((what for magic, what in FOREIGN.items() if content.startswith(magic)), None)
    if foreign or not content.strip():
        raise ImportFileError(f"It is {foreign or 'empty: write the header and the records'}.")
    if len(content) > LARGEST_TABLE or b"\0" in content:
        raise ImportFileError("It is no table that people edit: save it as CSV UTF-8.")
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportFileError("It holds bytes that are no text: save it as CSV UTF-8.")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records with their first line number, without blank ones; cells are stripped and trailing blank cells removed."""
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    before = 0
    for record in reader:
        first, before = before + 1, reader.line_num
        cells = [" ".join(cell.split()) for cell in record]
        while cells and not cells[-1]:
            cells.pop()
        if cells and not (first == 1 and cells[0].lower().startswith("sep=")):
            yield first, cells


def _faults(header: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> list[str]:
    missing = [column for column in columns if column not in header and column not in optional]
    unknown = [cell or "(blank)" for cell in header if cell not in columns]
    twice = sorted({cell for cell in header if header.count(cell) > 1})
    faults = (("lacks", missing), ("does not know", unknown), ("names twice", twice))
    return [
        f"The header {what} {', '.join(names)[:200]}: write {','.join(columns)}." for what, names in faults if names
    ]


def _rows(
    file: str, header: Sequence[str], records: Iterator[tuple[int, list[str]]], optional: Sequence[str]
) -> tuple[list[TableRow], list[Problem]]:
    rows, problems = [], []
    for line, cells in records:
        if len(cells) > len(header):
            sentence = f"The record has {len(cells)} cells and the header {len(header)}: quote cells that hold commas."
            problems.append(Problem(file, line, "", sentence))
            continue
        padded = [*cells, *[""] * (len(header) - len(cells))]
        rows.append(TableRow(line, dict.fromkeys(optional, "") | dict(zip(header, padded, strict=True))))
    return rows, problems
