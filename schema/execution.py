"""Run an operation: one connection, one snapshot, and the access log written before the answer leaves (R19)."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLError, execute

from resolvers.context import Context
from resolvers.errors import ExpectedError
from schema.audience_schema import introspected
from schema.building import GRAPHQL
from schema.discretion import coded
from schema.document import Operation

QUIET: Mapping[str, Any] = {"hide_suggestions": True, "max_coercion_errors": 10}
log = logging.getLogger("suxin.graphql")


class InternalError(Exception):
    """Something went wrong that is not the client's doing. Nothing of it may reach the client."""


async def run(
    operation: Operation, variables: dict[str, Any] | None, name: str | None, context: Context
) -> ExecutionResult:
    """The answer of `operation`, in the transaction that `context.connection` is in.

    Raises InternalError, and lets the errors of the access log through: an answer without its entry never leaves.
    """
    if operation.reach is None:
        return introspection(operation, variables, name, context)
    found = execute(GRAPHQL, operation.document, None, context, variables, name, **QUIET)
    result = found if isinstance(found, ExecutionResult) else await found
    await context.close()
    shown = [presented(error) for error in result.errors or ()]
    request = {"request_id": context.request_id, "operation": operation.digest}
    await context.trail.write(context.connection, request, operation.types())
    return ExecutionResult(result.data, shown or None)


def introspection(
    operation: Operation, variables: dict[str, Any] | None, name: str | None, context: Context
) -> ExecutionResult:
    """The schema as far as the caller's scopes reach it."""
    schema = introspected(context.principal.scopes)
    found = execute(schema, operation.document, None, None, variables, name, **QUIET)
    assert isinstance(found, ExecutionResult)  # noqa: S101 - nothing in introspection waits
    return ExecutionResult(found.data, [presented(error) for error in found.errors or ()] or None)


def presented(error: GraphQLError) -> GraphQLError:
    """The error as the client may see it. Raises InternalError for one that nobody expected."""
    original = error.original_error
    if isinstance(original, ExpectedError) or isinstance(error, ExpectedError):
        return error
    if original is None or isinstance(original, GraphQLError):
        return coded(error, "BAD_VARIABLES" if error.path is None else "BAD_INPUT")
    raise InternalError from original


def log_failure(error: BaseException, request_id: object) -> None:
    """Log what failed and where, and none of the values: messages of database errors may hold names."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s failed with %s\n%s", request_id, type(error).__name__, frames)
