"""/look/code: what a share code shows to whoever is given it (诉讼信用+社会, R15).

The address of a code, which a square leads to, fills the form in and opens nothing: a code for one answer is not used
up by a preview. Reading it is a form that is sent, with the code in its body.
"""

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from casework.share_codes import is_single_use
from pages.forms import read_form
from pages.public.desk import PublicDesk
from pages.site import PRIVATE

PATH = "/look/code"
RECORDS, LONGEST_CODE = 100, 60
ADDRESS = re.compile(r".*[?&]code=", re.DOTALL)
"""What a scanner gives before the code, if it gives the whole address of the square."""


@dataclass(frozen=True)
class ShownByCode:
    """The pages of a share code."""

    desk: PublicDesk

    async def form(self, request: Request) -> Response:
        """Return the form, with the code that stands in the address."""
        return self._fill(request, request.query_params.get("code", "")[:LONGEST_CODE])

    async def open(self, request: Request) -> Response:
        """Return what a code shows; the form, which says so, if that is nothing."""
        form = await read_form(request)
        code = ADDRESS.sub("", form.get("code", ""))[:LONGEST_CODE]
        if not code:
            return self._fill(request, "", 400, missing=True)
        self.desk.count(request)
        report = (await self.desk.ask("Shown", {"code": code, "first": RECORDS}))["shownReport"]
        if report is None:
            return self._fill(request, code, 404, nothing=True)
        again: dict[str, Any] = {} if is_single_use(code) else {"repeated": {"code": code}}
        return self.desk.site.render(request, "look/shown.html", 200, PRIVATE, report=report, **again)

    def _fill(self, request: Request, code: str, status: int = 200, **told: Any) -> Response:
        return self.desk.site.render(request, "look/code.html", status, PRIVATE, code=code, **told)
