"""The door of one's own record: the portal hands over, a session of fifteen minutes begins, its cookie and the token of
its forms."""

import logging
from dataclasses import dataclass
from functools import cached_property

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.litigants.hand_over import SESSION, HandOverRefusedError, end_session, hand_over
from auth.litigants.litigant_principal import PresentLitigant, admit_litigant
from auth.server.authorization_server import AuthorizationServer
from pages.asking import Asking
from pages.forms import read_form
from pages.guarding import Guarding
from pages.sessions import PageSession
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
    def session(self) -> PageSession:
        """The cookie, and the token of forms."""
        return PageSession("suxin-me", self.server.issuer)

    async def find_litigant(self, request: Request) -> PresentLitigant | None:
        """Return the litigant whose session lasts; None if nobody's does."""
        secret = self.session.read(request)
        if not secret:
            return None
        asking = self.asking
        async with asking.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            return await admit_litigant(connection, asking.keyring, secret, asking.clock())

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
        if old := self.session.read(request):
            await run_in_threadpool(end_session, self.server, old)
        return self.session.begin(RedirectResponse(PATH, 303, NO_STORE), begun.secret, SESSION)

    async def leave(self, request: Request) -> Response:
        """End the session."""
        self.session.check(request, await read_form(request))
        await run_in_threadpool(end_session, self.server, self.session.read(request))
        return self.session.end(RedirectResponse(PATH, 303, NO_STORE))
