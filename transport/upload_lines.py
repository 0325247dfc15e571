"""Files of lines that clients upload: JSON objects, or CSV whose header has the names of their members."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import repeat

import orjson
from strawberry.utils.str_converters import to_camel_case

from casework.bulk_uploads import MOST_LINES
from languages.sentence import say
from schema.register.subject import SubjectKey
from transport.refusals import RequestError

CSV, JSON_LINES = "text/csv", ("application/jsonl", "application/x-ndjson")
LONGEST_LINE = 4_096
LONGEST_NAME = 80
"""Characters of an unknown column that a refusal repeats."""

BOM = b"\xef\xbb\xbf"
NUMBER_OF_LINES = say("A file has 1 to {most_lines:,} lines.", most_lines=MOST_LINES)


def read_lines(media_type: str, content: bytes) -> list[bytes]:
    """Return the lines of a file, CSV rows as JSON objects. Blank lines at the end are removed; other blank lines keep
    their number. Raises RequestError."""
    found = _rows(content) if media_type == CSV else content.removeprefix(BOM).rstrip().split(b"\n", MOST_LINES)
    if not any(line.strip() for line in found):
        raise RequestError(NUMBER_OF_LINES)
    if len(found) > MOST_LINES:
        raise RequestError(NUMBER_OF_LINES, status=413)
    for number, line in enumerate(found, 1):
        _check_line(number, line)
    return found


def _check_line(number: int, line: bytes) -> None:
    if len(line) > LONGEST_LINE:
        raise RequestError(
            say("Line {number} is longer than {longest_line} bytes.", number=number, longest_line=LONGEST_LINE),
            status=413,
        )
    try:
        line.decode()
    except UnicodeDecodeError:
        raise RequestError(say("Line {number} is not UTF-8.", number=number)) from None


def _rows(content: bytes) -> list[bytes]:
    """Convert CSV rows to JSON objects by the header, the first row that is not blank. Empty cells are omitted."""
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        names = _names(next(filter(_says_something, reader), []))
        return _up_to_the_last(_object(reader.line_num, names, row) for row in reader)
    except UnicodeDecodeError as error:
        raise RequestError(say("The file is not UTF-8 at byte {start}.", start=error.start)) from None
    except csv.Error as error:
        raise RequestError(
            say("Line {line_num} is no line of this CSV ({error}).", line_num=reader.line_num, error=error)
        ) from None


def _up_to_the_last(rows: Iterable[bytes]) -> list[bytes]:
    """Return the rows up to the last one that is not blank. Raises RequestError for too many."""
    found, blanks = list[bytes](), 0
    for row in rows:
        if not row:
            blanks += 1
        elif len(found) + blanks > MOST_LINES:
            raise RequestError(NUMBER_OF_LINES, status=413)
        else:
            found += [*repeat(b"", blanks), row]
            blanks = 0
    return found


def _names(cells: Sequence[str]) -> list[str]:
    """Return the column names. Empty names at the end are ignored: spreadsheets write them. Raises RequestError."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    known = [to_camel_case(one.name) for one in fields(SubjectKey)]
    for place, name in enumerate(names):
        if name in names[:place] or name not in known:
            raise RequestError(_refuse_column(name, place + 1, known))
    return names


def _refuse_column(name: str, place: int, known: Sequence[str]) -> str:
    """Return what is wrong with a name in the first line."""
    if name in known:
        return say("The first line names the column {name} more than once.", name=name)
    return say(
        "Column {place} of the first line is “{name}”. The columns are, with commas between them: {known}.",
        place=place,
        name=name[:LONGEST_NAME],
        known=known,
    )


def _says_something(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row)


def _object(number: int, names: Sequence[str], row: Sequence[str]) -> bytes:
    """Convert a row to a JSON object, a blank row to a blank line. Raises RequestError."""
    if not _says_something(row):
        return b""
    if _says_something(row[len(names) :]):
        raise RequestError(
            say("Line {number} is no line of this CSV (it has more cells than the first one).", number=number)
        )
    return orjson.dumps({name: cell for name, cell in zip(names, row, strict=False) if cell})
