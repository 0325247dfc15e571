"""The files that `web/` builds: each tool's under an address with the digest of them all, and so never changing."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.developers.documents import HOME
from pages.static_files import TYPES, StaticFile, compress, hash_content

BUILT = HOME / "web" / "dist"
TOOLS = ("editor", "explorer")


def make_built_routes() -> list[Route]:
    """Return the route of the files."""

    async def built(request: Request) -> Response:
        tool, build, name = (request.path_params[part] for part in ("tool", "build", "name"))
        if tool not in TOOLS or build != name_build(tool) or name not in list_built(tool):
            raise HTTPException(404)
        return read_built(tool, name).answer(request)

    return [Route("/built/{tool}/{build}/{name}", built)]


def address_of_tool(tool: str) -> str:
    """Return the address that the files of a tool lie under."""
    return f"/built/{tool}/{name_build(tool)}"


@cache
def list_built(tool: str) -> Mapping[str, Path]:
    """Return the built files of a tool by name."""
    return {one.name: one for one in sorted((BUILT / tool).iterdir()) if one.suffix.removeprefix(".") in TYPES}


@cache
def name_build(tool: str) -> str:
    """Return the digest of all files of a tool."""
    return hash_content(b"".join(name.encode() + file.read_bytes() for name, file in list_built(tool).items()))


@cache
def read_built(tool: str, name: str) -> StaticFile:
    """Return a built file. It is compressed when it is first asked for: all together are some megabytes."""
    content = list_built(tool)[name].read_bytes()
    return StaticFile(name, TYPES[name.rpartition(".")[2]], content, compress(content))
