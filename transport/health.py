"""Whether the service answers: the gate, closed while it waits for its database, and checks for a load balancer."""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from languages.sentence import say
from transport.refusals import RETRY

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
TRY_AGAIN = 1013
"""The code with which a WebSocket is closed (IANA, WebSocket close codes: try again later)."""


@dataclass
class Gate:
    """Whether requests are answered. reason: why not yet, without addresses."""

    opened: bool = True
    reason: str = ""

    def open(self) -> None:
        """Answer from now on."""
        self.opened, self.reason = True, ""

    def close(self, reason: str) -> None:
        """Answer nothing until it is opened."""
        self.opened, self.reason = False, reason

    def passes(self, scope: Scope) -> bool:
        """Return whether this request or connection goes in. Probes do always."""
        return self.opened or scope["type"] == "lifespan" or scope.get("path") in PROBES

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer that the database is awaited."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN, "reason": ""})
            return
        await _answer(scope["path"])(scope, receive, send)


def _answer(path: str) -> Response:
    message = say("The database is not reachable. Try again.")
    if path.startswith("/oauth/"):
        told = {"error": "temporarily_unavailable", "error_description": str(message)}
        return JSONResponse(told, 503, RETRY)
    if path != "/graphql":
        return PlainTextResponse(str(message), 503, RETRY)
    error = {"message": str(message), "extensions": {"code": "UNAVAILABLE"}}
    return Response(orjson.dumps({"errors": [error]}), 503, RETRY, "application/json")


def build_liveness_endpoint(kept: Path | None) -> Callable[[Request], object]:
    """Return the endpoint that tells whether the process runs, and the keeper of the embedded server if there is one.

    kept: the file that the keeper locks while it lives.
    """

    async def alive(request: Request) -> Response:
        if kept and not is_locked(kept):
            return JSONResponse(
                {"status": "no keeper", "reason": "Nobody watches the embedded PostgreSQL."}, 503, RETRY
            )
        return JSONResponse({"status": "alive"})

    return alive


def is_locked(file: Path) -> bool:
    """Return whether another process holds the lock of a file."""
    try:
        number = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(number)
    return False


IS_STANDBY = sa.text(
    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean FROM alembic_version"
)


def build_readiness_endpoint(
    engine: AsyncEngine, gate: Gate, find_doubt: Callable[[], str | None] = lambda: None
) -> Callable[[Request], object]:
    """Return the endpoint that tells whether requests are answered: the database is reachable, migrated and takes
    writes, and the process does not end. find_doubt: returns what is not as it should be although they are."""

    async def ready(request: Request) -> Response:
        stop = getattr(request.state, "stopping", None)
        if stop is not None and stop.is_begun:
            return JSONResponse({"status": "stopping", "reason": "This process ends."}, 503, RETRY)
        if not gate.opened:
            return _no_database(gate.reason)
        started = time.monotonic()
        try:
            async with asyncio.timeout(0.3), engine.connect() as connection:
                standby = (await connection.execute(IS_STANDBY)).scalar_one()
        except (TimeoutError, OSError, SQLAlchemyError) as error:
            return _no_database(f"The database does not answer: {type(error).__name__}.")
        if standby:
            return _no_database("The database takes no writes: it is a standby, or read-only.")
        found = {"status": "ready", "milliseconds": round((time.monotonic() - started) * 1000)}
        return JSONResponse(found | ({"reason": doubt} if (doubt := find_doubt()) else {}))

    return ready


def _no_database(reason: str) -> Response:
    return JSONResponse({"status": "no database", "reason": reason}, 503, RETRY)
