"""Execution of a mutation: one transaction, performed once for each Idempotency-Key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.administration.operator import OPERATOR, acting_as
from casework.idempotency import InProgressError, Request, ReusedError, recall, remember
from casework.transaction import transact
from engine.answering import Result
from engine.execution import Executor, InternalError, PricedRequest, run
from engine.load.context import Context, MutationState
from engine.mutations import answer_mutation
from resolvers.caller import Caller
from schema.mutation_fields import convert_to_dict
from transport.refusals import RequestError

KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Mutated:
    """The result of a mutation. replayed: whether it was performed by an earlier request with the same key."""

    result: Result
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
    engine: AsyncEngine,
    asked: PricedRequest,
    name: str | None,
    caller: Caller,
    key: str | None,
    executor: Executor = Executor.PLAN,
) -> Mutated:
    """Perform a mutation, or return the result of an earlier request with the same key. A refused mutation, or one
    whose result has errors, is rolled back together with its key. executor: of the payload. Raises RequestError, and
    what `run` raises."""
    request = _request(asked, name, caller, key) if key else None

    async def work(connection: AsyncConnection) -> Mutated:
        changed = await recall(connection, request) if request else None
        performing = MutationState(changed, replays=changed is not None)
        result = await _run(connection, asked, caller, performing, executor)
        if request and not performing.replays and performing.changed is not None:
            await remember(connection, request, performing.changed, caller.now)
        if result.errors:  # the access log is rolled back, so no data is returned
            raise _NothingDoneError(Mutated(Result(None, result.errors), performing.replays))
        if performing.refusal:
            raise _NothingDoneError(Mutated(result, performing.replays))
        return Mutated(result, performing.replays)

    try:
        with acting_as(replace(OPERATOR.get(), name=caller.principal.client_id)):
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
    connection: AsyncConnection, asked: PricedRequest, caller: Caller, performing: MutationState, executor: Executor
) -> Result:
    """Perform the mutation, and answer it by the plan of its payload or by the loaders. Database errors are raised as
    they are, so that the transaction can be retried."""
    context = Context(engine=asked.operation.engine, caller=caller, connection=connection, performing=performing)
    try:
        planned = executor is Executor.PLAN
        answer = await answer_mutation(asked, context, convert_to_dict) if planned else None
        return Result.of(await run(asked, context)) if answer is None else Result(answer)
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
    subject = caller.subject.newest.hex() if caller.subject else ""
    content = asked.operation.text_digest + orjson.dumps([name, asked.variables], option=orjson.OPT_SORT_KEYS)
    return Request.of(f"{principal.client_key}/{staff}/{subject}", key, content, caller.keyring.opaque_key)
