"""How an officer's form becomes a mutation, on whichever page of the desk it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from auth.openid.offering import offer
from auth.principal import Principal
from auth.staff.step_up import FACTOR_FIELD, FACTOR_FIELDS
from models.court import StaffRole
from pages.acts import Performed
from pages.asking import Asking, Data, UnansweredError
from pages.court.acts import ACTS
from pages.court.acts import DOCUMENT as ACTS_DOCUMENT
from pages.court.door import WITH_KEYS, CourtDoor
from pages.language import find_language, put
from pages.site import CLOSED, PRIVATE, Site

Sections = Sequence[tuple[str, str, frozenset[StaffRole]]]
EVERYBODY = frozenset(StaffRole)
SECTIONS: Sections = (
    ("/court", "待办", EVERYBODY),
    ("/court/cases", "案件", EVERYBODY),
    ("/court/figures", "数据", EVERYBODY),
    ("/court/identities", "身份核查", frozenset({StaffRole.CENTRE, StaffRole.PRESIDENT})),
    ("/court/imports", "导入", frozenset({StaffRole.CENTRE, StaffRole.PRESIDENT})),
)
"""The pages of the desk: address, title, and whom they are for."""


@dataclass(frozen=True)
class CourtWork:
    """What the pages of the desk share: questions, acts and the frame."""

    site: Site
    asking: Asking
    door: CourtDoor

    async def ask(self, request: Request, principal: Principal, document: str, asked: Data, name: str) -> Data:
        """Return the answer to a question of an officer. Raises UnansweredError."""
        return await self.asking.ask(principal, document, asked, name, find_language(request))

    async def perform(
        self, request: Request, principal: Principal, form: Mapping[str, str], digest: str | None = None
    ) -> Performed:
        """Do what a form asks for, once. digest: of the file that came with it."""
        named, language = form.get("act", ""), find_language(request)
        try:
            asked = ACTS[named].read({**form, "digest": digest} if digest else form)
        except (KeyError, ValueError):
            return Performed(400, [{"message": put("请填写全部内容。", request), "hint": ""}])
        key, operation = f"{form.get('key', '')}-{named}", ACTS[named].operation
        try:
            told = await self.asking.act(principal, ACTS_DOCUMENT, {"input": asked}, operation, key, language)
        except UnansweredError as error:
            if error.status >= 500:
                raise
            return Performed(400, [{"message": error.tell(language), "hint": ""}])
        refused = told["done"]["errors"]
        return Performed(409, refused) if refused else Performed()

    def ask_factor(
        self, request: Request, principal: Principal, form: Mapping[str, str], *, wrong: bool = False
    ) -> Response:
        """Return the page that asks for the second factor, with a form that does again what was asked for. wrong: after
        a wrong one."""
        fields = {name: value for name, value in form.items() if name not in FACTOR_FIELDS}
        refused = put("验证码错误，或尝试次数过多。", request) if wrong else ""
        shown: dict[str, Any] = {"fields": fields, "marker": FACTOR_FIELD, "here": request.url.path, "wrong": refused}
        shown |= offer(self.door.server, request.url.path, again=True)
        shown |= self.door.ask_key(self.door.csrf_of(request))
        performed = Performed(422 if wrong else 403)
        return self.show(request, principal, "court/second_factor.html", performed, WITH_KEYS, **shown)

    def show(
        self,
        request: Request,
        principal: Principal,
        template: str,
        performed: Performed,
        policy: str = CLOSED,
        **values: Any,
    ) -> Response:
        """Return a page of the desk."""
        assert principal.officer  # noqa: S101 - of a session
        role = principal.officer.role
        csrf = self.door.csrf_of(request)
        shown: dict[str, Any] = {
            "officer": principal,
            "role": role,
            "sections": [(path, title) for path, title, roles in SECTIONS if role in roles],
            "refused": performed.refused,
            "done": request.query_params.get("done", "") in ACTS,
            "csrf": csrf,
            "draw_key": uuid4,
        }
        page = self.site.render(request, template, performed.status, PRIVATE, policy, **{**shown, **values})
        return self.door.keep_csrf(page, csrf)
