"""The steps of a request: coercion of variables, pricing, planning, and execution by the loaders."""

import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute
from graphql.execution.values import VariableValues, get_variable_values

from engine.declare.relations import Audience
from engine.document.audience_schema import build_audience_schema
from engine.document.cost import MOST_COST, TooCostlyError
from engine.document.deprecation import Use, list_uses_in_variables
from engine.document.document import DocumentError, Operation, Variant
from engine.document.error_redaction import add_code
from engine.load.caller import AnyCaller
from engine.load.context import Context
from engine.load.errors import ExpectedError
from engine.plan.plan import Text
from engine.plan.walk import Unplanned
from engine.statement.bound import BoundStatement
from languages.sentence import Sentence, say

MOST_ERRORS = 10
QUIET: Mapping[str, Any] = {"hide_suggestions": True, "max_coercion_errors": 10}
log = logging.getLogger("suxin.graphql")


class InternalError(Exception):
    """An internal error. Its details must not reach the client."""


class Executor(StrEnum):
    """The executor that answers: plans with the loaders as fallback, or only the loaders."""

    PLAN = "plan"
    LOADERS = "loaders"


@dataclass(frozen=True)
class PricedRequest:
    """An operation with the variables of one request and its cost."""

    operation: Operation
    variables: dict[str, Any]
    values: VariableValues
    variant: Variant
    cost: int

    @property
    def deprecated(self) -> list[Use]:
        """All deprecated elements that its text and its variables use."""
        return [
            *self.operation.deprecated,
            *list_uses_in_variables(self.operation.engine.graphql, self.operation.node, self.variables),
        ]


def price_request(operation: Operation, variables: dict[str, Any] | None, audience: Audience) -> PricedRequest:
    """Coerce the variables of a request and compute its cost.

    Raises DocumentError if variables are invalid or the cost exceeds the maximum.
    """
    given = variables or {}
    values = coerce_variables(operation, given)
    variant = operation.get_variant(audience, values)
    cost = variant.price.compute(values.coerced)
    if cost > MOST_COST:
        raise DocumentError(TooCostlyError(cost))
    return PricedRequest(operation, given, values, variant, cost)


def coerce_variables(operation: Operation, given: dict[str, Any]) -> VariableValues:
    """Coerce variables to their types. Raises DocumentError if they are invalid.

    A variable in @skip or @include may have a default and still be null. Such a null is an error, because the selection
    would be undefined.
    """
    definitions, reader = operation.node.variable_definitions or (), operation.variable_reader
    values: Any = reader.read(given) if reader else None
    if values is None:
        values = get_variable_values(operation.engine.graphql, definitions, given, max_errors=MOST_ERRORS)
    if not isinstance(values, VariableValues):
        raise DocumentError(*(redact_error(error, operation.engine.graphql) for error in values))
    if undecided := sorted(name for name in operation.conditions if values.coerced.get(name) is None):
        raise DocumentError(*(add_code(GraphQLError(_undecided(name)), "BAD_VARIABLES") for name in undecided))
    return values


def _undecided(name: str) -> Sentence:
    error = say("Expected value of non-null type '{type}' not to be None.", type="Boolean!")
    return say("Variable '{variable}' has invalid value: {error}", variable=f"${name}", error=error)


@dataclass(frozen=True)
class NotPlanned:
    """The reason why an operation cannot be answered by a plan."""

    reason: str


def bind_plan(request: PricedRequest, caller: AnyCaller) -> Mapping[str, BoundStatement | Text] | NotPlanned:
    """Return the parts of the plan for this request, or the reason why it has none.

    Invalid arguments are left to the loaders, which report the path of each error.
    """
    plan = request.variant.plan
    if isinstance(plan, Unplanned):
        return NotPlanned(f"field {plan}")
    try:
        return plan.bind(request.values, caller)
    except Unplanned as field:
        return NotPlanned(f"field {field}")
    except GraphQLError:
        return NotPlanned("arguments")


async def run(request: PricedRequest, context: Context) -> ExecutionResult:
    """Execute the operation by the loaders in the transaction of `context.connection`.

    Raises InternalError. Errors of the access log propagate, so that no answer is sent without its entries.
    """
    operation = request.operation
    result = await execute_operation(operation, request.variables, context)
    shown = [redact_error(error) for error in result.errors or ()]
    await context.trail.write(context.connection, operation.digest, operation.list_types())
    return ExecutionResult(result.data, shown or None)


async def execute_operation(operation: Operation, variables: dict[str, Any], context: Context) -> ExecutionResult:
    """Execute the operation by graphql-core. The caller must write the entries in `context.trail`."""
    found = execute(operation.engine.graphql, operation.document, None, context, variables, operation.name, **QUIET)
    result = found if isinstance(found, ExecutionResult) else await found
    await context.close()
    return result


def introspect(operation: Operation, variables: dict[str, Any] | None) -> ExecutionResult:
    """Answer an introspection with the part of the schema that the caller's scopes reach."""
    schema = build_audience_schema(operation.engine, operation.scopes)
    found = execute(schema, operation.document, None, None, variables, operation.name, **QUIET)
    assert isinstance(found, ExecutionResult)  # noqa: S101 - introspection does not await
    return ExecutionResult(found.data, [redact_error(error) for error in found.errors or ()] or None)


def redact_error(error: GraphQLError, schema: GraphQLSchema | None = None) -> GraphQLError:
    """Return the error for the client. schema: has the values of enums. Raises InternalError for an unexpected one."""
    original = error.original_error
    if isinstance(original, ExpectedError) or isinstance(error, ExpectedError):
        return error
    if original is None or isinstance(original, GraphQLError):
        return add_code(error, "BAD_VARIABLES" if error.path is None else "BAD_INPUT", schema)
    raise InternalError from original


def log_failure(error: BaseException, request_id: object) -> None:
    """Log the type and the traceback of an error. The message is omitted because it may contain personal data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s failed with %s\n%s", request_id, type(error).__name__, frames)
