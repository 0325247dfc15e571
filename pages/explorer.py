"""/explorer: GraphiQL on the schema of whoever's token is pasted, from the files that `web/` builds.

The token, the tabs and the variables stay in the memory of the page: the browser stores nothing (R18). Officers have
the same tool on their desk, where their session is asked with and no token reaches the browser.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.audiences import Audience
from pages.built_files import address_of_tool
from pages.developers.documents import HOME, list_examples
from pages.language import put
from pages.site import PRIVATE, Site

PATH = "/explorer"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; worker-src 'self'; "
    "font-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Monaco writes inline styles; scripts are those of the site alone."""

MOST_EXAMPLES = 6
WORDS = {
    "token": "访问令牌",
    "use": "使用",
    "used": "令牌在内存中，关闭即忘。",
    "begin": "粘贴访问令牌后，这里出现该令牌能够查询的数据目录与示例。令牌的取得见“快速入门”。",
}
Tab = Mapping[str, str]


def make_explorer_routes(site: Site) -> list[Route]:
    """Return the route of the explorer for holders of tokens."""

    async def show(request: Request) -> Response:
        named = request.query_params.get("audience", "").upper()
        audience = Audience(named) if named in set(Audience) else Audience.BANK
        return show_explorer(site, request, audience, list_tabs(audience))

    return [Route(PATH, show)]


def show_explorer(
    site: Site, request: Request, audience: Audience, tabs: Sequence[Tab], address: str = "/graphql", csrf: str = ""
) -> Response:
    """Return the page. address: of the endpoint. csrf: of a session that is asked with instead of a token."""
    words = {name: put(text, request) for name, text in WORDS.items()}
    told = json.dumps({"address": address, "csrf": csrf, "words": words, "examples": tabs}, ensure_ascii=False)
    shown: dict[str, Any] = {"told": told, "built": address_of_tool("explorer"), "signed_in": bool(csrf)}
    shown |= {"audience": audience, "audiences": list(Audience)}
    return site.render(request, "explorer.html", 200, PRIVATE, POLICY, **shown)


@cache
def list_tabs(audience: Audience) -> list[Tab]:
    """Return the examples of an audience as tabs, each a document with its variables."""
    names = sorted(name for name in list_examples(audience.lower()) if name.endswith(".graphql"))
    folder = HOME / "examples" / audience.lower()
    return [_read_tab(folder / name) for name in names[:MOST_EXAMPLES]]


def _read_tab(document: Path) -> Tab:
    variables = document.with_suffix(".json")
    return {
        "query": document.read_text("utf-8"),
        "variables": variables.read_text("utf-8") if variables.is_file() else "",
    }
