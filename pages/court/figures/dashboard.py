"""The dashboard and the documents that officers write.

The dashboard is one request; statistics are no look-ups (R28). A document is asked with the officer's own rights, as
every other: whoever runs one that is shared sees what is hers to see.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from models.saved_document import MOST_LETTERS, MOST_TITLE
from models.terms import to_court_day
from pages.acts import Performed
from pages.asking import Data, UnansweredError
from pages.built_files import address_of_tool
from pages.court.door import NO_STORE
from pages.court.figures.answer_table import AnswerTable, find_rows
from pages.court.figures.panels import COLUMNS, DOCUMENT, PANELS, cut_document, draw, draw_answer, has_rows, write_rows
from pages.court.figures.saved_documents import SavedDocuments, TooManyDocumentsError
from pages.court.performing import CourtWork
from pages.language import find_language, put
from pages.site import HEADERS, PRIVATE

PATH = "/court/figures"
ROWS_PATH, SAVED_PATH = f"{PATH}/rows", f"{PATH}/saved"
WITH_EDITOR = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The policy of pages with the editor, whose style sheet has a nonce."""

RECENT = timedelta(days=30)


def only_reads(document: str) -> bool:
    """Return whether all operations of a document are queries."""
    try:
        found = [one for one in parse(document).definitions if isinstance(one, OperationDefinitionNode)]
    except GraphQLError:
        return True  # the schema says what is wrong with it
    return all(one.operation is OperationType.QUERY for one in found)


