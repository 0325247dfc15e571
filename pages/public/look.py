"""/look: what is published under a name, and the check of a result that somebody shows.

Names are sent in the body of a form: nothing personal stands in an address, a log or a history.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from models.terms import to_court_day
from pages.asking import Data
from pages.forms import read_form
from pages.public.desk import PublicDesk
from pages.public.result_codes import SealedResult, read_result_code, write_result_code
from pages.site import PRIVATE
from pages.squares import draw_square

PATH, CHECK_PATH = "/look", "/look/check"
PAGE, LONGEST_NAME = 20, 200


@dataclass(frozen=True)
class LookUp:
    """The pages of look-ups and checks."""

    desk: PublicDesk

    async def form(self, request: Request) -> Response:
        """Return the form."""
        return self.desk.site.render(request, "look/form.html")

    async def result(self, request: Request) -> Response:
        """Return the result for the name in the form, with its code; the form if there is no name. A later page has no
        code: it is the result as a whole that a code is for."""
        form = await read_form(request)
        name = form.get("name", "")[:LONGEST_NAME]
        if not name:
            return self.desk.site.render(request, "look/form.html", 400, PRIVATE, missing=True)
        self.desk.count(request)
        after = form.get("after") or None
        records = await self._find(name, after)
        sealed = {} if after else self._seal(name, records)
        shown: dict[str, Any] = {
            "name": name,
            "records": records,
            "repeated": {"name": name, "after": after or ""},
            **sealed,
        }
        return self.desk.site.render(request, "look/result.html", 200, PRIVATE, day=self._today(), after=after, **shown)

    async def check_form(self, request: Request) -> Response:
        """Return the form of a check; the code may stand in the address, as it tells of nobody."""
        code = request.query_params.get("code", "")[:60]
        return self.desk.site.render(request, "look/check.html", 200, PRIVATE, code=code, name="", found=None)

    async def check(self, request: Request) -> Response:
        """Return what is to be said of a name and a code."""
        form = await read_form(request)
        name, code = form.get("name", "")[:LONGEST_NAME], form.get("code", "")[:60]
        self.desk.count(request)
        given = read_result_code(self._key, name, code)
        found: dict[str, Any] = {"given": given}
        if given:
            today = SealedResult.of(self._today(), await self._find(name, None))
            found |= {"same": (today.total, today.digest) == (given.total, given.digest)}
        shown: dict[str, Any] = {"name": name, "code": code, "repeated": {"name": name, "code": code}}
        return self.desk.site.render(request, "look/check.html", 200, PRIVATE, found=found, **shown)

    @property
    def _key(self) -> bytes:
        return self.desk.asking.keyring.result_key

    def _today(self) -> Any:
        return to_court_day(self.desk.asking.clock())

    async def _find(self, name: str, after: str | None) -> Data:
        answer = await self.desk.ask("Look", {"name": name, "first": PAGE, "after": after})
        records: Data = answer["publicRecords"]
        return records

    def _seal(self, name: str, records: Data) -> Mapping[str, str]:
        """Return the code of a result and a square that leads to its check."""
        code = write_result_code(self._key, name, SealedResult.of(self._today(), records))
        address = f"{self.desk.site.issuer}{CHECK_PATH}?code={code}"
        return {"code": code, "square": draw_square(address)}
