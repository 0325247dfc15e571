"""Resident ID numbers in free text (R18): found however they are written, and rarely found where there are none."""

import random
import time
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import numdb
from stdnum.cn import ric

from models.number_recogniser import holds_identity_number

DIVISIONS = [f"{one}{other}" for one in ("33", "11", "44", "65") for other in ("0103", "0102", "0281", "0105", "3101")]
KNOWN = [code for code in DIVISIONS if any("county" in found for _, found in numdb.get("cn/loc").info(code))]
SCRIPTS = [
    "".join(chr(zero + value) for value in range(10))
    for zero in (0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0x1D7CE, 0x1D7F6, 0x1FBF0, 0xE0030)
] + ["〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "⓪①②③④⑤⑥⑦⑧⑨", "⁰¹²³⁴⁵⁶⁷⁸⁹"]
XS = "xXｘＸⅩⅹХхΧχ×"


@st.composite
def numbers(draw: st.DrawFn, divisions: Sequence[str] = KNOWN, first: int = 1900, last: int = 2024) -> str:
    """A valid number of 18 characters."""
    born = draw(st.dates(date(first, 1, 1), date(last, 12, 31)))
    stem = f"{draw(st.sampled_from(divisions))}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return stem + str(ric.calc_check_digit(stem + "0"))


GAPS = st.text(
    st.characters(categories=["Zs", "Zl", "Zp", "Cc", "Cf", "Pd", "Po", "Ps", "Sm", "So", "Mn"]), max_size=4
).filter(
    lambda text: (
        not any(unicodedata.numeric(sign, -1) >= 0 or sign in "×✕✖○◯" or sign >= "\U000e0000" for sign in text)
        and not any(one.isalnum() for one in unicodedata.normalize("NFKC", text))
    )
)
"""What is neither letter nor digit."""

LETTERS = st.text(st.characters(categories=["Lo", "Ll", "Lu"]), max_size=6).filter(
    lambda text: not any(unicodedata.numeric(sign, -1) >= 0 for sign in unicodedata.normalize("NFKC", text))
)
"""Words without numerals."""


def spread(number: str, gaps: list[str]) -> str:
    return "".join(sign + gaps[place % len(gaps)] for place, sign in enumerate(number))


def old(number: str) -> str:
    """The number as it was written until 1999, of somebody born in that century."""
    return number[:6] + number[8:17]


@given(numbers(), st.lists(GAPS, min_size=1, max_size=18))
def test_whatever_separates_its_digits(number: str, gaps: list[str]) -> None:
    assert holds_identity_number(spread(number, gaps))


@given(numbers(), st.lists(LETTERS, min_size=1, max_size=18), LETTERS, LETTERS)
def test_whatever_words_stand_between_its_digits(number: str, gaps: list[str], before: str, after: str) -> None:
    assert holds_identity_number(f"{before}{spread(number, gaps)}{after}")


@given(numbers(), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(1, 12))
def test_whatever_longer_serial_holds_it(number: str, before: int, after: int, width: int) -> None:
    assert holds_identity_number(f"{before:0{width}d}{number}{after:0{width}d}")


@given(numbers(), st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=18), st.sampled_from(XS))
def test_whatever_script_its_digits_are_of(number: str, scripts: list[str], x: str) -> None:
    written = (x if sign == "X" else scripts[place % len(scripts)][int(sign)] for place, sign in enumerate(number))
    assert holds_identity_number("".join(written))


PLACES = ["{}", "旧证{}号", "ID{}X", "{} 13800000000", "电话 13800000000，{}", "9{}", "{}88"]


@given(numbers(last=1999), st.sampled_from(PLACES))
def test_the_number_of_fifteen_digits(number: str, text: str) -> None:
    assert holds_identity_number(text.format(old(number)))


@given(numbers(last=1999), st.sampled_from(["{} {} {}", "{}-{}-{}", "13800000000 {} {} {} 315000"]))
def test_fifteen_digits_in_groups(number: str, text: str) -> None:
    written = old(number)
    assert holds_identity_number(text.format(written[:6], written[6:12], written[12:]))


@pytest.mark.parametrize("division", ["500223", "330113", "330114", "810000", "830000", "441900", "911124"])
@pytest.mark.parametrize("text", ["{}", "7{}3", "证号{}。"])
def test_divisions_of_all_kinds(division: str, text: str) -> None:
    """Former counties, districts of 2021, Hong Kong and Taiwan, a city without districts, a foreigner."""
    stem = f"{division}19850506012"
    assert holds_identity_number(text.format(stem + ric.calc_check_digit(stem + "0")))


