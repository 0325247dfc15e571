"""The pages of the error codes, for people: /errors, and /errors/CODE."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from languages.words import ErrorKind, read_error_kinds
from transport.errors.catalogue import PATH

PAGES = Environment(loader=PackageLoader("transport.errors", ""), autoescape=True, undefined=StrictUndefined)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=3600",
}


async def show_all(request: Request) -> Response:
    """Return the page of all codes."""
    return _render("错误代码 Error codes", list(read_error_kinds().values()))


async def show_one(request: Request) -> Response:
    """Return the page of a code; 404 if there is none."""
    kind = read_error_kinds().get(request.path_params["code"])
    return _render(kind.code if kind else "404", [kind] if kind else [])


def _render(title: str, kinds: Sequence[ErrorKind]) -> Response:
    text = PAGES.get_template("page.html").render(title=title, kinds=kinds)
    return HTMLResponse(text, 200 if kinds else 404, HEADERS)


def make_error_routes() -> list[Route]:
    """Return the routes of the pages."""
    return [Route(PATH, show_all), Route(PATH + "/{code}", show_one)]
