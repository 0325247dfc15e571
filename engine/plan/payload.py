"""The payload of a mutation whose rows a plan reads: one statement returns them and inserts their log entries.

A payload has the row that was created or changed, or the rows that the mutation lists, and the errors, of which there
are none. Whatever else it has is left to the loaders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLList, get_named_type, get_nullable_type
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues

from engine.audit import AnswerKind
from engine.declare.relations import Root
from engine.engine import Engine
from engine.load.caller import AnyCaller
from engine.load.context import Context
from engine.load.statements import name_argument_values
from engine.plan.arguments import Argued, ArgumentReader, EdgeArguments
from engine.plan.plan import PlanTarget, RowsPart, Text
from engine.plan.roots import RootField
from engine.plan.selection import TYPE_NAME, get_declaration, get_python_name
from engine.plan.walk import Unplanned, Walk
from engine.statement.bound import BoundStatement

ERRORS = "errors"


class Changing(Protocol):
    """The declaration of a mutation. noun: the Python name of the payload's field with the row or the rows."""

    noun: str

    def get_answer_root(self, engine: Engine) -> Root:
        """Return the root that finds the rows by the key of the changed row."""

    async def change(self, context: Context, given: Mapping[str, Any]) -> None:
        """Perform the mutation, unless it is performed. The outcome is kept in `context.performing`."""


@dataclass(frozen=True)
class Payload:
    """The compiled payload. field: the response name of the mutation. texts: the text of each field of the payload;
    None for the rows. many: whether the rows are a list."""

    field: str
    declaration: Changing
    texts: Mapping[str, Text | None]
    part: RowsPart
    many: bool

    def bind(self, key: int | None, variables: VariableValues, caller: AnyCaller) -> BoundStatement:
        """Return the statement that reads the rows of a key. Raises what the arguments of edges raise."""
        shape, values = self.part.edges.read(variables, caller)
        values |= name_argument_values({"keys": [key]}) | self.part.bind_view(caller.view)
        return BoundStatement(self.part.statements, shape, values)

    def write(self, rows: Text) -> Text | None:
        """Return the JSON text of the answer for the text of the rows, a list; None if there are none."""
        if rows == b"[]":
            return None
        shown = rows if self.many else rows[1:-1]
        members = (b'"%s":%s' % (name.encode(), shown if text is None else text) for name, text in self.texts.items())
        return b'{"%s":{%s}}' % (self.field.encode(), b",".join(members))


def compile_payload(purpose: PlanTarget, reader: ArgumentReader, types: Mapping[str, Sequence[str]]) -> Payload:
    """Compile the payload of a mutation. types: the types of each root field for the access log. Raises Unplanned."""
    ((field, details),) = purpose.selection.collect_roots().items()
    name, node = details[0].node.name.value, details[0].node
    defined = purpose.selection.root.fields[name]
    declaration: Changing = get_declaration(defined)
    payload: Any = get_named_type(defined.type)
    members = purpose.selection.collect_fields(payload, details)
    texts = {key: _write_member(payload, declaration.noun, found) for key, found in members.items()}
    rows = [members[key] for key, text in texts.items() if text is None]
    if len(rows) != 1:
        raise Unplanned(f"{payload.name}.{declaration.noun}")
    root, noun = declaration.get_answer_root(purpose.engine), payload.fields[rows[0][0].node.name.value]
    walk = Walk(purpose.engine, purpose.selection, reader)
    walk.walk_edge(root.relation, noun, rows[0])
    asked = RootField(root, noun, rows[0], AnswerKind(purpose.digest, name, tuple(types.get(name, ()))))
    own = Argued(-1, defined, node, reader(defined))
    part = RowsPart(asked, own, EdgeArguments(tuple(walk.edges.values())), purpose)
    return Payload(field, declaration, texts, part, isinstance(get_nullable_type(noun.type), GraphQLList))


def _write_member(payload: Any, noun: str, details: FieldDetailsList) -> Text | None:
    """Return the text of a field of a payload; None for the rows. Raises Unplanned."""
    name = details[0].node.name.value
    if name == TYPE_NAME:
        return b'"%s"' % payload.name.encode()
    if name == ERRORS:
        return b"[]"
    if get_python_name(payload.fields[name]) == noun:
        return None
    raise Unplanned(f"{payload.name}.{name}")
