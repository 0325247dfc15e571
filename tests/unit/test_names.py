"""Names are kept as written and compared folded (R21)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.names import EQUIVALENTS, PROPER, fold, tidy

TEXTS = st.text(
    st.one_of(
        st.sampled_from("测红（）()【】 \u3000\u00a0·・•.AaＡａß１\u200b\u00ad\ufe0f\u3164\u0301e˙○\u2edc\ue5e5\ue863"),
        st.characters(),
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
        ("周\u2edc强", "周飞强"),
        ("\u2ee2\u2ef0", "马龙"),
        ("\u2ecb\u2ee9\u2eec", "车黄齐"),
        ("刘\ue863", "刘䶮"),
        ("陈守信\ue5e5", "陈守信"),
        ("陈\ue5e5守信", "陈守信"),
        ("张\ue81e", "张\u9fb4"),
        ("张\ue816", "张\U00020087"),
        ("张○", "张〇"),
        ("张 ◯", "张〇"),
        ("张\uffee", "张〇"),
        ("阿˙力", "阿·力"),
        ("阿 ˙ 力", "阿·力"),
        ("阿ㆍ力", "阿·力"),
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


def test_each_equivalent_is_a_character_of_its_own_that_normalization_does_not_give() -> None:
    for code, sign in EQUIVALENTS.items():
        assert unicodedata.normalize("NFKC", chr(code)) == chr(code)
        assert ord(sign) not in EQUIVALENTS or code in PROPER


def test_private_use_characters_of_gbk_are_kept_as_what_they_are() -> None:
    """The codes of GBK whose characters Python's codec gives by the edition of 2000."""
    spare = bytes.fromhex("FE51 FE59 FE61 FE66 FE67 FE6C FE6D FE76 FE7E FE90 FE91 FEA0")
    kept = tidy(f"张{spare.decode('gb18030')}\ue863")
    assert kept == "张\U00020087龴龵龶龷\U000215d7龸\U0002298f龹龺\U000241fe龻䶮"
    assert tidy(b"\xd5\xc5\xc8\xfd\xa3\xa0".decode("gb18030")) == "张三"
    assert tidy("张\ue000") == "张\ue000"
