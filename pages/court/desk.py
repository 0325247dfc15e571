"""/court: the queues of an officer's role, and the acts on what lies in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from models.deduction import FindingKind
from pages.court.door import NO_STORE, PATH, SIGN_IN_PATH
from pages.court.performing import CourtWork, Performed

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
    "Judge": {"returned": [("resubmit", "重新提出")]},
    "Chief": {"review": [("approve", "同意"), ("return", "退回")]},
    "Centre": {"collect": [("collect", "汇入批次")], "notify": [("notify", "记录告知")]},
    "Panel": {
        "decide": [("pass", "通过"), ("reject", "不通过")],
        "objections": [("uphold", "维持"), ("amend", "更正"), ("withdraw", "撤回扣分")],
        "repairs": [("shield", "屏蔽"), ("shorten", "缩短公示"), ("refuse", "不予修复")],
    },
}
"""The acts of each role on what lies in a queue: the names of buttons and their words."""

NONE: Mapping[str, Any] = {"nodes": []}
OFF = (503, "工作台已停用", "运行单位停用了本院的工作台。")


@dataclass(frozen=True)
class CourtDesk:
    """The desk of officers."""

    work: CourtWork

    async def queues(self, request: Request) -> Response:
        """Return what waits for the officer; the page for signing in to whoever has not."""
        principal = await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        return await self._show(request, principal, Performed())

    async def act(self, request: Request) -> Response:
        """Do what a form asks for, and return to the queues; if it is refused, the queues with the reason."""
        (form, digest), principal = await self.work.door.read(request), await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        performed = await self.work.perform(request, principal, form, digest)
        if performed.status == 200:
            return RedirectResponse(f"{PATH}?done={form['act']}", 303, NO_STORE)
        return await self._show(request, principal, performed)

    async def _show(self, request: Request, principal: Principal, performed: Performed) -> Response:
        assert principal.officer  # noqa: S101 - of a session
        role = principal.officer.role.value.capitalize()
        asked = {"first": PAGE, "court": principal.jurisdiction}
        answer = dict(await self.work.ask(request, principal, DOCUMENT, asked, role))
        shown: dict[str, Any] = {
            "batches": [one for status in ("open", "decided") for one in answer.pop(status, NONE)["nodes"]],
            "queues": [(name, TITLES[name], queue) for name, queue in answer.items()],
            "buttons": BUTTONS.get(role, {}),
            "findings": list(FindingKind),
            "here": PATH,
        }
        return self.work.show(request, principal, "court/queues.html", performed, **shown)
