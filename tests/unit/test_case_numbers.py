"""Case numbers as courts write them: read, or refused with the part that is wrong."""

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case_numbers import CASE_TYPES, parse_case_number
from models.catalogue import Stage
from models.identifiers import IdentifierError

FULL_WIDTH = str.maketrans(string.digits + "()X", "０１２３４５６７８９（）Ｘ")
TYPES = sorted(CASE_TYPES)
COURTS = ("浙", "浙02", "浙0281", "最高法", "兵", "苏0591")


@st.composite
def case_numbers(draw: st.DrawFn) -> str:
    year, serial = draw(st.integers(2016, 2027)), draw(st.integers(1, 99_999_999))
    return f"({year}){draw(st.sampled_from(COURTS))}{draw(st.sampled_from(TYPES))}{serial}号"


@pytest.mark.parametrize(
    ("text", "number", "court", "characters", "stage"),
    [
        ("(2021)浙0281民初202号", "(2021)浙0281民初202号", "浙0281", "民初", Stage.TRIAL),
        ("（２０２０）浙０２８１执恢８９号", "(2020)浙0281执恢89号", "浙0281", "执恢", Stage.ENFORCEMENT),
        ("(2019)浙02执恢915号之一", "(2019)浙02执恢915号", "浙02", "执恢", Stage.ENFORCEMENT),
        ("〔2021〕浙0281财保 3 号", "(2021)浙0281财保3号", "浙0281", "财保", Stage.FILING),
        ("(2021)浙0281民特监3号", "(2021)浙0281民特监3号", "浙0281", "民特监", Stage.TRIAL),
        ("(2021)浙02知民初12号", "(2021)浙02知民初12号", "浙02", "民初", Stage.TRIAL),
        ("(2021)浙0281民初00202号", "(2021)浙0281民初202号", "浙0281", "民初", Stage.TRIAL),
        ("(2021)浙0281司惩复1号", "(2021)浙0281司惩复1号", "浙0281", "司惩复", Stage.TRIAL),
        ("(2021)最高法民再1号", "(2021)最高法民再1号", "最高法", "民再", Stage.TRIAL),
        ("(2014)甬余民初字第1006号", "(2014)甬余民初字第1006号", None, "", Stage.TRIAL),
        ("（2014）甬余执民字第01006-1号", "(2014)甬余执民字第1006号", None, "", Stage.ENFORCEMENT),
    ],
)
def test_case_number(text: str, number: str, court: str | None, characters: str, stage: Stage) -> None:
    parsed = parse_case_number(text)
    assert (parsed.number, parsed.court_code, parsed.type_characters, parsed.stage) == (
        number,
        court,
        characters,
        stage,
    )
    assert parsed.year == int(number[1:5])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "浙0281民初39",
        "(2021)浙0281民初号",
        "(2021)浙0281民初0号",
        "(2021)浙028民初1号",
        "(2021)浙0281某某1号",
        "(2015)浙0281民初1号",
        "(2021)甬余民初字第1006号",
        "(2021)浙0281民初1号附件",
        "2021浙0281民初1号",
    ],
)
def test_unreadable_case_number(text: str) -> None:
    with pytest.raises(IdentifierError) as error:
        parse_case_number(text)
    assert error.value.code == "CASE_NUMBER"


@given(case_numbers())
def test_case_number_normalization_is_idempotent(number: str) -> None:
    parsed = parse_case_number(number)
    assert parsed.number == number
    assert parse_case_number(number.translate(FULL_WIDTH) + "之二") == parsed
    assert parse_case_number(parsed.number) == parsed


READ = {
    "(2021)浙0281民诉前调202号": ("民诉前调", Stage.FILING),
    "(2021)浙0281引调202号": ("引调", Stage.FILING),
    "(2021)浙0281行初202号": ("行初", Stage.TRIAL),
    "(2021)浙0281刑初202号": ("刑初", Stage.TRIAL),
    "(2021)浙0281民辖202号": ("民辖", Stage.TRIAL),
    "(2021)浙0281行赔初2号": ("行赔初", Stage.TRIAL),
    "(2021)浙02破终2号": ("破终", Stage.TRIAL),
    "(2021)浙0281执前督2号": ("执前督", Stage.ENFORCEMENT),
    "(2021)浙0281司救执2号": ("司救执", Stage.ENFORCEMENT),
    "(2021)浙02委赔2号": ("委赔", Stage.TRIAL),
    "(2021)浙0281刑更2号": ("刑更", Stage.TRIAL),
    "(2021)浙02认港2号": ("认港", Stage.TRIAL),
    "(2021)浙0281刑附民初7号": ("刑附民初", Stage.TRIAL),
}


