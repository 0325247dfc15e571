"""Texts of the procedure: what may be kept of what people write (R18)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.refusal import Refusal
from casework.texts import LONGEST, check_text, check_texts
from demo.city.cast import CHEN

NUMBER = CHEN.number
OLD = NUMBER[:6] + NUMBER[8:17]
"""The same as it was written before 1999: two digits of a year, and no check digit."""

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def refusal(text: str) -> str | None:
    """The code that a text is refused with; None if it is kept."""
    try:
        check_text(text, "reason")
    except Refusal as found:
        return found.code.value
    return None


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"被执行人{NUMBER}未履行",
        f"ID{NUMBER}.",
        f"{NUMBER} 13800000000",
        "0" + NUMBER,
        NUMBER.translate(WIDE),
        " ".join([NUMBER[:6], NUMBER[6:14], NUMBER[14:]]),
        "-".join([NUMBER[:6], NUMBER[6:14], NUMBER[14:]]),
        f"旧证{OLD}号",
    ],
)
def test_an_identity_number_is_found_however_it_is_written(text: str) -> None:
    with pytest.raises(Refusal, match="resident ID number") as caught:
        check_text(text, "reason")
    assert (caught.value.code, caught.value.field) == ("BAD_TEXT", "reason")


@pytest.mark.parametrize(
    "text",
    [
        "依据庭审记录。",
        "(2026)浙0281执1号",
        "两行\n理由\t一处",
        NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2"),
        "已付 5000.00 元，电话 13800000000",
        "x" * LONGEST,
        "",
    ],
)
def test_what_people_write_is_kept(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize("text", ["x" * (LONGEST + 1), "a\x00b", "a\x1bb", "a\u202eb", "a\ud800b", "a\u200fb", "\r"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    assert refusal(text) == "BAD_TEXT"


@given(st.text(alphabet=st.characters(categories=["Lo"]), max_size=20), st.text(max_size=5))
def test_no_words_around_it_hide_a_number(before: str, after: str) -> None:
    assert refusal(f"{before}{NUMBER}，{after}") == "BAD_TEXT"


def test_every_text_of_an_input_is_looked_at_and_its_place_is_told() -> None:
    given_ = {"points": 3, "reason": "好", "finding": {"number": NUMBER, "digest": b"\x00"}, "end": None}
    with pytest.raises(Refusal) as caught:
        check_texts(given_)
    assert caught.value.field == "finding.number"
