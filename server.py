"""The service: `create_app` builds it from settings. Nothing imports this module but the command line and tests."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

import database
from auth.authorization_server import AuthorizationServer
from auth.budget import Budgets
from auth.endpoints import oauth_routes
from auth.report_signature import ReportSigner
from auth.revocations import listen
from auth.signing import SigningKeys
from auth.tokens import TokenVerifier
from auth.trusted_documents import TrustedDocuments
from bell import Bell
from casework.notifications import CHANNEL
from connections import PlanConnections, watch
from models.keyring import Keyring, load_keyring
from reports.desk import ReportDesk
from reports.endpoint import report_routes
from schema.endpoint import Endpoint
from schema.execution import Executor
from schema.live import Live
from schema.report_content import ReportWriter
from schema.sockets import socket_endpoint
from schema.transfers import Transfers
from settings import Settings
from telemetry import logs, traces
from telemetry.exposition import exposition
from telemetry.observing import Observing, Telemetry
from worker import work_on

PARTITIONS_AHEAD = timedelta(days=62)
AN_HOUR = 60 * 60.0
HEARING = {"application_name": "suxin events"}
LISTENING = {"application_name": "suxin revocations"}
log = logging.getLogger("suxin.server")


def utc_now() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)


def worker() -> Starlette:
    """The application in a process of its own, on the database that the command has prepared."""
    settings = Settings.from_environment()
    provider = traces.provider() if traces.wanted(os.environ) else None
    telemetry = Telemetry(logs.request_lines(logs.form_of(settings.log)), provider)
    return create_app(settings, database.read_url(settings.database_url or ""), telemetry=telemetry)


def create_app(
    settings: Settings,
    url: sa.URL,
    now: Callable[[], datetime] = utc_now,
    telemetry: Telemetry = Telemetry(),  # noqa: B008 - it is frozen
) -> Starlette:
    """The application on the migrated database at `url`. `now` is the only clock that any rule reads.

    telemetry: where requests are told of; without it, they are only counted.
    """

    def clock() -> float:
        return now().timestamp()

    keyring, signing = load_keyring(settings.key_file), SigningKeys(settings.signing_key_file, clock)
    engine = database.async_engine(url, settings.pool_size, settings.statement_timeout)
    sync_engine = database.sync_engine(url)
    verifier = TokenVerifier(settings.issuer, signing, engine, clock, settings.token_trust)
    connections, bell = PlanConnections(url, settings.pool_size, settings.statement_timeout), Bell(CHANNEL)
    budgets = Budgets(engine, settings.budget, settings.concurrency, now) if settings.budget else None
    documents = TrustedDocuments(engine, clock, settings.token_trust)
    reports = ReportWriter(ReportSigner(settings.issuer, signing))
    watch(engine, settings.pool_size)
    live = Live(engine, verifier, documents, keyring, now, bell.heard, budgets)
    endpoint = Endpoint(
        engine=engine,
        connections=connections,
        verifier=verifier,
        keyring=keyring,
        issuer=settings.issuer,
        request_timeout=settings.request_timeout,
        clock=now,
        live=live,
        documents=documents,
        executor=Executor(settings.executor),
        debug=settings.debug,
        budgets=budgets,
        reports=reports,
    )

    transfers = Transfers(engine, verifier, keyring, settings.issuer, now, budgets)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await ensure_partitions(engine, now())
        background = [
            keep_partitions(engine, now),
            listen(lambda: database.connect(url, LISTENING), verifier, documents),
            bell.listen(lambda: database.connect(url, HEARING)),
        ]
        if settings.worker:
            background.append(work_on(url, settings.webhook_networks, keyring, now))
        async with running(*background):
            yield
        if telemetry.provider:
            await asyncio.to_thread(telemetry.provider.shutdown)
        await connections.close()
        await engine.dispose()
        sync_engine.dispose()

    authorization = authorization_server(settings, sync_engine, signing, keyring, clock)
    metrics = Route("/metrics", exposition(engine, now), methods=["GET"])
    routes = [
        *service_routes(endpoint, live, engine),
        metrics,
        *transfer_routes(transfers),
        *report_routes(ReportDesk(engine, keyring, reports.signer, now), settings.request_timeout),
        *oauth_routes(authorization, verifier.forget),
    ]
    paths = frozenset(route.path for route in routes if isinstance(route, Route))
    observing = Middleware(Observing, telemetry=telemetry, paths=paths)
    app = Starlette(routes=routes, middleware=[observing], lifespan=lifespan)
    app.router.redirect_slashes = False  # a redirect would name the Host header, whoever sent it
    app.state.engine, app.state.connections = engine, connections
    return app


def authorization_server(
    settings: Settings, engine: sa.Engine, signing: SigningKeys, keyring: Keyring, clock: Callable[[], float]
) -> AuthorizationServer:
    """The authorization server that the settings describe."""
    return AuthorizationServer(
        issuer=settings.issuer,
        engine=engine,
        signing=signing,
        keyring=keyring,
        token_lifetime=settings.token_lifetime,
        allow_pilot_persons=settings.allow_pilot_persons,
        clock=clock,
    )


def service_routes(endpoint: Endpoint, live: Live, engine: AsyncEngine) -> list[BaseRoute]:
    """GraphQL, and what operators ask."""
    return [
        Route("/graphql", endpoint, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", socket_endpoint(live)),
        Route("/livez", alive, methods=["GET"]),
        Route("/readyz", readiness(engine), methods=["GET"]),
    ]


def transfer_routes(transfers: Transfers) -> list[BaseRoute]:
    """Files in and out."""
    return [
        Route("/uploads", transfers.upload, methods=["POST"]),
        Route("/downloads/{token}", transfers.download, methods=["GET"]),
    ]


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on in the background while the context lasts."""
    tasks = [asyncio.create_task(one) for one in work]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def ensure_partitions(engine: AsyncEngine, moment: datetime) -> None:
    """Make the access log's partitions for this month and the next ones: without one nothing is answered (R19)."""
    ensure = sa.text("SELECT ensure_access_record_partition(CAST(:day AS date))")
    async with engine.begin() as connection:
        for day in (moment, moment + PARTITIONS_AHEAD / 2, moment + PARTITIONS_AHEAD):
            await connection.execute(ensure, {"day": day.date()})


async def keep_partitions(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Look after the partitions every hour, for as long as the service runs."""
    while True:
        await asyncio.sleep(AN_HOUR)
        try:
            await ensure_partitions(engine, now())
        except (OSError, sa.exc.SQLAlchemyError) as error:
            log.error("the access log's partitions could not be looked after: %s", type(error).__name__)


async def alive(request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "alive"})


def readiness(engine: AsyncEngine) -> Callable[[Request], object]:
    """The endpoint that says whether requests can be answered: the database is there and migrated."""

    async def ready(request: Request) -> Response:
        started = time.monotonic()
        try:
            async with asyncio.timeout(0.3), engine.connect() as connection:
                await connection.execute(sa.text("SELECT 1 FROM alembic_version"))
        except (TimeoutError, OSError, sa.exc.SQLAlchemyError):
            return JSONResponse({"status": "no database"}, 503, {"retry-after": "1"})
        return JSONResponse({"status": "ready", "milliseconds": round((time.monotonic() - started) * 1000)})

    return ready
