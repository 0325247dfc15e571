"""Files as courts send them: encodings, workbooks, broken lines, foreign types, the rejects file."""

import csv
import json
import stat
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from import_files import LINE, line, write_csv
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.files.lines import LONGEST_LINE
from ingest.files.text_files import TOO_LONG
from ingest.formats.cases import Cases
from ingest.importing import import_file
from ingest.report import ImportFileError, Summary
from models.court_case import CourtCase
from models.keyring import Keyring

pytestmark = pytest.mark.usefixtures("shipped")


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def rejected(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_encodings(engine: AsyncEngine, exports: Path, tmp_path: Path, keyring: Keyring, encoding: str) -> None:
    path = write_csv(tmp_path / "cases.csv", rows_of(exports / "cases.csv"), encoding=encoding)
    summary = await import_file(engine, "cases", path, keyring=keyring)
    assert (summary.accepted, summary.duplicates, summary.rejected.total()) == (708, 11, 24)


async def test_workbook(engine: AsyncEngine, exports: Path, tmp_path: Path, keyring: Keyring) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(list(Cases.columns))
    for row in rows_of(exports / "cases.csv"):
        book.active.append(row)
    book.save(tmp_path / "cases.xlsx")
    told: list[tuple[int, int, int]] = []
    summary = await import_file(
        engine, "cases", tmp_path / "cases.xlsx", keyring=keyring, progress=lambda *at: told.append(at)
    )
    assert (summary.accepted, summary.duplicates, summary.rejected.total()) == (708, 11, 24)
    assert told[-1][0] == told[-1][1]


async def test_workbook_cells_that_are_no_text(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(list(Cases.columns))
    book.active.append([])
    for number in (330281030212255, 330281190302122552):
        book.active.append([*list(LINE.values())[:3], date(2021, 6, 12), 20210910, *list(LINE.values())[5:9], number])
    book.save(tmp_path / "cases.xlsx")
    rejects = tmp_path / "rejects.csv"
    summary = await import_file(engine, "cases", tmp_path / "cases.xlsx", keyring=keyring, rejects=rejects)
    assert (summary.lines, summary.accepted, summary.rejected) == (2, 1, {"ID_NUMBER": 1})
    assert rejected(rejects)[0][:2] == ["4", "ID_NUMBER"]


async def test_workbook_with_errors_days_and_a_title(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    book.create_sheet("说明", 0)["A1"] = "填表说明"
    sheet.append(["余姚法院2021年案件当事人清单"])
    sheet.append(list(Cases.columns))
    sheet.append([*list(LINE.values())[:3], 44260, datetime(2021, 6, 10, 15, 30), *list(LINE.values())[5:]])  # noqa: DTZ001
    for column in ("证件号码", "姓名或名称", "不公开"):
        sheet.append(line(**{column: "#N/A"}))
    sheet.append(line(不公开='=IF(A1="","是","")'))
    book.save(tmp_path / "cases.xlsx")
    rejects = tmp_path / "rejects.csv"
    summary = await import_file(engine, "cases", tmp_path / "cases.xlsx", keyring=keyring, rejects=rejects)
    assert (summary.accepted, summary.unidentified) == (1, 0)
    assert [row[:2] for row in rejected(rejects)] == [
        ["4", "ID_NUMBER"],
        ["5", "CELL"],
        ["6", "CONFIDENTIALITY"],
        ["7", "CONFIDENTIALITY"],
    ]
    async with engine.connect() as connection:
        days = (await connection.execute(sa.select(CourtCase.filed_on, CourtCase.closed_on))).one()
    assert tuple(days) == (date(2021, 3, 5), date(2021, 6, 10))


async def test_columns_in_another_order(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    path = write_csv(tmp_path / "cases.csv", [line()[::-1]], Cases.columns[::-1])
    assert (await import_file(engine, "cases", path, keyring=keyring)).accepted == 1


BROKEN = {
    "short": (",".join(line()[:5]), "COLUMNS"),
    "long": (",".join([*line(), "", "是"]), "COLUMNS"),
    "unclosed quote": (",".join(line(姓名或名称='"魏宇华')), "COLUMNS"),
    "stray quote": (",".join(line(姓名或名称='"魏"宇华')), "COLUMNS"),
    "overlong": (",".join(line(姓名或名称="王" * 70_000)), "COLUMNS"),
    "null character": (",".join(line(姓名或名称="魏\0宇华")), "ENCODING"),
    "bytes": (",".join(line(姓名或名称="魏\udcff\udcfe宇华")), "ENCODING"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_line_stops_nothing(engine: AsyncEngine, tmp_path: Path, keyring: Keyring, name: str) -> None:
    text, reason = BROKEN[name]
    lines = [",".join(Cases.columns), text, "", ",,,,,,,,,,,", ",".join(line())]
    path, rejects = tmp_path / "cases.csv", tmp_path / "rejects.csv"
    path.write_bytes("\r\n".join(lines).encode(errors="surrogateescape"))
    summary = await import_file(engine, "cases", path, keyring=keyring, rejects=rejects)
    assert (summary.accepted, summary.rejected[reason]) == (1, 1)
    number, code, sentence, raw = rejected(rejects)[0]
    shown = text[: LONGEST_LINE + 1].replace("33028119030702306X", "330281********306X")
    assert (number, code, raw) == ("2", reason, shown)
    assert sentence.endswith(".")


@pytest.mark.parametrize("number", ["330281190307023061", "33028119030702", "3302811903070230611", "E12345678X"])
async def test_no_number_stands_in_the_rejects_file(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring, number: str
) -> None:
    """A wrong number is nearly somebody's (R18)."""
    path, rejects = write_csv(tmp_path / "cases.csv", [line(证件号码=number)]), tmp_path / "rejects.csv"
    summary = await import_file(engine, "cases", path, keyring=keyring, rejects=rejects)
    assert summary.rejected["ID_NUMBER"] == 1
    assert number not in rejects.read_text()
    assert number[4:-4] not in rejects.read_text()


async def test_no_cell_of_the_rejects_file_is_a_formula(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    """A spreadsheet would run it; imported again, the line is rejected for the same reason."""
    cells = line(案号="=cmd|' /C calc'!A0", 姓名或名称="@SUM(A1:A9)", 案由="+86")
    path, rejects = write_csv(tmp_path / "cases.csv", [cells]), tmp_path / "rejects.csv"
    await import_file(engine, "cases", path, keyring=keyring, rejects=rejects)
    ((number, code, sentence, raw),) = rejected(rejects)
    assert not any(cell.lstrip(' "').startswith(("=", "+", "-", "@")) for cell in (sentence, *raw.split(",")))
    again = tmp_path / "again.csv"
    again.write_text("\n".join([",".join(Cases.columns), raw]))
    await import_file(engine, "cases", again, keyring=keyring, rejects=rejects)
    assert rejected(rejects)[0][:3] == [number, code, sentence]


async def test_quoted_cells(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "cases.csv"
    quoted = ",".join(f'"{cell}"' for cell in line(案由="买卖,合同纠纷"))
    path.write_text("\n".join([",".join(Cases.columns), quoted]))
    assert (await import_file(engine, "cases", path, keyring=keyring)).accepted == 1


async def test_gb18030_with_a_broken_byte(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    path = write_csv(tmp_path / "cases.csv", [line(), line(诉讼地位="被告")], encoding="gb18030")
    path.write_bytes(path.read_bytes().replace("原告".encode("gb18030"), b"\xff\xff", 1))
    summary = await import_file(engine, "cases", path, keyring=keyring)
    assert (summary.accepted, summary.rejected) == (1, {"ENCODING": 1})


async def test_json_lines_that_are_none(engine: AsyncEngine, exports: Path, tmp_path: Path, keyring: Keyring) -> None:
    good = (exports / "shixin.jsonl").read_text().splitlines()
    lacking = {name: value for name, value in json.loads(good[0]).items() if name != "caseCode"}
    lines = [good[0], "{", "[1]", json.dumps(lacking), "", '{"iname": "\udcff"}', good[0]]
    path = tmp_path / "shixin.jsonl"
    path.write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    summary = await import_file(engine, "shixin", path, keyring=keyring)
    assert (summary.lines, summary.accepted, summary.duplicates) == (6, 1, 1)
    assert summary.rejected == {"JSON": 3, "ENCODING": 1}


NAMED_COLUMNS = {
    "立案日期": ("", "The column 立案日期 is empty: write a day, such as 2021-03-05, 20210305 or 2021年3月5日."),
    "结案日期": ("2021-06-31", "结案日期: There is no such day in the calendar: correct the date."),
    "案由": ("纠" * 201, "案由: The text is longer than 200 characters: shorten it."),
    "经办法院": (
        "莫须有法院",
        "经办法院: The court is unknown: write its full name, or add it with suxin court add, or its name with suxin "
        "vocabulary load courts.csv.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("column", NAMED_COLUMNS)
async def test_a_reason_names_its_column(engine: AsyncEngine, tmp_path: Path, keyring: Keyring, column: str) -> None:
    cell, sentence = NAMED_COLUMNS[column]
    path, rejects = write_csv(tmp_path / "cases.csv", [line(**{column: cell})]), tmp_path / "rejects.csv"
    await import_file(engine, "cases", path, keyring=keyring, rejects=rejects)
    ((number, _, told, _),) = rejected(rejects)
    assert (number, told) == ("2", sentence)


async def test_a_merged_cell_is_told_as_empty(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    """Courts merge 案号 over the parties of a case. The second row has no value of its own, and is not given one."""
    book, rejects = openpyxl.Workbook(), tmp_path / "rejects.csv"
    assert book.active is not None
    for row in (Cases.columns, line(), line(诉讼地位="被告", 姓名或名称="钟斌")):
        book.active.append(list(row))
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "cases.xlsx")
    summary = await import_file(engine, "cases", tmp_path / "cases.xlsx", keyring=keyring, rejects=rejects)
    assert (summary.accepted, summary.rejected) == (1, {"CASE_NUMBER": 1})
    assert [row[:3] for row in rejected(rejects)] == [
        [
            "3",
            "CASE_NUMBER",
            "The column 案号 is empty: write a case number. Merged cells have a value in their first row only: "
            "write it in each row.",
        ]
    ]


TRAILER = [["合计", *[""] * 10, "1"], ["", "总 计"], ["填表人：张三", "", "审核人：李四"], ["制表日期：2026年5月31日"]]


@pytest.mark.parametrize("name", ["cases.csv", "cases.xlsx"])
async def test_totals_and_signatures_are_no_records(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring, name: str
) -> None:
    rows = [line(), *[[*row, *[""] * (12 - len(row))] for row in TRAILER]]
    path = write_csv(tmp_path / name, rows)
    if name.endswith("xlsx"):
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in [list(Cases.columns), *rows]:
            book.active.append(row)
        book.save(path)
    summary = await import_file(engine, "cases", path, keyring=keyring)
    assert (summary.lines, summary.accepted, summary.rejected.total()) == (1, 1, 0)
    assert summary.notices == ["Lines at the end that are totals or signatures were passed over: 3, 4, 5, 6."]


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        ([["小计", *[""] * 11], line()], {"CASE_NUMBER": 1}),
        ([line(案号="合计")], {"CASE_NUMBER": 1}),
        ([line(案号="合计", 证件号码="3302811")], {"CASE_NUMBER": 1}),
        ([["合计资产管理有限公司", *[""] * 11]], {"CASE_NUMBER": 1}),
        ([["合计", "(2021)浙0281民初202号", *[""] * 10]], {"CASE_NUMBER": 1}),
    ],
)
async def test_what_may_be_a_record_is_not_passed_over(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring, rows: list[list[str]], reasons: dict[str, int]
) -> None:
    summary = await import_file(engine, "cases", write_csv(tmp_path / "cases.csv", rows), keyring=keyring)
    assert (summary.rejected, summary.notices) == (reasons, [])


async def test_a_line_of_json_is_no_longer_than_a_line_of_csv(
    engine: AsyncEngine, exports: Path, tmp_path: Path, keyring: Keyring
) -> None:
    good = json.loads((exports / "shixin.jsonl").read_text().splitlines()[0])
    long = json.dumps(good | {"padding": "长" * LONGEST_LINE}, ensure_ascii=False)
    path, rejects = tmp_path / "shixin.jsonl", tmp_path / "rejects.csv"
    path.write_text("\n".join([long, json.dumps(good)]), encoding="utf-8-sig")
    summary = await import_file(engine, "shixin", path, keyring=keyring, rejects=rejects)
    assert (summary.lines, summary.accepted) == (2, 1)
    ((number, code, sentence, raw),) = rejected(rejects)
    assert (number, code, sentence) == ("1", "COLUMNS", str(TOO_LONG))
    assert len(raw) <= LONGEST_LINE + 1


FOREIGN = {
    "empty": b"",
    "old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "broken workbook": b"PK\x03\x04nothing",
    "UTF-16": "案号".encode("utf-16"),
    "PDF": b"%PDF-1.7",
    "other columns": "案号,经办法院,标的额\n".encode(),
    "a column twice": ",".join([*Cases.columns, "案号"]).encode(),
    "binary": bytes(range(256)),
    "web page": b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table></table></html>",
    "XML table": b"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook/>",
    "workbook with a password": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptionInfo".encode("utf-16-le"),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("format", ["cases", "shixin"])
async def test_foreign_file(engine: AsyncEngine, tmp_path: Path, keyring: Keyring, name: str, format: str) -> None:
    path = tmp_path / "export"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(ImportFileError, match=r"export .*\."):
        await import_file(engine, format, path, keyring=keyring)


async def test_header_error_names_the_columns(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "cases.csv"
    path.write_bytes(FOREIGN["other columns"])
    with pytest.raises(ImportFileError, match=r"missing: 案由, .*不公开; unknown: 标的额"):
        await import_file(engine, "cases", path, keyring=keyring)


async def test_missing_file_and_unknown_court(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    with pytest.raises(ImportFileError, match="cannot be read"):
        await import_file(engine, "cases", tmp_path / "none.csv", keyring=keyring)
    path = write_csv(tmp_path / "cases.csv", [line()])
    with pytest.raises(ImportFileError, match="--court"):
        await import_file(engine, "cases", path, keyring=keyring, court="京01")
    with pytest.raises(ImportFileError, match="rejects file"):
        await import_file(engine, "cases", path, keyring=keyring, rejects=tmp_path / "none" / "rejects.csv")


async def test_rejects_are_for_their_owner_only(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    rejects = tmp_path / "rejects.csv"
    rejects.write_text("older")
    rejects.chmod(0o644)
    path = write_csv(tmp_path / "cases.csv", [line(诉讼地位="旁听")])
    summary: Summary = await import_file(engine, "cases", path, keyring=keyring, rejects=rejects)
    assert summary.rejected == {"ROLE": 1}
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert [row[:2] for row in rejected(rejects)] == [["2", "ROLE"]]


async def test_no_rejects_no_file(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    rejects = tmp_path / "rejects.csv"
    rejects.write_text("of an earlier run")
    await import_file(engine, "cases", write_csv(tmp_path / "cases.csv", [line()]), keyring=keyring, rejects=rejects)
    assert not rejects.exists()
