"""The components of one worker, made from settings when they are needed."""

import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import anyio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute, WebSocketRoute

from auth.budget import Budgets
from auth.clients.certificates import Authorities, MutualTLS
from auth.clients.trusted_documents import TrustedDocuments
from auth.log_key import load_signer
from auth.proofs.guard import ProofGuard
from auth.report_signature import ReportSigner
from auth.revocations import RevocationListener
from auth.server.authorization_server import AuthorizationServer
from auth.server.endpoints import build_oauth_routes
from auth.signing import SigningKeys
from auth.tokens import TokenVerifier
from casework.outbox import CHANNEL
from engine.engine import Engine
from engine.execution import Executor
from jobs.access_log import keep_access_log
from jobs.outbound import Outbound
from jobs.oversight import Vigilance
from jobs.worker import work_on
from models.keyring import Keyring, load_keyring
from models.transparency.notes import NoteSigner, read_key
from openapi.operation import ApiRoute
from postgres import database
from postgres.connections import PlanConnections, watch
from postgres.keeping import find_kept
from postgres.listener import NotificationListener
from postgres.pulse import Pulse
from postgres.sessions.names import EVENTS, PROOFS, PULSE, REVOCATIONS
from postgres.sessions.watch import SessionWatch
from postgres.shares import Shares
from protocols.admission import Admission
from reports.content import ReportWriter
from reports.endpoint import make_report_routes
from reports.viewer import ReportViewer
from schema.builder import build_engine
from settings import Settings, SettingsError
from telemetry.exposition import build_metrics_endpoint
from telemetry.recording import Recorder
from transport.contract.checks import ALIVE, METRICS, READY
from transport.contract.files import DOWNLOAD, UPLOAD
from transport.contract.graphql import ASK, ASK_BY_ADDRESS
from transport.endpoint import GraphQLEndpoint
from transport.health import Gate, build_liveness_endpoint, build_readiness_endpoint
from transport.subscriptions import Live
from transport.transfers import UPLOAD_PATH, Transfers
from transport.transparency import LogKeys, make_log_routes
from transport.websockets import build_socket_endpoint

GRAPHQL_METHODS = frozenset({"GET", "POST"})


