"""/court: the queues of an officer's role, and the acts on what lies in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth.principal import Principal
from models.deduction import FindingKind
from pages.acts import Performed
from pages.court.page import CourtPage

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
class CourtDesk(CourtPage):
    """The queues of an officer, and the acts on what lies in them."""

    async def render(self, request: Request, principal: Principal, performed: Performed) -> Response:
        assert principal.officer  # noqa: S101 - of a session
        role = principal.officer.role.value.capitalize()
        asked = {"first": PAGE, "court": principal.jurisdiction}
        answer = dict(await self.work.ask(request, principal, DOCUMENT, asked, role))
        shown: dict[str, Any] = {
            "batches": [one for status in ("open", "decided") for one in answer.pop(status, NONE)["nodes"]],
            "queues": [(name, TITLES[name], queue) for name, queue in answer.items()],
            "buttons": BUTTONS.get(role, {}),
            "findings": list(FindingKind),
            "here": self.path,
        }
        return self.work.show(request, principal, "court/queues.html", performed, **shown)
