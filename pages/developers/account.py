"""/developers/account: what a client's developer sees of the client's own use of the service, and does about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from auth.scopes import Scope
from pages.acts import FormAct, Performed
from pages.asking import Asking, UnansweredError
from pages.charts import Chart, Figure, draw_columns
from pages.developers.door import NO_STORE, PATH, DeveloperDoor
from pages.forms import read_form
from pages.language import PARAMETER, find_language, put
from pages.site import PRIVATE, Site

PAGE = 20
CHOICES = ("request", "refused")
"""What a developer may ask of the requests: an id, and only those with errors."""

DAYS = 100
"""Rows of the usage: some weeks of most clients."""

FIRST = frozenset({"first"})
PAGED = FIRST | {"after"}
SINCE = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
"""From when on events are sent again, by the words of the form."""


def _read(name: str) -> str:
    return Path(__file__).with_name(f"{name}.graphql").read_text("utf-8")


@dataclass(frozen=True)
class AccountSection:
    """A page of a client. document: with its question and acts; operation: the question; template; needs: the scope
    that the question needs, if any; variables: those that it takes, of `first`, `after` and `filter`."""

    path: str
    document: str
    operation: str
    template: str
    title: str
    needs: Scope | None = None
    variables: frozenset[str] = frozenset()

    @property
    def acts(self) -> bool:
        """Whether something can be done on the page."""
        return "mutation " in self.document


SECTIONS = (
    AccountSection(PATH, _read("account"), "Account", "developers/registration.html", "登记与额度"),
    AccountSection(
        f"{PATH}/webhooks", _read("webhooks"), "Webhooks", "developers/webhooks.html", "回调", Scope.EVENT, FIRST
    ),
    AccountSection(
        f"{PATH}/documents", _read("trusted"), "Documents", "developers/trusted.html", "已登记文档", None, PAGED
    ),
    AccountSection(
        f"{PATH}/requests", _read("requests"), "Requests", "developers/requests.html", "请求", None, PAGED | {"filter"}
    ),
    AccountSection(f"{PATH}/usage", _read("usage"), "Usage", "developers/usage.html", "用量", None, PAGED),
)
ACTS: Mapping[str, FormAct] = {
    "replay": FormAct("Replay", {"id": str, "since": str}),
    "enable": FormAct("Enable", {"id": str}),
    "disable": FormAct("Disable", {"id": str}),
}


@dataclass(frozen=True)
class DeveloperAccount:
    """A page of a client."""

    site: Site
    asking: Asking
    door: DeveloperDoor
    section: AccountSection

    async def show(self, request: Request) -> Response:
        """Return the page; to whoever is not here, how to come."""
        principal = await self.door.find_client(request)
        return await self._show(request, principal, Performed()) if principal else self._absent(request)

    async def act(self, request: Request) -> Response:
        """Do what a form asks for. Return to the page; with the reason if it is refused."""
        form, principal = await read_form(request), await self.door.find_client(request)
        if principal is None:
            return self._absent(request)
        self.door.session.check(request, form)
        performed = await self._do(request, principal, form)
        if performed.status == 200:
            return RedirectResponse(f"{self.section.path}?done={form['act']}", 303, NO_STORE)
        return await self._show(request, principal, performed)

    def _absent(self, request: Request) -> Response:
        return self.site.render(request, "developers/absent.html", 200, PRIVATE)

    async def _do(self, request: Request, principal: Principal, form: Mapping[str, str]) -> Performed:
        named, language = form.get("act", ""), find_language(request)
        try:
            asked = ACTS[named].read(self._count_back(form))
        except (KeyError, ValueError):
            return Performed(400, [{"message": put("请填写全部内容。", request), "hint": ""}])
        key, operation = f"{form.get('key', '')}-{named}", ACTS[named].operation
        try:
            told = await self.asking.act(principal, self.section.document, {"input": asked}, operation, key, language)
        except UnansweredError as error:
            if error.status >= 500:
                raise
            return Performed(400, [{"message": error.tell(language), "hint": ""}])
        refused = told["done"]["errors"]
        return Performed(409, refused) if refused else Performed()

    def _count_back(self, form: Mapping[str, str]) -> Mapping[str, str]:
        """Return a form with the moment that a span before the page was shown stands for, so that a form that is sent
        again says the same. Raises KeyError, ValueError."""
        if "span" not in form:
            return form
        shown = datetime.fromisoformat(form["shown"])
        return {**form, "since": (shown - SINCE[form["span"]]).isoformat()}

    async def _show(self, request: Request, principal: Principal, performed: Performed) -> Response:
        section = self.section
        permitted = section.needs is None or section.needs in principal.scopes
        answer = await self._ask(request, principal) if permitted else {}
        shown: dict[str, Any] = {
            **answer,
            "client": principal,
            "permitted": permitted,
            "needs": section.needs,
            "writes": Scope.WEBHOOK_WRITE in principal.scopes,
            "sections": SECTIONS,
            "here": section.path,
            "spans": list(SINCE),
            "refused": performed.refused,
            "done": request.query_params.get("done", "") in ACTS,
            "csrf": self.door.session.csrf_of(request),
            "draw_key": uuid4,
            "now": self.asking.clock().isoformat(),
            "chosen": {name: request.query_params.get(name, "") for name in (*CHOICES, PARAMETER)},
        }
        if "usage" in answer:
            shown["daily"] = draw_daily(answer["usage"])
        return self.site.render(request, section.template, performed.status, PRIVATE, **shown)

    async def _ask(self, request: Request, principal: Principal) -> Mapping[str, Any]:
        query = request.query_params
        chosen = {
            "requestId": query.get("request", "").strip() or None,
            "refused": True if query.get("refused") else None,
        }
        first = DAYS if self.section.operation == "Usage" else PAGE
        given = {"first": first, "after": query.get("after") or None, "filter": chosen}
        asked = {name: value for name, value in given.items() if name in self.section.variables}
        return await self.asking.ask(
            principal, self.section.document, asked, self.section.operation, find_language(request)
        )


def draw_daily(usage: Mapping[str, Any]) -> Chart:
    """Return the requests by day, oldest first. A day of which the page may hold a part only is left out."""
    days = dict[str, int]()
    for row in reversed(usage["nodes"]):
        days[row["day"]] = days.get(row["day"], 0) + row["requests"]
    if usage["pageInfo"]["hasNextPage"] and len(days) > 1:
        del days[min(days)]
    return draw_columns([Figure(day[5:], count, key=day) for day, count in days.items()])