@given(numbers([one for one in KNOWN if one.startswith("33")], 1950, 1999), st.integers(1, 9))
def test_another_check_digit_is_no_number(number: str, shift: int) -> None:
    """Of years whose first 15 digits are no number of 15 digits as well."""
    wrong = f"{number[:-1]}{'0123456789X'[('0123456789X'.index(number[-1]) + shift) % 11]}"
    assert not holds_identity_number(f"编号{wrong}。")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "依据庭审记录。",
        "(2026)浙0281执1号",
        "（2021）浙0281民初12345号民事判决书，2021年3月5日生效",
        "已付 5000.00 元，电话 13800000000",
        "2026-11-21 10:30 至 2026-11-21 11:45",
        "91330281999911335X",
        "6222021234567890123",
    ],
)
def test_what_people_write_is_no_number(text: str) -> None:
    assert not holds_identity_number(text)


def digits(draw: random.Random, length: int) -> str:
    return "".join(draw.choices("0123456789", k=length))


def a_date(draw: random.Random, form: str = "{}年{}月{}日", pad: int = 0) -> str:
    return form.format(draw.randint(1995, 2026), *(f"{draw.randint(1, most):0{pad}d}" for most in (12, 28)))


def ruling(draw: random.Random) -> str:
    """A sentence of a ruling with case number, days, sums, a telephone and an account."""
    return (
        f"依据（{draw.randint(2010, 2026)}）浙{draw.choice(['0281', '02', '0203'])}"
        f"{draw.choice(['民初', '执', '执恢'])}"
        f"{draw.randint(1, 20000)}号判决书，被执行人应于{a_date(draw)}前支付{draw.randint(1000, 999999)}."
        f"{draw.randint(0, 99):02d}元，已付{draw.randint(1000, 99999)}元，电话1{digits(draw, 10)}，"
        f"{a_date(draw, '{}-{}-{}', 2)}汇至账号62{digits(draw, 17)}。"
    )


SERIALS: dict[str, tuple[Callable[[random.Random], str], float]] = {
    "telephone": (lambda draw: f"1{digits(draw, 10)}", 0),
    "case numbers": (
        lambda draw: f"(2026)浙0281执{draw.randint(1, 99999)}号、（2025）浙02民终{draw.randint(1, 9999)}号",
        0.0005,
    ),
    "bank card": (lambda draw: f"62{digits(draw, 17)}", 0.01),
    "18 random digits": (lambda draw: digits(draw, 18), 0.01),
    "15 random digits": (lambda draw: f"{draw.randint(1, 9)}{digits(draw, 14)}", 0.025),
    "order with its time": (
        lambda draw: f"{a_date(draw, '{}{}{}', 2)}{draw.randint(0, 23):02d}{digits(draw, 10)}",
        0.01,
    ),
    "28 digits of a payment": (
        lambda draw: f"42000{digits(draw, 5)}{a_date(draw, '{}{}{}', 2)}{digits(draw, 10)}",
        0.01,
    ),
    "two days": (lambda draw: f"{a_date(draw, '{}-{}-{}', 2)} {a_date(draw, '{}-{}-{}', 2)}", 0),
    "eight days": (lambda draw: " ".join(a_date(draw, "{}-{}-{}", 2) for _ in range(8)), 0.15),
    "ruling": (ruling, 0.02),
}
"""Texts without a number, and the share of them that may be taken for one."""


@pytest.mark.parametrize("kind", SERIALS)
def test_texts_without_a_number_are_rarely_refused(kind: str) -> None:
    make, most = SERIALS[kind]
    draw = random.Random(20261121)
    found = sum(holds_identity_number(make(draw)) for _ in range(4_000)) / 4_000
    assert found <= most


@pytest.mark.parametrize("unit", ["1", "X1", "19", "3302811990", "一", "好", "\u0300", "330281199001010004"[:17], "1 "])
def test_the_time_grows_with_the_text(unit: str) -> None:
    """Eight times the text takes less than thirty times as long, where the square would be 64."""

    def measure(length: int) -> float:
        text = unit * (length // len(unit))
        took = []
        for _ in range(3):
            began = time.process_time()
            holds_identity_number(text)
            took.append(time.process_time() - began)
        return min(took)

    measure(10_000)
    assert measure(160_000) < 30 * measure(20_000) + 0.05
