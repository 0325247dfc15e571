"""Amounts and lengths as exports write them."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.amounts import parse_amount, parse_days
from models.identifiers import IdentifierError


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20000", "20000"),
        ("２００００元", "20000"),
        ("2万元", "20000"),
        ("2.5万", "25000"),
        ("人民币20000元", "20000"),
        ("￥20,000.00", "20000"),
        ("¥ 20,000.50元整", "20000.50"),
        ("2,0000", "20000"),
        ("贰万元整", "20000"),
        ("人民币贰万零伍佰元整", "20500"),
        ("叁仟伍佰元伍角", "3500.5"),
        ("一万二千元", "12000"),
        ("十万元", "100000"),
        ("1.5亿元", "150000000"),
        ("2万5000元", "25000"),
        ("一百零二元", "102"),
    ],
)
def test_amount(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", "0", "-5", "20,00", "2.345", "两万五", "2万5", "一百二", "20000-30000", "1" + "0" * 12, "罚款", "2百万千"],
)
def test_no_amount(text: str) -> None:
    with pytest.raises(IdentifierError) as error:
        parse_amount(text)
    assert error.value.code == "AMOUNT"


@pytest.mark.parametrize(
    ("text", "told"),
    [("罚款", "cannot be read"), ("2.345", "more than two decimals"), ("2" * 13, "below 1,000,000,000,000")],
)
def test_each_reason_is_told_apart(text: str, told: str) -> None:
    with pytest.raises(IdentifierError, match=told):
        parse_amount(text)


@given(st.decimals(Decimal("0.01"), Decimal(10) ** 11, places=2))
def test_amounts_in_digits(amount: Decimal) -> None:
    for text in (f"{amount}", f"{amount:,}元", f"￥{amount:,}"):
        assert parse_amount(text) == amount


@pytest.mark.parametrize("text", ["15", "15日", "15天", "十五日", "十五", " １５ 日", "15个自然日"])
def test_days(text: str) -> None:
    assert parse_days(text) == 15


@pytest.mark.parametrize("text", ["", "0", "日", "1.5天", "一周", "15年", "-1"])
def test_no_days(text: str) -> None:
    with pytest.raises(IdentifierError) as error:
        parse_days(text)
    assert error.value.code == "DAYS"


@given(st.text() | st.text("0123456789.,万亿千百十元角分零一二三日"))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_amount, parse_days):
        with contextlib.suppress(IdentifierError):
            parse(text)
