"""/court: the queues of an officer's role, and the acts on what lies in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from pages.asking import Asking, UnansweredError
from pages.court.acts import ACTS
from pages.court.acts import DOCUMENT as ACTS_DOCUMENT
from pages.court.door import NO_STORE, PATH, SIGN_IN_PATH, CourtDoor
from pages.language import find_language, put
from pages.site import PRIVATE, Site

DOCUMENT = Path(__file__).with_name("queues.graphql").read_text("utf-8")
PAGE = 20
TITLES: Mapping[str, str] = {
    "returned": "退回待重报",
    "proposed": "已提出，待庭长审核",
    "review": "待审核",
    "collect": "待汇总入批次",
    "notify": "待告知当事人",
    "decide": "待评审",
    "objections": "待答复的异议",
    "repairs": "待决定的修复申请",
}
BUTTONS: Mapping[str, Mapping[str, Sequence[tuple[str, str]]]] = {
    "Chief": {"review": [("approve", "同意"), ("return", "退回")]},
    "Centre": {"collect": [("collect", "汇入批次")], "notify": [("notify", "记录告知")]},
    "Panel": {
        "decide": [("pass", "通过"), ("reject", "不通过")],
        "objections": [("uphold", "维持"), ("amend", "更正"), ("withdraw", "撤回扣分")],
        "repairs": [("shield", "屏蔽"), ("shorten", "缩短公示"), ("refuse", "不予修复")],
    },
}
"""The acts of each role on what lies in a queue: the names of buttons and their words."""

OFF = (503, "工作台已停用", "运行单位停用了本院的工作台。")


@dataclass(frozen=True)
class CourtDesk:
    """The desk of officers."""

    site: Site
    asking: Asking
    door: CourtDoor

    async def queues(self, request: Request) -> Response:
        """Return what waits for the officer; the page for signing in to whoever has not."""
        principal = await self.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        return await self._show(request, principal)

    async def act(self, request: Request) -> Response:
        """Do what a form asks for, and return to the queues; if it is refused, the queues with the reason."""
        form, principal = await self.door.read_form(request), await self.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        named, language = form.get("act", ""), find_language(request)
        try:
            asked = ACTS[named].read(form)
        except (KeyError, ValueError):
            return await self._show(
                request, principal, 400, [{"message": put("请填写全部内容。", request), "hint": ""}]
            )
        key = f"{form.get('key', '')}-{named}"
        try:
            told = await self.asking.act(
                principal, ACTS_DOCUMENT, {"input": asked}, ACTS[named].operation, key, language
            )
        except UnansweredError as error:
            if error.status >= 500:
                raise
            return await self._show(request, principal, 400, [{"message": error.tell(language), "hint": ""}])
        if refused := told["done"]["errors"]:
            return await self._show(request, principal, 409, refused)
        return RedirectResponse(f"{PATH}?done={named}", 303, NO_STORE)

    async def _show(
        self, request: Request, principal: Principal, status: int = 200, refused: Sequence[Mapping[str, str]] = ()
    ) -> Response:
        assert principal.officer  # noqa: S101 - of a session
        role = principal.officer.role.value.capitalize()
        asked = {"first": PAGE, "court": principal.jurisdiction}
        answer = dict(await self.asking.ask(principal, DOCUMENT, asked, role))
        batches = answer.pop("batches", {}).get("nodes", [])
        csrf = self.door.csrf_of(request)
        shown: dict[str, Any] = {
            "officer": principal,
            "queues": [(name, TITLES[name], queue) for name, queue in answer.items()],
            "buttons": BUTTONS.get(role, {}),
            "batches": batches,
            "is_centre": role == "Centre",
            "refused": refused,
            "done": request.query_params.get("done", "") in ACTS,
            "csrf": csrf,
            "draw_key": uuid4,
        }
        return self.door.keep_csrf(self.site.render(request, "court/queues.html", status, PRIVATE, **shown), csrf)
