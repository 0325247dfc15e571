"""Lines of the rejects file: no number in clear, and no live formula that importing again does not restore."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.files.cells import clean_cell
from ingest.masking import disarm, mask_line

COLUMNS = ("案号", "姓名或名称", "证件号码")


@pytest.mark.parametrize(
    ("raw", "cells", "masked"),
    [
        ("(2021)浙0281执1号,张三,330281190108056930", None, "(2021)浙0281执1号,张三,330281********6930"),
        ("(2021)浙0281执1号,张三,E12345678", None, "(2021)浙0281执1号,张三,E1*****78"),
        ("(2021)浙0281执1号,张三, 3302811901 08056930 ,2021-03-05", None, None),
        ("(2021)浙0281执1号,张三,３３０２８１１９０１０８０５６９３０", None, None),
        (
            '{"cardNum": "330281190108056930", "iname": "张三"}',
            (),
            '{"cardNum": "330281********6930", "iname": "张三"}',
        ),
        ("张三,2021-03-05,20210305,5000.00,13800000000", (), "张三,2021-03-05,20210305,5000.00,13800000000"),
    ],
)
def test_numbers_are_masked(raw: str, cells: tuple[str, ...] | None, masked: str | None) -> None:
    given_ = tuple(clean_cell(cell) for cell in raw.split(",")) if cells is None else cells
    found = mask_line(raw, COLUMNS, given_)
    assert masked in (None, found)
    assert "0805" not in found
    assert "０８０５" not in found


def test_a_number_in_other_signs_masks_the_line() -> None:
    written = "".join("〇一二三四五六七八九"[int(sign)] for sign in "330281190001010004")
    assert mask_line(f"案号,{written}", COLUMNS, ()) == "*" * 2 + "," + "*" * 18


@pytest.mark.parametrize(
    ("line", "disarmed"),
    [
        ("=cmd|'/c calc'!A0,x", "'=cmd|'/c calc'!A0,x"),
        ('x,"=1+1",@SUM(A1),+86,-5', "x,\"'=1+1\",'@SUM(A1),'+86,'-5"),
        ("x;=1;y", "x;'=1;y"),
        ("\t=1,\r=1", "'\t'=1,'\r=1"),
        ("x,  =1", "x,'  =1"),
        ("＝1,＠x", "'＝1,'＠x"),
        ("2021-03-05,a=b,张三", "2021-03-05,a=b,张三"),
    ],
)
def test_a_cell_that_would_be_a_formula_is_text(line: str, disarmed: str) -> None:
    assert disarm(line) == disarmed


CELL = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"], exclude_characters=",;|，\"'#"), min_size=1
)


@given(st.lists(CELL, min_size=1, max_size=5))
def test_importing_again_restores_what_was_written(cells: list[str]) -> None:
    line = ",".join(cells)
    again = next(csv.reader(io.StringIO(disarm(line)), skipinitialspace=True))
    expected = next(csv.reader(io.StringIO(line), skipinitialspace=True))
    assert [clean_cell(cell) for cell in again] == [clean_cell(cell) for cell in expected]


@given(st.lists(CELL, min_size=1, max_size=5), st.sampled_from(",;\t|，"))
def test_no_cell_is_left_that_a_spreadsheet_runs(cells: list[str], separator: str) -> None:
    for cell in disarm(separator.join(cells)).split(separator):
        assert not cell.strip(' "').startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
