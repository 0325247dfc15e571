"""/court/identities and /court/imports: conflicts and claims of identity and what resolves them; runs of imports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.principal import Principal
from models.documents import DocumentKind
from models.identity_claim import ClaimOutcome
from models.identity_conflict import ConflictOutcome
from pages.court.door import NO_STORE, SIGN_IN_PATH
from pages.court.performing import CourtWork, Performed

DOCUMENT = Path(__file__).with_name("registers.graphql").read_text("utf-8")
PAGE = 20


@dataclass(frozen=True)
class CourtRegister:
    """A page with lists and, if it has forms, their acts. operation: its question. paged: whether it takes a cursor."""

    work: CourtWork
    path: str
    operation: str
    template: str
    paged: bool = False

    async def show(self, request: Request) -> Response:
        """Return the page."""
        principal = await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        return await self._show(request, principal, Performed())

    async def act(self, request: Request) -> Response:
        """Do what a form asks for, and return to the page; if it is refused, the page with the reason."""
        (form, digest), principal = await self.work.door.read(request), await self.work.door.find_officer(request)
        if principal is None:
            return RedirectResponse(SIGN_IN_PATH, 303, NO_STORE)
        performed = await self.work.perform(request, principal, form, digest)
        if performed.status == 200:
            return RedirectResponse(f"{self.path}?done={form['act']}", 303, NO_STORE)
        return await self._show(request, principal, performed)

    async def _show(self, request: Request, principal: Principal, performed: Performed) -> Response:
        asked: dict[str, Any] = {"first": PAGE}
        if self.paged:
            asked["after"] = request.query_params.get("after") or None
        answer = await self.work.ask(request, principal, DOCUMENT, asked, self.operation)
        words: dict[str, Any] = {"outcomes": list(ConflictOutcome), "claim_outcomes": list(ClaimOutcome)}
        words |= {"document_kinds": list(DocumentKind), "here": self.path}
        return self.work.show(request, principal, self.template, performed, **answer, **words)
