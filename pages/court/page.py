"""What pages with forms have in common: an officer sees the page, and a form returns to it once it is done."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from auth.staff.step_up import FACTOR_FIELD, REQUIRED
from pages.acts import Performed
from pages.court.door import NO_STORE
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
            return self.work.door.turn_away(request)
        return await self.render(request, principal, Performed())

    async def act(self, request: Request) -> Response:
        """Do what a form asks for, and return to the page; if it is refused, the page with the reason. What needs the
        second factor again is asked for it, and done when the form comes back."""
        (form, digest), principal = await self.work.door.read(request), await self.work.door.find_officer(request)
        if principal is None:
            return self.work.door.turn_away(request)
        if FACTOR_FIELD in form:
            if not await self.work.door.prove(request, form, principal):
                return self.work.ask_factor(request, principal, form, wrong=True)
            principal = replace(principal, proven_at=self.work.asking.clock())
        performed = await self.work.perform(request, principal, form, digest)
        if performed.asks_for(REQUIRED):
            return self.work.ask_factor(request, principal, form)
        if performed.status == 200:
            return RedirectResponse(f"{self.path}?done={form['act']}", 303, NO_STORE)
        return await self.render(request, principal, performed)

    @abstractmethod
    async def render(self, request: Request, principal: Principal, performed: Performed) -> Response:
        """Return the page for an officer, with what came of a form."""
