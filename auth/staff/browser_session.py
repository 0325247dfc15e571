"""The session of an officer in a browser: its cookies, and the protection of forms against cross-site requests."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from auth.clients.authentication import hash_secret
from auth.metadata import SCRIPT_PATH
from auth.server.accounts import find_username, sign_out
from auth.server.authorization_server import AuthorizationServer
from auth.server.oauth_http import Visit
from auth.server.pages import render_message, render_page
from auth.server.token_store import to_datetime
from auth.staff.devices import KNOWN, DeviceCookies
from auth.staff.second_factor import GivenFactor
from auth.staff.security_keys import GivenKey, SecurityKeys
from auth.staff.session_ends import LONGEST, FoundSession, SessionEnd, end_sessions, find_session
from auth.staff.throttle import Throttle
from models.staff_account import StaffSession

SECRET_BYTES = 32
TRY_AGAIN = "请重试 Try again"
ALLOW_COOKIES = "请允许本站的 Cookie，返回后重新提交。Allow cookies of this site, go back, and send the form again."


class BrowserSession:
    """Reads and writes the cookies of `server`."""

    def __init__(self, server: AuthorizationServer) -> None:
        self.server = server
        secure = server.issuer.startswith("https:")
        self.attributes: dict[str, Any] = {"path": "/", "secure": secure, "httponly": True, "samesite": "lax"}
        prefix = "__Host-" if secure else ""
        self.session_cookie, self.csrf_cookie = f"{prefix}suxin-session", f"{prefix}suxin-csrf"
        self.devices = DeviceCookies(server.keyring, prefix)
        self.throttle = Throttle(server.keyring)
        self.keys = SecurityKeys(server.keyring, server.issuer)

    def owns(self, form: Mapping[str, str], visit: Visit) -> bool:
        """Return whether a form comes from a page of this server: its field matches a cookie. Pages opened at the same
        time overwrite the cookie; for these the browser's Sec-Fetch-Site header is accepted."""
        expected = visit.cookies.get(self.csrf_cookie, "")
        matches = secrets.compare_digest(form.get("csrf", "").encode(), expected.encode())
        return len(expected) >= SECRET_BYTES and (matches or visit.same_origin)

    def page_of(self, visit: Visit) -> str:
        """Return the secret of the forms of this browser, or a new one."""
        return visit.cookies.get(self.csrf_cookie) or secrets.token_urlsafe(SECRET_BYTES)

    def read_factor(self, form: Mapping[str, str], name: str) -> GivenFactor:
        """Return what a form of this server gives for a second factor. name: of its field for codes."""
        answer = form.get("assertion", "")
        return GivenFactor(form.get(name, ""), GivenKey(answer, form.get("csrf", "")) if answer else None)

    def show(
        self, visit: Visit, name: str, status: int = 200, sends_to: str = "", page: str = "", **values: Any
    ) -> Response:
        """Return a page with a form. The cookie is kept, so that a second page has the same value. page: the secret of
        its forms, if it is already known."""
        csrf = page or self.page_of(visit)
        asked = self.keys.ask(csrf, to_datetime(self.server.clock()))
        shown = render_page(name, status, sends_to, csrf=csrf, asked=asked, script=SCRIPT_PATH, **values)
        shown.set_cookie(self.csrf_cookie, csrf, **self.attributes)
        return shown

    def refuse_form(self) -> Response:
        """Return the page for a form that does not come from this server."""
        return render_message(403, TRY_AGAIN, ALLOW_COOKIES)

    def find(self, connection: sa.Connection, visit: Visit) -> FoundSession:
        """Return the session of a browser. One that is over is ended, and recorded."""
        return find_session(connection, visit.cookies.get(self.session_cookie, ""), to_datetime(self.server.clock()))

    def find_officer_of(self, connection: sa.Connection, visit: Visit) -> int | None:
        """Return the member of staff of a live session; None if there is none, or who has left."""
        return self.find(connection, visit).staff_key

    def make_room(self, connection: sa.Connection, key: int) -> None:
        """End sessions that are over, before a sign-in; where one at a time is allowed, all others of the officer too,
        with what was issued in them."""
        now = to_datetime(self.server.clock())
        connection.execute(end_sessions(now))
        if self.server.single_session:
            sign_out(connection, key, now, why=SessionEnd.NEW_SIGN_IN)

    def begin(
        self,
        connection: sa.Connection,
        response: Response,
        key: int,
        proven_at: datetime | None = None,
        *,
        authenticated_at: datetime | None = None,
        entered_for: bytes | None = None,
    ) -> Response:
        """Begin a session with a new secret, which prevents session fixation, and let the account know the device.
        proven_at: when a second factor was given. authenticated_at: when the person was, if not now. entered_for: what
        a sign-in by a provider was begun for."""
        now, token = to_datetime(self.server.clock()), secrets.token_urlsafe(SECRET_BYTES)
        values = {"token_hash": hash_secret(token), "staff_id": key, "expires_at": now + LONGEST, "seen_at": now}
        values |= {"proven_at": proven_at, "authenticated_at": authenticated_at or now, "entered_for": entered_for}
        connection.execute(sa.insert(StaffSession).values(values))
        response.set_cookie(self.session_cookie, token, int(LONGEST.total_seconds()), **self.attributes)
        username = find_username(connection, key)
        device = self.devices.issue(username, now)
        response.set_cookie(self.devices.name(username), device, int(KNOWN.total_seconds()), **self.attributes)
        return response

    def end(self, response: Response) -> Response:
        """Delete the cookie of the session."""
        response.delete_cookie(self.session_cookie, **self.attributes)
        return response
