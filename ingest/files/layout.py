"""Detect the encoding, line ending and delimiter of a CSV file by its header."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ingest.files.headers import HEADER_ROWS, Header, count_known, find_header

ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = ",;\t|，"
SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
"""The line before the header that tells Excel the delimiter."""


class Layout(NamedTuple):
    """The layout of a CSV file. `skipped`: number of lines up to the header."""

    encoding: str
    ending: str
    delimiter: str
    skipped: int
    header: Header


def read_layout(path: Path, start: bytes, columns: Sequence[str], optional: Sequence[str] = ()) -> Layout:
    """The encoding and delimiter with which a row at the start of the file names the most columns.

    start: the first bytes of the file. Raises ImportFileError if no row names all columns.
    """
    ending = "\n" if b"\n" in start else "\r" if b"\r" in start else "\n"
    found = []
    for encoding in ENCODINGS:
        text = start.decode(encoding, errors="replace")
        named = SEPARATOR_LINE.match(text)
        for delimiter in named[1] if named else DELIMITERS:
            rows, numbers = _first_rows(text, ending, delimiter)
            known = max((count_known(row, columns) for row in rows), default=0)
            found.append((known, encoding, delimiter, rows, numbers))
    _, encoding, delimiter, rows, numbers = max(found, key=lambda candidate: candidate[0])
    place, header = find_header(str(path), rows, columns, optional)
    return Layout(encoding, ending, delimiter, numbers[place], header)


def _first_rows(text: str, ending: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The first rows of a file, and the line number at which each ends."""
    reader = csv.reader((f"{line}\n" for line in text.split(ending)), delimiter=delimiter, skipinitialspace=True)
    rows: list[list[str]] = []
    numbers: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            numbers.append(reader.line_num)
            if len(rows) == HEADER_ROWS:
                break
    except csv.Error:
        pass
    return rows, numbers
