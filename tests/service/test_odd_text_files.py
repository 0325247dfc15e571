"""Text files as people save them: delimiters, line ends, titles, breaks in cells, open quotation marks."""

import contextlib
import csv
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_files import line

from ingest.files.cells import clean_cell
from ingest.files.text_files import CsvExport, JsonLinesExport, Line
from ingest.formats.cases import Cases
from ingest.formats.listings import Shixin
from ingest.report import ImportFileError

HEADER = ",".join(Cases.columns)
ROW = ",".join(line())
CELLS = line()


def export(path: Path, text: str | bytes) -> CsvExport:
    (path / "cases.csv").write_bytes(text if isinstance(text, bytes) else text.encode(errors="surrogateescape"))
    return CsvExport(path / "cases.csv", Cases.columns)


def read(path: Path, text: str | bytes) -> list[Line]:
    opened = export(path, text)
    lines = list(opened.lines())
    assert opened.position() == opened.total
    opened.close()
    return lines


def outcome(lines: list[Line]) -> list[tuple[int, str | None]]:
    return [(found.number, found.error.code if found.error else None) for found in lines]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("first", ["", "sep=,", "余姚法院案件清单,,,"])
def test_line_ends_and_what_stands_before_the_header(tmp_path: Path, ending: str, mark: str, first: str) -> None:
    lines = read(tmp_path, mark + ending.join([*([first] if first else []), HEADER, ROW, "", ",,,,,", ROW]))
    start = 3 if first else 2
    assert [(found.number, list(found.cells), found.error) for found in lines] == [
        (start, CELLS, None),
        (start + 3, CELLS, None),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，"])
@pytest.mark.parametrize("named", [True, False])
def test_delimiters(tmp_path: Path, delimiter: str, named: bool) -> None:
    first = [f"sep={delimiter}"] if named else []
    text = "\n".join([*first, *(delimiter.join(cells) for cells in (Cases.columns, line(案由="买卖")))])
    assert [list(found.cells) for found in read(tmp_path, text)] == [line(案由="买卖")]


HEADERS = {
    "quoted": ",".join(f'"{name}"' for name in Cases.columns),
    "quoted after a mark": "\ufeff" + ",".join(f'"{name}"' for name in Cases.columns),
    "starred": ",".join(f"*{name}" for name in Cases.columns),
    "padded": ",".join(f"\u00a0{name} \t" for name in Cases.columns),
    "broken": ",".join(f'"{name[:2]}\n{name[2:]}"' for name in Cases.columns),
    "trailing commas": f"{HEADER},,,",
}


@pytest.mark.parametrize("name", HEADERS)
def test_header_variants(tmp_path: Path, name: str) -> None:
    assert [list(found.cells) for found in read(tmp_path, f"{HEADERS[name]}\n{ROW}\n{ROW},,\n")] == [CELLS, CELLS]


@pytest.mark.parametrize(("header", "row"), [(f"序号,{HEADER}", f"1,{ROW}"), (f"{HEADER},备注", f"{ROW},略")])
def test_an_extra_column_is_named(tmp_path: Path, header: str, row: str) -> None:
    with closing(export(tmp_path, f"{header}\n{row}\n")) as opened:
        assert [(list(found.cells), found.error) for found in opened.lines()] == [(CELLS, None)]
    (warning,) = opened.warnings
    assert warning.code == "COLUMN"
    assert header.replace(HEADER, "").strip(",") in warning.sentence


def test_a_line_of_data_in_place_of_the_header_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="missing: 案号") as error:
        export(tmp_path, f"{ROW}\n{ROW}\n")
    assert CELLS[7] not in str(error.value)
    assert CELLS[9] not in str(error.value)


def test_rows_may_lack_the_numbering_that_the_header_has(tmp_path: Path) -> None:
    assert [list(found.cells) for found in read(tmp_path, f"序号,{HEADER}\n{ROW}\n")] == [CELLS]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (HEADER, ",".join(line()[:-1])),
        (HEADER, f"{ROW},是"),
        (f"{HEADER},,", f"{ROW},是"),
        (f"{HEADER},备注", ",".join(line()[:-1])),
        (f",{HEADER}", ROW),
    ],
)
def test_a_cell_too_few_or_too_many_is_rejected(tmp_path: Path, header: str, row: str) -> None:
    assert outcome(read(tmp_path, f"{header}\n{row}\n")) == [(2, "COLUMNS")]


def test_the_header_repeated_in_the_data_is_passed_over(tmp_path: Path) -> None:
    assert outcome(read(tmp_path, f"{HEADER}\n{ROW}\n{HEADER}\n{ROW}\n")) == [(2, None), (4, None)]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_break_in_a_cell_is_a_blank(tmp_path: Path, ending: str) -> None:
    broken = ROW.replace("民间借贷纠纷", f'"民间借贷{ending}{ending}纠纷"')
    lines = read(tmp_path, ending.join([HEADER, broken, ROW]))
    assert outcome(lines) == [(2, None), (5, None)]
    assert list(lines[0].cells) == line(案由="民间借贷 纠纷")


def test_a_break_in_the_first_cell(tmp_path: Path) -> None:
    rest = ROW[6:].replace(",", '",', 1)
    lines = read(tmp_path, f'{HEADER}\n"{ROW[:6]}\n{rest}\n{ROW}')
    assert outcome(lines) == [(2, None), (4, None)]


