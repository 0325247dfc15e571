"""Sign-in to the court's desk: a session that the server holds (`__Host-` cookie), and a token against forged forms."""

import logging
import secrets
from dataclasses import dataclass
from functools import cached_property, partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.administration.powers import find_power
from auth.metadata import ACCOUNT_PATH, SCRIPT_PATH
from auth.openid.offering import offer
from auth.principal import Principal
from auth.request_body import media_type_of
from auth.server.authorization_server import AuthorizationServer
from auth.server.oauth_http import Visit
from auth.server.token_store import to_datetime
from auth.staff.browser_session import SECRET_BYTES, BrowserSession
from auth.staff.password_check import PasswordCheck, Tried
from auth.staff.password_queue import PasswordQueue, QueueFullError
from auth.staff.session_ends import SessionEnd
from auth.staff.staff_principal import EntryError, SessionOverError, admit_officer
from auth.staff.step_up import StepUp
from pages.asking import Asking
from pages.forms import UPLOAD_TYPE, ForgedFormError, read_form, read_upload_form
from pages.language import put
from pages.site import CLOSED, PRIVATE, Site

PATH, SIGN_IN_PATH = "/court", "/court/sign-in"
CSRF_HEADER = "x-csrf-token"
NO_STORE = {"Cache-Control": "no-store"}
WITH_KEYS = f"{CLOSED}; script-src 'self'"
"""The policy of the page with the script that speaks with security keys."""

ENDED = {
    "idle": "您已 30 分钟未操作，会话已结束，请重新登录。",
    "age": "登录已满 8 小时，会话已结束，请重新登录。",
    "over": "会话已结束，请重新登录。",
}
"""Why a session is over, by the parameter of the page."""

log = logging.getLogger("suxin.pages")


