"""The panels of the dashboard: their charts, the document of each, and the document of what a bar is made of."""

from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from languages.negotiation import Language
from pages.charts import Chart, Figure, draw_bars, draw_columns
from pages.court.figures.answer_table import AnswerTable
from pages.language import name_member

DOCUMENT = Path(__file__).with_name("panels.graphql").read_text("utf-8")
ROWS = Path(__file__).with_name("rows.graphql").read_text("utf-8")
MOST_MARKS = 60
ENUMS = {"colour": "Colour", "stage": "Stage", "tier": "Tier"}
"""Labels of statistics that are values of an enum of the schema."""

INLINED = ("value", "to")
"""Variables of `rows.graphql` that become literals: an officer may edit and keep the document as it stands."""


@dataclass(frozen=True)
class Panel:
    """A chart with its table. name: of its field in the document. enum: of its labels. upright: columns over time."""

    name: str
    title: str
    label: str
    enum: str = ""
    upright: bool = False


PANELS = (
    Panel("colours", "信用码", "colour", "Colour"),
    Panel("stages", "各环节扣分", "stage", "Stage"),
    Panel("months", "每月扣分", "month", upright=True),
    Panel("behaviours", "各行为扣分", "behaviour"),
    Panel("partners", "各查询方的查询", "client"),
    Panel("days", "每日查询", "day", upright=True),
    Panel("repairs", "每月修复与履行金额", "month", upright=True),
    Panel("durations", "各步骤用时（天）", "status", "DeductionStatus"),
    Panel("due", "未答复的异议", "dueOn"),
)
COLUMNS: Mapping[str, str] = {
    "colour": "颜色", "stage": "环节", "month": "月份", "behaviour": "失信行为", "client": "查询方", "day": "日期",
    "status": "状态", "dueOn": "答复期限", "count": "数量", "points": "扣分", "subjects": "主体", "amount": "金额",
    "medianDays": "中位数", "p90Days": "九成以内", "filedOn": "提出日期", "statement": "异议内容",
}  # fmt: skip
"""The words for the fields of the document."""


def draw(panel: Panel, table: AnswerTable, language: Language) -> Chart | None:
    """Return the chart of a panel; None for a list without numbers."""
    if "count" not in table.columns:
        return None
    label, count = table.columns.index(panel.label), table.columns.index("count")
    figures = [
        Figure(_word(row[label], panel, language), row[count], str(row[label]).lower(), str(row[label] or ""))
        for row in table.rows
    ]
    return draw_columns(figures) if panel.upright else draw_bars(figures)


def draw_answer(table: AnswerTable, language: Language) -> Chart | None:
    """Return the chart of an answer that counts by one label, such as the statistics of one dimension; else None."""
    label = table.columns[0] if table.columns else ""
    if "count" not in table.columns[1:] or len(table.rows) > MOST_MARKS:
        return None
    return draw(Panel("row", "", label, ENUMS.get(label, ""), upright=label in {"month", "day"}), table, language)


def _word(value: Any, panel: Panel, language: Language) -> str:
    if panel.enum and language is Language.ZH:
        return name_member(str(value), panel.enum, language)
    return str(value or "—")[:7] if panel.label == "month" else str(value or "—")[:12]


@cache
def cut_document(name: str) -> str:
    """Return the document of one panel: its field, with the variables that it uses."""
    (operation,) = _list_operations(DOCUMENT)
    fields = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
    (chosen,) = (one for one in fields if one.alias and one.alias.value == name)
    used = _list_variables(chosen)
    kept = [one for one in operation.variable_definitions or () if one.variable.name.value in used]
    variables = ", ".join(print_ast(one) for one in kept)
    head = f"query {name.capitalize()}({variables}) " if kept else ""
    return f"{head}{{\n  {print_ast(chosen)}\n}}"


def has_rows(name: str, value: str) -> bool:
    """Return whether there is a document of what a bar is made of (`write_rows`)."""
    operation = _rows_by_panel().get(name)
    return operation is not None and bool(value) and _inline(operation, value) is not None


def write_rows(name: str, value: str) -> str | None:
    """Return the document of what a bar is made of. name: of the panel; value: the label of the bar, which becomes a
    literal of the document. None if the panel has none, or the value cannot be a label of it."""
    operation = _rows_by_panel().get(name)
    literals = _inline(operation, value) if operation else None
    if operation is None or literals is None:
        return None
    text = print_ast(visit(operation, _Literals(literals)))
    return "\n\n".join([text, *(body for name, body in _list_fragments().items() if f"...{name}" in text)])


def _inline(operation: OperationDefinitionNode, value: str) -> Mapping[str, ValueNode] | None:
    """Return the literals for the variables that are inlined."""
    found: dict[str, ValueNode] = {}
    for one in operation.variable_definitions or ():
        name = one.variable.name.value
        type_ = one.type.type if isinstance(one.type, NonNullTypeNode) else one.type
        if name not in INLINED or not isinstance(type_, NamedTypeNode):
            continue
        literal = _write_literal(type_.name.value, name, value)
        if literal is None:
            return None
        found[name] = literal
    return found


def _write_literal(type_: str, name: str, value: str) -> ValueNode | None:
    if type_ == "String":
        return StringValueNode(value=value)
    if type_ == "Date":
        day = _read_day(value)
        return StringValueNode(value=str(_end_month(day) if name == "to" else day)) if day else None
    return EnumValueNode(value=value) if value.isascii() and value.isidentifier() else None


def _read_day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _end_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


class _Literals(Visitor):
    """Puts literals in place of variables, which are then no more declared."""

    def __init__(self, literals: Mapping[str, ValueNode]) -> None:
        super().__init__()
        self.literals = literals

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        return self.REMOVE if node.variable.name.value in INLINED else self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> ValueNode | None:
        return self.literals.get(node.name.value)


class _Variables(Visitor):
    """Collects the names of variables."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)


def _list_variables(node: FieldNode) -> Collection[str]:
    visitor = _Variables()
    visit(node, visitor)
    return visitor.names


def _list_operations(document: str) -> list[OperationDefinitionNode]:
    found: DocumentNode = parse(document)
    return [one for one in found.definitions if isinstance(one, OperationDefinitionNode)]


@cache
def _rows_by_panel() -> Mapping[str, OperationDefinitionNode]:
    return {one.name.value.lower(): one for one in _list_operations(ROWS) if one.name}


@cache
def _list_fragments() -> Mapping[str, str]:
    found = (one for one in parse(ROWS).definitions if isinstance(one, FragmentDefinitionNode))
    return {one.name.value: print_ast(one) for one in found}
