"""The tables of a catalogue as CSV files: columns, parsers, and rules for one entry (R1, R12)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

from models.catalogue import (
    POINTS,
    Behaviour,
    Benefit,
    BenefitKind,
    CodeType,
    Colour,
    ItemKind,
    MoralBankItem,
    Stage,
    Tier,
)
from models.grading import GradingRule, RiskGrade, RuleSource
from models.listing import ListingKind

LONGEST_TERM = 60
"""Months (R6, R12)."""

CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,19}")
LONGEST_TEXT = 500

Values = Mapping[str, Any]
"""The values of an entry by model attribute."""

Fault = tuple[str, str]
"""The column, and a sentence that says what to do."""


class TableColumn(NamedTuple):
    """A column of a file, the model attribute, and the parser, which raises ValueError with a sentence."""

    name: str
    attribute: str
    read: Callable[[str], Any]


@dataclass(frozen=True)
class CatalogueTable:
    """A table: file name, model, columns, and a function that checks one entry."""

    file: str
    model: type[Behaviour] | type[CodeType] | type[MoralBankItem] | type[GradingRule] | type[Benefit]
    columns: tuple[TableColumn, ...]
    faults: Callable[[Values], Iterable[Fault]] = lambda values: ()

    @property
    def names(self) -> tuple[str, ...]:
        """The header of the file."""
        return tuple(column.name for column in self.columns)

    def written(self, values: Values) -> list[str]:
        """The cells of an entry."""
        return [_written(values[column.attribute]) for column in self.columns]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


def _code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise ValueError("Write a code of up to 20 capital letters and digits, such as E03.")
    return text


def _name(text: str) -> str:
    if not text:
        raise ValueError("It is missing: write it.")
    return _text(text)


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"It is longer than {LONGEST_TEXT} characters: shorten it.")
    return text


def _optional_code(text: str) -> str | None:
    return _code(text) if text else None


def _member(enum: type[StrEnum]) -> Callable[[str], Any]:
    def read(text: str) -> StrEnum:
        try:
            return enum(text)
        except ValueError:
            raise ValueError(f"Write one of {', '.join(enum)}.") from None

    return read


def _points(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise ValueError("Write whole points, such as 3.")
    return int(text)


def _least(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,4}", text):
        raise ValueError("Write whole points of a household, such as 0 or -5.")
    return int(text)


def _months(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LONGEST_TERM:
        raise ValueError(f"Write 1 to {LONGEST_TERM} months, or nothing for an open term (R6).")
    return int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("Write true or false.")
    return text.lower() == "true"


def _value(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace("\u2212", "-")) if text else None
    except InvalidOperation:
        raise ValueError("Write a number, such as -5 or 0.5.") from None
    if value is not None and not (value.is_finite() and -10 <= value <= 10 and value == round(value, 2)):
        raise ValueError("Write a number from -10 to 10 with two decimals at most.")
    return value


def _behaviour_faults(row: Values) -> Iterable[Fault]:
    low, high = POINTS[row["tier"]]
    for column in ("points_min", "points_max"):
        if not low <= row[column] <= high:
            yield column, f"{row['tier']} carries {low} to {high} points (R1): write one of them, or another tier."
    if row["points_min"] > row["points_max"]:
        yield "points_max", "It is less than points_min: exchange the two."


def _code_type_faults(row: Values) -> Iterable[Fault]:
    if row["colour"] is Colour.RED and row["term_months"] != LONGEST_TERM:
        yield "term_months", f"Red runs five years (R12): write {LONGEST_TERM}."
    if row["code"] == SUSPICION and row["partner_visible"]:
        yield "partner_visible", "A suspicion is for judges only (R13): write false."


def _item_faults(row: Values) -> Iterable[Fault]:
    allowed = ITEM_RULES.get(row["rule"])
    if allowed is None:
        yield "rule", f"Write one of {', '.join(ITEM_RULES)}."
    elif (row["value"] is not None) != bool(allowed):
        yield (
            "value",
            f"A {row['rule']} item has {'a' if allowed else 'no'} value: {'write' if allowed else 'drop'} it.",
        )
    elif allowed and not allowed[0] <= row["value"] <= allowed[1]:
        yield "value", f"A {row['rule']} item has a value from {allowed[0]} to {allowed[1]}."


def _rule_faults(row: Values) -> Iterable[Fault]:
    allowed = RULE_VALUES[row["source"]]
    if row["value"] not in allowed:
        wanted = ", ".join(allowed) if any(allowed) else "nothing"
        yield "value", f"A rule over {row['source']} names {wanted}: correct it."


SUSPICION = "Y03"
ITEM_RULES: dict[str, tuple[int, ...]] = {
    "FIXED": (-10, 10),
    "NEGATED_DEDUCTION_POINTS": (-10, 0),
    "VETO": (),
    "RESTORE_SHARE": (0, 1),
}
"""The rules of moral-bank items, with the lowest and highest value (DOMAIN 5)."""

RULE_VALUES: dict[RuleSource, tuple[str, ...]] = {
    RuleSource.CODE_RECORD: (Colour.RED, Colour.YELLOW, Colour.BLUE, Colour.GOLD),
    RuleSource.DEDUCTION: tuple(Tier),
    RuleSource.LISTING: tuple(ListingKind),
    RuleSource.CERTIFICATE: ("",),
}

NAMES = (TableColumn("name_zh", "name", _name), TableColumn("name_en", "english_name", _text))
BASIS = TableColumn("legal_basis", "legal_basis", _text)
EVIDENCE = TableColumn("evidence", "evidence", _text)

BEHAVIOURS = CatalogueTable(
    "behaviours",
    Behaviour,
    (
        TableColumn("code", "code", _code),
        TableColumn("stage", "stage", _member(Stage)),
        *NAMES,
        BASIS,
        TableColumn("tier", "tier", _member(Tier)),
        TableColumn("points_min", "points_min", _points),
        TableColumn("points_max", "points_max", _points),
        TableColumn("code_type", "code_type", _optional_code),
        EVIDENCE,
    ),
    _behaviour_faults,
)
CODE_TYPES = CatalogueTable(
    "code_types",
    CodeType,
    (
        TableColumn("code", "code", _code),
        TableColumn("colour", "colour", _member(Colour)),
        *NAMES,
        BASIS,
        TableColumn("term_months", "term_months", _months),
        TableColumn("term_note", "term_note", _text),
        TableColumn("exit_rule", "exit_rule", _text),
        TableColumn("partner_visible", "partner_visible", _truth),
        EVIDENCE,
    ),
    _code_type_faults,
)
MORAL_BANK_ITEMS = CatalogueTable(
    "moral_bank_items",
    MoralBankItem,
    (
        TableColumn("code", "code", _code),
        TableColumn("kind", "kind", _member(ItemKind)),
        *NAMES,
        TableColumn("grounded_in", "grounded_in", _text),
        TableColumn("rule", "rule", _text),
        TableColumn("value", "value", _value),
        TableColumn("note", "note", _text),
    ),
    _item_faults,
)
GRADING_RULES = CatalogueTable(
    "grading_rules",
    GradingRule,
    (
        TableColumn("code", "code", _code),
        TableColumn("source", "source", _member(RuleSource)),
        TableColumn("value", "value", _text),
        TableColumn("grade", "grade", _member(RiskGrade)),
        *NAMES,
        TableColumn("basis", "basis", _text),
    ),
    _rule_faults,
)
BENEFITS = CatalogueTable(
    "benefits",
    Benefit,
    (
        TableColumn("code", "code", _code),
        TableColumn("kind", "kind", _member(BenefitKind)),
        *NAMES,
        TableColumn("least_points", "least_points", _least),
        TableColumn("note", "note", _text),
        EVIDENCE,
    ),
)
TABLES = (BEHAVIOURS, CODE_TYPES, MORAL_BANK_ITEMS, GRADING_RULES, BENEFITS)
