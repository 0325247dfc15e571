"""Run an operation, by its plan or by the loaders: one snapshot, and the access log written with the answer."""

import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphql import ExecutionResult, GraphQLError, execute
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
from engine.plan.plan import Ready, Text
from engine.plan.walk import Unplanned

QUIET_VALUES: Mapping[str, Any] = {"max_errors": 10, "hide_suggestions": True}
QUIET: Mapping[str, Any] = {"hide_suggestions": True, "max_coercion_errors": 10}
NO_CONDITION = "Variable '${}' has invalid value: Expected value of non-null type 'Boolean!' not to be None."
log = logging.getLogger("suxin.graphql")


class InternalError(Exception):
    """Something went wrong that is not the client's doing. Nothing of it may reach the client."""


class Executor(StrEnum):
    """What answers: plans, with the loaders behind them, or the loaders alone."""

    PLAN = "plan"
    LOADERS = "loaders"


@dataclass(frozen=True)
class Asked:
    """An operation with the variables of one request, and what it costs."""

    operation: Operation
    variables: dict[str, Any]
    values: VariableValues
    variant: Variant
    cost: int

    @property
    def deprecated(self) -> list[Use]:
        """What is deprecated of all that it uses, in its text and in its variables."""
        return [
            *self.operation.deprecated,
            *list_uses_in_variables(self.operation.engine.graphql, self.operation.node, self.variables),
        ]


def price_request(operation: Operation, variables: dict[str, Any] | None, audience: Audience) -> Asked:
    """The operation as this request asks for it.

    Raises DocumentError for variables that do not fit, and for an operation that costs too much.
    """
    given = variables or {}
    values = coerce_variables(operation, given)
    variant = operation.variant(audience, values)
    cost = variant.price.of(values.coerced)
    if cost > MOST_COST:
        raise DocumentError(TooCostlyError(cost))
    return Asked(operation, given, values, variant, cost)


def coerce_variables(operation: Operation, given: dict[str, Any]) -> VariableValues:
    """The values of variables, coerced to their types. Raises DocumentError for what does not fit.

    A variable of a @skip or @include may have a default and be given null: then nobody can say what is selected. It is
    refused before anything is read or changed.
    """
    definitions = operation.node.variable_definitions or ()
    values = get_variable_values(operation.engine.graphql, definitions, given, **QUIET_VALUES)
    if not isinstance(values, VariableValues):
        raise DocumentError(*(redact_error(error) for error in values))
    if undecided := sorted(name for name in operation.conditions if values.coerced.get(name) is None):
        raise DocumentError(*(add_code(GraphQLError(NO_CONDITION.format(name)), "BAD_VARIABLES") for name in undecided))
    return values


@dataclass(frozen=True)
class NotPlanned:
    """Why an operation goes to the loaders."""

    reason: str


def bind_plan(request: Asked, caller: AnyCaller) -> Mapping[str, Ready | Text] | NotPlanned:
    """What to run for this request, if its plan can answer it.

    Bad arguments are left to the loaders, which know the path of each error.
    """
    plan = request.variant.plan
    if isinstance(plan, Unplanned):
        return NotPlanned(f"field {plan}")
    try:
        return plan.ready(request.values, caller)
    except Unplanned as field:
        return NotPlanned(f"field {field}")
    except GraphQLError:
        return NotPlanned("arguments")


async def run(request: Asked, context: Context) -> ExecutionResult:
    """The loaders' answer, in the transaction that `context.connection` is in.

    Raises InternalError, and lets the errors of the access log through: an answer without its entry never leaves.
    """
    operation = request.operation
    result = await execute_operation(operation, request.variables, context)
    shown = [redact_error(error) for error in result.errors or ()]
    await context.trail.write(context.connection, operation.digest, operation.types())
    return ExecutionResult(result.data, shown or None)


async def execute_operation(operation: Operation, variables: dict[str, Any], context: Context) -> ExecutionResult:
    """What graphql-core answers. The entries of the log are in `context.trail`: who calls this has them written."""
    found = execute(operation.engine.graphql, operation.document, None, context, variables, operation.name, **QUIET)
    result = found if isinstance(found, ExecutionResult) else await found
    await context.close()
    return result


def introspect(operation: Operation, variables: dict[str, Any] | None) -> ExecutionResult:
    """The schema as far as the caller's scopes reach it."""
    schema = build_audience_schema(operation.engine, operation.scopes)
    found = execute(schema, operation.document, None, None, variables, operation.name, **QUIET)
    assert isinstance(found, ExecutionResult)  # noqa: S101 - nothing in introspection waits
    return ExecutionResult(found.data, [redact_error(error) for error in found.errors or ()] or None)


def redact_error(error: GraphQLError) -> GraphQLError:
    """The error as the client may see it. Raises InternalError for one that nobody expected."""
    original = error.original_error
    if isinstance(original, ExpectedError) or isinstance(error, ExpectedError):
        return error
    if original is None or isinstance(original, GraphQLError):
        return add_code(error, "BAD_VARIABLES" if error.path is None else "BAD_INPUT")
    raise InternalError from original


def log_failure(error: BaseException, request_id: object) -> None:
    """Log what failed and where, and none of the values: messages of database errors may hold names."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s failed with %s\n%s", request_id, type(error).__name__, frames)
