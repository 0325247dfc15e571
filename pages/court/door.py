"""Sign-in to the court's desk: a session that the server holds (`__Host-` cookie), and a token against forged forms."""

import logging
import secrets
from dataclasses import dataclass
from functools import cached_property, partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.administration.powers import find_power
from auth.metadata import ACCOUNT_PATH, SCRIPT_PATH, SECOND_FACTOR_PATH
from auth.principal import Principal
from auth.request_body import media_type_of
from auth.server.authorization_server import AuthorizationServer
from auth.server.oauth_http import Visit
from auth.server.token_store import to_datetime
from auth.staff.browser_session import SECRET_BYTES, BrowserSession
from auth.staff.password_check import PasswordCheck, Tried
from auth.staff.password_queue import PasswordQueue, QueueFullError
from auth.staff.second_factor import is_enrolled
from auth.staff.staff_principal import admit_officer
from pages.asking import Asking
from pages.forms import UPLOAD_TYPE, ForgedFormError, read_form, read_upload_form
from pages.language import put
from pages.site import CLOSED, PRIVATE, Site

PATH, SIGN_IN_PATH = "/court", "/court/sign-in"
CSRF_HEADER = "x-csrf-token"
NO_STORE = {"Cache-Control": "no-store"}
WITH_KEYS = f"{CLOSED}; script-src 'self'"
"""The policy of the page with the script that speaks with security keys."""

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
        """Return the principal of the officer who has signed in; None if nobody has."""
        token = request.cookies.get(self.session.session_cookie)
        if not token:
            return None
        required = self.server.require_second_factor
        async with self.asking.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            return await admit_officer(connection, token, self.asking.clock(), second_factor=required)

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
            enrolled = not self.server.require_second_factor or is_enrolled(connection, tried.key)
            log.info("staff %d signed in at the court's desk", tried.key)
            home = ACCOUNT_PATH if find_power(connection, tried.key) else PATH
            entered = RedirectResponse(home if enrolled else SECOND_FACTOR_PATH, 303, NO_STORE)
            return self.session.begin(connection, entered, tried.key), tried

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
        csrf = self.csrf_of(request)
        asked = self.session.keys.ask(csrf, to_datetime(self.server.clock()))
        told = {"csrf": csrf, "refused": refused, "asked": asked, "script": SCRIPT_PATH}
        page = self.site.render(request, "court/sign_in.html", status, PRIVATE, WITH_KEYS, **told)
        return self.keep_csrf(page, csrf)

    def _visit(self, request: Request, form: dict[str, str]) -> Visit:
        own = request.headers.get("sec-fetch-site") == "same-origin"
        return Visit({}, request.cookies, form, own, request.client.host if request.client else "")
