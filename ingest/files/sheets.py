"""Read from the XML of a workbook what the library calamine does not report: errors and formulas without value (R24),
and the date system.
"""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple
from xml.parsers import expat

LARGEST_WORKBOOK = 2**31
"""Total size of the unpacked parts, in bytes."""

BLOCK = 1 << 20
WORKBOOK_PART = "xl/workbook.xml"
RELATIONS_PART = "xl/_rels/workbook.xml.rels"
TELLTALE = re.compile(rb"""\st=["']e["']|<(?:\w+:)?f[\s/>]""")
"""A sheet without any match contains neither errors nor formulas."""

WIDE = re.compile(rb"""\sr=["'](?:[A-Z]{2,3}[0-9]|[A-Z]?[0-9]{7})""")
"""A cell beyond column Z or row 999,999."""

OVERLAP = 32
LARGEST_TABLE = 2**26
"""Cells, including blank ones."""

CONTENT = frozenset({"v", "is", "f"})
NEWER_ERRORS = re.compile(rb"(<(?:\w+:)?v>)#(?!N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|GETTING_DATA)[^<]*(</)")
"""Errors of Excel since 2019, such as #SPILL!, which calamine rejects."""

REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,9})")
FORMULA = ""
"""Represents a formula without value."""

Place = tuple[int, int]
"""Row and column of a cell, from 0."""


class Workbook(NamedTuple):
    """`parts`: the part of each sheet by name. `counts_from_1904`: whether the date system starts in 1904."""

    parts: dict[str, str]
    counts_from_1904: bool


def read_workbook(archive: zipfile.ZipFile) -> Workbook:
    """Read sheets and date system. Raises KeyError, expat.ExpatError or zipfile.BadZipFile if it is no workbook."""
    sheets: list[tuple[str, str]] = []
    targets: dict[str, str] = {}
    flags: list[str] = []

    def workbook(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            key = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            sheets.append((attributes.get("name", ""), key))
        elif name == "workbookPr":
            flags.append(attributes.get("date1904", "0"))

    def relations(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _walk(archive, WORKBOOK_PART, workbook)
    _walk(archive, RELATIONS_PART, relations)
    parts = {name: _part(targets.get(key, "")) for name, key in sheets}
    return Workbook(parts, bool(flags) and flags[0] in ("1", "true", "on"))


def _part(target: str) -> str:
    """The name of the part of a relation's target."""
    return target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"


def find_errors(archive: zipfile.ZipFile, part: str) -> dict[Place, str]:
    """The cells of a sheet with an error, as displayed, or with a formula without value (FORMULA)."""
    if not _holds(archive, part, TELLTALE):
        return {}
    cells = _Cells()
    _walk(archive, part, cells.start, cells.end, cells.text)
    return cells.errors


def _holds(archive: zipfile.ZipFile, part: str, pattern: re.Pattern[bytes]) -> bool:
    """Whether a part contains a pattern of at most OVERLAP bytes."""
    before = b""
    with archive.open(part) as file:
        while block := file.read(BLOCK):
            if pattern.search(before + block):
                return True
            before = block[-OVERLAP:]
    return False


def find_far_cell(archive: zipfile.ZipFile, part: str) -> str | None:
    """The reference of a distant cell that makes the table of a sheet too large for memory.

    The library allocates the whole table and aborts the process if that fails.
    """
    if not _holds(archive, part, WIDE):
        return None
    extent = _Extent()
    _walk(archive, part, extent.start)
    return extent.reference if extent.rows * extent.columns > LARGEST_TABLE else None


class _Extent:
    """The extent of the cells with content."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self.reference = ""
        self._row = self._column = 0
        self._at = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 1)), 0
        elif name == "c":
            self._at = attributes.get("r", "")
            found = REFERENCE.fullmatch(self._at)
            self._column = _column(found[1]) + 1 if found else self._column + 1
            self._row = int(found[2]) if found else self._row
        elif name in CONTENT and (self._row > self.rows or self._column > self.columns):
            self.reference = self._at or f"row {self._row}"
            self.rows, self.columns = max(self._row, self.rows), max(self._column, self.columns)


class _Cells:
    """Collects the errors of a sheet. A cell without reference follows the previous one."""

    def __init__(self) -> None:
        self.errors: dict[Place, str] = {}
        self._row = self._column = -1
        self._type = self._value = ""
        self._formula = self._valued = self._inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
        elif name == "c":
            self._place(attributes.get("r", ""))
            self._type, self._value = attributes.get("t", ""), ""
            self._formula = self._valued = False
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._valued = self._inside = True

    def _place(self, reference: str) -> None:
        """Set the position of a cell, from its reference (AB12) or after the previous cell."""
        found = REFERENCE.fullmatch(reference)
        self._column = _column(found[1]) if found else self._column + 1
        self._row = int(found[2]) - 1 if found else self._row

    def text(self, data: str) -> None:
        if self._inside:
            self._value += data

    def end(self, name: str) -> None:
        if name == "v":
            self._inside = False
        elif name == "c":
            if self._type == "e":
                self.errors[self._row, self._column] = self._value
            elif self._formula and not self._value and not (self._type == "str" and self._valued):
                self.errors[self._row, self._column] = FORMULA


def _column(letters: str) -> int:
    """The column number of letters such as AB, from 0."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _walk(
    archive: zipfile.ZipFile,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Parse a part. Element names are passed without prefix. A document type declaration is an error."""
    parser: Any = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text:
        parser.CharacterDataHandler = text
    with archive.open(part) as file:
        parser.ParseFile(file)


def _refuse_declaration(*_: object) -> None:
    raise expat.ExpatError("document type declaration")


def check_size(archive: zipfile.ZipFile) -> bool:
    """Whether the unpacked parts fit into memory."""
    return sum(entry.file_size for entry in archive.infolist()) <= LARGEST_WORKBOOK


def without_newer_errors(archive: zipfile.ZipFile) -> io.BytesIO:
    """A copy with newer errors replaced by #VALUE! for calamine. `find_errors` reports the original ones."""
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as written:
        for entry in archive.infolist():
            content = archive.read(entry)
            if entry.filename.startswith("xl/worksheets/"):
                content = NEWER_ERRORS.sub(rb"\1#VALUE!\2", content)
            written.writestr(entry.filename, content)
    copy.seek(0)
    return copy
