"""/graphql: the GraphQL-over-HTTP side, with its limits and its errors."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLError
from prometheus_client import Counter
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth.budget import Budgets, Charge, Status, ThrottledError
from auth.clients.trusted_documents import TrustedDocuments
from auth.principal import Principal
from auth.scopes import Scope as Scopes
from auth.tokens import TokenError, TokenVerifier, bearer_token
from engine.answering import Answering, Result
from engine.document import deprecation
from engine.document.cost import MOST_COST
from engine.document.document import DocumentError, is_subscription, prepare_operation, reads_within
from engine.engine import Engine
from engine.execution import Executor, InternalError, PricedRequest, introspect, log_failure, price_request
from engine.load.errors import ForbiddenError
from engine.plan.runner import Connections
from models.keyring import Keyring
from postgres.errors import is_too_long, is_unreachable
from resolvers.caller import Caller, Reports
from transport.body import BodyError, read_address, read_body
from transport.event_stream import EventStream
from transport.mutations import KeyRefusedError, mutate, read_key
from transport.observation import Observation, observe
from transport.subscriptions import Live
from transport.trusted_operations import apply_document_policy

ANSWERS = Counter("suxin_answers", "Answers, by what gave them and why", ["executor", "reason"])
EVENT_STREAM = "text/event-stream"
GRAPHQL_RESPONSE = "application/graphql-response+json"
INTROSPECTION_COST = 100
PUBLIC = frozenset({Scopes.CATALOGUE})
"""What operations sent by GET may reach: the catalogue, and nothing about anybody."""

NOT_IN_ADDRESSES = (
    "Send this by POST (with urql: preferGetMethod: false): only the schema and the catalogue are read by GET, as "
    "addresses are logged."
)


@dataclass(frozen=True)
class GraphQLEndpoint:
    """The GraphQL endpoint.

    graphql: the schema. engine: the connections of the loaders; connections: of the plans. request_timeout: in seconds.
    clock: the moment of each request. budgets: what clients may spend; None where they may ask without end. reports:
    signs them.
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application: Starlette's wrappers around functions cost more than what stands here."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request. Every reply carries its request id, errors their code."""
        reply = Reply(observe(request.scope), GRAPHQL_RESPONSE in request.headers.get("accept", ""))
        try:
            async with asyncio.timeout(self.request_timeout):
                return await self._answer(request, reply)
        except TokenError as error:
            return reply.refusal(
                error.status, str(error), "UNAUTHENTICATED", {"www-authenticate": error.challenge(self.issuer)}
            )
        except BodyError as error:
            return reply.refusal(error.status, str(error), error.code, error.headers)
        except DocumentError as error:
            return reply.rejected(error.errors)
        except ForbiddenError as error:
            return reply.errors(403, [error], {"www-authenticate": insufficient(self.issuer, error)})
        except KeyRefusedError as error:
            return reply.refusal(error.status, str(error), error.code)
        except ThrottledError as error:
            return reply.throttled(error)
        except (TimeoutError, PoolTimeoutError):
            return reply.too_long()
        except ClientDisconnect:
            return reply.refusal(400, "The request ended before its body did.", "BAD_REQUEST")
        except Exception as error:
            return reply.failed(error)

    async def _answer(self, request: Request, reply: "Reply") -> Response:
        principal = await self.verifier.verify(bearer_token(request.headers.getlist("authorization")))
        reply.seen.principal = principal
        if self.budgets is None:
            return await self._answer_to(principal, request, reply)
        with self.budgets.admitted(principal):
            return await self._answer_to(principal, request, reply)

    async def _answer_to(self, principal: Principal, request: Request, reply: "Reply") -> Response:
        by_address = request.method != "POST"
        sent = read_address(request) if by_address else await read_body(request)
        principal, body = await apply_document_policy(self.documents, principal, sent)
        streams = EVENT_STREAM in request.headers.get("accept", "") and not by_address
        if streams and is_subscription(body.query, body.operation_name):
            token = bearer_token(request.headers.getlist("authorization"))
            stream = await self.live.subscribe(token, sent, noted=False)
            reply.seen.operation = stream.operation
            reply.seen.admit(stream.cost)
            return EventStream(stream, {"x-request-id": str(reply.request_id)})
        reply.seen.operation = operation = prepare_operation(
            self.graphql, body.query, body.operation_name, principal.scopes
        )
        if by_address and not reads_within(operation, PUBLIC):
            raise BodyError(NOT_IN_ADDRESSES, "METHOD_NOT_ALLOWED", 405, {"allow": "POST"})
        if operation.reach is None:
            await self._charge(principal, INTROSPECTION_COST)
            reply.seen.admit(INTROSPECTION_COST)
            return reply.answer(Result.of(introspect(operation, body.variables)))
        request_ = price_request(operation, body.variables, principal.audience)
        charge = await self._charge(principal, request_.cost)
        reply.seen.admit(request_.cost)
        caller = Caller(
            principal, self.keyring, self.clock(), reply.request_id, charge, self.reports, issuer=self.issuer
        )
        if operation.mutates:
            key = read_key(request.headers.getlist("idempotency-key"))
            mutated = await mutate(self.engine, request_, body.operation_name, caller, key)
            told = {"idempotencyReplayed": True} if mutated.replayed else {}
            answer = Result.of(mutated.result)
            return reply.answer(answer, self._extensions(request_, caller, answer, "loaders: mutation") | told)
        answer, executor = await self._execute(request_, caller)
        return reply.answer(answer, self._extensions(request_, caller, answer, executor))

    async def _charge(self, principal: Principal, cost: int) -> Charge | None:
        return await self.budgets.charge(principal, cost) if self.budgets else None

    def _extensions(self, request: PricedRequest, caller: Caller, answer: Result, executor: str) -> dict[str, Any]:
        """What the reply says of itself; `debug` tells what answered, and why. What was not used is given back."""
        cost: dict[str, Any] = {"requestedQueryCost": request.cost, "maximumQueryCost": MOST_COST}
        if self.budgets and caller.charge:
            self.budgets.refund(caller.principal, caller.charge, answer.objects())
            cost |= {"actualQueryCost": caller.charge.actual, "throttleStatus": throttle_status(caller.charge.status)}
        return {
            "cost": cost,
            **deprecation.write_extensions(request.deprecated),
            **({"executor": executor} if self.debug else {}),
        }

    async def _execute(self, request: PricedRequest, caller: Caller) -> tuple[Result, str]:
        """The answer, and what gave it."""
        answering = Answering(self.engine, self.connections, self.executor)
        answer, otherwise = await answering.answer(request, caller)
        if otherwise:
            ANSWERS.labels(Executor.LOADERS, otherwise.reason.partition(" ")[0]).inc()
            return answer, f"loaders: {otherwise.reason}"
        ANSWERS.labels(Executor.PLAN, "").inc()
        return answer, "plan"


