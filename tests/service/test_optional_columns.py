"""Columns that a file may have: read wherever they stand, blank where they are not there, and never warned of."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
from workbooks import sheet, write_workbook

from ingest.files.text_files import CsvExport, Export
from ingest.files.workbook import WorkbookExport

COLUMNS, OPTIONAL = ("案号", "出具日期"), ("撤销日期", "备考")
FILES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "none": (["案号", "出具日期"], ["甲", "2021-03-04"], ["甲", "2021-03-04", "", ""]),
    "the last": (["案号", "出具日期", "备考"], ["甲", "2021-03-04", "乙"], ["甲", "2021-03-04", "", "乙"]),
    "all, before the others": (
        ["备考", "撤销日期", "案号", "出具日期"],
        ["乙", "2021-05-06", "甲", "2021-03-04"],
        ["甲", "2021-03-04", "2021-05-06", "乙"],
    ),
    "one, after a number": (
        ["序号", "案号", "出具日期", "撤销日期"],
        ["1", "甲", "2021-03-04", "2021-05-06"],
        ["甲", "2021-03-04", "2021-05-06", ""],
    ),
}


def opened(path: Path, rows: Sequence[Sequence[str]], kind: str) -> Export:
    if kind == "xlsx":
        write_workbook(path, {"表": sheet(rows)})
        return WorkbookExport(path, COLUMNS, OPTIONAL)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return CsvExport(path, COLUMNS, OPTIONAL)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("which", FILES)
def test_optional_columns(tmp_path: Path, kind: str, which: str) -> None:
    header, row, cells = FILES[which]
    export = opened(tmp_path / f"file.{kind}", [header, row], kind)
    try:
        assert [(list(line.cells), line.error) for line in export.lines()] == [(cells, None)]
        assert [warning.words for warning in export.warnings] == ([("序号",)] if "序号" in header else [])
    finally:
        export.close()
