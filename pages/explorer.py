"""/explorer: GraphiQL on the schema of whoever's token is pasted, from the files that `web/` builds.

The token, the tabs and the variables stay in the memory of the page: the browser stores nothing (R18).
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.audiences import Audience
from pages.developers.documents import HOME, list_examples
from pages.language import put
from pages.site import PRIVATE, Site
from pages.static_files import TYPES, StaticFile, compress, hash_content

PATH = "/explorer"
BUILT = HOME / "web" / "dist" / "explorer"
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


def make_explorer_routes(site: Site) -> list[Route]:
    """Return the routes of the explorer and of its files."""

    async def show(request: Request) -> Response:
        named = request.query_params.get("audience", "").upper()
        audience = Audience(named) if named in set(Audience) else Audience.BANK
        told: dict[str, Any] = {
            "address": "/graphql",
            "words": {name: put(text, request) for name, text in WORDS.items()},
            "examples": list_tabs(audience),
        }
        shown: dict[str, Any] = {"told": json.dumps(told, ensure_ascii=False), "built": f"{PATH}/built/{name_build()}"}
        shown |= {"audience": audience, "audiences": list(Audience)}
        return site.render(request, "explorer.html", 200, PRIVATE, POLICY, **shown)

    async def built(request: Request) -> Response:
        name = request.path_params["name"]
        if request.path_params["build"] != name_build() or name not in list_built():
            raise HTTPException(404)
        return read_built(name).answer(request)

    return [Route(PATH, show), Route(f"{PATH}/built/{{build}}/{{name}}", built)]


@cache
def list_tabs(audience: Audience) -> list[Mapping[str, str]]:
    """Return the examples of an audience as tabs, each a document with its variables."""
    names = sorted(name for name in list_examples(audience.lower()) if name.endswith(".graphql"))
    folder = HOME / "examples" / audience.lower()
    return [_read_tab(folder / name) for name in names[:MOST_EXAMPLES]]


def _read_tab(document: Path) -> Mapping[str, str]:
    variables = document.with_suffix(".json")
    return {
        "query": document.read_text("utf-8"),
        "variables": variables.read_text("utf-8") if variables.is_file() else "",
    }


@cache
def list_built() -> Mapping[str, Path]:
    """Return the built files by name."""
    return {one.name: one for one in sorted(BUILT.iterdir()) if one.suffix.removeprefix(".") in TYPES}


@cache
def name_build() -> str:
    """Return the digest of all built files, which stands in their addresses, so that these never change."""
    return hash_content(b"".join(name.encode() + file.read_bytes() for name, file in list_built().items()))


@cache
def read_built(name: str) -> StaticFile:
    """Return a built file. It is compressed when it is first asked for: all together are some megabytes."""
    content = list_built()[name].read_bytes()
    return StaticFile(name, TYPES[name.rpartition(".")[2]], content, compress(content))
