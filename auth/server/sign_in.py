"""Sign-in of officers on a page of this server (RFC 6749, 4.1; RFC 9207; RFC 9700). GET shows the page, or redirects at
once with a session; POST checks the password and the second factor. Runs in threads."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from starlette.responses import RedirectResponse, Response

from auth.metadata import AUTHORIZATION_PATH, describe_at
from auth.openid.offering import JUST_SECONDS, digest_back, offer
from auth.scopes import Scope
from auth.server.accounts import find_officer, sign_out
from auth.server.authorization_code import issue_code
from auth.server.authorization_request import AuthorizationRequest, read_authorization, state_of
from auth.server.authorization_server import AuthorizationServer
from auth.server.oauth_http import OAuthRefusal, Visit
from auth.server.pages import render_message, tell_both
from auth.server.pushed_requests import PUSH_FIRST, Pushed, find_pushed, use_pushed
from auth.server.token_store import RegisteredClient, find_client, to_datetime
from auth.staff.browser_session import BrowserSession
from auth.staff.password_check import PasswordCheck
from auth.staff.session_ends import TOLD, FoundSession
from models.client import ClientProfile
from models.security_event import SecurityAct

UNKNOWN_REDIRECT = "回调地址未登记。redirect_uri is not one that is registered for this client."
EXPIRED = "请求已失效，请从原系统重新登录。This request is unknown, used or expired. Go back, and sign in again."
TOO_MANY = (
    "您的网络登录失败次数过多；曾在本浏览器登录过的用户不受影响。"
    "Too many sign-ins failed from your network. Browsers in which you have signed in before are not concerned."
)
log = logging.getLogger("suxin.oauth")


class BadRequestError(Exception):
    """An authorization request that must not be redirected (RFC 6749, section 4.1.2.1)."""


class SignIn:
    """The authorization endpoint of `server`, and sign-out."""

    def __init__(self, server: AuthorizationServer) -> None:
        self.server, self.session = server, BrowserSession(server)
        self.passwords = PasswordCheck(self.session)

    def authorize(self, visit: Visit) -> Response:
        """Return the page, or a redirect with a code or an error."""
        with self.server.engine.begin() as connection:
            try:
                client = self._client(connection, visit.query)
                pushed = self._pushed(connection, client, visit)
                query = pushed.parameters if pushed else self._open(client, visit)
                if query.get("redirect_uri") not in client.redirect_uris:  # no redirect to it (RFC 6749, 4.1.2.1)
                    raise BadRequestError(UNKNOWN_REDIRECT)
                asked = self._read(client, query, pushed)
                return self._answer(connection, asked, visit)
            except BadRequestError as error:
                return render_message(400, "无法继续 This cannot go on", str(error))
            except OAuthRefusal as refusal:
                said = {"error": str(refusal.error), "error_description": str(refusal.description)}
                said["error_uri"] = describe_at(self.server.issuer, said["error"])
                return self._send(query["redirect_uri"], said | state_of(query))

    def end(self, visit: Visit) -> Response:
        """Show the page that signs out; when it is sent, end the session and revoke the officer's tokens."""
        if visit.form is None:
            return self.session.show(visit, "sign_out.html")
        if not self.session.owns(visit.form, visit):
            return self.session.refuse_form()
        with self.server.engine.begin() as connection:
            key = self.session.find_officer_of(connection, visit)
            if key is not None:
                sign_out(connection, key, to_datetime(self.server.clock()), SecurityAct.SIGN_OUT)
        done = render_message(200, "已退出 Signed out", "您已退出登录。You have signed out.")
        return self.session.end(done)

    def knows(self, visit: Visit) -> bool:
        """Return whether the account of a form knows the device."""
        return self.passwords.knows(visit)

    def _client(self, connection: sa.Connection, query: Mapping[str, str]) -> RegisteredClient:
        client = find_client(connection, query.get("client_id", ""))
        if client is None:
            raise BadRequestError("客户端未登记。The client is not registered here.")
        return client

    def _pushed(self, connection: sa.Connection, client: RegisteredClient, visit: Visit) -> Pushed | None:
        """Return the pushed request, if the query names one. Everything else in the query is ignored (RFC 9126, 4)."""
        if "request_uri" not in visit.query:
            return None
        now, filled_in = self.server.clock(), visit.form is not None
        pushed = find_pushed(connection, client, visit.query, now, filled_in=filled_in)
        if pushed is None:
            raise BadRequestError(EXPIRED)
        return pushed

    def _open(self, client: RegisteredClient, visit: Visit) -> Mapping[str, str]:
        """Return the parameters of a request that was not pushed. What is wrong with a request object is told here: the
        address to send it to is within. Raises BadRequestError."""
        try:
            return self.server.open_request(client, visit.query, filled_in=visit.form is not None)
        except OAuthRefusal as refusal:
            raise BadRequestError(tell_both(refusal.told)) from None

    def _read(self, client: RegisteredClient, query: Mapping[str, str], pushed: Pushed | None) -> AuthorizationRequest:
        """Validate the authorization request. Raises OAuthRefusal."""
        if pushed is None and client.profile is ClientProfile.FAPI2:
            raise OAuthRefusal("invalid_request", PUSH_FIRST)
        asked = read_authorization(client, query, allow_pilot_persons=self.server.allow_pilot_persons)
        return pushed.mark(asked) if pushed else asked

    def _answer(self, connection: sa.Connection, asked: AuthorizationRequest, visit: Visit) -> Response:
        if visit.form is None:
            found = self.session.find(connection, visit)
            key = found.staff_key if self._suffices(asked, found, visit) else None
            if key is not None and self._within(connection, key, asked.client):
                return self._enter(connection, asked, key, found.proven_at, by_provider=found.by_provider)
            return self._page(asked, visit, ended=TOLD.get(found.ended, "") if found.ended else "")
        if not self.session.owns(visit.form, visit):
            return self.session.refuse_form()
        tried = self.passwords.attempt(connection, visit, lambda key: self._within(connection, key, asked.client))
        if tried.wait:
            return self._wait(tried.wait, asked)
        if tried.key is None:
            log.warning("a sign-in at client %s was refused", asked.client.client_id)
            return self._page(asked, visit, refused=True)
        log.info("staff %d signed in at client %s", tried.key, asked.client.client_id)
        entered = self._enter(connection, asked, tried.key, tried.proven_at, by_provider=False)
        return self.session.begin(connection, entered, tried.key, tried.proven_at)

    def _suffices(self, asked: AuthorizationRequest, found: FoundSession, visit: Visit) -> bool:
        """Return whether a session is enough, or the client wants the officer to be authenticated anew (OpenID Connect
        Core, 3.1.2.1; RFC 9470, section 5). A provider may just have done so for this request."""
        now = to_datetime(self.server.clock())
        if found.entered_for == digest_back(_path_of(visit)) and found.is_younger(JUST_SECONDS, now):
            return True
        return not asked.login and (asked.max_age is None or found.is_younger(asked.max_age, now))

    def _wait(self, seconds: int, asked: AuthorizationRequest) -> Response:
        """Return the page for a source with too many failures."""
        log.warning("a source of sign-ins at client %s has too many failures", asked.client.client_id)
        page = render_message(429, "请稍后重试 Try again later", TOO_MANY)
        page.headers["Retry-After"] = str(seconds)
        return page

    def _within(self, connection: sa.Connection, key: int, client: RegisteredClient) -> bool:
        """Return whether the officer belongs to the client's court or one below it."""
        officer = find_officer(connection, key)
        return officer is not None and officer.court_code.startswith(client.court_code or "\0")

    def _page(self, asked: AuthorizationRequest, visit: Visit, *, refused: bool = False, ended: str = "") -> Response:
        """Return the page. ended: why a session is over, for people."""
        status = 401 if refused else 200
        client, rights = asked.client.name, [scope.display for scope in Scope if scope in asked.scopes]
        name, origin = "sign_in.html", asked.origin
        again = asked.login or asked.max_age is not None
        told: dict[str, Any] = {"refused": refused, "ended": ended, **offer(self.server, _path_of(visit), again=again)}
        return self.session.show(visit, name, status, origin, client=client, rights=rights, **told)

    def _enter(
        self,
        connection: sa.Connection,
        asked: AuthorizationRequest,
        key: int,
        proven_at: datetime | None,
        *,
        by_provider: bool,
    ) -> Response:
        """Return the redirect with a code; to a page, if there is something that the officer has to do first."""
        now = to_datetime(self.server.clock())
        first = self.server.entry.find_page_of(connection, key, proven_at, now, by_provider=by_provider)
        if first:
            return RedirectResponse(first, 303, {"Cache-Control": "no-store"})
        return self._code(connection, asked, key, proven_at)

    def _code(
        self, connection: sa.Connection, asked: AuthorizationRequest, key: int, proven_at: datetime | None
    ) -> Response:
        if asked.pushed and not use_pushed(connection, asked.pushed, self.server.clock()):
            raise BadRequestError(EXPIRED)
        code = issue_code(
            connection,
            asked.client,
            key,
            self.server.clock(),
            redirect_uri=asked.redirect_uri,
            scopes=asked.scopes,
            challenge=asked.challenge,
            jkt=asked.jkt,
            proven_at=proven_at,
        )
        return self._send(asked.redirect_uri, {"code": code, **asked.state})

    def _send(self, redirect_uri: str, parameters: Mapping[str, str]) -> Response:
        """Redirect to the client by GET (RFC 9700, section 2.6), with `iss` (RFC 9207)."""
        query = urlencode({**parameters, "iss": self.server.issuer})
        _, mark, own = redirect_uri.partition("?")
        joint = "&" if own else "" if mark else "?"
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(f"{redirect_uri}{joint}{query}", 303, headers)


def _path_of(visit: Visit) -> str:
    """Return the path of an authorization request, to come back to."""
    return f"{AUTHORIZATION_PATH}?{urlencode(visit.query)}"
