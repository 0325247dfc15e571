"""/look/lists and /look/bulletins: the public lists with a search by name, bulletins and typical cases."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from models.listing import ListingKind
from pages.forms import read_form
from pages.public.desk import PublicDesk
from pages.public.look import LONGEST_NAME
from pages.site import PRIVATE, PUBLIC

PATH, BULLETINS_PATH = "/look/lists", "/look/bulletins"
PAGE, BULLETINS = 20, 12


@dataclass(frozen=True)
class PublicLists:
    """The pages of lists and bulletins."""

    desk: PublicDesk

    async def entries(self, request: Request) -> Response:
        """Return a page of a list, newest first; of one court with `court`."""
        query = request.query_params
        self.desk.count(request)
        return await self._show(request, query.get("kind", ""), query.get("court", ""), "", query.get("after"))

    async def search(self, request: Request) -> Response:
        """Return the entries of a list under exactly one name."""
        form = await read_form(request)
        self.desk.count(request)
        name = form.get("name", "")[:LONGEST_NAME]
        return await self._show(request, form.get("kind", ""), form.get("court", ""), name, form.get("after"))

    async def _show(self, request: Request, kind: str, court: str, name: str, after: str | None) -> Response:
        chosen = kind if kind in set(ListingKind) else ListingKind.DISHONEST_DEBTOR.value
        asked = {"kind": chosen, "court": court or None, "name": name or None, "first": PAGE, "after": after or None}
        answer = await self.desk.ask("Lists", asked)
        fields = {"kind": chosen, "court": court, "name": name}
        shown: dict[str, Any] = {"chosen": fields, "kinds": list(ListingKind)}
        if name:
            shown["repeated"] = {**fields, "after": after or ""}
        return self.desk.site.render(request, "look/lists.html", 200, PRIVATE, **shown, **answer)

    async def bulletins(self, request: Request) -> Response:
        """Return bulletins and typical cases, newest first."""
        after = request.query_params.get("after") or None
        answer = await self.desk.ask("Bulletins", {"first": BULLETINS, "after": after})
        return self.desk.site.render(request, "look/bulletins.html", 200, PUBLIC, bulletins=answer["bulletins"])
