"""Workbooks as people save them: errors, titles, other sheets, dates as numbers, writers of all kinds."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_files import LINE
from workbooks import MAIN, Cell, sheet, write_workbook

from ingest.files.text_files import Line
from ingest.files.workbook import WorkbookExport
from ingest.formats.cases import Cases
from ingest.report import ImportFileError
from models.dates import parse_date

HEADER: list[Cell] = list(Cases.columns)
NUMBER, PRIVATE, NAME, FILED = (Cases.columns.index(name) for name in ("证件号码", "不公开", "姓名或名称", "立案日期"))


def row(**changes: Cell) -> list[Cell]:
    """The cells of a line; `changes` by column."""
    return list((dict[str, Cell](LINE) | changes).values())


def read(path: Path) -> list[Line]:
    export = WorkbookExport(path, Cases.columns)
    lines = list(export.lines())
    assert export.position() == export.total
    export.close()
    return lines


def book(path: Path, *rows: list[Cell]) -> Path:
    return write_workbook(path / "cases.xlsx", {"数据": sheet([HEADER, *rows])})


ERRORS: dict[str, Cell] = {
    "#N/A": ('t="e"', "<v>#N/A</v>"),
    "#REF!": ('t="e"', "<f>#REF!+1</f><v>#REF!</v>"),
    "#DIV/0!": ('t="e"', "<v>#DIV/0!</v>"),
    "#SPILL!": ('t="e"', "<v>#SPILL!</v>"),
    "without its value": ("", "<f>VLOOKUP(1,A:B,2)</f>"),
    "a formula": ("", "<f>A1</f><v></v>"),
    "formula": ('t="str"', "<f>A1</f>"),
    "(#VALUE!)": "#VALUE!",
    "(########)": "########",
}


@pytest.mark.parametrize("shown", ERRORS)
@pytest.mark.parametrize(
    ("column", "code"),
    [("证件号码", "ID_NUMBER"), ("不公开", "CONFIDENTIALITY"), ("村社区", "CELL"), ("结案日期", "CELL")],
)
def test_an_error_is_no_blank(tmp_path: Path, shown: str, column: str, code: str) -> None:
    (line,) = read(book(tmp_path, row(**{column: ERRORS[shown]})))
    assert line.error is not None
    assert (line.number, line.error.code) == (2, code)
    assert column in str(line.error)
    assert shown in str(line.error)


@pytest.mark.parametrize("cell", [("", ""), ('t="str"', "<f>A1</f><v></v>"), ('t="str"', "<f>A1</f><v/>"), ""])
def test_a_blank_is_no_error(tmp_path: Path, cell: Cell) -> None:
    (line,) = read(book(tmp_path, row(不公开=cell)))
    assert (line.cells[PRIVATE], line.error) == ("", None)


def test_a_row_that_holds_an_error_alone_is_rejected(tmp_path: Path) -> None:
    errors: list[Cell] = [""] * len(HEADER)
    errors[NUMBER] = ERRORS["#N/A"]
    lines = read(book(tmp_path, errors, [""] * len(HEADER), row()))
    assert [(line.number, line.error and line.error.code) for line in lines] == [(2, "ID_NUMBER"), (4, None)]


def test_errors_beside_the_columns_do_not_matter(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "c.xlsx", {"数据": sheet([["备注", *HEADER], [ERRORS["#N/A"], *row()]])})
    export = WorkbookExport(path, Cases.columns)
    (line,) = export.lines()
    assert line.error is None
    assert [(warning.code, "备注" in warning.sentence) for warning in export.warnings] == [("COLUMN", True)]


@pytest.mark.parametrize(
    "cell",
    [("", "<v>330281190302122552</v>"), ("", "<v>3.30281190302122E+17</v>"), "3.30281E+17", "3.30281190302122E+17"],
)
def test_a_rounded_number_is_rejected(tmp_path: Path, cell: Cell) -> None:
    (line,) = read(book(tmp_path, row(证件号码=cell)))
    assert line.error is not None
    assert line.error.code == "ID_NUMBER"
    assert "digits are lost" in str(line.error)


@pytest.mark.parametrize("cell", [("", "<v>330281030212255</v>"), '="330281030212255"', "'330281030212255"])
def test_a_number_of_fifteen_digits_is_kept(tmp_path: Path, cell: Cell) -> None:
    (line,) = read(book(tmp_path, row(证件号码=cell)))
    assert (line.cells[NUMBER], line.error) == ("330281030212255", None)


@pytest.mark.parametrize("counts_from_1904", [False, True])
@pytest.mark.parametrize("style", ["", 's="1"'])
@pytest.mark.parametrize("fraction", ["", ".64583333334"])
def test_days_as_numbers(tmp_path: Path, counts_from_1904: bool, style: str, fraction: str) -> None:
    serial = 44260 - 1462 * counts_from_1904
    xml = sheet([HEADER, row(立案日期=(style, f"<v>{serial}{fraction}</v>"))])
    path = write_workbook(tmp_path / "c.xlsx", {"数据": xml}, counts_from_1904=counts_from_1904)
    (line,) = read(path)
    assert parse_date(line.cells[FILED]).isoformat() == "2021-03-05"


def test_header_below_titles(tmp_path: Path) -> None:
    titles: list[list[Cell]] = [["余姚法院2021年案件当事人清单"], [], ["导出时间：2022-01-01"]]
    path = write_workbook(tmp_path / "c.xlsx", {"数据": sheet([*titles, HEADER, row(), HEADER, row()])})
    assert [line.number for line in read(path)] == [5, 7]


def test_no_header_names_the_nearest_row_and_the_sheets(tmp_path: Path) -> None:
    other: list[Cell] = ["案号", "经办法院", "标的额"]
    path = write_workbook(tmp_path / "c.xlsx", {"说明": sheet([["填表说明"]]), "数据": sheet([["清单"], other])})
    with pytest.raises(
        ImportFileError, match=r"sheet 数据 \(of 说明、数据\).*row 2 .*missing: 案由, .*unknown: 标的额"
    ):
        WorkbookExport(path, Cases.columns)


def test_data_on_another_sheet(tmp_path: Path) -> None:
    sheets = {"说明": sheet([["填表说明"]]), "数据": sheet([HEADER, row()]), "副本": sheet([HEADER, row(), row()])}
    path = write_workbook(tmp_path / "c.xlsx", sheets, hidden=["副本"])
    assert len(read(path)) == 1
    with pytest.raises(ImportFileError, match=r"several sheets \(数据、副本\): keep one"):
        WorkbookExport(write_workbook(path, sheets), Cases.columns)


def test_stars_blanks_and_breaks_in_the_header(tmp_path: Path) -> None:
    header: list[Cell] = [f" *{name[:1]}\n{name[1:]}\u00a0" for name in Cases.columns]
    path = write_workbook(
        tmp_path / "c.xlsx", {"数据": sheet([[*header, "", ""], [*row(姓名或名称="\t魏\u00a0宇\n华 ")]])}
    )
    (line,) = read(path)
    assert (line.cells[NAME], line.error) == ("魏 宇 华", None)


@pytest.mark.parametrize("references", [True, False])
@pytest.mark.parametrize("prefix", ["", "x"])
@pytest.mark.parametrize("root", ["", "/xl/"])
def test_other_writers(tmp_path: Path, references: bool, prefix: str, root: str) -> None:
    error: Cell = ('t="e"', f"<{prefix}:v>#N/A</{prefix}:v>" if prefix else "<v>#N/A</v>")
    xml = sheet([HEADER, row(), row(证件号码=error)], references=references, prefix=prefix)
    lines = read(write_workbook(tmp_path / "c.xlsx", {"数据": xml}, root=root))
    assert [(line.number, line.error and line.error.code) for line in lines] == [(2, None), (3, "ID_NUMBER")]


def test_a_table_that_begins_elsewhere(tmp_path: Path) -> None:
    """References lead, also where some cells lack theirs."""
    header = "".join(
        f'<c r="{chr(67 + place)}3" t="inlineStr"><is><t>{name}</t></is></c>'
        for place, name in enumerate(Cases.columns)
    )
    cells = [f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in LINE.values()]
    cells[0] = cells[0].replace("<c ", '<c r="C5" ')
    cells[NUMBER] = '<c t="e"><v>#N/A</v></c>'
    rows = f'<row r="3">{header}</row><row r="5">{"".join(cells)}</row>'
    xml = sheet([]).replace("<sheetData>", f"<sheetData>{rows}")
    (line,) = read(write_workbook(tmp_path / "c.xlsx", {"数据": xml}))
    assert (line.number, line.cells[0], line.error and line.error.code) == (5, LINE["案号"], "ID_NUMBER")


def test_strict_open_xml(tmp_path: Path) -> None:
    xml = sheet([HEADER, row(), row(证件号码=ERRORS["#N/A"])]).replace(
        MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"
    )
    lines = read(write_workbook(tmp_path / "c.xlsx", {"数据": xml}))
    assert [line.error and line.error.code for line in lines] == [None, "ID_NUMBER"]


def test_phonetic_hints_are_no_text(tmp_path: Path) -> None:
    hinted: Cell = ('t="inlineStr"', '<is><t>魏宇华</t><rPh sb="0" eb="1"><t>wei</t></rPh></is>')
    assert read(book(tmp_path, row(姓名或名称=hinted)))[0].cells[NAME] == "魏宇华"


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    bomb = f'<!DOCTYPE w [<!ENTITY a "{"b" * 100}">]>' + sheet([HEADER, row(姓名或名称=("", "<f>A1</f><v>&a;</v>"))])
    with pytest.raises(ImportFileError, match="no readable XLSX workbook"):
        WorkbookExport(write_workbook(tmp_path / "c.xlsx", {"数据": bomb}), Cases.columns)


@pytest.mark.parametrize(
    ("far", "refused"),
    [
        ('<row><c r="XFD1048576"><v>1</v></c></row>', "XFD1048576"),
        ('<row r="99999999"><c><v>1</v></c></row>', "row 99999999"),
        ('<row><c r="XFD9" s="1"/></row>', ""),
        ('<row><c r="AB3"><v>1</v></c></row>', ""),
    ],
)
def test_a_cell_far_away_does_not_fill_the_memory(tmp_path: Path, far: str, refused: str) -> None:
    xml = sheet([HEADER, row()]).replace("</sheetData>", f"{far}</sheetData>")
    path = write_workbook(tmp_path / "c.xlsx", {"数据": xml})
    if refused:
        with pytest.raises(ImportFileError, match=f"sheet 数据, has a cell far from its table: .*{refused}"):
            WorkbookExport(path, Cases.columns)
    else:
        assert [line.number for line in read(path)] == [2]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return book(tmp_path_factory.mktemp("good"), row(), row(证件号码=ERRORS["#N/A"])).read_bytes()


@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, good: bytes, data: st.DataObject
) -> None:
    content = bytearray(good[: data.draw(st.integers(len(good) // 2, len(good)))] if data.draw(st.booleans()) else good)
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(4, len(content) - 1), st.integers(0, 255)), max_size=4)
    ):
        content[place] = byte
    path = tmp_path_factory.mktemp("damaged") / "c.xlsx"
    path.write_bytes(content)
    with contextlib.suppress(ImportFileError):
        read(path)