OPEN = ROW.replace("魏宇华", '"魏宇华')


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([OPEN, ROW, ROW], [(2, "COLUMNS"), (3, None), (4, None)]),
        ([OPEN, OPEN, ROW], [(2, "COLUMNS"), (3, "COLUMNS"), (4, None)]),
        ([OPEN, ROW, ROW.replace("魏宇华", '魏宇华"')], [(2, "COLUMNS"), (3, None), (4, None)]),
        ([OPEN, "纠纷", ROW], [(2, "COLUMNS"), (3, "COLUMNS"), (4, None)]),
        ([ROW.replace("魏宇华", '"魏"宇华'), ROW], [(2, "COLUMNS"), (3, None)]),
        ([OPEN], [(2, "COLUMNS")]),
    ],
)
def test_a_quotation_mark_that_is_not_closed_takes_no_other_line(
    tmp_path: Path, rows: list[str], expected: list[tuple[int, str | None]]
) -> None:
    assert outcome(read(tmp_path, "\n".join([HEADER, *rows]))) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [("#N/A", "ID_NUMBER"), ("3.30281E+17", "ID_NUMBER"), ("######", "ID_NUMBER"), ("=VLOOKUP(1)", "ID_NUMBER")],
)
def test_an_error_is_no_value(tmp_path: Path, cell: str, code: str) -> None:
    assert outcome(read(tmp_path, f"{HEADER}\n{','.join(line(证件号码=cell))}")) == [(2, code)]


@pytest.mark.parametrize(
    "cell", ['="330281030212255"', '"=""330281030212255"""', "'330281030212255", "\t330281030212255"]
)
def test_numbers_that_are_guarded_from_excel(tmp_path: Path, cell: str) -> None:
    (found,) = read(tmp_path, f"{HEADER}\n{','.join(line(证件号码=cell))}")
    assert list(found.cells) == line(证件号码="330281030212255")


def test_blanks_of_all_kinds(tmp_path: Path) -> None:
    padded = ",".join(f"\u00a0\t{cell}\u3000\u200b" for cell in CELLS)
    assert [list(found.cells) for found in read(tmp_path, f"{HEADER}\n{padded}\n")] == [CELLS]


def test_characters_that_the_codec_puts_into_the_private_use_area(tmp_path: Path) -> None:
    """The blank A3A0, and 龴 and 䶮 as GBK has them."""
    cells = line(姓名或名称="张三")
    heading, row = HEADER.encode("gb18030"), ",".join(cells).encode("gb18030")
    name = "张三".encode("gb18030")
    text = (
        heading + b"\n" + row.replace(name, name + b"\xa3\xa0") + b"\n" + row.replace(name, b"\xfe\x59\xfe\x9f") + b"\n"
    )
    assert [list(found.cells) for found in read(tmp_path, text)] == [cells, line(姓名或名称="\u9fb4䶮")]


def test_memory_does_not_grow_with_a_line(tmp_path: Path) -> None:
    with closing(export(tmp_path, f"{HEADER}\n{'王' * 4_000_000}\n{ROW}\n")) as opened:
        tracemalloc.start()
        found = outcome(list(opened.lines()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert found == [(2, "COLUMNS"), (3, None)]
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptionInfo".encode("utf-16-le"), "a workbook with a password"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "an old Excel workbook"),
        (b"\xef\xbb\xbf\n<HTML><table>", "a web page"),
        (b"<table border=1>", "a web page"),
        (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?><Workbook>', "an XML table"),
        (b"MIME-Version: 1.0\n", "a web archive"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
    ],
)
def test_what_is_no_export_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(ImportFileError, match=f"is {what}.*save"):
        export(tmp_path, content)


def test_errors_breaks_and_numbers_in_json_lines(tmp_path: Path, exports: Path) -> None:
    first = (exports / "shixin.jsonl").read_text(encoding="utf-8").splitlines()[0][:-1]
    duty, listed = (Shixin.columns.index(name) for name in ("duty", "regDate"))
    changes = (
        '"cardNum": "#N/A"',
        '"cardNum": 3.3028119030212256e17',
        '"regDate": 1614873600000.0',
        '"duty": "一、付款\\n二、付息"',
    )
    path = tmp_path / "shixin.jsonl"
    path.write_text("\n".join(f"{first}, {change}}}" for change in changes), encoding="utf-8")
    with closing(JsonLinesExport(path, Shixin.columns)) as opened:
        *wrong, counted, broken = opened.lines()
    assert outcome(wrong) == [(1, "ID_NUMBER"), (2, "ID_NUMBER")]
    assert (counted.cells[listed], counted.error) == ("1614873600000", None)
    assert (broken.cells[duty], broken.error) == ("一、付款 二、付息", None)


CELL = st.text('甲乙丙 12,;\t"\n\u00a0\u3000ab', max_size=8)


@given(
    st.lists(st.lists(CELL, min_size=len(Cases.columns), max_size=len(Cases.columns)), min_size=1, max_size=4),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_writer_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    delimiter: str,
    ending: str,
    encoding: str,
    quoting: int,
) -> None:
    path = tmp_path_factory.mktemp("written") / "cases.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=ending, quoting=quoting)  # type: ignore[arg-type]
        writer.writerows([Cases.columns, *rows])
    with closing(CsvExport(path, Cases.columns)) as opened:
        found = [list(read.cells) for read in opened.lines()]
    expected = [[clean_cell(cell) for cell in row] for row in rows]
    assert [row for row in found if any(row)] == [row for row in expected if any(row)]


@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, place: int, headed: bool
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "cases.csv"
    good = f"{HEADER}\n{ROW}\n".encode()
    path.write_bytes(good[:place] + content + good[place:] if headed else content)
    with contextlib.suppress(ImportFileError), closing(CsvExport(path, Cases.columns)) as opened:
        for found in opened.lines():
            assert found.error or len(found.cells) == len(Cases.columns)
