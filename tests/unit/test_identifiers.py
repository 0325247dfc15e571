"""Identity numbers as exports write them."""

import contextlib
import string
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from models.identifiers import (
    IdentifierError,
    OrganizationCode,
    PersonNumber,
    mask_number,
    parse_organization_code,
    parse_party_number,
    parse_person_number,
    was_minor,
)

FULL_WIDTH = str.maketrans(string.digits + "()X", "０１２３４５６７８９（）Ｘ")


@st.composite
def person_numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), date(2024, 12, 31)))
    stem = f"{draw(st.integers(110000, 829999))}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    check: str = ric.calc_check_digit(stem + "0")
    return stem + check


@st.composite
def organization_codes(draw: st.DrawFn) -> str:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    stem = f"91{draw(st.integers(110000, 829999))}{draw(st.text(alphabet, min_size=9, max_size=9))}"
    check: str = uscc.calc_check_digit(stem)
    return stem + check


@pytest.mark.parametrize(
    ("text", "value", "born_on"),
    [
        ("33028119030702306X", "33028119030702306X", date(1903, 7, 2)),
        (" 33028119030702306x ", "33028119030702306X", date(1903, 7, 2)),
        ("３３０２８１１９０３０７０２３０６Ｘ", "33028119030702306X", date(1903, 7, 2)),
        ("330281 19030702 306X", "33028119030702306X", date(1903, 7, 2)),
        ("330281030212255", "330281190302122552", date(1903, 2, 12)),
    ],
)
def test_person_number(text: str, value: str, born_on: date) -> None:
    assert parse_person_number(text) == PersonNumber(value, born_on)


@pytest.mark.parametrize(
    "text",
    ["", "3302811903070230", "330281190307023060", "33028119030702306Y", "033028119030702306", "330281190513102347"],
)
def test_wrong_person_number(text: str) -> None:
    with pytest.raises(IdentifierError) as error:
        parse_person_number(text)
    assert error.value.code == "ID_NUMBER"
    assert not text or text not in str(error.value)


@pytest.mark.parametrize("born", ["18791231", "20990101", "20230229"])
def test_implausible_birth_date(born: str) -> None:
    stem = f"330281{born}001"
    with pytest.raises(IdentifierError, match="birth date"):
        parse_person_number(stem + ric.calc_check_digit(stem + "0"))


@given(person_numbers())
def test_person_number_round_trip(number: str) -> None:
    parsed = parse_person_number(number)
    assert parsed.value == number
    assert f"{parsed.born_on:%Y%m%d}" == number[6:14]
    assert parse_person_number(f" {number.lower().translate(FULL_WIDTH)}　") == parsed


@given(person_numbers(), st.integers(0, 16), st.integers(1, 9))
def test_any_wrong_digit_is_caught(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(IdentifierError):
        parse_person_number(wrong)


@given(person_numbers(), st.integers(0, 15))
def test_any_transposition_is_caught(number: str, place: int) -> None:
    if number[place] != number[place + 1]:
        with pytest.raises(IdentifierError):
            parse_person_number(number[:place] + number[place + 1] + number[place] + number[place + 2 :])


@given(organization_codes())
def test_organization_code_round_trip(code: str) -> None:
    assert parse_organization_code(f" {code.lower()} ") == OrganizationCode(code)
    assert OrganizationCode(code).check_digit_valid


def test_wrong_check_digit_of_an_organization_is_no_error() -> None:
    assert not parse_organization_code("913302819999113350").check_digit_valid


@pytest.mark.parametrize("text", ["", "9133028199991133", "91330281999911335I", "9133028A9999113353"])
def test_wrong_organization_code(text: str) -> None:
    with pytest.raises(IdentifierError) as error:
        parse_organization_code(text)
    assert error.value.code == "ID_NUMBER"


@given(st.one_of(person_numbers(), organization_codes()))
def test_number_tells_its_kind(number: str) -> None:
    parsed = parse_party_number(number)
    assert parsed.value == number
    if isinstance(parsed, OrganizationCode):
        assert parsed.check_digit_valid


def test_wrong_check_digit_of_a_person_does_not_make_an_organization() -> None:
    with pytest.raises(IdentifierError):
        parse_party_number("330281190108056930")


@given(st.one_of(person_numbers(), organization_codes()))
def test_mask_hides_birth_date_and_serial(number: str) -> None:
    masked = mask_number(number)
    assert masked == f"{number[:6]}********{number[14:]}"
    assert len(masked) == len(number)


@pytest.mark.parametrize(
    ("born_on", "day", "minor"),
    [
        (date(2004, 5, 6), date(2022, 5, 5), True),
        (date(2004, 5, 6), date(2022, 5, 6), False),
        (date(2004, 2, 29), date(2022, 2, 28), True),
        (date(2004, 2, 29), date(2022, 3, 1), False),
        (date(2004, 5, 6), date(2000, 1, 1), True),
    ],
)
def test_minority_ends_on_the_eighteenth_birthday(born_on: date, day: date, minor: bool) -> None:
    assert was_minor(born_on, day) is minor


@pytest.mark.parametrize("parse", [parse_person_number, parse_organization_code, parse_party_number])
@given(st.text())
def test_any_text_is_read_or_refused(parse: Callable[[str], object], text: str) -> None:
    with contextlib.suppress(IdentifierError):
        parse(text)
