"""Texts that can be kept and shown, whichever version of Unicode the interpreter knows."""

from typing import Any

import pytest

from models.readable import is_line, is_readable


@pytest.mark.parametrize(
    "text", ["王", "王\U0003158e", "王\U0002ebf0", "王\ue863", "a b", "王\u3000某", "👩\u200d👧", "🫨"]
)
def test_a_line(text: str) -> None:
    assert is_line(text)
    assert is_readable(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\u3000", "a\n", "a\tb", "\x00", "a\x7f", "\x85", "\ud800", "\u202e", "\u2066"]
)
def test_no_line(text: str) -> None:
    assert not is_line(text)


@pytest.mark.parametrize("value", [{"a": ["b", 1, None, {"c": "d\n"}]}, [], 1.5, None, True])
def test_a_readable_value(value: Any) -> None:
    assert is_readable(value)


@pytest.mark.parametrize("value", [{"a": ["b", {"c": "\ud800"}]}, {"\x00": 1}, [["\x1b"]], {"a": {"\udfff": []}}])
def test_a_value_with_an_unreadable_text(value: Any) -> None:
    assert not is_readable(value)


def test_a_value_of_any_depth_is_looked_through() -> None:
    value: Any = "\x00"
    for _ in range(100_000):
        value = [value]
    assert not is_readable(value)
