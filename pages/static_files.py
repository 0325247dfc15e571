"""Static files: held in memory, compressed, under names that contain their hash, and so never change (RFC 8246)."""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

PATH = "/static"
TYPES = {
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "js": "text/javascript; charset=utf-8",
    "ttf": "font/ttf",
}
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
HASH_DIGITS = 12


@dataclass(frozen=True)
class StaticFile:
    """A file. name: with the hash of its content. compressed: by gzip."""

    name: str
    media_type: str
    content: bytes
    compressed: bytes

    @classmethod
    def of(cls, name: str, content: bytes) -> "StaticFile":
        """Return the file of a name without a hash."""
        stem, _, suffix = name.rpartition(".")
        return cls(f"{stem}.{hash_content(content)}.{suffix}", TYPES[suffix], content, compress(content))

    def answer(self, request: Request) -> Response:
        """Return it, compressed where the browser takes it."""
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.compressed, 200, {**HEADERS, "Content-Encoding": "gzip"}, self.media_type)
        return Response(self.content, 200, HEADERS, self.media_type)


def hash_content(content: bytes) -> str:
    """Return the digest that stands in the name of a file."""
    return hashlib.sha256(content).hexdigest()[:HASH_DIGITS]


def compress(content: bytes) -> bytes:
    """Return a content as gzip, the same for the same content."""
    return gzip.compress(content, 9, mtime=0)


@cache
def read_static_files() -> Mapping[str, StaticFile]:
    """Return the files by their names without hashes."""
    return {name: StaticFile.of(name, content) for name, content in _list_files()}


def _list_files() -> Iterator[tuple[str, bytes]]:
    for entry in files("pages").joinpath("static").iterdir():
        if entry.name.rpartition(".")[2] in TYPES:
            yield entry.name, entry.read_bytes()


def address_of(name: str) -> str:
    """Return the address of a file. Raises KeyError."""
    return f"{PATH}/{read_static_files()[name].name}"


@cache
def _by_address() -> Mapping[str, StaticFile]:
    return {file.name: file for file in read_static_files().values()}


async def serve_static(request: Request) -> Response:
    """Return a file, compressed where the browser takes it."""
    file = _by_address().get(request.path_params["name"])
    if file is None:
        return Response("There is no such file.", 404, {"Cache-Control": "no-store"}, "text/plain")
    return file.answer(request)
