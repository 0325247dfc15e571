"""The components of one worker, made from settings when they are needed."""

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import anyio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.budget import Budgets
from auth.clients.certificates import MutualTLS
from auth.clients.trusted_documents import TrustedDocuments
from auth.log_key import load_signer
from auth.openid.provider import OpenIdProvider
from auth.proofs.guard import ProofGuard
from auth.report_signature import ReportSigner
from auth.revocations import RevocationListener
from auth.server.authorization_server import AuthorizationServer
from auth.signing import SigningKeys
from auth.staff.entry_rules import EntryRules
from auth.tokens import TokenVerifier
from casework.outbox import CHANNEL
from engine.engine import Engine
from engine.execution import Executor
from engine.run.standby import StandbyReads
from jobs.access_log import keep_access_log
from jobs.loop import POLL_SECONDS, repeat
from jobs.outbound import Outbound
from jobs.oversight import Vigilance
from jobs.worker import work_on
from models.keyring import Keyring, load_keyring
from models.number_suites import Crypto
from models.sm2_keys import Sm2Keys
from models.transparency.notes import NoteSigner, read_key
from postgres import database
from postgres.connections import PlanConnections, watch
from postgres.listener import NotificationListener
from postgres.pulse import Pulse
from postgres.replication.standby import StandbyConnections, open_standby
from postgres.sessions.names import EVENTS, PROOFS, PULSE, REVOCATIONS
from postgres.sessions.watch import SessionWatch
from postgres.shares import Shares
from protocols.admission import Admission
from reports.content import ReportWriter
from schema.builder import build_engine
from settings import Settings, SettingsError
from telemetry.recording import Recorder
from transport.endpoint import GraphQLEndpoint
from transport.health import Gate
from transport.subscriptions import Live
from transport.transparency import LogKeys

log = logging.getLogger("suxin.server")
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
        return load_keyring(self.settings.key_file, self.settings.crypto, self.settings.crypto_command)

    @cached_property
    def signing(self) -> SigningKeys:
        """The keys that sign tokens and reports."""
        return SigningKeys(self.settings.signing_key_file, self.clock)

    @cached_property
    def log_signer(self) -> NoteSigner:
        """The key that signs the transparency log."""
        signer = load_signer(self.settings.log_key_file, self.settings.log_origin)
        return replace(signer, sm2=self.sm2.signer) if self.sm2 else signer

    @cached_property
    def sm2(self) -> Sm2Keys | None:
        """The keys that sign reports and checkpoints by SM2 as well; None unless numbers are of SM."""
        if self.keyring.suite is not Crypto.SM:
            return None
        return self.keyring.provider.load_signers(self.settings.sm2_key_file)

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
    def standby(self) -> StandbyConnections | None:
        """The connections of the standby, if there is one to read from."""
        settings = self.settings
        return open_standby(settings.standby_url, settings.pool_size, settings.statement_timeout, self.connections)

    @cached_property
    def standby_reads(self) -> StandbyReads | None:
        """The answers of the standby."""
        facts = self.graphql.audit.facts
        return StandbyReads(self.standby, self.connections, facts) if self.standby and facts else None

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
            entry=EntryRules.of(self.settings),
            single_session=self.settings.single_session,
            registers=self.registers,
            sm2=self.sm2,
            openid=OpenIdProvider.of(self.settings.openid, self.clock),
        )

    @cached_property
    def mutual_tls(self) -> MutualTLS | None:
        """How clients present certificates, or None. Raises SettingsError for a file without certificates."""
        if not self.settings.certificate_header:
            return None
        try:
            return MutualTLS.read(self.settings.certificate_authorities, self.settings.certificate_address)
        except ValueError:
            wrong = "SUXIN_CERTIFICATE_AUTHORITIES must name a file with certificates in PEM form."
            raise SettingsError(wrong) from None

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
        return ReportWriter(ReportSigner(self.settings.issuer, self.signing, self.sm2), self.graphql)

    @cached_property
    def live(self) -> Live:
        """The subscriptions."""
        own = self.graphql, self.engine, self.verifier, self.documents, self.keyring, self.now
        return Live(*own, self.notifications.subscribe, self.budgets)

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
            standby=self.standby_reads,
            webhook_networks=self.settings.webhook_networks,
        )

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
            *([repeat(self.standby.look, log.warning, "the standby is away", POLL_SECONDS)] if self.standby else []),
            *([self.work()] if self.settings.worker else []),
        ]

    async def close(self) -> None:
        """Close all connections."""
        await self.connections.close()
        if self.standby:
            await self.standby.close()
        await self.engine.dispose()
        await self.proofs.used.close()
        await self.outbound.close()
        self.sync_engine.dispose()
