"""Questions of pages to the schema, within the process: with the policy, cost, budget and log of their principal."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import scopes_of
from auth.budget import Budgets
from auth.clients.own_clients import OwnClient, admit_own_client
from auth.principal import Principal
from engine.answering import Answering, Result
from engine.document.document import prepare_operation
from engine.engine import Engine
from engine.execution import PricedRequest, price_request
from engine.run.meter import Meter
from models.keyring import Keyring
from postgres.shares import OWNER, Shares
from resolvers.caller import Caller
from transport.mutations import mutate, read_key
from transport.refusals import ErrorResponse, failure_of, refusal_of

Data = Mapping[str, Any]


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


class OffError(Exception):
    """The operator has disabled the client of the pages."""


@dataclass(frozen=True)
class Asking:
    """Asks the schema.

    answering: of the endpoint, so that both know what was declared to the access log. database: for the register of
    clients. timeout: in seconds. shares: of the loaders' connections. budgets: None for no limit.
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

    async def admit(self, own: OwnClient) -> Principal:
        """Return the principal of a client of the service's own. Raises OffError."""
        async with self.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            principal = await admit_own_client(connection, own, self.clock())
        if principal is None:
            raise OffError(own.client_id)
        return principal

    async def ask(self, principal: Principal, document: str, variables: Data, name: str | None = None) -> Data:
        """Return the data of the answer to an operation. Raises UnansweredError for any error in it."""
        request_id = uuid4()
        try:
            async with asyncio.timeout(self.timeout):
                OWNER.set(principal.client_key)
                with self.budgets.admit(principal) if self.budgets else nullcontext():
                    return await self._ask(principal, document, variables, name, request_id)
        except UnansweredError:
            raise
        except Exception as error:
            response = refusal_of(error, self.issuer) or failure_of(error, request_id)
            raise UnansweredError(response, request_id) from error

    async def act(self, principal: Principal, document: str, variables: Data, name: str, key: str) -> Data:
        """Return the data of a mutation, which happens once for a key (`Idempotency-Key`). Raises UnansweredError."""
        request_id = uuid4()
        try:
            async with asyncio.timeout(self.timeout):
                OWNER.set(principal.client_key)
                with self.budgets.admit(principal) if self.budgets else nullcontext():
                    return await self._act(principal, document, variables, name, read_key([key]), request_id)
        except UnansweredError:
            raise
        except Exception as error:
            response = refusal_of(error, self.issuer) or failure_of(error, request_id)
            raise UnansweredError(response, request_id) from error

    async def _act(
        self, principal: Principal, document: str, variables: Data, name: str, key: str | None, id: UUID
    ) -> Data:
        asked = self._price(principal, document, variables, name)
        charge = await self.budgets.charge(principal, asked.cost) if self.budgets else None
        caller = Caller(principal, self.keyring, self.clock(), id, charge, issuer=self.issuer)
        async with self.shares.hold():
            mutated = await mutate(self.database, asked, name, caller, key)
        if self.budgets and charge:
            self.budgets.settle(principal, charge, mutated.result.objects())
        return _read(mutated.result, id)

    def _price(self, principal: Principal, document: str, variables: Data, name: str | None) -> PricedRequest:
        reach = scopes_of(principal.audience)
        operation = prepare_operation(self.graphql, document, name, principal.scopes, within=reach)
        return price_request(operation, dict(variables), principal.audience)

    async def _ask(self, principal: Principal, document: str, variables: Data, name: str | None, id: UUID) -> Data:
        asked = self._price(principal, document, variables, name)
        charge = await self.budgets.charge(principal, asked.cost) if self.budgets else None
        caller, meter = Caller(principal, self.keyring, self.clock(), id, charge, issuer=self.issuer), Meter()
        try:
            result, _ = await self.answering.answer(asked, caller, meter)
        except BaseException as error:
            if self.budgets and charge:
                await self.budgets.settle_failed(principal, charge, error, meter.seconds)
            raise
        if self.budgets and charge:
            self.budgets.settle(principal, charge, result.objects(), meter.seconds)
        return _read(result, id)


def _read(result: Result, id: UUID) -> Data:
    """Return the data of an answer. Raises UnansweredError for one with errors."""
    if result.errors:
        raise UnansweredError(ErrorResponse(None, result.errors), id)
    found: Data = orjson.loads(result.text())
    return found
