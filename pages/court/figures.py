"""/court/figures: the court's figures as charts, each with its table, its document to edit and run, CSV and JSON.

The dashboard is one request; statistics are no look-ups (R28). A document that an officer writes is asked with the
officer's own rights, as every other.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, OperationType, VariableNode, parse, print_ast
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from languages.negotiation import Language
from models.terms import to_court_day
from pages.asking import Data, UnansweredError
from pages.charts import Chart, Figure, draw_bars, draw_columns
from pages.court.door import NO_STORE, SIGN_IN_PATH
from pages.court.performing import CourtWork, Performed
from pages.language import find_language, name_member, put
from pages.site import HEADERS, PRIVATE

PATH = "/court/figures"
DOCUMENT = Path(__file__).with_name("figures.graphql").read_text("utf-8")
RECENT = timedelta(days=30)
LONGEST_DOCUMENT = 12_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet read a cell as a formula."""


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


@dataclass(frozen=True)
class AnswerTable:
    """Rows of scalars under their names."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> "AnswerTable":
        """Return a table of objects, with nested ones as columns of their path."""
        flat = [dict(_flatten(row)) for row in rows]
        columns = list(dict.fromkeys(name for row in flat for name in row))
        return cls(columns, [[row.get(name) for name in columns] for row in flat])

    def write_csv(self) -> str:
        """Return it as CSV; a cell that a spreadsheet would compute is text (OWASP, CSV injection)."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerows([self.columns, *([_cell(value) for value in row] for row in self.rows)])
        return file.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _flatten(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", orjson.dumps(value).decode() if isinstance(value, list) else value


def find_rows(data: Any) -> list[Mapping[str, Any]]:
    """Return the first list of objects in an answer, or the answer itself as one row."""
    waiting = [data]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list) and all(isinstance(row, Mapping) for row in one):
            return one
        if isinstance(one, Mapping):
            waiting += one.values()
    return [data]


@cache
def cut_document(name: str) -> str:
    """Return the document of one panel: its field, with the variables that it uses."""
    (operation,) = (one for one in parse(DOCUMENT).definitions if isinstance(one, OperationDefinitionNode))
    fields = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
    (chosen,) = (one for one in fields if one.alias and one.alias.value == name)
    used = {node.name.value for node in _list_variables(chosen)}
    kept = [one for one in operation.variable_definitions or () if one.variable.name.value in used]
    variables = ", ".join(print_ast(one) for one in kept)
    return (
        f"query {name.capitalize()}({variables}) {{\n  {print_ast(chosen)}\n}}"
        if kept
        else f"{{ {print_ast(chosen)} }}"
    )


def _list_variables(node: Any) -> Iterator[VariableNode]:
    if isinstance(node, VariableNode):
        yield node
    for key in getattr(node, "keys", ()):
        found = getattr(node, key, None)
        for one in found if isinstance(found, list | tuple) else [found]:
            if one is not None and hasattr(one, "kind"):
                yield from _list_variables(one)


def only_reads(document: str) -> bool:
    """Return whether all operations of a document are queries."""
    try:
        found = [one for one in parse(document).definitions if isinstance(one, OperationDefinitionNode)]
    except GraphQLError:
        return True  # the schema says what is wrong with it
    return all(one.operation is OperationType.QUERY for one in found)


@dataclass(frozen=True)
class CourtFigures:
    """The dashboard."""

    work: CourtWork

    async def show(self, request: Request) -> Response:
        """Return all panels; one of them as CSV or JSON with `panel` and `format`."""
        principal = await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        data = await self.work.ask(request, principal, DOCUMENT, self._variables(principal), "Dashboard")
        tables = {panel.name: AnswerTable.of(find_rows(data[panel.name])) for panel in PANELS}
        if wanted := request.query_params.get("format"):
            name = request.query_params.get("panel", "")
            if name not in tables:
                raise HTTPException(404)
            return self._save(tables[name], data[name], wanted, name)
        language = find_language(request)
        panels = [(panel, tables[panel.name], draw(panel, tables[panel.name], language)) for panel in PANELS]
        shown: dict[str, Any] = {"panels": panels, "words": COLUMNS, "cut": cut_document, "here": PATH}
        return self.work.show(request, principal, "court/figures.html", Performed(), **shown)

    async def run(self, request: Request) -> Response:
        """Answer the document of a form as a table, as CSV or as JSON."""
        form, principal = await self.work.door.read_form(request), await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        document = form.get("document", "")[:LONGEST_DOCUMENT]
        data, performed = await self._answer(request, principal, document)
        table = AnswerTable.of(find_rows(data)) if data is not None else None
        if table and form.get("format") in {"csv", "json"}:
            return self._save(table, data, form["format"], "answer")
        repeated = {"csrf": form["csrf"], "document": document}
        shown: dict[str, Any] = {"document": document, "table": table, "here": PATH, "repeated": repeated}
        return self.work.show(request, principal, "court/answer.html", performed, **shown)

    async def _answer(self, request: Request, principal: Principal, document: str) -> tuple[Data | None, Performed]:
        if not only_reads(document):
            return None, Performed(400, [{"message": put("这里只能查询，不能办理。", request), "hint": ""}])
        try:
            asked = {name: value for name, value in self._variables(principal).items() if f"${name}" in document}
            answer = await self.work.asking.ask(principal, document, asked, None, find_language(request))
        except UnansweredError as error:
            if error.status >= 500:
                raise
            return None, Performed(400, [{"message": error.tell(find_language(request)), "hint": ""}])
        return answer, Performed()

    def _variables(self, principal: Principal) -> dict[str, Any]:
        today = to_court_day(self.work.asking.clock())
        first = date(today.year - 1, today.month, 1)
        return {"court": principal.jurisdiction, "from": str(first), "recent": str(today - RECENT)}

    def _save(self, table: AnswerTable, data: Any, format: str, name: str) -> Response:
        saved = {**HEADERS, **PRIVATE, "Content-Disposition": f'attachment; filename="{name}.{format}"'}
        if format == "csv":
            return Response(table.write_csv(), 200, saved, "text/csv; charset=utf-8")
        return Response(orjson.dumps(data, option=orjson.OPT_INDENT_2), 200, saved, "application/json")


def draw(panel: Panel, table: AnswerTable, language: Language) -> Chart | None:
    """Return the chart of a panel; None for a list without numbers."""
    if "count" not in table.columns:
        return None
    label, count = table.columns.index(panel.label), table.columns.index("count")
    figures = [Figure(_word(row[label], panel, language), row[count], str(row[label]).lower()) for row in table.rows]
    return draw_columns(figures) if panel.upright else draw_bars(figures)


def _word(value: Any, panel: Panel, language: Language) -> str:
    if panel.enum and language is Language.ZH:
        return name_member(str(value), panel.enum, language)
    return str(value or "—")[:7] if panel.label == "month" else str(value or "—")[:12]
