"""The transparency log over HTTP (C2SP `tlog-tiles`), and proofs as JSON. All of it is public: times and hashes."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import anyio
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.request_body import read_bounded
from casework.transparency.cosignatures import UnknownCheckpointError, add_cosignatures, read_cosigned, read_lines
from casework.transparency.key_changes import read_rotations
from casework.transparency.proofs import prove_consistency, prove_leaf, write_proof
from casework.transparency.tree import (
    ENTRIES,
    Fetch,
    LogBrokenError,
    fetch_by,
    read_last,
    read_tiles,
)
from languages.sentence import say
from models.transparency.merkle import PathError
from models.transparency.notes import LARGEST_NOTE, NoteError, NoteKey, split_note
from models.transparency.rotations import follow_rotations
from models.transparency.tiles import Tile, read_path, write_bundle
from openapi.operation import ApiOperation, ApiRoute
from transport.contract import log as contract
from transport.errors.plain import refuse_file

READ_AT_ONCE = 2
"""Concurrent reads of the log in one worker, below its connections."""

FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
BRIEFLY = {"cache-control": "public, max-age=1"}
NEVER = {"cache-control": "no-store"}
RETRY = {"retry-after": "1"}
UNAVAILABLE = (TimeoutError, OSError, DBAPIError, PoolTimeoutError)
SIZE = re.compile("[1-9][0-9]{0,17}", re.ASCII)
MOMENT = re.compile("[0-9]{1,17}", re.ASCII)
HASH = re.compile("[0-9a-f]{64}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
NO_TILE = "The log has no such tile yet. Take those of the size in /log/checkpoint (C2SP tlog-tiles)."
NO_LEAF = "The log does not contain this. A proof is at /log/inclusion/MICROSECONDS/HASH, as a receipt names them."
NUMBER = re.compile("[1-9][0-9]{0,3}", re.ASCII)
NO_ROTATION = "The key of the log has not been changed so often. Its changes are at /log/rotation/1, /log/rotation/2 …"
NOT_COSIGNED = "No witness has cosigned a checkpoint of the log yet."
NO_SIZES = "There is no such proof. It is at /log/consistency/OLD/NEW, from 1 to the size in /log/checkpoint."
log = logging.getLogger("suxin.transparency")

Answer = Callable[[Fetch, Request], Awaitable[Response]]


class LogRefusalError(Exception):
    """The log has no such part, or does not take what is sent. status: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class LogKeys:
    """Who signs the log. own: its keys. witnesses: whose cosignatures are kept. now: the clock."""

    own: Sequence[NoteKey]
    witnesses: Sequence[NoteKey]
    now: Callable[[], datetime]


def make_log_routes(engine: AsyncEngine, request_timeout: float, keys: LogKeys, issuer: str) -> list[Route]:
    """Return the routes of the log. request_timeout: in seconds. issuer: the address of the service."""
    limiter = anyio.CapacityLimiter(READ_AT_ONCE)

    def refuse(request: Request, error: LogRefusalError, headers: dict[str, str] | None = None) -> Response:
        return refuse_file(request.headers, issuer, error.status, str(error), headers)

    async def respond(answer: Answer, request: Request) -> Response:
        try:
            async with asyncio.timeout(request_timeout), limiter, engine.connect() as connection:
                found = await answer(fetch_by(connection), request)
                await connection.commit()
                return found
        except UNAVAILABLE as error:
            log.error("the transparency log could not be read: %s", type(error).__name__)
            return refuse(request, LogRefusalError(503, "The log cannot be read now. Try again."), RETRY)
        except LogBrokenError as error:
            log.error("the transparency log is broken: %s", error)
            return refuse(request, LogRefusalError(500, "The log contradicts itself. Tell the court."))
        except LogRefusalError as error:
            return refuse(request, error)

    async def take(request: Request) -> Response:
        raw = await read_bounded(request, LARGEST_NOTE)
        if raw is None:
            told = say("A checkpoint with its signatures has at most {largest_note} bytes.", largest_note=LARGEST_NOTE)
            return refuse(request, LogRefusalError(413, told))
        return await respond(partial(take_cosignatures, keys, raw.decode(errors="replace")), request)

    answers: dict[str, tuple[Answer, ApiOperation]] = {
        "/log/checkpoint": (send_checkpoint, contract.CHECKPOINT),
        "/log/cosigned": (send_cosigned, contract.COSIGNED),
        "/log/rotation/{number}": (send_rotation, contract.ROTATION),
        "/log/tile/{path:path}": (send_tile, contract.TILE),
        "/log/inclusion/{moment}/{leaf}": (send_inclusion, contract.INCLUSION),
        "/log/consistency/{old}/{new}": (send_consistency, contract.CONSISTENCY),
    }
    routes = [ApiRoute(path, partial(respond, answer), operation) for path, (answer, operation) in answers.items()]
    return [*routes, ApiRoute("/log/cosignatures", take, contract.COSIGNATURES)]


