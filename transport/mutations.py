"""A mutation from request to answer: one whole transaction, done once for each Idempotency-Key."""

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

KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyRefusedError(Exception):
    """An Idempotency-Key that cannot be used like this: HTTP status, code, and a sentence that says what to do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Mutated:
    """An answer, and whether it is of a mutation that was done before."""

    result: ExecutionResult
    replayed: bool


def read_key(headers: Sequence[str]) -> str | None:
    """The Idempotency-Key of a request, if it has one. Raises KeyRefusedError."""
    if not headers:
        return None
    if len(headers) > 1 or not KEY.fullmatch(headers[0]):
        raise KeyRefusedError(
            400, "BAD_IDEMPOTENCY_KEY", "Send one Idempotency-Key of 1 to 255 visible ASCII characters, such as a UUID."
        )
    return headers[0]


async def mutate(
    engine: AsyncEngine, asked: PricedRequest, name: str | None, caller: Caller, key: str | None
) -> Mutated:
    """Do it, or find that it was done. What is refused, or cannot be shown as asked, leaves no trace, nor does its key.

    Raises KeyRefusedError, and what `run` raises.
    """
    request = _request(asked, name, caller, key) if key else None

    async def work(connection: AsyncConnection) -> Mutated:
        changed = await recall(connection, request) if request else None
        performing = MutationState(changed, replays=changed is not None)
        result = await _run(connection, asked, caller, performing)
        if request and not performing.replays and performing.changed is not None:
            await remember(connection, request, performing.changed, caller.now)
        if result.errors:  # nothing that was read is told by an answer whose entries are not kept
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
        raise KeyRefusedError(409, "IDEMPOTENCY_IN_PROGRESS", message) from None
    except ReusedError:
        message = "This Idempotency-Key was sent with something else. Use a new key for each mutation."
        raise KeyRefusedError(422, "IDEMPOTENCY_KEY_REUSED", message) from None


class _NothingDoneError(Exception):
    """Carries the answer of a refused mutation out of the transaction that it must not commit."""

    def __init__(self, answer: Mutated) -> None:
        super().__init__()
        self.answer = answer


async def _run(
    connection: AsyncConnection, asked: PricedRequest, caller: Caller, performing: MutationState
) -> ExecutionResult:
    """The answer of the loaders. What PostgreSQL says goes out as it is: the transaction may be run again."""
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
    """A key is of one client, and of whom it acts for."""
    principal = caller.principal
    staff = principal.officer.key if principal.officer else ""
    subject = (principal.subject_index or b"").hex()
    content = asked.operation.digest + orjson.dumps([name, asked.variables], option=orjson.OPT_SORT_KEYS)
    return Request.of(f"{principal.client_key}/{staff}/{subject}", key, content, caller.keyring.opaque_key)