def throttle_status(status: Status) -> dict[str, int]:
    """Where a bucket stands, as a reply has it."""
    return {
        "maximumAvailable": status.maximum,
        "currentlyAvailable": status.available,
        "restoreRate": status.restored,
    }


def insufficient(issuer: str, error: ForbiddenError) -> str:
    """The challenge of RFC 6750, section 3.1."""
    scopes = " ".join((error.extensions or {})["missingScopes"])
    return f'Bearer realm="suxin", error="insufficient_scope", scope="{scopes}"'


@dataclass(frozen=True)
class Reply:
    """Builds the reply of one request. `strict`: the client takes `application/graphql-response+json`."""

    seen: Observation
    strict: bool

    @property
    def request_id(self) -> UUID:
        """By which the request is known."""
        return self.seen.request_id

    def answer(self, result: Result, extensions: Mapping[str, Any] | None = None) -> Response:
        """An executed operation; a request that could not begin has no data (GraphQL over HTTP, section 7)."""
        errors = list(result.errors)
        if result.data is None and errors and all(error.path is None for error in errors):
            return self.rejected(errors)
        data = orjson.Fragment(result.data) if isinstance(result.data, bytes) else result.data
        return self._json(200, {"data": data}, errors, extensions=extensions)

    def rejected(self, errors: Sequence[GraphQLError]) -> Response:
        """A request that could not begin."""
        return self.errors(400 if self.strict else 200, errors)

    def errors(self, status: int, errors: Sequence[GraphQLError], headers: Mapping[str, str] | None = None) -> Response:
        """Errors without data."""
        return self._json(status, {}, errors, headers)

    def refusal(self, status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> Response:
        """One error that has nothing to do with the document."""
        return self.errors(status, [GraphQLError(message, extensions={"code": code})], headers)

    def throttled(self, error: ThrottledError) -> Response:
        """A client that has spent its budget (RFC 6585, section 4)."""
        refused = GraphQLError(str(error), extensions={"code": error.code})
        told = {"cost": {"throttleStatus": throttle_status(error.status)}}
        return self._json(429, {}, [refused], {"retry-after": str(error.retry_after)}, told)

    def failed(self, error: Exception) -> Response:
        """A masked failure: its cause is logged without personal data, and the client gets an id to quote."""
        cause = error.__cause__ if isinstance(error, InternalError) and error.__cause__ else error
        if is_too_long(cause):
            return self.too_long()
        log_failure(cause, self.request_id)
        if is_unreachable(cause):
            return self.refusal(503, "The database is not reachable. Try again.", "UNAVAILABLE", {"retry-after": "1"})
        return self.refusal(500, "Something went wrong here. Quote the request id to us.", "INTERNAL")

    def too_long(self) -> Response:
        """A request that was given up."""
        return self.refusal(
            503,
            "This took too long. Ask for less, or try again.",
            "TIMEOUT",
            {"retry-after": "1"},
        )

    def _json(
        self,
        status: int,
        body: dict[str, Any],
        errors: Sequence[GraphQLError],
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        if errors:
            self.seen.outcome = (errors[0].extensions or {}).get("code", "INTERNAL")
            body = {"errors": [error.formatted for error in errors], **body}
        body["extensions"] = {"requestId": str(self.request_id), **(extensions or {})}
        media_type = GRAPHQL_RESPONSE if self.strict else "application/json"
        sent = {"x-request-id": str(self.request_id), "cache-control": "no-store", **(headers or {})}
        sent |= deprecation.write_headers(body["extensions"])
        return Response(orjson.dumps(body), status, sent, f"{media_type}; charset=utf-8")
