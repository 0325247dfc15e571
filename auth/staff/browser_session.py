"""The session of an officer in a browser: its cookies, and the protection of forms against cross-site requests."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from auth.clients.authentication import hash_secret
from auth.metadata import SCRIPT_PATH
from auth.server.accounts import find_username, is_active
from auth.server.authorization_server import AuthorizationServer
from auth.server.oauth_http import Visit
from auth.server.pages import render_message, render_page
from auth.server.token_store import prune, to_datetime
from auth.staff.devices import KNOWN, DeviceCookies
from auth.staff.second_factor import GivenFactor
from auth.staff.security_keys import GivenKey, SecurityKeys
from auth.staff.throttle import Throttle
from models.staff_account import StaffSession

SESSION = timedelta(hours=8)
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

    def find_officer_of(self, connection: sa.Connection, visit: Visit) -> int | None:
        """Return the member of staff of a live session; None if there is none, or who has left."""
        token = visit.cookies.get(self.session_cookie, "")
        live = (
            StaffSession.token_hash == hash_secret(token),
            StaffSession.expires_at > to_datetime(self.server.clock()),
        )
        key = connection.scalar(sa.select(StaffSession.staff_id).where(*live))
        return key if key is not None and is_active(connection, key) else None

    def begin(self, connection: sa.Connection, response: Response, key: int) -> Response:
        """Begin a session with a new secret, which prevents session fixation, and let the account know the device."""
        now, token = self.server.clock(), secrets.token_urlsafe(SECRET_BYTES)
        prune(connection, StaffSession, now)
        values = {"token_hash": hash_secret(token), "staff_id": key, "expires_at": to_datetime(now) + SESSION}
        connection.execute(sa.insert(StaffSession).values(values))
        response.set_cookie(self.session_cookie, token, int(SESSION.total_seconds()), **self.attributes)
        username = find_username(connection, key)
        device = self.devices.issue(username, to_datetime(now))
        response.set_cookie(self.devices.name(username), device, int(KNOWN.total_seconds()), **self.attributes)
        return response

    def end(self, response: Response) -> Response:
        """Delete the cookie of the session."""
        response.delete_cookie(self.session_cookie, **self.attributes)
        return response