@pytest.mark.parametrize("text", READ)
def test_case_types_of_the_standard(text: str) -> None:
    parsed = parse_case_number(text)
    assert (parsed.number, parsed.type_characters, parsed.stage) == (text, *READ[text])


@pytest.mark.parametrize(
    "text",
    [
        "(2021)浙0281民初202-1号",
        "(2021)浙0281民初第202号",
        "【2021】浙0281民初202号",
        "[2021]浙0281民初202号",
        "﹙2021﹚浙0281民初202号",
        "〔2021〕浙0281民初202号",
        "(2021)浙0281民初202号民事判决",
        "(2021)浙0281民初202号民事判决书",
        "（2021）浙0281民初202号。",
        "(2021)浙0281 民初 202 号之一",
        "(2021)浙0281民初202号之十一",
        "(2021)浙0281民初202号之一-2",
        "(2021)浙0281民初202号-1",
        "(2021)浙0281民初字第202号",
        "(2021)浙0281民初０２０２号",
        "（二〇二一）浙0281民初202号",
    ],
)
def test_spellings_of_one_case(text: str) -> None:
    assert parse_case_number(text).number == "(2021)浙0281民初202号"


@pytest.mark.parametrize(
    ("text", "number", "year"),
    [
        ("(2015)甬余商初字第00123号", "(2015)甬余商初字第123号", 2015),
        ("(2009)余民一初字第1234号", "(2009)余民一初字第1234号", 2009),
        ("(2013)余泗民初字第12号之二", "(2013)余泗民初字第12号", 2013),
        ("(2013)甬余执恢字第12-1号", "(2013)甬余执恢字第12号", 2013),
        ("(98)甬经初字第12号", "(1998)甬经初字第12号", 1998),
    ],
)
def test_numbers_of_before_2016(text: str, number: str, year: int) -> None:
    parsed = parse_case_number(text)
    assert (parsed.number, parsed.year, parsed.court_code) == (number, year, None)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("2021浙0281民初202号", "its year is missing"),
        ("(2099)浙0281民初202号", "its year cannot be"),
        ("(1902)余民初字第2号", "its year cannot be"),
        ("(21)浙0281民初202号", "its year cannot be"),
        ("(2015)浙0281民初202号", "its year lies before 2016"),
        ("(2021)甬余民初字第202号", "its court has no code"),
        ("(2021)浙028民初202号", "its court code has neither"),
        ("(2021)浙0281民预202号", "its case type is missing or not in the catalogue"),
        ("(2021)浙0281民初号", "its case type is missing or not in the catalogue"),
        ("(2021)浙0281民初0号", "its serial is no number"),
        ("(2021)浙0281民初123456789号", "its serial is no number"),
        ("(2021)浙0281民初202", "号 is missing"),
        ("(2012)甬余执字第66", "号 is missing"),
        ("(2012)甬余执第66号", "字 is missing"),
        ("(2021)浙0281民初202、203号", "it names several cases"),
        ("(2021)浙0281民初202号、203号", "it names several cases"),
        ("(2021)浙0281民初202-205号", "it names several cases"),
        ("(2021)浙0281民初202号-205", "it names several cases"),
        ("(2012)甬余执字第66、67号", "it names several cases"),
        ("(2021)浙0281民初202号附件", "follows 号"),
    ],
)
def test_the_part_that_is_wrong_is_named(text: str, part: str) -> None:
    with pytest.raises(IdentifierError, match=part) as error:
        parse_case_number(text)
    assert text not in str(error.value)


@given(st.text() | st.text("()202109浙民初字第号之一-、"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(IdentifierError):
        parse_case_number(text)
