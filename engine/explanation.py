"""Explanation of documents: cost, required scopes and statements. Documents are compiled and not executed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.document.cost import MOST_COST
from engine.document.document import Operation
from engine.execution import NotPlanned, bind_plan, price_request
from engine.load.caller import AnyCaller
from engine.statement.bound import BoundStatement

UNPLANNED = {"mutation": "a mutation is done, then read", "subscription": "each of its events is read by itself"}
SHOWN = str | int | float | bool | None


@dataclass(frozen=True)
class ExplainedStatement:
    """The statement of one root field. parameters: names and values in order. declaration: runs before it."""

    field: str
    sql: str
    parameters: tuple[tuple[str, Any], ...]
    declaration: str | None


@dataclass(frozen=True)
class Explanation:
    """The explanation of an operation for one caller.

    needs: alternative sets of scopes by coordinate. reason: why the loaders answer it, if they do. statements: the
    statements of the plan, one for each root field.
    """

    operation: Operation
    cost: int
    needs: Mapping[str, list[list[str]]]
    reason: str
    statements: tuple[ExplainedStatement, ...]

    def lines(self, *, values: bool = True) -> Iterator[str]:
        """Yield the lines of the explanation: SQL statements and comments. values: whether those of parameters too."""
        yield f"-- {self.operation.kind} {', '.join(self.operation.fields)}"
        yield f"-- cost {self.cost} of at most {MOST_COST}; the time of the database is charged, where that is more"
        for coordinate, scopes in self.needs.items():
            yield f"-- {coordinate} needs {' or '.join(' and '.join(one) for one in scopes)}"
        if self.reason:
            yield f"-- answered by the loaders: {self.reason}"
        for statement in self.statements:
            yield f"\n-- {statement.field}: one statement\n{statement.sql};"
            for place, (name, value) in enumerate(statement.parameters, 1):
                yield f"-- ${place} {name} = {_shown(value)}" if values else f"-- ${place} {name}"


def explain(operation: Operation, variables: dict[str, Any] | None, caller: AnyCaller) -> Explanation:
    """Explain a prepared operation with these variables. Raises DocumentError, and errors of the arguments."""
    request = price_request(operation, variables, caller.view.audience)
    if reason := "it asks about the schema" if operation.reach is None else UNPLANNED.get(operation.kind):
        return Explanation(operation, request.cost, _needs(operation), reason, ())
    parts = bind_plan(request, caller)
    if isinstance(parts, NotPlanned):
        return Explanation(operation, request.cost, _needs(operation), parts.reason, ())
    found = tuple(_statement(name, part) for name, part in parts.items() if isinstance(part, BoundStatement))
    return Explanation(operation, request.cost, _needs(operation), "", found)


def _needs(operation: Operation) -> dict[str, list[list[str]]]:
    """Return the requirements of the coordinates that the operation reaches, except OPEN."""
    policy, reach = operation.engine.policy, operation.reach
    stated = {name: policy.requirements[name] for name in sorted(reach.coordinates if reach else ())}
    return {name: [sorted(scopes) for scopes in wanted] for name, wanted in stated.items() if all(wanted)}


def _statement(name: str, part: BoundStatement) -> ExplainedStatement:
    statement = part.statement
    declared, values = part.statements.declaration, zip(statement.parameters, part.arguments(), strict=True)
    return ExplainedStatement(name, statement.text, tuple(values), declared.text if declared else None)


def _shown(value: Any) -> str:
    """Return the text of a value. Of octets it shows only the length, because they represent numbers and keys."""
    if isinstance(value, bytes):
        return f"<{len(value)} octets>"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return repr(value) if isinstance(value, SHOWN) else str(value)
