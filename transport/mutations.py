"""Execution of a mutation: one transaction, performed once for each Idempotency-Key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from graphql import ExecutionResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.idempotency import InProgressError, Request, ReusedError, recall, remember
from casework.transaction import transact
from engine.execution import InternalError, PricedRequest, run
from engine.load.context import Context, MutationState
from resolvers.caller import Caller
from transport.refusals import RequestError

KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Mutated:
    """The result of a mutation. replayed: whether it was performed by an earlier request with the same key."""

    result: ExecutionResult
    replayed: bool


def read_key(headers: Sequence[str]) -> str | None:
    """Return the Idempotency-Key of a request, if any. Raises RequestError."""
    if not headers:
        return None
    if len(headers) > 1 or not KEY.fullmatch(headers[0]):
        message = "Send one Idempotency-Key of 1 to 255 visible ASCII characters, such as a UUID."
        raise RequestError(message, "BAD_IDEMPOTENCY_KEY")
    return headers[0]


async def mutate(
    engine: AsyncEngine, asked: PricedRequest, name: str | None, caller: Caller, key: str | None
) -> Mutated:
    """Perform a mutation, or return the result of an earlier request with the same key. A refused mutation, or one
    whose result has errors, is rolled back together with its key. Raises RequestError, and what `run` raises."""
    request = _request(asked, name, caller, key) if key else None

    async def work(connection: AsyncConnection) -> Mutated:
        changed = await recall(connection, request) if request else None
        performing = MutationState(changed, replays=changed is not None)
        result = await _run(connection, asked, caller, performing)
        if request and not performing.replays and performing.changed is not None:
            await remember(connection, request, performing.changed, caller.now)
        if result.errors:  # the access log is rolled back, so no data is returned
            raise _NothingDoneError(Mutated(ExecutionResult(None, result.errors), performing.replays))
        if performing.refused:
            raise _NothingDoneError(Mutated(result, performing.replays))
        return Mutated(result, performing.replays)

    try:
        return await transact(engine, work, caller.now)
    except _NothingDoneError as nothing:
        return nothing.answer
    except InProgressError:
        message = "This Idempotency-Key is in progress. Send it again in a moment."
        raise RequestError(message, "IDEMPOTENCY_IN_PROGRESS", 409) from None
    except ReusedError:
        message = "This Idempotency-Key was sent with something else. Use a new key for each mutation."
        raise RequestError(message, "IDEMPOTENCY_KEY_REUSED", 422) from None


class _NothingDoneError(Exception):
    """Rolls back the transaction of a refused mutation; holds its result."""

    def __init__(self, answer: Mutated) -> None:
        super().__init__()
        self.answer = answer


async def _run(
    connection: AsyncConnection, asked: PricedRequest, caller: Caller, performing: MutationState
) -> ExecutionResult:
    """Execute the mutation by the loaders. Database errors are raised as they are, so that the transaction can be
    retried."""
    context = Context(engine=asked.operation.engine, caller=caller, connection=connection, performing=performing)
    try:
        return await run(asked, context)
    except InternalError as error:
        if isinstance(error.__cause__, DBAPIError):
            raise error.__cause__ from None
        raise
    finally:
        await context.close()


def _request(asked: PricedRequest, name: str | None, caller: Caller, key: str) -> Request:
    """Return the idempotency request: a key belongs to a client and the person whom it acts for."""
    principal = caller.principal
    staff = principal.officer.key if principal.officer else ""
    subject = (principal.subject_index or b"").hex()
    content = asked.operation.digest + orjson.dumps([name, asked.variables], option=orjson.OPT_SORT_KEYS)
    return Request.of(f"{principal.client_key}/{staff}/{subject}", key, content, caller.keyring.opaque_key)
