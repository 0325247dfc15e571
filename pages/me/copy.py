"""/me/copy: a copy of all that is held about oneself, as JSON (PIPL 45), page by page from the schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from auth.litigants.litigant_principal import PresentLitigant
from pages.forms import read_form
from pages.me.desk import LitigantDesk
from pages.me.documents import read_own
from pages.site import HEADERS, PRIVATE

DOCUMENT = read_own("copy.graphql")
LISTS = ("Deductions", "Sanctions", "Listings", "Participations", "Notices", "AccessRecords", "ForwardedDisputes")
"""Operations whose answer has one list, named `page`, as deep as it lies."""

PAGE = 100
SAVED = {"Content-Disposition": 'attachment; filename="suxin-copy.json"'}


@dataclass(frozen=True)
class OwnCopy:
    """Gives copies. desk: whose door and questions it uses."""

    desk: LitigantDesk

    async def give(self, request: Request) -> Response:
        """Return the copy as a file."""
        form, litigant = await read_form(request), await self.desk.door.find_litigant(request)
        if litigant is None:
            return self.desk.absent(request)
        self.desk.door.session.check(request, form)
        copied = await self.gather(litigant)
        content = orjson.dumps(copied, option=orjson.OPT_INDENT_2)
        return Response(content, 200, {**HEADERS, **PRIVATE, **SAVED}, "application/json")

    async def gather(self, litigant: PresentLitigant) -> Mapping[str, Any]:
        """Return everything that the schema says to the litigant about itself."""
        asking = self.desk.asking
        whole = await asking.ask(litigant.principal, DOCUMENT, {}, "Whole")
        copied = {"copiedAt": asking.clock().isoformat(), "issuer": asking.issuer, "me": whole["me"]}
        for name in LISTS:
            copied[f"{name[0].lower()}{name[1:]}"] = await self._read_list(litigant, name)
        return copied

    async def _read_list(self, litigant: PresentLitigant, name: str) -> list[Any]:
        rows: list[Any] = []
        after = None
        while True:
            asked = {"first": PAGE, "after": after}
            page = find_page(await self.desk.asking.ask(litigant.principal, DOCUMENT, asked, name))
            if page is None:
                return rows
            rows += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return rows
            after = page["pageInfo"]["endCursor"]


def find_page(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the list in an answer; None where what it belongs to is not there."""
    while "page" not in answer:
        (answer,) = answer.values()
        if answer is None:
            return None
    page: Mapping[str, Any] = answer["page"]
    return page
