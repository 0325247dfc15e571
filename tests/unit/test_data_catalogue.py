"""Every field that the schema shares has a level and a legal basis, and the catalogue says who receives it."""

import csv
from dataclasses import replace

import pytest

from auth.audiences import Audience
from engine.engine import Engine
from engine.policy import UndeclaredError
from languages.negotiation import Language
from schema.builder import build_engine
from schema.documentation import data_catalogue
from schema.documentation.data_catalogue import get_attribute, list_recipients, write_data_catalogue
from schema.sharing.declarations import Declaration, find_mistakes, list_declarations


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()


def declared(coordinate: str) -> Declaration:
    """What is declared of a field."""
    (found,) = (one for one in list_declarations() if one.coordinate == coordinate)
    return found


def test_every_field_is_declared_once(engine: Engine) -> None:
    assert find_mistakes(engine.graphql, list_declarations()) == []


def test_each_mistake_has_its_sentence(engine: Engine) -> None:
    first, *others = list_declarations()
    wrong = [*others, others[0], replace(others[1], level="SECRET"), replace(first, field="nothing")]
    again = [others[0].coordinate, others[1].coordinate]
    assert find_mistakes(engine.graphql, wrong) == [
        f"{first.coordinate} has no level in schema/sharing/fields.csv.",
        f"{first.type}.nothing is declared in schema/sharing/fields.csv, and is no field.",
        *(f"{name} is declared twice in schema/sharing/fields.csv." for name in sorted(again)),
        f"{others[1].coordinate}: level SECRET is not in schema/sharing/terms.csv.",
    ]


def test_a_catalogue_with_a_mistake_is_not_written(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_catalogue, "list_declarations", lambda: list_declarations()[1:])
    with pytest.raises(UndeclaredError, match=r"AccessRecord.id has no level"):
        write_data_catalogue(engine, Language.EN)


@pytest.mark.parametrize(
    ("coordinate", "level", "attribute"),
    [
        ("Behaviour.code", "PUBLIC", "UNCONDITIONAL"),
        ("Person.name", "SENSITIVE", "CONDITIONAL"),
        ("CaseMark.reason", "SENSITIVE", "WITHHELD"),
        ("SecurityEvent.operator", "IMPORTANT", "WITHHELD"),
    ],
)
def test_level_and_attribute(engine: Engine, coordinate: str, level: str, attribute: str) -> None:
    one = declared(coordinate)
    assert (one.level, get_attribute(one, list_recipients(engine.policy, one))) == (level, attribute)


def test_recipients_are_those_whose_scopes_reach_the_field(engine: Engine) -> None:
    def recipients(coordinate: str) -> list[Audience]:
        return list_recipients(engine.policy, declared(coordinate))

    assert recipients("PointConversion.points") == [Audience.MORAL_BANK]
    assert recipients("VillageNotice.points") == [Audience.VILLAGE]
    assert recipients("Consent.signedOn") == [
        Audience.BANK,
        Audience.EMPLOYER,
        Audience.COURT,
        Audience.LITIGANT_PORTAL,
    ]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            Language.ZH,
            ["安全审计事件", "余姚市人民法院", "重要", "不予共享", "监督", "监督审计", "六个月以上"],
        ),
        (
            Language.EN,
            [
                "SecurityEvent",
                "余姚市人民法院",
                "important",
                "not shared",
                "SUPERVISION",
                "AUDITOR",
                "six months at least",
            ],
        ),
    ],
)
def test_the_catalogue_in_both_languages(engine: Engine, language: Language, expected: list[str]) -> None:
    rows = list(csv.reader(write_data_catalogue(engine, language, "余姚市人民法院").splitlines()))
    assert {len(row) for row in rows} == {len(data_catalogue.COLUMNS)}
    assert len(rows) == 1 + len(list_declarations())
    (row,) = (row for row in rows if row[3] == "SecurityEvent.operator")
    assert [row[place] for place in (0, 1, 4, 6, 7, 9, 10)] == expected
    assert "" not in row
