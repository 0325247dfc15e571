"""The HTTP endpoint at /graphql (GraphQL over HTTP)."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from time import perf_counter
from typing import Any

import orjson
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth.access_token import resource_of
from auth.administration.operator import acting_as, operator_of
from auth.audiences import scopes_of
from auth.budget import LONG_SECONDS, Budgets, Charge
from auth.clients.certificates import thumbprint_of
from auth.clients.trusted_documents import TrustedDocuments
from auth.principal import Principal
from auth.proofs.proof import HEADER as PROOF
from auth.proofs.proof import NONCE_HEADER, Sent
from auth.scopes import Scope as Scopes
from auth.tokens import TokenVerifier, read_presented_token, scheme_of
from casework.transparency.kept_answers import KeptAnswer
from casework.transparency.receipts import write_receipt
from engine.answering import Answering, Result
from engine.document import deprecation
from engine.document.cost import MOST_COST
from engine.document.document import Operation, is_subscription, prepare_operation, reads_within
from engine.engine import Engine
from engine.execution import Executor, PricedRequest, introspect, price_request
from engine.run.connections import Connections
from engine.run.meter import Meter
from engine.run.position import Position, read_token, write_token
from engine.run.standby import StandbyReads
from models.keyring import Keyring
from models.security_event import SecurityRoad
from models.transparency.notes import NoteSigner
from models.web_address import Network
from postgres.shares import OWNER, Shares
from postgres.usage import measure_usage
from resolvers.caller import Caller, Reports
from transport.body import Body, read_address, read_body
from transport.event_stream import EventStream
from transport.mutations import mutate, read_key
from transport.observation import observe
from transport.refusals import RequestError, failure_of, format_throttle_status, refusal_of
from transport.reply import Reply
from transport.subscriptions import Live
from transport.trusted_operations import apply_document_policy

ANSWERS = Counter("suxin_answers", "Answers, by what gave them and why", ["executor", "reason"])
PLANNED = ANSWERS.labels(Executor.PLAN, "")
CONSISTENCY = "suxin-consistency"
INTROSPECTION_COST = 100
POINTS_A_REFUSED_SECOND = 100_000
"""Points that a second costs for documents that are refused: the ordinary budget is a fifth of a
core."""

PUBLIC = frozenset({Scopes.CATALOGUE})
"""The scopes that an operation sent by GET may use: no personal data, because URLs are logged."""

NOT_IN_ADDRESSES = (
    "Send this by POST (with urql: preferGetMethod: false): only the schema and the catalogue are read by GET, as "
    "addresses are logged."
)


@dataclass(frozen=True)
class GraphQLEndpoint:
    """The GraphQL endpoint, an ASGI application.

    graphql: the schema. engine: connections of the loaders; connections: of the plans. request_timeout: in seconds.
    clock: returns the time of a request. budgets: None for no limit. reports: signs integrity reports.
    log_signer: signs receipts. shares: of the loaders' connections. standby: answers what it can. webhook_networks:
    private networks that webhooks may be sent to.
    """

    graphql: Engine
    engine: AsyncEngine
    connections: Connections
    verifier: TokenVerifier
    keyring: Keyring
    issuer: str
    request_timeout: float
    clock: Callable[[], datetime]
    live: Live
    documents: TrustedDocuments
    executor: Executor = Executor.PLAN
    debug: bool = False
    budgets: Budgets | None = None
    reports: Reports | None = None
    log_signer: NoteSigner | None = None
    shares: Shares = field(default_factory=lambda: Shares(64))
    standby: StandbyReads | None = None
    webhook_networks: Sequence[Network] = ()

    @cached_property
    def answering(self) -> Answering:
        """Answers queries. It remembers what was declared to the access log, so there is one for all requests."""
        return Answering(self.engine, self.connections, self.executor, share=self.shares.hold, standby=self.standby)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. This avoids the overhead of Starlette's function endpoints."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request, admitted: Principal | None = None) -> Response:
        """Return the response to a request. Each has a request id, and each error a code. admitted: whom a page of this
        service has let in by a session, instead of a token."""
        reply = Reply(observe(request.scope), request.headers, self.issuer)
        sent = Sent(
            request.headers.getlist(PROOF), request.method, resource_of(self.issuer), thumbprint_of(request.scope)
        )
        try:
            with acting_as(operator_of(request, SecurityRoad.WEB if admitted else SecurityRoad.API)):
                async with asyncio.timeout(self.request_timeout):
                    response = await self._answer(request, sent, reply, admitted)
        except Exception as error:
            refusal = refusal_of(error, self.issuer, scheme_of(reply.seen.principal))
            response = reply.refuse(refusal or failure_of(error, reply.seen.request_id))
        if sent.renewed:
            response.raw_headers.append((NONCE_HEADER.lower().encode(), sent.renewed.encode()))
        return response

    async def _answer(self, request: Request, sent: Sent, reply: Reply, admitted: Principal | None) -> Response:
        token, principal = "", admitted
        if principal is None:
            given = read_presented_token(request.headers.getlist("authorization"))
            token, principal = given.token, await self.verifier.admit(given, sent)
        reply.seen.principal = principal
        OWNER.set(principal.client_key)
        with self.budgets.admit(principal) if self.budgets else nullcontext():
            return await self._answer_to(principal, token, request, reply)

    async def _answer_to(self, principal: Principal, token: str, request: Request, reply: Reply) -> Response:
        by_address = request.method != "POST"
        sent = read_address(request) if by_address else await read_body(request)
        principal, body = await apply_document_policy(self.documents, principal, sent)
        if not by_address and reply.takes_events() and is_subscription(body.query, body.operation_name):
            return await self._subscribe(token, sent, reply)
        operation = self._prepare(principal, body)
        reply.seen.operation = operation
        if by_address and not reads_within(operation, PUBLIC):
            raise RequestError(NOT_IN_ADDRESSES, "METHOD_NOT_ALLOWED", 405, {"allow": "POST"})
        if operation.reach is None:
            await self._charge(principal, INTROSPECTION_COST, reply)
            return reply.answer(Result.of(introspect(operation, body.variables)))
        asked = price_request(operation, body.variables, principal.audience)
        charge = await self._charge(principal, asked.cost, reply)
        caller = Caller(
            principal,
            self.keyring,
            self.clock(),
            reply.seen.request_id,
            charge,
            self.reports,
            issuer=self.issuer,
            log_keys=self.log_signer.trusted if self.log_signer else (),
            choose_language=reply.choose_language,
            webhook_networks=self.webhook_networks,
        )
        meter = Meter()
        try:
            if operation.mutates:
                return await self._mutate(request, asked, body, caller, meter, reply)
            async with self._take_turn(asked.operation, principal):
                answer, executor = await self._execute(asked, caller, meter, self._read_token(request))
                asked.operation.duration.note(meter.seconds)
                self._settle(caller, answer.objects(), meter)
            told = self._extensions(asked, caller, answer, executor, meter)
            return reply.answer(answer, told | await self._promise(body, caller, answer) | await self._place(meter))
        except BaseException as error:
            if self.budgets and charge and charge.actual is None:
                await self.budgets.settle_failed(principal, charge, error, meter.seconds)
            raise

    def _take_turn(self, operation: Operation, principal: Principal) -> AbstractAsyncContextManager[None]:
        """Return the context of an operation: its turn among the long ones of the client, if it is long or unknown."""
        seconds = operation.duration.seconds
        if self.budgets and (seconds is None or seconds >= LONG_SECONDS):
            return self.budgets.take_turn(principal)
        return nullcontext()

    def _prepare(self, principal: Principal, body: Body) -> Operation:
        """Return the operation of a request. The time to refuse a document is charged."""
        began = perf_counter()
        try:
            reach = scopes_of(principal.audience)
            return prepare_operation(self.graphql, body.query, body.operation_name, principal.scopes, within=reach)
        except Exception:
            if self.budgets:
                self.budgets.debit(principal, int((perf_counter() - began) * POINTS_A_REFUSED_SECOND))
            raise

    async def _subscribe(self, token: str, sent: Body, reply: Reply) -> Response:
        stream = await self.live.subscribe(token, sent, noted=False)
        reply.seen.operation = stream.operation
        reply.seen.admit(stream.cost)
        named = {"x-request-id": str(reply.seen.request_id)}
        return EventStream(stream, named, reply.choose_language())

    async def _mutate(
        self, request: Request, asked: PricedRequest, body: Body, caller: Caller, meter: Meter, reply: Reply
    ) -> Response:
        key = read_key(request.headers.getlist("idempotency-key"))
        async with self.shares.hold():
            with measure_usage() as usage:
                try:
                    mutated = await mutate(self.engine, asked, body.operation_name, caller, key, self.executor)
                finally:
                    meter.seconds += usage.counted
        replayed = {"idempotencyReplayed": True} if mutated.replayed else {}
        answer = mutated.result
        executor = "plan" if isinstance(answer.data, bytes) else "loaders: mutation"
        promised = await self._promise(body, caller, answer)
        told = self._extensions(asked, caller, answer, executor, meter) | replayed | promised
        return reply.answer(answer, told | await self._place(meter))

    def _read_token(self, request: Request) -> Position | None:
        """Return what a standby must have replayed to answer a request, if the client says so."""
        return read_token(request.headers.get(CONSISTENCY), self.keyring.opaque_key) if self.standby else None

    async def _place(self, meter: Meter) -> dict[str, str]:
        """Return the extension with the consistency token of an answer, if there is a standby."""
        if self.standby is None:
            return {}
        position = meter.position or await self.standby.read_position()
        return {"consistency": write_token(position, self.keyring.opaque_key)}

    async def _promise(self, body: Body, caller: Caller, answer: Result) -> dict[str, str | None]:
        """Return the extension with the receipt for an answer that is committed, if the client asks for one."""
        if not body.receipt or self.log_signer is None:
            return {}
        kept = KeptAnswer(orjson.loads(answer.text()), body.query, body.variables or {})
        hashes = {"answer": kept.hash_answer(), "question": kept.hash_question()}
        async with self.engine.connect() as connection:
            receipt = await write_receipt(connection, self.log_signer, caller.now, caller.request_id, **hashes)
        return {"receipt": receipt}

    async def _charge(self, principal: Principal, cost: int, reply: Reply) -> Charge | None:
        charge = await self.budgets.charge(principal, cost) if self.budgets else None
        reply.seen.admit(cost, charge)
        return charge

    def _settle(self, caller: Caller, objects: int, meter: Meter) -> None:
        """Charge what a request has cost, once."""
        if self.budgets and caller.charge and caller.charge.actual is None:
            self.budgets.settle(caller.principal, caller.charge, objects, meter.seconds)

    def _extensions(
        self, request: PricedRequest, caller: Caller, answer: Result, executor: str, meter: Meter
    ) -> dict[str, Any]:
        """Return the extensions of the response, after the charge of its real cost. `debug` adds the executor."""
        cost: dict[str, Any] = {"requestedQueryCost": request.cost, "maximumQueryCost": MOST_COST}
        if self.budgets and caller.charge:
            self._settle(caller, answer.objects(), meter)
            cost |= {
                "actualQueryCost": caller.charge.actual,
                "throttleStatus": format_throttle_status(caller.charge.status),
            }
        return {
            "cost": cost,
            **deprecation.write_extensions(request.deprecated),
            **({"executor": executor} if self.debug else {}),
        }

    async def _execute(
        self, request: PricedRequest, caller: Caller, meter: Meter, after: Position | None
    ) -> tuple[Result, str]:
        """Return the answer and the name of the executor."""
        answer, otherwise = await self.answering.answer(request, caller, meter, after)
        if otherwise:
            ANSWERS.labels(Executor.LOADERS, otherwise.reason.partition(" ")[0]).inc()
            return answer, f"loaders: {otherwise.reason}"
        PLANNED.inc()
        return answer, "plan"
