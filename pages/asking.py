"""Questions of pages to the schema, within the process: with the policy, cost, budget and log of their principal."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import scopes_of
from auth.budget import Budgets, Charge
from auth.clients.own_clients import OwnClient, admit_own_client
from auth.principal import Principal
from engine.answering import Answering, Result
from engine.document.document import prepare_operation
from engine.document.json_values import NO_NUL, holds_nul
from engine.engine import Engine
from engine.execution import PricedRequest, price_request
from engine.run.meter import Meter
from languages.negotiation import Language
from languages.translation import translate
from models.keyring import Keyring
from models.transparency.notes import NoteKey
from postgres.shares import OWNER, Shares
from postgres.usage import measure_usage
from resolvers.caller import Caller, Reports
from transport.mutations import mutate, read_key
from transport.refusals import ErrorResponse, RequestError, failure_of, refusal_of

Data = Mapping[str, Any]


@dataclass(frozen=True)
class AskedOperation:
    """An operation with its variables. name: None if the document has one operation only."""

    document: str
    variables: Data
    name: str | None = None


class UnansweredError(Exception):
    """A question without an answer. response: the status and the errors that the API would have answered with."""

    def __init__(self, response: ErrorResponse, request_id: UUID) -> None:
        super().__init__(", ".join(str(error) for error in response.errors))
        self.response, self.request_id = response, request_id

    @property
    def status(self) -> int:
        """The status of HTTP."""
        return self.response.status or 400

    @property
    def code(self) -> str:
        """The code of the first error."""
        return str((self.response.errors[0].extensions or {}).get("code", "INTERNAL"))

    def tell(self, language: Language) -> str:
        """Return what is wrong, in a language."""
        return " ".join(translate(error.message, language) for error in self.response.errors)


class OffError(Exception):
    """The operator has disabled the client of the pages."""


@dataclass(frozen=True)
class Asking:
    """Asks the schema.

    answering: of the endpoint, so that both know what was declared to the access log. database: for the register of
    clients. timeout: in seconds. shares: of the loaders' connections. budgets: None for no limit. reports: signs
    integrity reports. log_keys: of the transparency log.
    """

    graphql: Engine
    answering: Answering
    database: AsyncEngine
    keyring: Keyring
    issuer: str
    clock: Callable[[], datetime]
    timeout: float
    shares: Shares
    budgets: Budgets | None = None
    reports: Reports | None = None
    log_keys: Sequence[NoteKey] = ()

    async def admit(self, own: OwnClient) -> Principal:
        """Return the principal of a client of the service's own. Raises OffError."""
        async with self.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            principal = await admit_own_client(connection, own, self.clock())
        if principal is None:
            raise OffError(own.client_id)
        return principal

    async def ask(
        self,
        principal: Principal,
        document: str,
        variables: Data,
        name: str | None = None,
        language: Language = Language.ZH,
    ) -> Data:
        """Return the data of the answer to an operation. Raises UnansweredError for any error in it."""
        question = AskedOperation(document, variables, name)
        return await self._attempt(principal, lambda id: self._ask(principal, question, language, id))

    async def act(
        self,
        principal: Principal,
        document: str,
        variables: Data,
        name: str,
        key: str,
        language: Language = Language.ZH,
    ) -> Data:
        """Return the data of a mutation, which happens once for a key (`Idempotency-Key`). Raises UnansweredError."""
        question = AskedOperation(document, variables, name)
        return await self._attempt(principal, lambda id: self._act(principal, question, key, language, id))

    async def _attempt(self, principal: Principal, work: Callable[[UUID], Awaitable[Data]]) -> Data:
        request_id = uuid4()
        try:
            async with asyncio.timeout(self.timeout):
                OWNER.set(principal.client_key)
                with self.budgets.admit(principal) if self.budgets else nullcontext():
                    return await work(request_id)
        except UnansweredError:
            raise
        except Exception as error:
            response = refusal_of(error, self.issuer) or failure_of(error, request_id)
            raise UnansweredError(response, request_id) from error

    async def _act(
        self, principal: Principal, question: AskedOperation, key: str, language: Language, id: UUID
    ) -> Data:
        asked, sent = self._price(principal, question), read_key([key])
        charge = await self.budgets.charge(principal, asked.cost) if self.budgets else None
        caller = self._call(principal, charge, language, id)
        with measure_usage() as usage:
            try:
                async with self.shares.hold():
                    mutated = await mutate(self.database, asked, question.name, caller, sent)
            except BaseException as error:
                if self.budgets and charge:
                    await self.budgets.settle_failed(principal, charge, error, usage.counted)
                raise
        if self.budgets and charge:
            self.budgets.settle(principal, charge, mutated.result.objects(), usage.counted)
        return _read(mutated.result, id)

    def _price(self, principal: Principal, question: AskedOperation) -> PricedRequest:
        """Return an operation that may be answered. Raises RequestError for U+0000, as the endpoint does."""
        if holds_nul(orjson.dumps(question.variables, default=str)):
            raise RequestError(NO_NUL)
        reach = scopes_of(principal.audience)
        operation = prepare_operation(self.graphql, question.document, question.name, principal.scopes, within=reach)
        return price_request(operation, dict(question.variables), principal.audience)

    async def _ask(self, principal: Principal, question: AskedOperation, language: Language, id: UUID) -> Data:
        asked, meter = self._price(principal, question), Meter()
        charge = await self.budgets.charge(principal, asked.cost) if self.budgets else None
        try:
            result, _ = await self.answering.answer(asked, self._call(principal, charge, language, id), meter)
        except BaseException as error:
            if self.budgets and charge:
                await self.budgets.settle_failed(principal, charge, error, meter.seconds)
            raise
        if self.budgets and charge:
            self.budgets.settle(principal, charge, result.objects(), meter.seconds)
        return _read(result, id)

    def _call(self, principal: Principal, charge: Charge | None, language: Language, id: UUID) -> Caller:
        now, keys = self.clock(), self.log_keys
        told: Mapping[str, Any] = {"issuer": self.issuer, "log_keys": keys, "choose_language": lambda: language}
        return Caller(principal, self.keyring, now, id, charge, self.reports, **told)


def _read(result: Result, id: UUID) -> Data:
    """Return the data of an answer. Raises UnansweredError for one with errors."""
    if result.errors:
        raise UnansweredError(ErrorResponse(None, result.errors), id)
    found: Data = orjson.loads(result.text())
    return found