@dataclass(frozen=True)
class CourtDoor:
    """Lets officers in. server: with the sessions and the limits of the sign-in pages."""

    site: Site
    asking: Asking
    server: AuthorizationServer

    @cached_property
    def session(self) -> BrowserSession:
        """The cookies."""
        return BrowserSession(self.server)

    @cached_property
    def passwords(self) -> PasswordCheck:
        """The check of passwords."""
        return PasswordCheck(self.session)

    @cached_property
    def queues(self) -> tuple[PasswordQueue, PasswordQueue]:
        """One password at a time for devices that the account knows, and one for strangers."""
        return PasswordQueue(), PasswordQueue()

    async def find_officer(self, request: Request) -> Principal | None:
        """Return the principal of the officer who has signed in; None if nobody has. `turn_away` then says why."""
        token = request.cookies.get(self.session.session_cookie)
        if not token:
            return None
        try:
            async with self.asking.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                return await admit_officer(connection, token, self.asking.clock(), self.server.entry)
        except SessionOverError as over:
            request.state.ended = over.why
        except EntryError as error:
            request.state.first = error.path
        return None

    def turn_away(self, request: Request) -> Response:
        """Send whoever has no session to the page for signing in, which says why if one is over; whoever has something
        to do first, to the page for that."""
        if first := getattr(request.state, "first", None):
            return RedirectResponse(first, 303, NO_STORE)
        why: SessionEnd | None = getattr(request.state, "ended", None)
        if why is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        return self.session.end(RedirectResponse(f"{SIGN_IN_PATH}?ended={why.lower()}", 303, NO_STORE))

    async def prove(self, request: Request, form: dict[str, str], principal: Principal) -> bool:
        """Return whether a form has the second factor of the officer, which the session keeps then."""
        assert principal.officer  # noqa: S101 - of a session
        return await run_in_threadpool(self._prove, self._visit(request, form), principal.officer.key)

    def _prove(self, visit: Visit, key: int) -> bool:
        with self.server.engine.begin() as connection:
            return StepUp(self.session).prove(connection, visit, key)

    async def read(self, request: Request) -> tuple[dict[str, str], str | None]:
        """Return the fields of a form of this site with the SHA-256 of its file, if it has one. Raises
        BadFormError, ForgedFormError."""
        if media_type_of(request.headers) != UPLOAD_TYPE:
            return await self.read_form(request), None
        form, digest = await read_upload_form(request)
        if not self.session.owns(form, self._visit(request, dict(form))):
            raise ForgedFormError
        return dict(form), digest

    async def read_form(self, request: Request) -> dict[str, str]:
        """Return the fields of a form of this site. Raises BadFormError, ForgedFormError."""
        form = dict(await read_form(request))
        if not self.session.owns(form, self._visit(request, form)):
            raise ForgedFormError
        return form

    def check_header(self, request: Request) -> None:
        """Raise ForgedFormError unless a header has the token that forms carry, and the browser does not say that
        another site asks."""
        own = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        given = {"csrf": request.headers.get(CSRF_HEADER, "")}
        if not own or not self.session.owns(given, Visit({}, request.cookies, given, same_origin=False)):
            raise ForgedFormError

    def csrf_of(self, request: Request) -> str:
        """Return the token that forms carry: that of the cookie, or a new one."""
        return request.cookies.get(self.session.csrf_cookie) or secrets.token_urlsafe(SECRET_BYTES)

    def keep_csrf(self, response: Response, csrf: str) -> Response:
        """Set the cookie that the token of forms is compared with."""
        response.set_cookie(self.session.csrf_cookie, csrf, **self.session.attributes)
        return response

    async def show(self, request: Request) -> Response:
        """Return the page for signing in; the desk for whoever has."""
        if await self.find_officer(request):
            return RedirectResponse(PATH, 303, NO_STORE)
        if getattr(request.state, "first", None):
            return self.turn_away(request)
        if await run_in_threadpool(self._find_administrator, request):
            return RedirectResponse(ACCOUNT_PATH, 303, NO_STORE)
        return self._page(request, 200, "")

    async def sign_in(self, request: Request) -> Response:
        """Check the form. A new session has a new secret, so that none can be fixed beforehand."""
        form = await self.read_form(request)
        visit = self._visit(request, form)
        queue = self.queues[0] if self.passwords.knows(visit) else self.queues[1]
        try:
            response, tried = await queue.run(partial(self._enter, visit))
        except QueueFullError as full:
            return self._wait(request, 503, full.retry_after)
        if tried.wait:
            return self._wait(request, 429, tried.wait)
        return response or self._page(request, 401, put("用户名、密码或验证码错误，或账户已暂时锁定。", request))

    def _enter(self, visit: Visit) -> tuple[Response | None, Tried]:
        with self.server.engine.begin() as connection:
            tried = self.passwords.attempt(connection, visit, lambda key: True)
            if tried.key is None:
                log.warning("a sign-in at the court's desk was refused")
                return None, tried
            now = to_datetime(self.server.clock())
            first = self.server.entry.find_page_of(connection, tried.key, tried.proven_at, now, by_provider=False)
            log.info("staff %d signed in at the court's desk", tried.key)
            home = ACCOUNT_PATH if find_power(connection, tried.key) else PATH
            entered = RedirectResponse(first or home, 303, NO_STORE)
            return self.session.begin(connection, entered, tried.key, tried.proven_at), tried

    def _find_administrator(self, request: Request) -> bool:
        """Return whether an administrator has signed in, whose pages are those of the account."""
        with self.server.engine.begin() as connection:
            key = self.session.find_officer_of(connection, self._visit(request, {}))
            return key is not None and find_power(connection, key) is not None

    def _wait(self, request: Request, status: int, seconds: int) -> Response:
        page = self._page(request, status, put("登录失败次数过多或人数过多，请稍后再试。", request))
        page.headers["Retry-After"] = str(seconds)
        return page

    def _page(self, request: Request, status: int, refused: str) -> Response:
        csrf, why = self.csrf_of(request), getattr(request.state, "ended", request.query_params.get("ended", ""))
        ended = ENDED.get(why.lower(), "")
        told = {"csrf": csrf, "refused": refused, "ended": ended, **self.ask_key(csrf)}
        told |= offer(self.server, PATH)
        page = self.site.render(request, "court/sign_in.html", status, PRIVATE, WITH_KEYS, **told)
        return self.keep_csrf(page, csrf)

    def ask_key(self, csrf: str) -> dict[str, str]:
        """Return what a page has in order to ask for a security key: `asked` and the address of the script."""
        return {"asked": self.session.keys.ask(csrf, to_datetime(self.server.clock())), "script": SCRIPT_PATH}

    def _visit(self, request: Request, form: dict[str, str]) -> Visit:
        own = request.headers.get("sec-fetch-site") == "same-origin"
        return Visit({}, request.cookies, form, own, request.client.host if request.client else "")
