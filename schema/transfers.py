"""Files in and out: lines to be checked, and what bulk operations have written."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from auth.metadata import resource_metadata_url
from auth.scopes import Scope
from auth.tokens import TokenError, TokenVerifier, bearer_token
from casework import bulk_operations
from casework.bulk_operations import MOST_LINES
from casework.downloads import read_signed
from casework.refusal import Refusal
from casework.transaction import transact
from models.bulk_operation import BulkUpload
from models.keyring import Keyring
from resolvers.opaque import seal

LARGEST_FILE = 32 * 1024 * 1024
LONGEST_LINE = 4_096
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
CSV, JSON_LINES = "text/csv", ("application/jsonl", "application/x-ndjson")


class FileError(ValueError):
    """A file that cannot be taken; the message says why. status: HTTP."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Transfers:
    """The endpoints of files. issuer: the service's own address."""

    engine: AsyncEngine
    verifier: TokenVerifier
    keyring: Keyring
    issuer: str
    clock: Callable[[], datetime]

    async def upload(self, request: Request) -> Response:
        """Take lines to be checked: JSON objects, or CSV with the same names in its first line."""
        try:
            principal = await self.verifier.verify(bearer_token(request.headers.getlist("authorization")))
            if Scope.BULK_WRITE not in principal.scopes:
                return _refusal(403, "This token lacks the scope bulk.write.", {"www-authenticate": self._lacking()})
            lines = await asyncio.to_thread(read_lines, _media_type(request), await _body(request))
        except TokenError as error:
            challenge = {"www-authenticate": error.challenge(self.issuer)}
            return _refusal(error.status, str(error), challenge)
        except FileError as error:
            return _refusal(error.status, str(error))
        try:
            key = await transact(self.engine, partial(self._kept, principal.client_key, lines))
        except Refusal as refusal:
            return _refusal(429, f"{refusal.message} {refusal.hint}")
        identifier = seal(f"{BulkUpload.__name__}:{key}".encode(), self.keyring.opaque_key)
        return JSONResponse({"upload": identifier, "lines": len(lines)}, 201, {"cache-control": "no-store"})

    async def _kept(self, client_key: int, lines: Sequence[str], connection: AsyncConnection) -> int:
        return await bulk_operations.upload(connection, self.keyring, client_key, lines, self.clock())

    def _lacking(self) -> str:
        pointer = resource_metadata_url(self.issuer)
        return f'Bearer realm="suxin", error="insufficient_scope", scope="bulk.write", resource_metadata="{pointer}"'

    async def download(self, request: Request) -> Response:
        """Send a file, or the rest of one (RFC 9110, section 14), to whoever has its signed address."""
        key = read_signed(self.keyring, request.path_params["token"], self.clock())
        file = (
            await transact(self.engine, lambda one: bulk_operations.downloadable(one, key, self.clock()))
            if key
            else None
        )
        if key is None or file is None:
            return _refusal(404, "There is no file at this address, or no longer. Have its address signed again.")
        etag = f'"{file.sha256.hex()}"'
        headers = {
            "etag": etag,
            "accept-ranges": "bytes",
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="suxin-{key}.jsonl.gz"',
        }
        wanted = _range(request.headers, etag, file.size)
        if wanted is None:
            return _refusal(416, "The file ends before that.", {"content-range": f"bytes */{file.size}"})
        first, last = wanted
        headers["content-length"] = str(last - first + 1)
        whole = (first, last) == (0, file.size - 1)
        if not whole:
            headers["content-range"] = f"bytes {first}-{last}/{file.size}"
        body = self._bytes(key, file.pages, first, last)
        return StreamingResponse(body, 200 if whole else 206, headers, "application/gzip")

    async def _bytes(self, key: int, pages: int, first: int, last: int) -> AsyncIterator[bytes]:
        """These bytes of a file, with no connection held while its reader is slow."""
        async with self.engine.connect() as connection:
            sizes = await bulk_operations.sizes(connection, key)
        start = 0
        for number, size in enumerate(sizes):
            if start <= last and start + size > first:
                async with self.engine.connect() as connection:
                    member = await bulk_operations.member(connection, self.keyring, key, number)
                yield member[max(first - start, 0) : last - start + 1]
            start += size


def read_lines(media_type: str, content: bytes) -> list[str]:
    """The lines of a file as JSON texts. Raises FileError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"The file is not UTF-8 at byte {error.start}.") from None
    lines = _rows(text) if media_type == CSV else [line for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_LINES:
        raise FileError(f"A file has 1 to {MOST_LINES:,} lines; this one has {len(lines):,}.", 413 if lines else 400)
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise FileError(f"Line {number} is longer than {LONGEST_LINE} characters.", 413)
    return lines


def _rows(text: str) -> list[str]:
    """CSV rows as JSON objects by the names in the first one; empty cells are left out."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        return [orjson.dumps({name: cell for name, cell in row.items() if cell}).decode() for row in reader]
    except (csv.Error, TypeError) as error:
        raise FileError(f"Line {reader.line_num} is no line of this CSV ({error}).") from None


def _media_type(request: Request) -> str:
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != CSV and found not in JSON_LINES:
        raise FileError(f"Send {CSV} or {JSON_LINES[0]}, in UTF-8.", 415)
    return found


async def _body(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_FILE:
            raise FileError(f"The file is larger than {LARGEST_FILE:,} bytes; send it in parts.", 413)
    return bytes(raw)


def _range(headers: Mapping[str, str], etag: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte that are asked for; None for what lies behind the end."""
    found = RANGE.fullmatch(headers.get("range", ""))
    if not found or headers.get("if-range", etag) != etag:
        return 0, size - 1
    first, last = int(found[1]), min(int(found[2] or size), size - 1)
    return (first, last) if first <= last else None


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"error": message}
    return JSONResponse(body, status, {"cache-control": "no-store", **(headers or {})})
