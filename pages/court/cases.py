"""/court/cases: a case with its litigants, their colours and marks; what is proposed and marked there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth.principal import Principal
from models.deduction import FindingKind
from models.terms import to_court_day
from pages.acts import Performed
from pages.court.performing import CourtWork

DOCUMENT = Path(__file__).with_name("cases.graphql").read_text("utf-8")
PATH = "/court/cases"
LONGEST_NUMBER = 60


@dataclass(frozen=True)
class CourtCases:
    """The page of cases."""

    work: CourtWork

    async def form(self, request: Request) -> Response:
        """Return the form for a case's number."""
        principal = await self.work.door.find_officer(request)
        if principal is None:
            return self.work.door.turn_away(request)
        return await self._show(request, principal, "", Performed())

    async def act(self, request: Request) -> Response:
        """Show the case of a number, and do what a form there asks for."""
        (form, digest), principal = await self.work.door.read(request), await self.work.door.find_officer(request)
        if principal is None:
            return self.work.door.turn_away(request)
        number, performed = form.get("number", "")[:LONGEST_NUMBER], Performed()
        if "act" in form:
            performed = await self.work.perform(request, principal, form, digest)
        done = "act" in form and performed.status == 200
        return await self._show(request, principal, number, performed, **({"done": True} if done else {}))

    async def _show(
        self, request: Request, principal: Principal, number: str, performed: Performed, **values: Any
    ) -> Response:
        today = to_court_day(self.work.asking.clock()).isoformat()
        answer: dict[str, Any] = {"case": None, "behaviours": []}
        if number:
            asked = {"number": number, "today": today}
            answer = dict(await self.work.ask(request, principal, DOCUMENT, asked, "Case"))
        shown = {**answer, "number": number, "today": today, "findings": list(FindingKind), "here": PATH, **values}
        if number:
            shown["repeated"] = {"number": number, "csrf": self.work.door.csrf_of(request)}
        return self.work.show(request, principal, "court/cases.html", performed, **shown)
