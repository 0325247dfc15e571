"""Words for people: every enum value is described in both languages, and messages are told in the caller's."""

import io
import re
from enum import Enum
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from graphql import GraphQLEnumType, build_schema

from casework.refusal import refuse_missing
from languages.extraction import ExtractionError, extract
from languages.negotiation import Language, choose_language, prefers
from languages.sentence import Sentence, either, say
from languages.translation import read_translations, translate
from languages.words import read_error_kinds, read_values
from models.court import StaffRole

ROOT = Path(__file__).parents[2]
HAN = re.compile("[\u4e00-\u9fff]")
WIDE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
COLLECTED = (
    "auth",
    "casework",
    "commands",
    "demo",
    "engine",
    "ingest",
    "jobs",
    "languages",
    "models",
    "reports",
    "resolvers",
    "schema",
    "transport",
)
"""Rooms with messages, as the target `messages` of the Makefile names them."""

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


def test_a_remedy_names_a_command_to_operators_only() -> None:
    """A partner has an address, and no commands."""
    kinds = read_error_kinds()
    named = {code for code, kind in kinds.items() if "suxin " in kind.remedy + kind.remedy_zh}
    assert named == {"DOCUMENT_NOT_TRUSTED"}
    assert (
        "operator" in kinds["DOCUMENT_NOT_TRUSTED"].remedy,
        "运维人员" in kinds["DOCUMENT_NOT_TRUSTED"].remedy_zh,
    ) == (
        True,
        True,
    )


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
        ("zh;level=1;q=0.1, en;q=0.2", "en"),
        ("en;Q=0.2, zh", "zh"),
        (",;q=1,zh", "zh"),
        ("x" * 100_000 + ",zh", "en"),
        ("zh_CN", "zh"),
        ("zh_Hans_CN, en;q=0.5", "zh"),
        ("en;q=nan, zh;q=0.5", "zh"),
        ("en;q=inf, zh;q=0.5", "zh"),
        ("en;q=-1, zh;q=0.1", "zh"),
    ],
)
def test_the_language_that_a_client_likes_best(accepted: str | None, language: str) -> None:
    assert choose_language(accepted) is Language(language)


def test_a_client_that_names_no_language_gets_the_default() -> None:
    assert choose_language("fr", Language.ZH) is Language.ZH
    assert choose_language("en", Language.ZH) is Language.EN


@pytest.mark.parametrize(
    ("accepted", "preferred"),
    [
        ([], False),
        (["*/*"], False),
        (["application/*"], False),
        (["application/b"], False),
        (["application/a"], True),
        (["Application/A"], True),
        (["application/a; charset=utf-8; q=0.1"], True),
        (["application/a;q=0"], False),
        (["application/a;q=0.000, application/b"], False),
        (["application/a;Q=0"], False),
        (["application/a;q=many"], False),
        (["application/a;q=nan"], False),
        (["application/a+json"], False),
        (["x-application/a"], False),
        (["application/a, application/b"], True),
        (["application/b", "application/a"], True),
        (["application/b, application/a;q=0.9"], False),
        (["application/a;q=0.5, application/b;q=0.4"], True),
        (["application/a;q=0.5, */*"], True),
        (["application/a;v=1, application/a;v=2;q=0"], True),
        ([", " * 300, "application/a"], False),  # beyond what is read of a header
    ],
    ids=str,
)
def test_a_media_type_is_preferred_by_its_weight(accepted: list[str], preferred: bool) -> None:
    assert prefers(accepted, "application/a", "application/b") is preferred


def test_a_message_is_a_string_that_keeps_its_parts() -> None:
    class Kind(Enum):
        ODD = "odd"

    told = say("{what} of {kind}: {parts}.", what=say("A sum of {n}", n=3), kind=Kind.ODD, parts=["x", Kind.ODD])
    assert told == "A sum of 3 of odd: x, odd."
    assert isinstance(str(ValueError(told)), Sentence)
    assert say("{braces}") == "{braces}"


def collect_messages() -> set[str]:
    """The messages of the sources, as `make messages` collects them."""
    mapping, found = (ROOT / "languages/babel.cfg").open(), set()
    with mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]  # of Babel
    for room in COLLECTED:
        for _, _, message, _, _ in extract_from_dir(ROOT / room, methods, options):
            assert isinstance(message, str)
            found.add(message)
    return found


def test_each_message_has_its_translation_and_none_is_left_over() -> None:
    with (ROOT / "languages/zh/LC_MESSAGES/suxin.po").open("rb") as file:
        entries = [one for one in read_po(file, locale="zh") if one.id]
    assert [one.id for one in entries if one.fuzzy or not one.string] == []
    assert collect_messages() ^ {str(one.id) for one in entries} == set()


def test_a_translation_has_the_placeholders_of_its_message() -> None:
    for template, translation in read_translations(Language.ZH).items():
        assert set(PLACEHOLDER.findall(translation)) == set(PLACEHOLDER.findall(template)), template
        assert WIDE.search(translation), template


def test_a_message_is_told_with_its_values_in_the_language() -> None:
    told = say("This is for {wanted}; you act as {role}.", wanted=either([StaffRole.CHIEF]), role=StaffRole.JUDGE)
    assert told == "This is for CHIEF; you act as JUDGE."
    assert translate(told, Language.EN) is told
    assert translate(told, Language.ZH) == "此事项由庭长（CHIEF）办理；您的角色是法官（JUDGE）。"
    missing = refuse_missing("deduction").message
    assert translate(missing, Language.ZH) == "没有这个扣分。"
    assert translate("A text without translation.", Language.ZH) == "A text without translation."


@pytest.mark.parametrize(
    "source",
    ['Refusal("X", f"A {day}.", "Y.")', 'say("A " + day)', 'message = "A {}.".format(1)\nraise RequestError(message)'],
)
def test_a_message_in_pieces_is_found_by_the_extractor(source: str) -> None:
    with pytest.raises(ExtractionError, match="in one piece"):
        list(extract(io.BytesIO(source.encode()), (), None, None))


def test_messages_are_found_by_their_names() -> None:
    source = 'def f(given):\n    one, two = "A." if given else "B.", "C."\n    raise Refusal("X", one, two, given)\n'
    assert [message for _, _, message, _ in extract(io.BytesIO(source.encode()), (), None, None)] == ["A.", "B.", "C."]