@dataclass(frozen=True)
class Parts:
    """The components of a worker. now: the clock. registers: whether clients register. gate: whether it answers."""

    settings: Settings
    url: sa.URL
    now: Callable[[], datetime]
    registers: bool = False
    gate: Gate = field(default_factory=Gate)

    def clock(self) -> float:
        """Return seconds since the epoch."""
        return self.now().timestamp()

    @cached_property
    def direct_url(self) -> sa.URL:
        """The URL for connections that need a session of their own."""
        return database.get_direct_url(self.settings, self.url)

    @cached_property
    def keyring(self) -> Keyring:
        """The keys that encrypt identities."""
        return load_keyring(self.settings.key_file)

    @cached_property
    def signing(self) -> SigningKeys:
        """The keys that sign tokens and reports."""
        return SigningKeys(self.settings.signing_key_file, self.clock)

    @cached_property
    def log_signer(self) -> NoteSigner:
        """The key that signs the transparency log."""
        return load_signer(self.settings.log_key_file, self.settings.log_origin)

    @cached_property
    def log_keys(self) -> LogKeys:
        """The public keys of the transparency log and of its witnesses."""
        return LogKeys(self.log_signer.trusted, [read_key(key) for key in self.settings.log_witnesses], self.now)

    @cached_property
    def graphql(self) -> Engine:
        """The engine with the schema, its policy and the access log."""
        return build_engine(self.keyring.log_key)

    @cached_property
    def engine(self) -> AsyncEngine:
        """The connections of the loaders."""
        made = database.make_async_engine(self.url, self.settings.pool_size, self.settings.statement_timeout)
        watch(made, self.settings.pool_size)
        return made

    @cached_property
    def sync_engine(self) -> sa.Engine:
        """The connections of the authorization server."""
        return database.make_sync_engine(self.url)

    @cached_property
    def connections(self) -> PlanConnections:
        """The connections of the plans."""
        return PlanConnections(self.url, self.settings.pool_size, self.settings.statement_timeout)

    @cached_property
    def notifications(self) -> NotificationListener:
        """The listener for events."""
        return NotificationListener(CHANNEL)

    @cached_property
    def sessions(self) -> SessionWatch:
        """What is presumed of sessions, and whether it holds."""
        revocations = RevocationListener(self.verifier, self.documents)
        return SessionWatch(revocations, lambda: database.examine(self.url, self.settings.statement_timeout))

    @cached_property
    def verifier(self) -> TokenVerifier:
        """The verifier of access tokens."""
        trust = self.settings.token_trust
        return TokenVerifier(self.settings.issuer, self.signing, self.engine, self.clock, trust, self.proofs)

    @cached_property
    def proofs(self) -> ProofGuard:
        """Checks proofs of possession, by a connection of its own."""
        session = database.make_session_settings(self.settings.statement_timeout) | PROOFS
        return ProofGuard.make(self.keyring, lambda: database.connect(self.direct_url, session), self.clock)

    @cached_property
    def authorization(self) -> AuthorizationServer:
        """The authorization server."""
        return AuthorizationServer(
            issuer=self.settings.issuer,
            engine=self.sync_engine,
            signing=self.signing,
            keyring=self.keyring,
            token_lifetime=self.settings.token_lifetime,
            allow_pilot_persons=self.settings.allow_pilot_persons,
            clock=self.clock,
            fetch=self.fetch,
            mutual_tls=self.mutual_tls,
            require_second_factor=self.settings.require_second_factor,
            registers=self.registers,
        )

    @cached_property
    def mutual_tls(self) -> MutualTLS | None:
        """How clients present certificates, or None. Raises SettingsError for a file without certificates."""
        if not self.settings.certificate_header:
            return None
        file = self.settings.certificate_authorities
        try:
            authorities = Authorities.of(file.read_bytes()) if file else Authorities()
        except ValueError:
            raise SettingsError(
                "SUXIN_CERTIFICATE_AUTHORITIES must name a file with certificates in PEM form."
            ) from None
        return MutualTLS(authorities, self.settings.certificate_address)

    @cached_property
    def outbound(self) -> Outbound:
        """The connections to addresses where clients publish their keys, four at a time."""
        return Outbound(self.settings.webhook_networks, 4)

    def fetch(self, url: str) -> bytes | None:
        """Fetch a document at a client's address, from a thread of the authorization server."""
        return anyio.from_thread.run(self.outbound.get, url)

    @cached_property
    def documents(self) -> TrustedDocuments:
        """The registered documents of clients."""
        return TrustedDocuments(self.engine, self.clock, self.settings.token_trust)

    @cached_property
    def budgets(self) -> Budgets | None:
        """The budgets of clients, or None if there are none."""
        if not self.settings.budget:
            return None
        return Budgets(self.engine, self.settings.budget, self.settings.concurrency, self.now, self.pulse)

    @cached_property
    def pulse(self) -> Pulse:
        """Whether the database answers, by a connection of its own."""
        session = database.make_session_settings(self.settings.statement_timeout) | PULSE
        return Pulse(lambda: database.connect(self.direct_url, session))

    @cached_property
    def recorder(self) -> Recorder:
        """Writes the request log of clients."""
        return Recorder(self.engine, self.now)

    @cached_property
    def admission(self) -> Admission:
        """What the protocols admit."""
        return Admission(self.settings.connection_limits, self.verifier.find_client)

    @cached_property
    def reports(self) -> ReportWriter:
        """The writer of integrity reports."""
        return ReportWriter(ReportSigner(self.settings.issuer, self.signing), self.graphql)

    @cached_property
    def live(self) -> Live:
        """The subscriptions."""
        return Live(
            self.graphql,
            self.engine,
            self.verifier,
            self.documents,
            self.keyring,
            self.now,
            self.notifications.subscribe,
            self.budgets,
        )

    @cached_property
    def endpoint(self) -> GraphQLEndpoint:
        """The GraphQL endpoint."""
        return GraphQLEndpoint(
            graphql=self.graphql,
            engine=self.engine,
            connections=self.connections,
            verifier=self.verifier,
            keyring=self.keyring,
            issuer=self.settings.issuer,
            request_timeout=self.settings.request_timeout,
            clock=self.now,
            live=self.live,
            documents=self.documents,
            executor=Executor(self.settings.executor),
            debug=self.settings.debug,
            budgets=self.budgets,
            reports=self.reports,
            log_signer=self.log_signer,
            shares=Shares(self.settings.pool_size),
        )

    def build_routes(self) -> list[BaseRoute]:
        """Return all routes."""
        settings, now = self.settings, self.now
        own = self.engine, self.verifier, self.keyring, settings.issuer, now, self.budgets
        transfers = Transfers(self.graphql, *own)
        desk = ReportViewer(self.graphql, self.engine, self.keyring, self.reports.signer, now)
        return [
            ApiRoute("/graphql", self.endpoint, ASK, ASK_BY_ADDRESS),
            WebSocketRoute("/graphql", build_socket_endpoint(self.live)),
            ApiRoute("/livez", build_liveness_endpoint(find_kept(os.environ)), ALIVE),
            ApiRoute("/readyz", build_readiness_endpoint(self.engine, self.gate, self.sessions.find_doubt), READY),
            ApiRoute("/metrics", build_metrics_endpoint(self.engine, now), METRICS),
            ApiRoute(UPLOAD_PATH, transfers.upload, UPLOAD),
            ApiRoute("/downloads/{token}", transfers.download, DOWNLOAD),
            *make_report_routes(desk, settings.request_timeout),
            *make_log_routes(self.engine, settings.request_timeout, self.log_keys, settings.issuer),
            *build_oauth_routes(self.authorization, self.verifier.forget),
        ]

    def work(self) -> Coroutine[Any, Any, None]:
        """Return the worker."""
        limits = Vigilance(self.settings.audit_one_in, self.settings.misses)
        own = self.keyring, self.log_signer, self.now, limits, self.settings.budget
        return work_on(self.graphql, self.direct_url, self.settings.webhook_networks, *own)

    def build_background_tasks(self) -> list[Coroutine[Any, Any, None]]:
        """Return the background tasks. The worker is one of them unless it has a process of its own."""
        return [
            keep_access_log(self.engine, self.now),
            self.recorder.keep(),
            self.sessions.keep(),
            self.sessions.listener.listen(lambda: database.connect(self.direct_url, REVOCATIONS)),
            self.notifications.listen(lambda: database.connect(self.direct_url, EVENTS)),
            *([self.work()] if self.settings.worker else []),
        ]

    async def close(self) -> None:
        """Close all connections."""
        await self.connections.close()
        await self.engine.dispose()
        await self.proofs.used.close()
        await self.outbound.close()
        self.sync_engine.dispose()
