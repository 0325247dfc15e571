"""The site: rendering of its pages, their headers, and the address of each in the other language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from languages.negotiation import Language
from models.terms import COURT_TIME
from pages.language import OTHER, PARAMETER, TAGS, find_language, name_member, read_texts
from pages.static_files import address_of

CLOSED = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""The policy of pages without script."""

HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow, noarchive"}
"""Headers of pages that tell of somebody."""

PUBLIC = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Language"}


@dataclass(frozen=True)
class Site:
    """Renders pages. issuer: the address of the service. operator: who runs it, and contact: how to reach them; empty
    where no setting says it."""

    issuer: str
    operator: str = ""
    contact: str = ""

    def render(
        self,
        request: Request,
        template: str,
        status: int = 200,
        headers: Mapping[str, str] = PUBLIC,
        policy: str = CLOSED,
        **values: Any,
    ) -> Response:
        """Return a page in the language of the request. values: of the template; `repeated` holds the fields of a form
        that has to be sent again for the page in the other language."""
        language = find_language(request)
        told = {"repeated": {}, "path": request.url.path, **_make_links(request, language)} | values
        text = _environment(language).get_template(template).render(site=self, other=TAGS[OTHER[language]], **told)
        sent = {"Content-Security-Policy": policy, "Content-Language": TAGS[language], **HEADERS, **headers}
        return HTMLResponse(text, status, sent)


def _make_links(request: Request, language: Language) -> dict[str, Any]:
    """Return what templates make links by: `to` keeps a language that was chosen, `in_other` is the page in the other
    one."""
    chosen = request.query_params.get(PARAMETER)

    def to(path: str, **query: str) -> str:
        given = {name: value for name, value in {**query, PARAMETER: TAGS[language] if chosen else ""}.items() if value}
        return f"{path}?{urlencode(given)}" if given else path

    query = {**request.query_params, PARAMETER: TAGS[OTHER[language]]}
    return {"to": to, "in_other": f"?{urlencode(query)}", "section": request.url.path.split("/")[1]}


def tell_moment(at: str) -> str:
    """Return a time of an answer as clocks in court show it, to the minute."""
    return datetime.fromisoformat(at).astimezone(COURT_TIME).strftime("%Y-%m-%d %H:%M")


@cache
def _environment(language: Language) -> Environment:
    """Return the templates in a language."""
    made = Environment(
        loader=PackageLoader("pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(read_texts(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["word"] = lambda value, enum: name_member(str(value), enum, language)
    made.filters["moment"] = tell_moment
    made.globals |= {"language": TAGS[language], "static": address_of, "lang": PARAMETER}
    return made
