"""Health checks for a load balancer: liveness of the process, readiness of the database."""

import asyncio
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def answer_alive(request: Request) -> Response:
    """Answer that the process runs."""
    return JSONResponse({"status": "alive"})


def build_readiness_endpoint(engine: AsyncEngine) -> Callable[[Request], object]:
    """Return the endpoint that tells whether the database is reachable and migrated."""

    async def ready(request: Request) -> Response:
        started = time.monotonic()
        try:
            async with asyncio.timeout(0.3), engine.connect() as connection:
                await connection.execute(sa.text("SELECT 1 FROM alembic_version"))
        except (TimeoutError, OSError, SQLAlchemyError):
            return JSONResponse({"status": "no database"}, 503, {"retry-after": "1"})
        return JSONResponse({"status": "ready", "milliseconds": round((time.monotonic() - started) * 1000)})

    return ready
