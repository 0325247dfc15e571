"""Subscriptions: committed events, for clients that may read them at that time (R15, R19)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from graphql import ExecutionResult, execute
from graphql.execution.values import VariableValues
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

import models
from auth.audiences import scopes_of
from auth.budget import Budgets, Status, ThrottledError
from auth.clients.trusted_documents import TrustedDocuments
from auth.principal import Principal
from auth.tokens import TokenVerifier
from casework.transaction import repeat
from engine.declare.argument_values import make_argument_reader
from engine.declare.paging import Page, read_page
from engine.declare.relations import Root
from engine.document.coordinates import list_root_fields
from engine.document.document import Operation, prepare_operation
from engine.engine import Engine
from engine.execution import QUIET, price_request, redact_error
from engine.load.context import Context
from engine.load.loaders import load_root
from engine.load.rows import RootAnswer
from engine.plan.arguments import Argued
from languages.sentence import say
from models.keyring import Keyring
from resolvers import roots
from resolvers.caller import Caller
from resolvers.visibility import about
from transport.body import Body
from transport.refusals import RequestError
from transport.trusted_operations import OTHER_TEXT, apply_document_policy

EVENTS = Root(replace(roots.EVENTS, many=True, connection=True), about.ABOUT_EVENT, prepare=roots.prepare_access)
MOST_STREAMS = 16
"""Concurrent subscriptions of one client in a worker, and of one connection."""

CHECK_SECONDS, POLL_SECONDS = 2.0, 30.0
"""Intervals at which a waiting subscription verifies its token, and reads events without a notification."""

PAGE, READ_SECONDS = 100, 10.0
"""Events per read, and the time limit of a read."""

RUNNING = Gauge("suxin_subscriptions", "Subscriptions that run now", ["audience"], multiprocess_mode="livesum")
READERS = 2
"""Concurrent reads of all subscriptions, so that connections remain for other requests."""


def check_number(running: int) -> None:
    """Raise ThrottledError if so many subscriptions at a time are too many."""
    if running > MOST_STREAMS:
        message = say("{most_streams} subscriptions at a time are kept. End one of them.", most_streams=MOST_STREAMS)
        raise ThrottledError("CONCURRENCY_LIMITED", message, 1, Status(MOST_STREAMS, 0, 0))


@dataclass
class Live:
    """The subscriptions of this worker. waiting: `NotificationListener.waiting`."""

    graphql: Engine
    engine: AsyncEngine
    verifier: TokenVerifier
    documents: TrustedDocuments
    keyring: Keyring
    clock: Callable[[], datetime]
    waiting: Callable[[], Any]
    budgets: Budgets | None = None
    _open: dict[int, int] = field(default_factory=dict)
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))

    async def subscribe(self, token: str, sent: Body, *, noted: bool = True) -> "Stream":
        """Start a subscription. Raises TokenError, RequestError, ThrottledError, DocumentError, and GraphQLError for
        bad arguments."""
        principal, body = await apply_document_policy(
            self.documents, await self.verifier.verify(token), sent, noted=noted
        )
        reach = scopes_of(principal.audience)
        operation = prepare_operation(self.graphql, body.query, body.operation_name, principal.scopes, True, reach)
        request = price_request(operation, body.variables, principal.audience)
        check_number(self._open.get(principal.client_key, 0) + 1)
        if self.budgets:
            await self.budgets.charge(principal, request.cost)
        caller = Caller(principal, self.keyring, self.clock(), uuid4())
        arguments = _arguments(operation, request.values)
        EVENTS.prepare_values(arguments, caller)  # raises the errors of the arguments
        page = self.page_of({"first": PAGE, **arguments})
        if page.after is None:
            page = replace(page, after=(await self._newest(),))
        return Stream(self, token, sent, body, operation, arguments, request.cost, page)

    def page_of(self, arguments: Mapping[str, Any]) -> Page:
        """Return the page of events that the arguments select. Raises BadCursorError."""
        return read_page(self.graphql.rows[models.Event], EVENTS.relation, arguments, self.keyring.opaque_key)

    async def _newest(self) -> int:
        async with self.engine.connect() as connection:
            newest = sa.select(sa.func.coalesce(sa.func.max(models.Event.position), 0))
            key: int = (await connection.execute(newest)).scalar_one() or 0
        return key

    @contextmanager
    def count(self, principal: Principal) -> Iterator[None]:
        """Count a subscription while the context lasts."""
        running = RUNNING.labels(principal.audience.value)
        self._open[principal.client_key] = self._open.get(principal.client_key, 0) + 1
        running.inc()
        try:
            yield
        finally:
            self._open[principal.client_key] -= 1
            running.dec()


@dataclass
class Stream:
    """One subscription. sent: the request as received; body: the request with the text of its document."""

    live: Live
    token: str
    sent: Body
    body: Body
    operation: Operation
    arguments: dict[str, Any]
    cost: int
    page: Page

    async def results(self) -> AsyncIterator[ExecutionResult]:
        """Yield results as events are committed. Raises TokenError when the token has expired or was revoked."""
        principal = await self.live.verifier.verify(self.token)
        with self.live.count(principal), self.live.waiting() as notified:
            while True:
                notified.clear()
                batch = await self._read()
                for result in batch:
                    yield result
                if len(batch) < PAGE:
                    await self._wait(notified)

    async def _wait(self, notified: asyncio.Event) -> None:
        """Wait for a notification, at most POLL_SECONDS. Raises TokenError when the token becomes invalid."""
        for _ in range(round(POLL_SECONDS / CHECK_SECONDS)):
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await notified.wait()
            except TimeoutError:
                await self.live.verifier.verify(self.token)
            else:
                return

    async def _principal(self) -> Principal:
        """Verify token and document again. Raises TokenError, and RequestError for a removed document."""
        known = await self.live.verifier.verify(self.token)
        principal, body = await apply_document_policy(self.live.documents, known, self.sent, noted=False)
        if body.query != self.body.query:
            raise RequestError(OTHER_TEXT)
        return principal

    async def _read(self) -> list[ExecutionResult]:
        """Read the next events, and commit their entries in the access log before they are sent."""
        principal = await self._principal()
        caller = Caller(principal, self.live.keyring, self.live.clock(), uuid4())
        async with self.live._reading, asyncio.timeout(READ_SECONDS):
            results, self.page = await repeat(partial(self._read_once, caller))
        await self._pay(caller, len(results))
        return results

    async def _read_once(self, caller: Caller) -> tuple[list[ExecutionResult], Page]:
        """Read in one transaction. Raises DBAPIError (40001) if another one declared the same kind of answers."""
        async with self.live.engine.connect() as connection:
            context = Context(engine=self.live.graphql, caller=caller, connection=connection)
            try:
                found = await self._executed(context)
            except asyncio.CancelledError:
                context.abandon()
                raise
            finally:
                await context.close()
            await connection.commit()
        return found

    async def _executed(self, context: Context) -> tuple[list[ExecutionResult], Page]:
        """Return the results, and the page that follows them."""
        told = EVENTS.prepare_values(self.arguments, context.caller)
        answer = RootAnswer("events", told.view)
        edges = (await load_root(context, EVENTS, told.values, answer, self.page)).edges
        results = [await self._result(context, edge) for edge in edges]
        if not edges:
            return results, self.page
        await context.trail.write(context.connection, self.operation.digest, self.operation.list_types())
        return results, self.live.page_of({"first": PAGE, **self.arguments, "after": edges[-1].cursor})

    async def _result(self, context: Context, edge: Any) -> ExecutionResult:
        variables, name = self.body.variables or {}, self.body.operation_name
        begun = execute(self.live.graphql.graphql, self.operation.document, edge, context, variables, name, **QUIET)
        result = begun if isinstance(begun, ExecutionResult) else await begun
        return ExecutionResult(result.data, [redact_error(error) for error in result.errors or ()] or None)

    async def _pay(self, caller: Caller, count: int) -> None:
        """Charge the results; wait if the budget is exhausted."""
        if self.live.budgets and count:
            try:
                await self.live.budgets.charge(caller.principal, self.cost * count)
            except ThrottledError as error:
                await asyncio.sleep(error.retry_after)


def _arguments(operation: Operation, values: VariableValues) -> dict[str, Any]:
    kind = operation.engine.graphql.subscription_type
    assert kind is not None  # noqa: S101 - it stands in the schema
    node = next(list_root_fields(operation.document, operation.node))
    defined = kind.fields[node.name.value]
    return dict(Argued(-1, defined, node, make_argument_reader(defined)).read(values))
