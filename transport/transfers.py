"""Upload of files to be checked, and download of the files of bulk operations."""

import asyncio
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as ConnectionScope

from auth.budget import Budgets
from auth.clients.certificates import thumbprint_of
from auth.metadata import build_resource_metadata_url
from auth.places import RETRY, BusyError, Places
from auth.principal import Principal
from auth.proofs.proof import HEADER as PROOF
from auth.proofs.proof import NONCE_HEADER, Sent
from auth.request_body import ONLY_IDENTITY, TAKEN, is_encoded, media_type_of, read_bounded
from auth.scopes import Scope
from auth.tokens import TokenVerifier, read_presented_token, scheme_of
from casework import bulk_operations
from casework.bulk_uploads import keep_upload
from casework.bulk_withdrawals import hand_out
from casework.downloads import SignedDownload, verify_download
from casework.refusal import Refusal
from casework.transaction import transact
from engine.declare.opaque import seal
from engine.engine import Engine
from languages.sentence import say
from models.bulk_operation import BulkUpload
from models.keyring import Keyring
from resolvers.partners.downloads import log_download
from transport.errors.plain import refuse_file
from transport.observation import Observation, observe
from transport.refusals import RequestError, refusal_of
from transport.upload_lines import CSV, JSON_LINES, read_lines

UPLOAD_PATH = "/uploads"
LARGEST_FILE = 16 * 1024 * 1024
UPLOADS_AT_ONCE, UPLOAD_SECONDS = 2, 60
"""Concurrent uploads that a worker stores, and the time limit of one."""

UPLOADS, DOWNLOADS = (8, 1), (32, 8)
"""Concurrent uploads that a worker receives, and downloads that it sends: of all clients, and of one."""

DOWNLOADS_OF_A_FILE, READ_AT_ONCE = 4, 2
"""Concurrent downloads of one file, and parts of files that are read at once, each by a connection to the database."""

UNAVAILABLE = (TimeoutError, OSError, DBAPIError, PoolTimeoutError)
RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
MOST_DIGITS = 18
"""Digits of a position in a file that are read. Longer ones are behind every file, and `int` refuses 5,000."""
log = logging.getLogger("suxin.files")
NO_FILE = "There is no file at this address, or no longer. Have its address signed again."
TOO_LONG = "This took too long, or the database is not reachable. Try again."