@dataclass(frozen=True)
class OfficerDocument:
    """A document as a form holds it. key: of the saved one that it is; None for one that is not saved."""

    document: str
    title: str = ""
    is_shared: bool = False
    key: int | None = None
    is_own: bool = True

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "OfficerDocument":
        """Return what a form says."""
        document = form.get("document", "").replace("\r\n", "\n")[:MOST_LETTERS]
        return cls(document, form.get("title", "")[:MOST_TITLE], form.get("shared") == "yes")

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the form."""
        return {"document": self.document, "title": self.title, **({"shared": "yes"} if self.is_shared else {})}


@dataclass(frozen=True)
class CourtFigures:
    """The dashboard."""

    work: CourtWork

    @cached_property
    def saved(self) -> SavedDocuments:
        """The documents of officers."""
        return SavedDocuments(self.work.asking.database, self.work.asking.clock)

    async def show(self, request: Request) -> Response:
        """Return all panels; one of them as CSV or JSON with `panel` and `format`."""
        principal = await self.work.door.find_officer(request)
        if principal is None:
            return self.work.door.turn_away(request)
        data = await self.work.ask(request, principal, DOCUMENT, self.variables_of(principal), "Dashboard")
        tables = {panel.name: AnswerTable.of(find_rows(data[panel.name])) for panel in PANELS}
        if wanted := request.query_params.get("format"):
            name = request.query_params.get("panel", "")
            if name not in tables:
                raise HTTPException(404)
            return self._save(tables[name], data[name], wanted, name)
        language = find_language(request)
        panels = [(panel, tables[panel.name], draw(panel, tables[panel.name], language)) for panel in PANELS]
        shown: dict[str, Any] = {"panels": panels, "words": COLUMNS, "cut": cut_document}
        shown["has_rows"] = has_rows
        shown |= {"documents": await self.saved.list_all(principal), "here": PATH}
        return self.work.show(request, principal, "court/figures.html", Performed(), **shown)

    async def show_rows(self, request: Request) -> Response:
        """Return what the bar `value` of the panel `panel` is made of."""
        asked = request.query_params
        document = write_rows(asked.get("panel", ""), asked.get("value", ""))
        if document is None:
            raise HTTPException(404)
        return await self._run(request, await self.work.door.find_officer(request), OfficerDocument(document))

    async def show_saved(self, request: Request) -> Response:
        """Return the answer to a document that was saved by the officer, or shared with the court."""
        principal = await self.work.door.find_officer(request)
        found = principal and await self.saved.find(principal, request.path_params["key"])
        if principal and found is None:
            raise HTTPException(404)
        written = found and OfficerDocument(found.document, found.title, found.is_shared, found.key, found.is_own)
        return await self._run(request, principal, written or OfficerDocument(""))

    async def run(self, request: Request) -> Response:
        """Answer the document of a form as a table, as CSV or as JSON."""
        form, principal = await self.work.door.read_form(request), await self.work.door.find_officer(request)
        return await self._run(request, principal, OfficerDocument.of(form), form.get("format", ""))

    async def save(self, request: Request) -> Response:
        """Save the document of a form under its title, or remove the one that `remove` names."""
        form, principal = await self.work.door.read_form(request), await self.work.door.find_officer(request)
        if principal is None:
            return self.work.door.turn_away(request)
        if (key := form.get("remove", "")).isdecimal():
            await self.saved.remove(principal, int(key))
            return RedirectResponse(PATH, 303, NO_STORE)
        written = OfficerDocument.of(form)
        if not written.title or not written.document:
            return self._answer_page(request, principal, written, None, _refuse("请填写名称和查询语句。", request))
        try:
            made = await self.saved.keep(principal, written.title, written.document, is_shared=written.is_shared)
        except TooManyDocumentsError:
            refused = _refuse("保存的查询语句已达上限，请先删除不用的。", request)
            return self._answer_page(request, principal, written, None, refused)
        return RedirectResponse(f"{SAVED_PATH}/{made}", 303, NO_STORE)

    async def _run(
        self, request: Request, principal: Principal | None, written: OfficerDocument, format: str = ""
    ) -> Response:
        if principal is None:
            return self.work.door.turn_away(request)
        data, performed = await self._answer(request, principal, written.document)
        table = AnswerTable.of(find_rows(data)) if data is not None else None
        if table and format in {"csv", "json"}:
            return self._save(table, data, format, "answer")
        return self._answer_page(request, principal, written, table, performed)

    def _answer_page(
        self,
        request: Request,
        principal: Principal,
        written: OfficerDocument,
        table: AnswerTable | None,
        performed: Performed,
    ) -> Response:
        chart = draw_answer(table, find_language(request)) if table else None
        shown: dict[str, Any] = {"written": written, "table": table, "chart": chart, "here": PATH}
        nonce = secrets.token_urlsafe(16)
        shown |= {"has_rows": has_rows, "nonce": nonce, "editor": address_of_tool("editor")}
        if request.method == "POST":
            shown["repeated"] = {"csrf": self.work.door.csrf_of(request), **written.fields}
        page = self.work.show(request, principal, "court/answer.html", performed, **shown)
        page.headers["Content-Security-Policy"] = WITH_EDITOR.format(nonce=nonce)
        return page

    async def _answer(self, request: Request, principal: Principal, document: str) -> tuple[Data | None, Performed]:
        if not only_reads(document):
            return None, _refuse("这里只能查询，不能办理。", request)
        try:
            asked = {name: value for name, value in self.variables_of(principal).items() if f"${name}" in document}
            answer = await self.work.asking.ask(principal, document, asked, None, find_language(request))
        except UnansweredError as error:
            if error.status >= 500:
                raise
            return None, Performed(400, [{"message": error.tell(find_language(request)), "hint": ""}])
        return answer, Performed()

    def variables_of(self, principal: Principal) -> dict[str, Any]:
        """Return the variables that documents of the dashboard may use."""
        today = to_court_day(self.work.asking.clock())
        first = date(today.year - 1, today.month, 1)
        return {"court": principal.jurisdiction, "from": str(first), "recent": str(today - RECENT)}

    def _save(self, table: AnswerTable, data: Any, format: str, name: str) -> Response:
        saved = {**HEADERS, **PRIVATE, "Content-Disposition": f'attachment; filename="{name}.{format}"'}
        if format == "csv":
            return Response(table.write_csv(), 200, saved, "text/csv; charset=utf-8")
        return Response(orjson.dumps(data, option=orjson.OPT_INDENT_2), 200, saved, "application/json")


def _refuse(sentence: str, request: Request) -> Performed:
    return Performed(400, [{"message": put(sentence, request), "hint": ""}])
