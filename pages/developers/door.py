"""The door of a client's own pages: its program asks for a link with its access token, its developer opens the link
once in a browser, and a session of half an hour begins."""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from auth.clients.certificates import thumbprint_of
from auth.clients.developer_sessions import (
    LINK,
    SESSION,
    LinkRefusedError,
    admit_developer,
    foresee_developer,
    leave,
    make_link,
    make_secret,
    open_link,
)
from auth.principal import Principal
from auth.proofs.proof import HEADER as PROOF
from auth.proofs.proof import NONCE_HEADER, Sent
from auth.server.authorization_server import AuthorizationServer
from auth.tokens import TokenVerifier, read_presented_token
from pages.asking import Asking
from pages.forms import ForgedFormError, read_form
from pages.guarding import Guarding
from pages.sessions import PageSession
from pages.site import PRIVATE, Site
from transport.errors.plain import refuse_file
from transport.refusals import failure_of, refusal_of

PATH = "/developers/account"
ASK_PATH, ENTER_PATH, LEAVE_PATH = "/developers/sign-in", "/developers/enter", "/developers/leave"
NO_STORE = {"Cache-Control": "no-store"}
LINK_COST = 10
"""What a link is charged."""

OVER = (403, "未能进入", "链接无效、已过期或已使用。请用客户端程序重新取得：suxin developers。")


@dataclass(frozen=True)
class DeveloperDoor:
    """Lets the developers of clients in. server: with the sessions. verifier: of access tokens."""

    site: Site
    asking: Asking
    server: AuthorizationServer
    verifier: TokenVerifier
    guarding: Guarding

    @cached_property
    def session(self) -> PageSession:
        """The cookie, and the token of forms."""
        return PageSession("suxin-developers", self.server.issuer)

    @cached_property
    def opening(self) -> PageSession:
        """The cookie of the browser that has the page of a link: it may send the form twice, as by a double click."""
        return PageSession("suxin-developers-link", self.server.issuer)

    async def find_client(self, request: Request) -> Principal | None:
        """Return the client whose session lasts; None if none does."""
        secret = self.session.read(request)
        if not secret:
            return None
        asking = self.asking
        async with asking.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            return await admit_developer(connection, secret, asking.clock())

    async def ask(self, request: Request) -> Response:
        """Answer a client's program with a link for its developer, as JSON."""
        proofs, address = request.headers.getlist(PROOF), f"{self.server.issuer}{ASK_PATH}"
        sent = Sent(proofs, request.method, address, thumbprint_of(request.scope))
        try:
            response = await self._ask(request, sent)
        except Exception as error:
            failed = refusal_of(error, self.server.issuer) or failure_of(error, uuid4())
            told = failed.status or 500, failed.errors[0].message, failed.headers
            response = refuse_file(request.headers, self.server.issuer, *told)
        if sent.renewed:
            response.headers[NONCE_HEADER] = sent.renewed
        return response

    async def _ask(self, request: Request, sent: Sent) -> Response:
        principal = await self.verifier.admit(read_presented_token(request.headers.getlist("authorization")), sent)
        budgets = self.asking.budgets
        with budgets.admit(principal) if budgets else nullcontext():
            if budgets:
                await budgets.charge(principal, LINK_COST)
            try:
                secret = await run_in_threadpool(make_link, self.server, principal)
            except LinkRefusedError as refused:
                return refuse_file(request.headers, self.server.issuer, 403, refused.args[0])
        address = f"{self.server.issuer}{ENTER_PATH}?{urlencode({'link': secret})}"
        return JSONResponse({"address": address, "expires_in": int(LINK.total_seconds())}, 201, NO_STORE)

    async def offer(self, request: Request) -> Response:
        """Return the page of a link, with the button that uses it up: what only looks at a link opens nothing."""
        link, asking = request.query_params.get("link", ""), self.asking
        async with asking.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            client = await foresee_developer(connection, link, asking.clock())
        if client is None:
            return self.guarding.tell(request, *OVER)
        told = "developers/enter.html", 200, PRIVATE
        page = self.site.render(request, *told, client=client, fields={"link": link}, action=ENTER_PATH)
        return self.opening.begin(page, self.opening.read(request) or make_secret(), LINK)

    async def enter(self, request: Request) -> Response:
        """Begin the session of a link, from its page alone; one that there was ends."""
        form = await read_form(request)
        self._check_origin(request)
        browser = self.opening.read(request) or make_secret()
        secret = await run_in_threadpool(open_link, self.server, form.get("link", ""), browser)
        if secret is None and await self.find_client(request):  # the button was pressed twice
            return RedirectResponse(PATH, 303, NO_STORE)
        if secret is None:
            return self.guarding.tell(request, *OVER)
        if (old := self.session.read(request)) and old != secret:
            await run_in_threadpool(leave, self.server, old)
        return self.session.begin(RedirectResponse(PATH, 303, NO_STORE), secret, SESSION)

    def _check_origin(self, request: Request) -> None:
        """Raise ForgedFormError if the browser says that another site has sent the form, by which a developer would be
        signed in for another client than it thinks."""
        site, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin")
        if site != "same-origin" or origin not in {None, self.server.issuer}:
            raise ForgedFormError

    async def leave(self, request: Request) -> Response:
        """End the session."""
        self.session.check(request, await read_form(request))
        await run_in_threadpool(leave, self.server, self.session.read(request))
        return self.session.end(RedirectResponse(PATH, 303, NO_STORE))
