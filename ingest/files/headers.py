"""Find the header row of a table and the positions of its columns."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.report import ImportFileError
from models.names import tidy

HEADER_ROWS = 20
"""The header must be among this many rows."""

NAMED = 500
"""Characters of names that an error message repeats."""


ABSENT = -1
"""The position of a missing optional column."""


class FileWarning(NamedTuple):
    """A warning about the file as a whole. words: the column names that it is about."""

    code: str
    sentence: str
    words: tuple[str, ...] = ()


class Header(NamedTuple):
    """The header of a file. names: all headings. order: the position of each column of the format, or ABSENT."""

    names: list[str]
    order: list[int]

    @property
    def extra(self) -> list[int]:
        """Positions of columns that the format does not have."""
        return [place for place, name in enumerate(self.names) if name and place not in self.order]

    @property
    def blank(self) -> list[int]:
        """Positions without heading."""
        return [place for place, name in enumerate(self.names) if not name]

    @property
    def leading(self) -> int:
        """The number of unknown columns, such as 序号, if all precede those of the format; else 0."""
        extra = self.extra
        return len(extra) if extra and max(extra) < min(place for place in self.order if place != ABSENT) else 0

    def is_repeated(self, cells: Iterable[str]) -> bool:
        """Whether a row repeats the header, as in exports of several pages."""
        return [normalize_heading(cell) for cell in cells][: len(self.names)] == self.names

    def warnings(self) -> list[FileWarning]:
        extra = tuple(self.names[place] for place in self.extra)
        names = "、".join(extra)[:NAMED]
        sentence = f"The file has columns that this format does not know, and which were passed over: {names}."
        return [FileWarning("COLUMN", sentence, extra)] if names else []


def normalize_heading(cell: str) -> str:
    """Normalize a heading: without blanks, quotation marks and the asterisk of required columns."""
    return "".join(tidy(unicodedata.normalize("NFKC", cell)).split()).strip("\"'*:")


def count_known(cells: Iterable[str], columns: Sequence[str]) -> int:
    """The number of `columns` that a row names."""
    return len({normalize_heading(cell) for cell in cells} & set(columns))


def find_header(
    where: str, rows: Sequence[Sequence[str]], columns: Sequence[str], optional: Sequence[str] = ()
) -> tuple[int, Header]:
    """Find the header among `rows`. Returns its index and the positions of the columns.

    A row without any known column may be data and is not repeated in the error (R18). where: the file, for the error.
    Raises ImportFileError with the row and its missing and unknown columns.
    """
    known = [count_known(row, columns) for row in rows]
    place = known.index(max(known)) if any(known) else 0
    names = [normalize_heading(cell) for cell in rows[place]] if rows else []
    while names and not names[-1]:
        names.pop()
    missing = [column for column in columns if column not in names]
    wanted = (*columns, *optional)
    twice = [column for column in wanted if names.count(column) > 1]
    if missing or twice:
        unknown = [name for name in names if name and name not in wanted and any(known)]
        faults = (("missing", missing), ("unknown", unknown), ("more than once", twice))
        parts = [f"{what}: {', '.join(found)[:NAMED]}" for what, found in faults if found]
        raise ImportFileError(
            f"{where} has not the columns of this format: row {place + 1} is nearest to it ({'; '.join(parts)}). "
            f"One of its first {HEADER_ROWS} rows must name: {', '.join(columns)}."
        )
    return place, Header(names, [names.index(column) if column in names else ABSENT for column in wanted])