async def send_checkpoint(fetch: Fetch, request: Request) -> Response:
    """Send the newest checkpoint, with its cosignatures."""
    last = await read_last(fetch)
    if last is None:
        raise LogRefusalError(404, "The log has no entries yet.")
    return _send_note(last["note"] + await read_lines(fetch, last["size"]), BRIEFLY)


async def send_cosigned(fetch: Fetch, request: Request) -> Response:
    """Send the newest checkpoint that a witness has cosigned."""
    note = await read_cosigned(fetch)
    if note is None:
        raise LogRefusalError(404, NOT_COSIGNED)
    return _send_note(note, BRIEFLY)


async def take_cosignatures(keys: LogKeys, note: str, fetch: Fetch, request: Request) -> Response:
    """Keep the cosignatures of a checkpoint. A signature that does not fit is refused as a missing one is."""
    try:
        split_note(note)
    except NoteError as error:
        raise LogRefusalError(400, str(error)) from None
    try:
        own = follow_rotations(keys.own, await read_rotations(fetch))
        added = await add_cosignatures(fetch, note, own, keys.witnesses, keys.now())
    except NoteError as error:
        raise LogRefusalError(403, str(error)) from None
    except UnknownCheckpointError as error:
        raise LogRefusalError(404, str(error)) from None
    return JSONResponse({"added": added}, 200, NEVER)


async def send_rotation(fetch: Fetch, request: Request) -> Response:
    """Send a change of the log's key, by its number. It never changes."""
    number, notes = request.path_params["number"], await read_rotations(fetch)
    if not NUMBER.fullmatch(number) or int(number) > len(notes):
        raise LogRefusalError(404, NO_ROTATION)
    return _send_note(notes[int(number) - 1], FOREVER)


def _send_note(note: str, headers: dict[str, str]) -> Response:
    return Response(note, 200, headers, "text/plain; charset=utf-8")


async def send_tile(fetch: Fetch, request: Request) -> Response:
    """Send a tile of hashes, or a bundle of entries."""
    tile, last = read_path(request.path_params["path"]), await read_last(fetch)
    if tile is None or last is None or not tile.is_of(last["size"]):
        raise LogRefusalError(404, NO_TILE)
    octets = await (_read_entries if tile.of_entries else _read_hashes)(fetch, tile)
    return Response(octets, 200, FOREVER, "application/octet-stream")


async def _read_hashes(fetch: Fetch, tile: Tile) -> bytes:
    hashes = (await read_tiles(fetch, [tile])).get((tile.level, tile.index), [])
    return b"".join(_expect(tile, hashes[: tile.width]))


async def _read_entries(fetch: Fetch, tile: Tile) -> bytes:
    rows = await fetch(ENTRIES, {"first": tile.first, "width": tile.width})
    return write_bundle(_expect(tile, [row["entry"] for row in rows]))


def _expect(tile: Tile, found: list[bytes]) -> list[bytes]:
    if len(found) != tile.width:
        raise LogBrokenError(f"Parts of the tile {tile.write_path()} are missing.")
    return found


async def send_inclusion(fetch: Fetch, request: Request) -> Response:
    """Send the inclusion proof of a leaf, by the time of its answer in microseconds and the hash in hexadecimal."""
    moment, leaf = request.path_params["moment"], request.path_params["leaf"]
    if not MOMENT.fullmatch(moment) or not HASH.fullmatch(leaf):
        raise LogRefusalError(404, NO_LEAF)
    at = EPOCH + timedelta(microseconds=int(moment))
    proof = await prove_leaf(fetch, at, bytes.fromhex(leaf)) if at < LATEST else None
    if not proof:
        raise LogRefusalError(404, NO_LEAF)
    return JSONResponse(write_proof(proof), 200, BRIEFLY)


async def send_consistency(fetch: Fetch, request: Request) -> Response:
    """Send the consistency proof of two sizes. It never changes."""
    old, new = request.path_params["old"], request.path_params["new"]
    if not SIZE.fullmatch(old) or not SIZE.fullmatch(new):
        raise LogRefusalError(404, NO_SIZES)
    try:
        path = await prove_consistency(fetch, int(old), int(new))
    except PathError:
        raise LogRefusalError(404, NO_SIZES) from None
    if path is None:
        raise LogRefusalError(404, NO_SIZES)
    found = {"old": int(old), "new": int(new), "path": [node.hex() for node in path]}
    return JSONResponse(found, 200, FOREVER)
