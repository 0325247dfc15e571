"""/court/identities and /court/imports: conflicts and claims of identity and what resolves them; runs of imports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth.principal import Principal
from models.documents import DocumentKind
from models.identity_claim import ClaimOutcome
from models.identity_conflict import ConflictOutcome
from pages.acts import Performed
from pages.court.page import CourtPage

DOCUMENT = Path(__file__).with_name("registers.graphql").read_text("utf-8")
PAGE = 20


@dataclass(frozen=True)
class CourtRegister(CourtPage):
    """A page with lists and, if it has forms, their acts. operation: its question. paged: whether it takes a cursor."""

    operation: str
    template: str
    paged: bool = False

    async def render(self, request: Request, principal: Principal, performed: Performed) -> Response:
        asked: dict[str, Any] = {"first": PAGE}
        if self.paged:
            asked["after"] = request.query_params.get("after") or None
        answer = await self.work.ask(request, principal, DOCUMENT, asked, self.operation)
        words: dict[str, Any] = {"outcomes": list(ConflictOutcome), "claim_outcomes": list(ClaimOutcome)}
        words |= {"document_kinds": list(DocumentKind), "here": self.path}
        return self.work.show(request, principal, self.template, performed, **answer, **words)
