"""What pages with forms have in common: an officer sees the page, and a form returns to it once it is done."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from pages.acts import Performed
from pages.court.door import NO_STORE, SIGN_IN_PATH
from pages.court.performing import CourtWork


@dataclass(frozen=True)
class CourtPage(ABC):
    """A page of officers at a path."""

    work: CourtWork
    path: str

    async def show(self, request: Request) -> Response:
        """Return the page; the one for signing in to whoever has not."""
        principal = await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        return await self.render(request, principal, Performed())

    async def act(self, request: Request) -> Response:
        """Do what a form asks for, and return to the page; if it is refused, the page with the reason."""
        (form, digest), principal = await self.work.door.read(request), await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        performed = await self.work.perform(request, principal, form, digest)
        if performed.status == 200:
            return RedirectResponse(f"{self.path}?done={form['act']}", 303, NO_STORE)
        return await self.render(request, principal, performed)

    @abstractmethod
    async def render(self, request: Request, principal: Principal, performed: Performed) -> Response:
        """Return the page for an officer, with what came of a form."""
