"""The header of a table: found below titles, its columns in any order, and what else stands in it named."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.report import ImportFileError
from models.names import tidy

HEADER_ROWS = 20
"""Rows among which the header is looked for."""

NAMED = 500
"""Characters of names that an error repeats."""


ABSENT = -1
"""The place of an optional column that is not there."""


class FileWarning(NamedTuple):
    """Something about the file as a whole that the court should look at; the lines are read all the same.

    words: the court's own words that it is about.
    """

    code: str
    sentence: str
    words: tuple[str, ...] = ()


class Header(NamedTuple):
    """Where the columns of a format stand.

    names: all headings. order: the places of the format's columns; ABSENT for an optional one that the file lacks.
    """

    names: list[str]
    order: list[int]

    @property
    def extra(self) -> list[int]:
        """Places of columns that the format does not know."""
        return [place for place, name in enumerate(self.names) if name and place not in self.order]

    @property
    def blank(self) -> list[int]:
        """Places without a heading."""
        return [place for place, name in enumerate(self.names) if not name]

    @property
    def leading(self) -> int:
        """How many unknown columns there are, if all stand before the format's own, such as 序号; else 0."""
        extra = self.extra
        return len(extra) if extra and max(extra) < min(place for place in self.order if place != ABSENT) else 0

    def warnings(self) -> list[FileWarning]:
        """That the unknown columns are passed over."""
        extra = tuple(self.names[place] for place in self.extra)
        names = "、".join(extra)[:NAMED]
        sentence = f"The file has columns that this format does not know, and which were passed over: {names}."
        return [FileWarning("COLUMN", sentence, extra)] if names else []


def heading(cell: str) -> str:
    """A heading as it is compared: without blanks, quotation marks and the star of an obligatory column."""
    return "".join(tidy(unicodedata.normalize("NFKC", cell)).split()).strip("\"'*:")


def count_known(cells: Iterable[str], columns: Sequence[str]) -> int:
    """How many of `columns` a row names."""
    return len({heading(cell) for cell in cells} & set(columns))


def find_header(
    where: str, rows: Sequence[Sequence[str]], columns: Sequence[str], optional: Sequence[str] = ()
) -> tuple[int, Header]:
    """The place among `rows` of the row that names the columns, and what stands where.

    A row that names none of them may be a line of data, and is not repeated (R18).
    where: the file, for the error. Raises ImportFileError naming the row, and what is missing and unknown in it.
    """
    known = [count_known(row, columns) for row in rows]
    place = known.index(max(known)) if any(known) else 0
    names = [heading(cell) for cell in rows[place]] if rows else []
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
