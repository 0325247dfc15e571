"""Names are kept as written and compared folded (R21)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.names import fold, tidy

TEXTS = st.text(
    st.one_of(
        st.sampled_from("测红（）()【】 \u3000\u00a0·・•.AaＡａß１\u200b\u00ad\ufe0f\u3164\u0301e"), st.characters()
    )
)


@given(TEXTS)
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_a_name_as_it_is_kept_is_the_same_name(text: str) -> None:
    assert fold(tidy(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("余姚市测红（控股）有限公司", "余姚市测红(控股)有限公司"),
        ("余姚市测红〔控股〕有限公司", "余姚市测红(控股)有限公司"),
        ("买买提・吐尔逊", "买买提·吐尔逊"),
        ("买买提•吐尔逊", "买买提‧吐尔逊"),
        ("买买提 · 吐尔逊", "买买提·吐尔逊"),
        ("买买提．吐尔逊", "买买提·吐尔逊"),
        ("买买提。吐尔逊", "买买提·吐尔逊"),
        ("买买提｡吐尔逊", "买买提·吐尔逊"),
        ("买买提. 吐尔逊", "买买提·吐尔逊"),
        ("测 红", "测红"),
        ("测\u3000红", "测红"),
        ("ＴＣＬ集团", "tcl集团"),
        ("John  Smith", "JOHN SMITH"),
        ("测\u200b红", "测红"),
        ("测红\ufeff", "测红"),
        ("余姚 （控股） 公司", "余姚(控股)公司"),
        ("⼈民", "人民"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("测红", "测虹"),
        ("John Smith", "JohnSmith"),
        ("余姚市测红有限公司", "余姚市测红（控股）有限公司"),
        ("买买提吐尔逊", "买买提·吐尔逊"),
        ("测红", "测红红"),
        ("甲1", "甲2"),
        ("A.B公司", "A·B公司"),
    ],
)
def test_names_that_differ(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_a_name_is_kept_as_it_is_written() -> None:
    assert tidy(" 余姚市测红（控股） \t有限公司\u200b") == "余姚市测红（控股） 有限公司"


def test_han_characters_of_one_form_are_folded_to_themselves() -> None:
    """What is read without normalization is what normalization would have left."""
    for code in range(0x4E00, 0xA000):
        sign = chr(code)
        assert unicodedata.normalize("NFKC", sign) == sign.casefold() == sign == fold(f"{sign}\u200b")
