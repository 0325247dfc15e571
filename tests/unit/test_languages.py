"""Words for people: every enum value is described in both languages, and messages are told in the caller's."""

import re
from enum import Enum
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, build_schema

from languages.negotiation import Language, choose_language
from languages.sentence import Sentence, say
from languages.words import read_error_kinds, read_values

ROOT = Path(__file__).parents[2]
HAN = re.compile("[\u4e00-\u9fff]")
RENAMED = {"Dimension": "StatisticsDimension"}
"""Enums whose name in the schema is another one than that of their class."""


def list_values() -> dict[tuple[str, str], str | None]:
    """The descriptions of all enum values in the schema."""
    kinds = build_schema((ROOT / "schema/schema.graphql").read_text()).type_map.values()
    enums = [kind for kind in kinds if isinstance(kind, GraphQLEnumType) and not kind.name.startswith("__")]
    return {(kind.name, name): value.description for kind in enums for name, value in kind.values.items()}


def test_each_enum_value_is_described_in_both_languages() -> None:
    words = {(RENAMED.get(enum, enum), value): one.describe() for (enum, value), one in read_values().items()}
    codes = {value: told for (enum, value), told in list_values().items() if enum == "MutationErrorCode"}
    others = {key: told for key, told in list_values().items() if key[0] != "MutationErrorCode"}
    assert others == words
    kinds = read_error_kinds()
    assert codes == {code: f"{kinds[code].meaning[:-1]} ({kinds[code].meaning_zh[:-1]})." for code in codes}
    assert [key for key, told in (others | codes).items() if not HAN.search(told or "")] == []


def test_each_error_code_has_its_meaning_and_remedy_in_both_languages() -> None:
    for code, kind in read_error_kinds().items():
        english, chinese = (kind.meaning, kind.remedy), (kind.meaning_zh, kind.remedy_zh)
        assert all(text.endswith(".") for text in english), code
        assert all(text.endswith("。") and HAN.search(text) for text in chinese), code


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("ZH-Hant-TW", "zh"),
        ("en-GB, zh;q=0.9", "en"),
        ("fr, zh;q=0.3, en;q=0.2", "zh"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("fr, de", "en"),
        ("zh;q=many", "en"),
        ("zh;level=1", "en"),
        (",;q=1,zh", "zh"),
        ("x" * 100_000 + ",zh", "en"),
    ],
)
def test_the_language_that_a_client_likes_best(accepted: str | None, language: str) -> None:
    assert choose_language(accepted) is Language(language)


def test_a_client_that_names_no_language_gets_the_default() -> None:
    assert choose_language("fr", Language.ZH) is Language.ZH
    assert choose_language("en", Language.ZH) is Language.EN


def test_a_message_is_a_string_that_keeps_its_parts() -> None:
    class Kind(Enum):
        ODD = "odd"

    told = say("{what} of {kind}: {parts}.", what=say("A sum of {n}", n=3), kind=Kind.ODD, parts=["x", Kind.ODD])
    assert told == "A sum of 3 of odd: x, odd."
    assert isinstance(str(ValueError(told)), Sentence)
    assert say("{braces}") == "{braces}"
