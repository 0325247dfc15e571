"""Sign-in of officers on a page of this server (RFC 6749, 4.1; RFC 9207; RFC 9700). GET shows the page, or redirects at
once with a session; POST checks the password. Runs in threads."""

import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa
from starlette.responses import RedirectResponse, Response

from auth.clients.authentication import hash_secret
from auth.server.accounts import check_password, find_officer, sign_out
from auth.server.authorization_code import issue_code
from auth.server.authorization_request import AuthorizationRequest, read_authorization, state_of
from auth.server.authorization_server import AuthorizationServer
from auth.server.oauth_http import OAuthRefusal, Visit
from auth.server.pages import render_message, render_page
from auth.server.pushed_requests import PUSH_FIRST, Pushed, find_pushed, use_pushed
from auth.server.token_store import RegisteredClient, find_client, prune, to_datetime
from models.client import ClientProfile
from models.staff_account import StaffSession

SESSION = timedelta(hours=8)
SECRET_BYTES = 32
UNKNOWN_REDIRECT = "回调地址未登记。redirect_uri is not one that is registered for this client."
EXPIRED = "请求已失效，请从原系统重新登录。This request is unknown, used or expired. Go back, and sign in again."
log = logging.getLogger("suxin.oauth")


class BadRequestError(Exception):
    """An authorization request that must not be redirected (RFC 6749, section 4.1.2.1)."""


