"""/court/explorer: the explorer for officers, and the endpoint that it and the editor ask.

The endpoint is that of /graphql with the session in place of a token: no token reaches the browser. A request carries
the token against forged forms in a header, which no other site can set.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth.audiences import Audience
from auth.principal import Principal
from pages.court.door import NO_STORE
from pages.court.figures.dashboard import CourtFigures
from pages.court.performing import CourtWork
from pages.explorer import Tab, list_tabs, show_explorer
from pages.language import put

PATH, ENDPOINT = "/court/explorer", "/court/graphql"

Respond = Callable[[Request, Principal], Awaitable[Response]]


@dataclass(frozen=True)
class CourtExplorer:
    """The explorer of officers. figures: with the documents that they saved. respond: the endpoint at /graphql."""

    work: CourtWork
    figures: CourtFigures
    respond: Respond

    async def show(self, request: Request) -> Response:
        """Return the page, with the officer's documents as tabs before the examples."""
        principal = await self.work.door.find_officer(request)
        if principal is None:
            return self.work.door.turn_away(request)
        csrf = self.work.door.csrf_of(request)
        tabs = [*await self._list_saved(principal), *list_tabs(Audience.COURT)]
        page = show_explorer(self.work.site, request, Audience.COURT, tabs, ENDPOINT, csrf)
        return self.work.door.keep_csrf(page, csrf)

    async def ask(self, request: Request) -> Response:
        """Answer a request of the explorer or the editor. Raises ForgedFormError."""
        self.work.door.check_header(request)
        principal = await self.work.door.find_officer(request)
        if principal is None:
            first = getattr(request.state, "first", None)
            told = "请先在账户页面修改密码或设置第二因子。" if first else "登录已结束，请重新登录。"
            ended = {"message": put(told, request), "extensions": {"code": "UNAUTHENTICATED"}}
            return JSONResponse({"errors": [ended]}, 401, NO_STORE)
        return await self.respond(request, principal)

    async def _list_saved(self, principal: Principal) -> list[Tab]:
        variables = json.dumps(self.figures.variables_of(principal), indent=2)
        found = await self.figures.saved.list_all(principal)
        return [{"query": one.document, "variables": variables if "$" in one.document else ""} for one in found]
