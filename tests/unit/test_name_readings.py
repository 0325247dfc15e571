"""Readings of names in pinyin: surnames that are read otherwise, letters, and what is typed."""

import pytest

from models.name_reading import fold_pinyin, read_name


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("陈守信", ("chenshouxin", "csx")),
        ("曾单", ("zengdan", "zd")),
        ("单位有限责任公司", ("danweiyouxianzerengongsi", "dwyxzrgs")),
        ("万俟卨", ("moqixie", "mqx")),
        ("吕绿", ("lvlv", "ll")),
        ("阿不都·热西提", ("abudourexiti", "abdrxt")),
        ("abc公司", ("abcgongsi", "ags")),
        ("", ("", "")),
    ],
)
def test_a_name_is_read(name: str, reading: tuple[str, str]) -> None:
    assert read_name(name) == reading


@pytest.mark.parametrize(
    ("typed", "folded"), [("Lǚ Xi'an", "lvxian"), ("LÜ", "lv"), ("chén  shǒu", "chenshou"), ("%_", "")]
)
def test_what_is_typed_is_folded(typed: str, folded: str) -> None:
    assert fold_pinyin(typed) == folded
