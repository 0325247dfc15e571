"""The door of one's own record: the portal hands over, a session of fifteen minutes begins, its cookie and the token of
its forms."""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.litigants.hand_over import SESSION, HandOverRefusedError, end_session, hand_over
from auth.litigants.litigant_principal import PresentLitigant, admit_litigant
from auth.server.authorization_server import AuthorizationServer
from pages.asking import Asking
from pages.forms import ForgedFormError, read_form
from pages.guarding import Guarding
from pages.site import Site

PATH, ENTER_PATH, LEAVE_PATH = "/me", "/me/enter", "/me/leave"
NO_STORE = {"Cache-Control": "no-store"}
log = logging.getLogger("suxin.pages")


@dataclass(frozen=True)
class LitigantDoor:
    """Lets litigants in. server: with the keys of portals."""

    site: Site
    asking: Asking
    server: AuthorizationServer
    guarding: Guarding

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the cookie."""
        secure = self.server.issuer.startswith("https:")
        return {"path": "/", "secure": secure, "httponly": True, "samesite": "lax"}

    @cached_property
    def cookie(self) -> str:
        """The name of the cookie: browsers accept `__Host-` from this host alone (RFC 6265bis, 4.1.3.2)."""
        return "__Host-suxin-me" if self.attributes["secure"] else "suxin-me"

    async def find_litigant(self, request: Request) -> PresentLitigant | None:
        """Return the litigant whose session lasts; None if nobody's does."""
        secret = request.cookies.get(self.cookie)
        if not secret:
            return None
        asking = self.asking
        async with asking.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            return await admit_litigant(connection, asking.keyring, secret, asking.clock())

    def csrf_of(self, request: Request) -> str:
        """Return the token of the forms of a session: it is derived from the cookie, which no script and no other host
        knows."""
        secret = request.cookies.get(self.cookie, "").encode(errors="replace")
        return hmac.digest(secret, b"suxin/forms", hashlib.sha256).hex()

    def check(self, request: Request, form: Mapping[str, str]) -> None:
        """Raise ForgedFormError unless a form is of a page of this session."""
        if not hmac.compare_digest(form.get("csrf", "").encode(), self.csrf_of(request).encode()):
            raise ForgedFormError

    async def enter(self, request: Request) -> Response:
        """Begin a session for whom a portal hands over; one that there was ends."""
        form = await read_form(request)
        try:
            begun = await run_in_threadpool(
                hand_over, self.server, form.get("client_id", ""), form.get("subject_token", "")
            )
        except HandOverRefusedError as refused:
            log.warning("a hand-over was refused: %s", refused)
            return self.guarding.tell(
                request, 403, "未能进入", "凭据无效、已过期或已使用。请回到人民法院在线服务，重新进入。"
            )
        if old := request.cookies.get(self.cookie):
            await run_in_threadpool(end_session, self.server, old)
        entered = RedirectResponse(PATH, 303, NO_STORE)
        entered.set_cookie(self.cookie, begun.secret, int(SESSION.total_seconds()), **self.attributes)
        return entered

    async def leave(self, request: Request) -> Response:
        """End the session."""
        self.check(request, await read_form(request))
        await run_in_threadpool(end_session, self.server, request.cookies.get(self.cookie, ""))
        left = RedirectResponse(PATH, 303, NO_STORE)
        left.delete_cookie(self.cookie, **self.attributes)
        return left