class SignIn:
    """The authorization endpoint of `server`, and sign-out."""

    def __init__(self, server: AuthorizationServer) -> None:
        self.server = server
        secure = server.issuer.startswith("https:")
        self.attributes: dict[str, Any] = {"path": "/", "secure": secure, "httponly": True, "samesite": "lax"}
        prefix = "__Host-" if secure else ""
        self.session_cookie, self.csrf_cookie = f"{prefix}suxin-session", f"{prefix}suxin-csrf"

    def authorize(self, visit: Visit) -> Response:
        """Return the page, or a redirect with a code or an error."""
        with self.server.engine.begin() as connection:
            try:
                client = self._client(connection, visit.query)
                pushed = self._pushed(connection, client, visit.query)
                query = pushed.parameters if pushed else visit.query
                if query.get("redirect_uri") not in client.redirect_uris:  # no redirect to it (RFC 6749, 4.1.2.1)
                    raise BadRequestError(UNKNOWN_REDIRECT)
                asked = self._read(client, query, pushed)
                return self._answer(connection, asked, visit)
            except BadRequestError as error:
                return render_message(400, "无法继续 This cannot go on", str(error))
            except OAuthRefusal as refusal:
                said = {"error": str(refusal.error), "error_description": str(refusal.description)}
                return self._send(query["redirect_uri"], said | state_of(query))

    def end(self, visit: Visit) -> Response:
        """Sign out: end the session and revoke the officer's tokens."""
        with self.server.engine.begin() as connection:
            key = self._signed_in(connection, visit)
            if key is not None:
                sign_out(connection, key, to_datetime(self.server.clock()))
        done = render_message(200, "已退出 Signed out", "您已退出登录。You have signed out.")
        done.delete_cookie(self.session_cookie, **self.attributes)
        return done

    def _client(self, connection: sa.Connection, query: Mapping[str, str]) -> RegisteredClient:
        client = find_client(connection, query.get("client_id", ""))
        if client is None:
            raise BadRequestError("客户端未登记。The client is not registered here.")
        return client

    def _pushed(self, connection: sa.Connection, client: RegisteredClient, query: Mapping[str, str]) -> Pushed | None:
        """Return the pushed request, if the query names one. Everything else in the query is ignored (RFC 9126, 4)."""
        if "request_uri" not in query:
            return None
        pushed = find_pushed(connection, client, query, self.server.clock())
        if pushed is None:
            raise BadRequestError(EXPIRED)
        return pushed

    def _read(self, client: RegisteredClient, query: Mapping[str, str], pushed: Pushed | None) -> AuthorizationRequest:
        """Validate the authorization request. Raises OAuthRefusal."""
        if pushed is None and client.profile is ClientProfile.FAPI2:
            raise OAuthRefusal("invalid_request", PUSH_FIRST)
        asked = read_authorization(client, query, allow_pilot_persons=self.server.allow_pilot_persons)
        return pushed.mark(asked) if pushed else asked

    def _answer(self, connection: sa.Connection, asked: AuthorizationRequest, visit: Visit) -> Response:
        if visit.form is None:
            key = None if asked.login else self._signed_in(connection, visit)
            known = key is not None and self._within(connection, key, asked.client)
            return self._code(connection, asked, key) if key is not None and known else self._page(asked, visit)
        if not self._own_form(visit.form, visit):
            allow = "请允许本站的 Cookie，返回后重新登录。Allow cookies of this site, go back, and sign in."
            return render_message(403, "请重试 Try again", allow)
        now = to_datetime(self.server.clock())
        key = check_password(connection, visit.form.get("username", ""), visit.form.get("password", ""), now)
        if key is None or not self._within(connection, key, asked.client):
            log.warning("a sign-in at client %s was refused", asked.client.client_id)
            return self._page(asked, visit, refused=True)
        log.info("staff %d signed in at client %s", key, asked.client.client_id)
        return self._begin(connection, asked, key)

    def _within(self, connection: sa.Connection, key: int, client: RegisteredClient) -> bool:
        """Return whether the officer belongs to the client's court or one below it."""
        officer = find_officer(connection, key)
        return officer is not None and officer.court_code.startswith(client.court_code or "\0")

    def _own_form(self, form: Mapping[str, str], visit: Visit) -> bool:
        """Return whether the form comes from this server's page: its field matches a cookie. Pages opened at the same
        time overwrite the cookie; for these the browser's Sec-Fetch-Site header is accepted."""
        expected = visit.cookies.get(self.csrf_cookie, "")
        matches = secrets.compare_digest(form.get("csrf", "").encode(), expected.encode())
        return len(expected) >= SECRET_BYTES and (matches or visit.same_origin)

    def _page(self, asked: AuthorizationRequest, visit: Visit, *, refused: bool = False) -> Response:
        """Return the page. The cookie is kept, so that a second page has the same value."""
        csrf = visit.cookies.get(self.csrf_cookie) or secrets.token_urlsafe(SECRET_BYTES)
        status, client = 401 if refused else 200, asked.client.name
        shown = render_page("sign_in.html", status, asked.origin, client=client, csrf=csrf, refused=refused)
        shown.set_cookie(self.csrf_cookie, csrf, **self.attributes)
        return shown

    def _begin(self, connection: sa.Connection, asked: AuthorizationRequest, key: int) -> Response:
        """Begin a session with a new secret, which prevents session fixation."""
        now, token = self.server.clock(), secrets.token_urlsafe(SECRET_BYTES)
        prune(connection, StaffSession, now)
        values = {"token_hash": hash_secret(token), "staff_id": key, "expires_at": to_datetime(now) + SESSION}
        connection.execute(sa.insert(StaffSession).values(values))
        response = self._code(connection, asked, key)
        response.set_cookie(self.session_cookie, token, int(SESSION.total_seconds()), **self.attributes)
        return response

    def _signed_in(self, connection: sa.Connection, visit: Visit) -> int | None:
        """Return the officer of a live session; None if there is none or the officer has left."""
        token = visit.cookies.get(self.session_cookie, "")
        live = (
            StaffSession.token_hash == hash_secret(token),
            StaffSession.expires_at > to_datetime(self.server.clock()),
        )
        key = connection.scalar(sa.select(StaffSession.staff_id).where(*live))
        return key if key is not None and find_officer(connection, key) else None

    def _code(self, connection: sa.Connection, asked: AuthorizationRequest, key: int) -> Response:
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
        )
        return self._send(asked.redirect_uri, {"code": code, **asked.state})

    def _send(self, redirect_uri: str, parameters: Mapping[str, str]) -> Response:
        """Redirect to the client by GET (RFC 9700, section 2.6), with `iss` (RFC 9207)."""
        query = urlencode({**parameters, "iss": self.server.issuer})
        joint = "&" if urlsplit(redirect_uri).query else "?"
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(f"{redirect_uri}{joint}{query}", 303, headers)
