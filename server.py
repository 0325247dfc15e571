"""The ASGI application. `create_app` builds it from settings."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from uvicorn.config import STARTUP_FAILURE

from auth.audiences import Audience, scopes_of
from auth.server.endpoints import build_oauth_routes
from casework.catalogue import read_case_types
from engine.document.audience_schema import build_audience_schema
from jobs.access_log import ensure_access_log
from jobs.loop import run_in_background
from jobs.parent import end_with_parent
from openapi.operation import ApiRoute
from page_routes import build_page_routes, build_site
from pages.home import make_not_found
from parts import GRAPHQL_METHODS, Parts
from postgres import database
from postgres.keeping import find_kept
from postgres.reaching import wait_for_database
from protocols.admission import STATE
from protocols.opening import OPENED
from protocols.proxies import TrustedProxies
from protocols.stopping import STOPPING
from reports.endpoint import make_report_routes
from reports.viewer import ReportViewer
from settings import Settings, SettingsError
from telemetry import logs, traces
from telemetry.exposition import build_metrics_endpoint
from telemetry.observing import Observing, Telemetry
from transport.application import DirectApplication
from transport.contract.checks import ALIVE, METRICS, READY
from transport.contract.files import DOWNLOAD, UPLOAD
from transport.contract.graphql import ASK, ASK_BY_ADDRESS
from transport.health import build_liveness_endpoint, build_readiness_endpoint
from transport.transfers import UPLOAD_PATH, Transfers
from transport.transparency import make_log_routes
from transport.websockets import build_socket_endpoint

Fit = Callable[[AsyncEngine], Awaitable[None]]
log = logging.getLogger("suxin.server")

FIRST_ANSWER_SECONDS = 60.0
"""How long a process that starts waits until its database answers or is known to be away. Then it accepts connections,
and refuses what they ask until it is known."""


def get_utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def create_worker(fit: Fit) -> Starlette | TrustedProxies:
    """Create the application of a worker process, behind its proxies if it has some. It may be created while the
    database is away.

    fit: makes sure that the database is one to serve from; its errors end the process, unless the database is away.
    """
    end_with_parent()
    settings = Settings.from_environment()
    provider = traces.build_provider() if traces.is_wanted(os.environ) else None
    telemetry = Telemetry(logs.build_request_logger(logs.form_of(settings.log)), provider)
    try:
        app = create_app(settings, database.read_url(settings.database_url or ""), telemetry=telemetry, fit=fit)
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
    fit: Fit | None = None,
    register: Callable[[Parts], Route] | None = None,
) -> Starlette:
    """Create the application for the migrated database at `url`.

    now: the clock, which all rules use. telemetry: receives the spans and log lines of requests; by default, requests
    are only counted. fit: as in `create_worker`; the application begins at once and opens when the database is fit.
    Without it, the database must be there. register: makes the route by which clients register themselves; of a sandbox
    only.
    """
    parts = Parts(settings, url, now, register is not None)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            if fit:
                warm_up(parts)
                await open_or_wait(parts, fit, stack)
            else:
                await open_from(parts, None, stack)
            yield {STATE: parts.admission, STOPPING: parts.admission.stop, OPENED: parts.gate}
        if telemetry.provider:
            await asyncio.to_thread(telemetry.provider.shutdown)
        await parts.close()

    site = build_site(settings)
    routes = [*build_routes(parts), *build_page_routes(parts, site), *([register(parts)] if register else [])]
    paths = frozenset(route.path for route in routes if isinstance(route, Route))
    observing = Middleware(Observing, telemetry=telemetry, paths=paths, recorder=parts.recorder)
    app = DirectApplication(routes=routes, middleware=[observing], lifespan=lifespan)
    app.add_exception_handler(404, make_not_found(site))
    app.answer_directly("/graphql", GRAPHQL_METHODS, Observing(parts.endpoint, telemetry, paths, parts.recorder))
    app.gate = parts.gate
    app.router.redirect_slashes = False  # a redirect would contain the Host header of the request
    app.state.engine, app.state.connections = parts.engine, parts.connections
    return app


def build_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of programs."""
    settings, now, engine = parts.settings, parts.now, parts.engine
    own = engine, parts.verifier, parts.keyring, settings.issuer, now, parts.budgets
    transfers = Transfers(parts.graphql, *own)
    desk = ReportViewer(parts.graphql, engine, parts.keyring, parts.reports.signer, now)
    return [
        ApiRoute("/graphql", parts.endpoint, ASK, ASK_BY_ADDRESS),
        WebSocketRoute("/graphql", build_socket_endpoint(parts.live)),
        ApiRoute("/livez", build_liveness_endpoint(find_kept(os.environ)), ALIVE),
        ApiRoute("/readyz", build_readiness_endpoint(engine, parts.gate, parts.sessions.find_doubt), READY),
        ApiRoute("/metrics", build_metrics_endpoint(engine, now), METRICS),
        ApiRoute(UPLOAD_PATH, transfers.upload, UPLOAD),
        ApiRoute("/downloads/{token}", transfers.download, DOWNLOAD),
        *make_report_routes(desk, settings.request_timeout),
        *make_log_routes(engine, settings.request_timeout, parts.log_keys, settings.issuer),
        *build_oauth_routes(parts.authorization, parts.verifier.forget),
    ]


async def open_or_wait(parts: Parts, fit: Fit, stack: AsyncExitStack) -> None:
    """Begin to serve from the database, or wait for it in the background if it does not answer: connections are only
    accepted after this, so that none is refused while a process merely starts."""
    known = asyncio.Event()

    def close(reason: str) -> None:
        parts.gate.close(reason)
        known.set()

    async def wait() -> None:
        try:
            await wait_for_database(partial(open_from, parts, fit, stack), close)
        finally:
            known.set()

    parts.gate.close("The database has not answered yet.")
    await stack.enter_async_context(run_in_background(wait()))
    with suppress(TimeoutError):
        async with asyncio.timeout(FIRST_ANSWER_SECONDS):
            await known.wait()


async def open_from(parts: Parts, fit: Fit | None, stack: AsyncExitStack) -> None:
    """Begin to serve from the database. The background work ends with the stack. Raises what `fit` and the database
    do."""
    if fit:
        await fit(parts.engine)
    await ensure_access_log(parts.engine, parts.now())
    async with parts.engine.connect() as connection:
        await read_case_types(connection)
    await stack.enter_async_context(run_in_background(*parts.build_background_tasks()))
    parts.gate.open()


def warm_up(parts: Parts) -> None:
    """Make what all requests need. The process ends with the application, so that garbage collections need not look at
    it: they would stop the process for a sixth of a second. The start has made little garbage."""
    for audience in Audience:
        build_audience_schema(parts.graphql, scopes_of(audience))
    gc.freeze()
    gc.enable()
