"""/developers/…: the documents of `docs/` as pages, and the example documents as text."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from auth.audiences import Audience
from languages.negotiation import Language
from pages.developers.markdown import DocumentHtml, write_html
from pages.language import find_language
from pages.site import PUBLIC, Site

HOME = Path(__file__).parents[2]
QUICKSTARTS, DOCUMENTS, EXAMPLES = "/developers/quickstarts", "/developers/docs", "/developers/examples"
SHOWN = ("policy", "procedure", "statistics", "costs", "fapi", "versioning", "transparency", "catalogue", "glossary")
"""Documents that have a page, beside the quickstarts."""

EXAMPLE_FOLDERS = {audience.lower(): f"examples/{audience.lower()}" for audience in Audience} | {
    "clients": "examples/clients/curl",
    "scenarios": "examples/scenarios",
}
"""The folders whose files are examples, by the name in their addresses."""


def locate(path: str) -> str | None:
    """Return the address of a file of the repository; None if it has no page."""
    folder, _, name = path.rpartition("/")
    stem = name.removesuffix(".md").removesuffix(".zh")
    if folder == "docs/quickstart":
        return QUICKSTARTS if stem == "README" else f"{QUICKSTARTS}/{stem}"
    if folder == "docs" and stem in SHOWN:
        return f"{DOCUMENTS}/{stem}"
    if path == "docs/errors.md":
        return "/errors"
    shown = next((shown for shown in EXAMPLE_FOLDERS if EXAMPLE_FOLDERS[shown] == folder), None)
    if shown and name in list_examples(shown):
        return f"{EXAMPLES}/{shown}/{name}"
    return None


@cache
def list_examples(shown: str) -> frozenset[str]:
    """Return the names of the files of a folder of examples."""
    if shown not in EXAMPLE_FOLDERS:
        return frozenset()
    return frozenset(one.name for one in (HOME / EXAMPLE_FOLDERS[shown]).iterdir() if one.is_file())


@cache
def read_document(path: str) -> DocumentHtml:
    """Return a document of the repository as HTML. path: one that is known to be there."""
    folder = path.rpartition("/")[0]
    return write_html((HOME / path).read_text("utf-8"), folder, locate)


@dataclass(frozen=True)
class DocumentPages:
    """The pages of documents."""

    site: Site

    async def quickstarts(self, request: Request) -> Response:
        """Return the page of all quickstarts, which is in both languages."""
        return self._show(request, "docs/quickstart/README.md")

    async def quickstart(self, request: Request) -> Response:
        """Return the quickstart of an audience in the language of the request."""
        audience = request.path_params["audience"]
        if audience.upper() not in set(Audience):
            raise HTTPException(404)
        suffix = ".zh.md" if find_language(request) is Language.ZH else ".md"
        return self._show(request, f"docs/quickstart/{audience}{suffix}")

    async def document(self, request: Request) -> Response:
        """Return a document."""
        name = request.path_params["name"]
        if name not in SHOWN:
            raise HTTPException(404)
        return self._show(request, f"docs/{name}.md")

    async def example(self, request: Request) -> Response:
        """Return an example as text."""
        shown, name = request.path_params["folder"], request.path_params["name"]
        if name not in list_examples(shown):
            raise HTTPException(404)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=300"}
        return PlainTextResponse((HOME / EXAMPLE_FOLDERS[shown] / name).read_text("utf-8"), headers=headers)

    def _show(self, request: Request, path: str) -> Response:
        return self.site.render(request, "developers/document.html", 200, PUBLIC, document=read_document(path))
