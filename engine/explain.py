"""What a document costs, needs and runs, for those who write documents. It is compiled, and not executed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.document.cost import MOST_COST
from engine.document.document import Operation
from engine.execution import NotPlanned, bind_plan, price_request
from engine.load.caller import AnyCaller
from engine.plan.plan import Ready

UNPLANNED = {"mutation": "a mutation is done, then read", "subscription": "each of its events is read by itself"}
SHOWN = str | int | float | bool | None


@dataclass(frozen=True)
class ExplainedStatement:
    """The statement of one root field: its text, and its parameters by place, with the values of this request."""

    field: str
    sql: str
    parameters: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Explanation:
    """What an operation comes to for one caller.

    needs: the scopes that its types and fields require, each list in full, by coordinate. reason: why the loaders
    answer it, where no plan can. statements: of its plan, one for each root field that asks the database.
    """

    operation: Operation
    cost: int
    needs: Mapping[str, list[list[str]]]
    reason: str
    statements: tuple[ExplainedStatement, ...]

    def lines(self) -> Iterator[str]:
        """The explanation as text, with comments of SQL around the statements."""
        yield f"-- {self.operation.kind} {', '.join(self.operation.fields)}"
        yield f"-- cost {self.cost} of at most {MOST_COST}"
        for coordinate, scopes in self.needs.items():
            yield f"-- {coordinate} needs {' or '.join(' and '.join(one) for one in scopes)}"
        if self.reason:
            yield f"-- answered by the loaders: {self.reason}"
        for statement in self.statements:
            yield f"\n-- {statement.field}: one statement\n{statement.sql};"
            for place, (name, value) in enumerate(statement.parameters, 1):
                yield f"-- ${place} {name} = {_shown(value)}"


def explain(operation: Operation, variables: dict[str, Any] | None, caller: AnyCaller) -> Explanation:
    """What a prepared operation comes to with these variables. Raises DocumentError, and what arguments raise."""
    request = price_request(operation, variables, caller.view.audience)
    if reason := "it asks about the schema" if operation.reach is None else UNPLANNED.get(operation.kind):
        return Explanation(operation, request.cost, _needs(operation), reason, ())
    parts = bind_plan(request, caller)
    if isinstance(parts, NotPlanned):
        return Explanation(operation, request.cost, _needs(operation), parts.reason, ())
    found = tuple(_statement(name, part) for name, part in parts.items() if isinstance(part, Ready))
    return Explanation(operation, request.cost, _needs(operation), "", found)


def _needs(operation: Operation) -> dict[str, list[list[str]]]:
    """The requirements of what is reached, without those that everybody meets."""
    policy, reach = operation.engine.policy, operation.reach
    stated = {name: policy.requirements[name] for name in sorted(reach.coordinates if reach else ())}
    return {name: [sorted(scopes) for scopes in wanted] for name, wanted in stated.items() if all(wanted)}


def _statement(name: str, part: Ready) -> ExplainedStatement:
    statement = part.statement
    return ExplainedStatement(name, statement.text, tuple(zip(statement.parameters, part.arguments(), strict=True)))


def _shown(value: Any) -> str:
    """A value as it may be shown: octets, which stand for numbers and keys, by their length."""
    if isinstance(value, bytes):
        return f"<{len(value)} octets>"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return repr(value) if isinstance(value, SHOWN) else str(value)
