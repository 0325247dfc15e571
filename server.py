"""The ASGI application. `create_app` builds it from settings."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from uvicorn.config import STARTUP_FAILURE

from auth.audiences import Audience, scopes_of
from casework.catalogue import read_case_types
from engine.document.audience_schema import build_audience_schema
from jobs.access_log import ensure_access_log
from jobs.loop import run_in_background
from jobs.parent import end_with_parent
from page_routes import build_page_routes, build_site
from pages.home import make_not_found
from parts import GRAPHQL_METHODS, Parts
from postgres import database
from protocols.admission import STATE
from protocols.proxies import TrustedProxies
from settings import Settings, SettingsError
from telemetry import logs, traces
from telemetry.observing import Observing, Telemetry
from transport.application import DirectApplication

log = logging.getLogger("suxin.server")


def get_utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def create_worker() -> Starlette | TrustedProxies:
    """Create the application of a worker process, behind its proxies if it has some. The command has prepared the
    database."""
    end_with_parent()
    settings = Settings.from_environment()
    provider = traces.build_provider() if traces.is_wanted(os.environ) else None
    telemetry = Telemetry(logs.build_request_logger(logs.form_of(settings.log)), provider)
    try:
        app = create_app(settings, database.read_url(settings.database_url or ""), telemetry=telemetry, lasting=True)
    except SettingsError as error:
        log.error("%s", error)
        sys.exit(STARTUP_FAILURE)
    return put_behind_proxies(app, settings)


def put_behind_proxies(app: Starlette, settings: Settings) -> Starlette | TrustedProxies:
    """Return the application behind the proxies of the settings, or itself if there are none."""
    if not settings.trusted_proxies:
        return app
    return TrustedProxies(app, settings.trusted_proxies, settings.certificate_header)


def create_app(
    settings: Settings,
    url: sa.URL,
    now: Callable[[], datetime] = get_utc_now,
    telemetry: Telemetry = Telemetry(),  # noqa: B008 - it is frozen
    *,
    lasting: bool = False,
    register: Callable[[Parts], Route] | None = None,
) -> Starlette:
    """Create the application for the migrated database at `url`.

    now: the clock, which all rules use. telemetry: receives the spans and log lines of requests; by default, requests
    are only counted. lasting: whether the process ends with the application, so that garbage collections need not look
    at what was made before it serves: they would stop it for a sixth of a second. register: makes the route by which
    clients register themselves; of a sandbox only.
    """
    parts = Parts(settings, url, now, register is not None)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        await ensure_access_log(parts.engine, now())
        async with parts.engine.connect() as connection:
            await read_case_types(connection)
        async with run_in_background(*parts.build_background_tasks()):
            if lasting:
                for audience in Audience:
                    build_audience_schema(parts.graphql, scopes_of(audience))
                gc.collect()
                gc.freeze()
            yield {STATE: parts.admission}
        if telemetry.provider:
            await asyncio.to_thread(telemetry.provider.shutdown)
        await parts.close()

    site = build_site(settings)
    routes = [*parts.build_routes(), *build_page_routes(parts, site), *([register(parts)] if register else [])]
    paths = frozenset(route.path for route in routes if isinstance(route, Route))
    observing = Middleware(Observing, telemetry=telemetry, paths=paths)
    app = DirectApplication(routes=routes, middleware=[observing], lifespan=lifespan)
    app.add_exception_handler(404, make_not_found(site))
    app.answer_directly("/graphql", GRAPHQL_METHODS, Observing(parts.endpoint, telemetry, paths))
    app.router.redirect_slashes = False  # a redirect would contain the Host header of the request
    app.state.engine, app.state.connections = parts.engine, parts.connections
    return app
