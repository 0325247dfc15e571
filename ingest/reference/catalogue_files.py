"""Read and check a folder of catalogue files, and report every mistake (R1, R6, R12)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from casework.terms import UNRECORDED
from ingest.files.tables import Problem, TableRow, read_table
from ingest.reference.catalogue_tables import (
    BEHAVIOURS,
    CODE_TYPES,
    GRADING_RULES,
    MORAL_BANK_ITEMS,
    TABLES,
    CatalogueTable,
    Values,
)
from models.catalogue import Colour, Stage
from models.certificate import GOLD_TYPE
from models.sanction import RED_TYPES

CASE_TYPE_COLUMNS = ("code", "name_zh", "characters", "stage")
CHARACTERS = re.compile(r"[\u4e00-\u9fa5]{1,6}")
CONVICTION_TYPES = ("R01", "R04")

NEEDED_TYPES = {
    **dict.fromkeys((*RED_TYPES.values(), *CONVICTION_TYPES), Colour.RED),
    **dict.fromkeys(("Y01", *UNRECORDED), Colour.YELLOW),
    "B01": Colour.BLUE,
    GOLD_TYPE: Colour.GOLD,
}
"""Code types that the service itself assigns, with their colours. Every edition must have them."""

NEEDED_ITEMS = tuple(f"MB{n}" for n in (1, 2)) + tuple(
    f"{kind}{n}" for kind, most in (("MD", 4), ("MV", 3), ("MR", 5)) for n in range(1, most + 1)
)
"""Items into which the service converts (DOMAIN 5). Every edition must have them."""


class Entry(NamedTuple):
    """An entry of a table, with its line; 0 if it is taken from the previous edition."""

    line: int
    values: Values


Entries = dict[str, Entry]
"""Entries by code."""


class CatalogueFolder(NamedTuple):
    """Entries by table, case types, and mistakes."""

    tables: Mapping[str, Entries]
    case_types: Sequence[TableRow]
    problems: list[Problem]


def read_folder(folder: Path) -> CatalogueFolder:
    """Read the catalogue files in a folder, and check each record by itself. `check_edition` checks the whole."""
    found, problems = {}, []
    for table in TABLES:
        path = folder / f"{table.file}.csv"
        if path.exists():
            rows, faults = read_table(path, table.names)
            found[table.file] = entries = _entries(table, rows, faults)
            if not entries and not faults:
                faults.append(Problem(path.name, 0, "", "It has no records: write them, or leave the file out."))
            problems += faults
    case_types, faults = _case_types(folder / "case_types.csv")
    problems += faults
    if not found and not case_types and not problems:
        files = ", ".join(f"{name}.csv" for name in (*(table.file for table in TABLES), "case_types"))
        problems.append(Problem(str(folder), 0, "", f"It has none of {files}: name the folder that has them."))
    return CatalogueFolder(found, case_types, problems)


def _entries(table: CatalogueTable, rows: Sequence[TableRow], problems: list[Problem]) -> Entries:
    file, found = f"{table.file}.csv", Entries()
    for row in rows:
        values, faults = _read(table, row)
        if not faults:
            faults = list(table.faults(values))
        known = found.setdefault(row.cells["code"], Entry(row.line, values))
        if known.line != row.line:
            faults.append(("code", f"The code stands in line {known.line} already: give each entry its own."))
        problems += [Problem(file, row.line, column, sentence) for column, sentence in faults]
    return found


def _read(table: CatalogueTable, row: TableRow) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    values, faults = {}, []
    for column in table.columns:
        try:
            values[column.attribute] = column.read(row.cells[column.name])
        except ValueError as error:
            faults.append((column.name, str(error)))
    return values, faults


def _case_types(path: Path) -> tuple[Sequence[TableRow], list[Problem]]:
    if not path.exists():
        return (), []
    rows, problems = read_table(path, CASE_TYPE_COLUMNS)
    for row in rows:
        if not CHARACTERS.fullmatch(row.cells["characters"]):
            problems.append(Problem(path.name, row.line, "characters", "Write 1 to 6 Han characters, such as 民初."))
        if not row.cells["name_zh"]:
            problems.append(Problem(path.name, row.line, "name_zh", "It is missing: write it."))
        if row.cells["stage"] not in set(Stage):
            problems.append(Problem(path.name, row.line, "stage", f"Write one of {', '.join(Stage)}."))
    return rows, problems


def check_edition(tables: Mapping[str, Entries]) -> Iterator[Problem]:
    """Check an edition as a whole, including entries of the previous edition."""
    types = tables[CODE_TYPES.file]
    for code, entry in tables[BEHAVIOURS.file].items():
        wanted = entry.values["code_type"]
        if wanted and wanted not in types:
            sentence = f"{code} gives code type {wanted}, which {CODE_TYPES.file}.csv lacks: enter it there."
            yield Problem(_named(BEHAVIOURS, entry), entry.line, "code_type", sentence)
        elif wanted and types[wanted].values["colour"] is not Colour.YELLOW:
            sentence = f"{wanted} is not yellow, and a behaviour makes no more than yellow (R12): name another."
            yield Problem(_named(BEHAVIOURS, entry), entry.line, "code_type", sentence)
    yield from _needed_types(types)
    for code in NEEDED_ITEMS:
        if code not in tables[MORAL_BANK_ITEMS.file]:
            yield Problem(
                f"{MORAL_BANK_ITEMS.file}.csv", 0, "code", f"{code} is missing, which points rest on: enter it."
            )
    yield from _repeated_rules(tables[GRADING_RULES.file])


def _needed_types(types: Entries) -> Iterator[Problem]:
    for code, colour in NEEDED_TYPES.items():
        if code not in types:
            sentence = f"{code} is missing, which the service itself gives: enter it with colour {colour}."
            yield Problem(f"{CODE_TYPES.file}.csv", 0, "code", sentence)
        elif types[code].values["colour"] is not colour:
            yield Problem(
                _named(CODE_TYPES, types[code]), types[code].line, "colour", f"{code} is {colour}: write that."
            )


def _repeated_rules(rules: Entries) -> Iterator[Problem]:
    first: dict[tuple[str, str], str] = {}
    for code, entry in rules.items():
        known = first.setdefault((entry.values["source"], entry.values["value"]), code)
        if known != code:
            sentence = f"{known} looks at the same: keep one rule for each source and value."
            yield Problem(_named(GRADING_RULES, entry), entry.line, "value", sentence)


def _named(table: CatalogueTable, entry: Entry) -> str:
    return f"{table.file}.csv" if entry.line else f"{table.file}.csv (carried over)"