@dataclass(frozen=True)
class Transfers:
    """The upload and download endpoints. graphql: has the access log. issuer: the public address of the service. A
    client has a part of the places for uploads and downloads."""

    graphql: Engine
    engine: AsyncEngine
    verifier: TokenVerifier
    keyring: Keyring
    issuer: str
    clock: Callable[[], datetime]
    budgets: Budgets | None = None
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_AT_ONCE))
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READ_AT_ONCE))
    uploads: Places = field(default_factory=lambda: Places(*UPLOADS, say("uploads")))
    downloads: Places = field(default_factory=lambda: Places(*DOWNLOADS, say("downloads")))
    files: Places = field(default_factory=lambda: Places(DOWNLOADS[0], DOWNLOADS_OF_A_FILE, say("downloads of a file")))

    async def upload(self, request: Request) -> Response:
        """Store a file of lines: JSON objects, or CSV whose header has the names of their members."""
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                return await self._upload(request)
        except Refusal as error:
            return self._refuse(request, 429, error.message, hint=error.hint)
        except BusyError as error:
            return self._refuse(request, error.status, str(error), error.headers)
        except UNAVAILABLE as error:
            log.error("a file could not be taken: %s", type(error).__name__)
            return self._refuse(request, 503, TOO_LONG, RETRY)
        except Exception as error:
            refusal = refusal_of(error, self.issuer)
            if refusal is None or refusal.status is None:
                raise
            return self._refuse(request, refusal.status, refusal.errors[0].message, refusal.headers)

    async def _upload(self, request: Request) -> Response:
        sent = Sent(
            request.headers.getlist(PROOF), request.method, f"{self.issuer}{UPLOAD_PATH}", thumbprint_of(request.scope)
        )
        principal = await self.verifier.admit(read_presented_token(request.headers.getlist("authorization")), sent)
        if Scope.BULK_WRITE not in principal.scopes:
            return self._refuse(
                request, 403, "This token lacks the scope bulk.write.", {"www-authenticate": self._lacking(principal)}
            )
        with self.uploads.hold(principal.client_key), self.budgets.admit(principal) if self.budgets else nullcontext():
            media_type, body = _media_type(request), await _body(request)
            async with self.places:
                lines = await asyncio.to_thread(read_lines, media_type, body)
                key = await transact(self.engine, partial(self._kept, principal, lines))
        identifier = seal(f"{BulkUpload.__name__}:{key}".encode(), self.keyring.opaque_key)
        renewed = {NONCE_HEADER: sent.renewed} if sent.renewed else {}
        kept = {"upload": identifier, "lines": len(lines)}
        return JSONResponse(kept, 201, {"cache-control": "no-store", **renewed})

    def _charging(self, payer: Any) -> AbstractAsyncContextManager[None]:
        return self.budgets.charging(payer) if self.budgets else nullcontext()

    async def _kept(self, principal: Principal, lines: Sequence[bytes], connection: AsyncConnection) -> int:
        async with self._charging(principal):
            return await keep_upload(connection, self.keyring, principal.client_key, lines, self.clock())

    def _lacking(self, principal: Principal) -> str:
        pointer = build_resource_metadata_url(self.issuer)
        lacking = f'error="insufficient_scope", scope="bulk.write", resource_metadata="{pointer}"'
        return f'{scheme_of(principal)} realm="suxin", {lacking}'

    def _refuse(
        self, request: Request, status: int, message: str, headers: Mapping[str, str] | None = None, hint: str = ""
    ) -> Response:
        return refuse_file(request.headers, self.issuer, status, message, headers, hint)

    async def download(self, request: Request) -> Response:
        """Send a file, or a range of it (RFC 9110, section 14), to any client that has its signed address."""
        signed = verify_download(self.keyring, request.path_params["token"], self.clock())
        with ExitStack() as held:
            try:
                return await self._download(request, signed, held) if signed else self._refuse(request, 404, NO_FILE)
            except BusyError as error:
                return self._refuse(request, error.status, str(error), error.headers)
            except UNAVAILABLE as error:
                log.error("a file could not be sent: %s", type(error).__name__)
                return self._refuse(request, 503, TOO_LONG, RETRY)

    async def _download(self, request: Request, signed: SignedDownload, held: ExitStack) -> Response:
        """Return the response with a file. held: its places, which the response takes over."""
        key = signed.key
        held.enter_context(self.files.hold(key))
        async with self.reading:
            file = await transact(self.engine, partial(self._handed_out, signed, observe(request.scope)))
        if file is None:
            return self._refuse(request, 404, NO_FILE)
        held.enter_context(self.downloads.hold(file.client_key))
        etag = f'"{file.sha256.hex()}"'
        headers = {
            "etag": etag,
            "accept-ranges": "bytes",
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="suxin-{file.sha256.hex()[:16]}.jsonl.gz"',
        }
        wanted = _range(request.headers, etag, file.size)
        if wanted is None:
            return self._refuse(request, 416, "The file ends before that.", {"content-range": f"bytes */{file.size}"})
        first, last = wanted
        headers["content-length"] = str(last - first + 1)
        whole = (first, last) == (0, file.size - 1)
        if not whole:
            headers["content-range"] = f"bytes {first}-{last}/{file.size}"
        body = self._bytes(file, first, last)
        return FileResponse(held.pop_all(), body, 200 if whole else 206, headers)

    async def _handed_out(self, signed: SignedDownload, seen: Observation, connection: AsyncConnection) -> Any:
        """Return the row of the operation after the entry in the access log (R19), or None."""
        file = await hand_out(connection, signed.key, self.clock(), signed.since)
        if file is not None:
            await log_download(self.graphql.audit, connection, file, seen.request_id, self.clock())
        return file

    async def _bytes(self, file: Any, first: int, last: int) -> AsyncIterator[bytes]:
        """Yield a range of a file. No connection is held while the client reads. The owner of the file pays."""
        key = file.id
        async with self.reading, self.engine.connect() as connection:
            sizes = await bulk_operations.list_sizes(connection, key)
        start = 0
        for number, size in enumerate(sizes):
            if start <= last and start + size > first:
                async with self.reading, self.engine.connect() as connection, self._charging(file):
                    member = await bulk_operations.read_member(connection, self.keyring, key, number)
                yield member[max(first - start, 0) : last - start + 1]
            start += size


class FileResponse(StreamingResponse):
    """A response with a part of a file. held: its places, which are given back at its end."""

    def __init__(self, held: ExitStack, body: AsyncIterator[bytes], status: int, headers: Mapping[str, str]) -> None:
        super().__init__(body, status, headers, "application/gzip")
        self._held = held

    async def __call__(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._held:
            await super().__call__(scope, receive, send)


def _media_type(request: Request) -> str:
    found = media_type_of(request.headers)
    if found != CSV and found not in JSON_LINES:
        raise RequestError(say("Send {csv} or {json_lines}, in UTF-8.", csv=CSV, json_lines=JSON_LINES[0]), status=415)
    if is_encoded(request.headers):
        raise RequestError(ONLY_IDENTITY, status=415, headers=TAKEN)
    return found


async def _body(request: Request) -> bytes:
    raw = await read_bounded(request, LARGEST_FILE)
    if raw is None:
        raise RequestError(
            say("The file is larger than {largest_file:,} bytes; send it in parts.", largest_file=LARGEST_FILE),
            status=413,
        )
    return raw


def _range(headers: Mapping[str, str], etag: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte that are requested; None if the range is not satisfiable."""
    found = RANGE.fullmatch(headers.get("range", ""))
    if not found or headers.get("if-range", etag) != etag:
        return 0, size - 1
    first, last = _position(found[1]), min(_position(found[2]) if found[2] else size, size - 1)
    return (first, last) if first <= last else None


def _position(digits: str) -> int:
    """Return a position in a file, the largest one for digits that are too many."""
    told = digits.lstrip("0") or "0"
    return int(told) if len(told) <= MOST_DIGITS else sys.maxsize
