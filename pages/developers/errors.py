"""/errors, and /errors/CODE: the meaning of each error code and what to do, in both languages. Replies name these pages
(`docUrl`, `error_uri`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from languages.words import ErrorKind, read_error_kinds, read_oauth_kinds
from pages.site import PUBLIC, Site


@dataclass(frozen=True)
class ErrorPages:
    """The pages of the error codes."""

    site: Site

    async def every(self, request: Request) -> Response:
        """Return the page of all codes."""
        return self._show(request, [*read_error_kinds().values(), *read_oauth_kinds().values()])

    async def one(self, request: Request) -> Response:
        """Return the page of a code; 404 if there is none, without repeating what was asked for."""
        code = request.path_params["code"]
        kind = read_error_kinds().get(code) or read_oauth_kinds().get(code)
        return self._show(request, [kind] if kind else [])

    def _show(self, request: Request, kinds: Sequence[ErrorKind]) -> Response:
        status = 200 if kinds else 404
        return self.site.render(request, "developers/errors.html", status, PUBLIC, kinds=kinds)
