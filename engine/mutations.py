"""Execution of mutations whose payload is planned."""

from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError

from engine.execution import PricedRequest
from engine.load.context import Context
from engine.plan.plan import Text
from engine.plan.walk import Unplanned
from engine.run.runner import compile_all
from engine.statement.bound import BoundStatement


async def answer_mutation(
    asked: PricedRequest, context: Context, convert: Callable[[Any], Mapping[str, Any]]
) -> Text | None:
    """Perform a mutation and return the JSON text of its answer, whose log entries are written.

    convert: makes a mapping of the input. None if the loaders have to answer: the payload has no plan, an argument is
    not valid, or the mutation, which is then performed or refused in `context.performing`, has nothing to show.
    """
    payload = asked.variant.payload
    if isinstance(payload, Unplanned):
        return None
    try:
        given = convert(payload.part.own.read(asked.values)["input"])
        payload.bind(None, asked.values, context.caller)  # arguments of edges are checked before anything is done
    except GraphQLError:
        return None
    performing = context.performing
    await payload.declaration.change(context, given)
    if performing.changed is None:
        return None
    ready = payload.bind(performing.changed, asked.values, context.caller)
    await compile_all([ready])
    answer = payload.write(await _fetch(context, ready))
    performing.unseen = answer is None
    return answer


async def _fetch(context: Context, ready: BoundStatement) -> Text:
    """Execute a statement by the driver, in the transaction of the mutation. Raises DBAPIError."""
    raw = await context.connection.get_raw_connection()
    driver: Any = raw.driver_connection
    try:
        return await driver.fetchval(ready.statement.text, *ready.arguments())  # type: ignore[no-any-return]  # bytes
    except asyncpg.PostgresError as error:
        raise DBAPIError(ready.statement.text, None, error, hide_parameters=True) from error
