"""Plans. A plan is compiled once for an operation and an audience, and executed for every request."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from graphql import DocumentNode, ExecutionResult, FieldNode, OperationDefinitionNode, SelectionSetNode, execute
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues

from engine.audit import AnswerKind
from engine.declare.relations import Audience, Computed, Root
from engine.engine import Engine
from engine.load.caller import LARGEST_PAGE, AnyCaller, AnyView
from engine.load.context import Unconnected
from engine.load.nodes import NodesRoot, convert_keys, get_node_root, list_readable_types
from engine.load.statements import name_argument_values
from engine.plan.arguments import Argued, ArgumentReader, EdgeArguments, PageShape, Shape
from engine.plan.nodes import build_nodes_statement, name_keys
from engine.plan.roots import RootField, build_batch_statement, build_root_statement, build_standby_statement
from engine.plan.rows import Writer
from engine.plan.selection import Selection, get_declaration
from engine.plan.walk import Unplanned, Walk
from engine.statement.batch import BatchStatement
from engine.statement.bound import BoundStatement, Statements
from engine.statement.compilation import Statement, compile_statement

Text = bytes


@cache
def compile_update(update: sa.Update | None) -> Statement | None:
    """Compile the statement to execute first. There are few, so that all are kept."""
    return None if update is None else compile_statement(update)


@dataclass(frozen=True)
class PlanTarget:
    """The target of a plan: the operation and the audience.

    largest_page: the maximum number of rows in a page at the root. between: the separator of those rows. logged:
    whether log entries are written. declares: whether statements declare the kinds of their answers.
    """

    engine: Engine
    selection: Selection
    audience: Audience
    scopes: frozenset[str]
    digest: bytes
    largest_page: int = LARGEST_PAGE
    between: str = ","
    logged: bool = True
    declares: bool = False


@dataclass
class StatementPart(ABC):
    """The part of a root field that queries the database."""

    asked: RootField
    own: Argued
    edges: EdgeArguments
    purpose: PlanTarget
    statements: Statements = field(init=False)

    def __post_init__(self) -> None:
        purpose = self.purpose
        apart = purpose.logged and not purpose.declares
        declared = purpose.engine.audit.build_declaration(self.asked.kind) if apart else None
        declaration = None if declared is None else compile_statement(declared)
        self.statements = Statements(self.write, self.write_batch, self.write_standby, self.is_batchable(), declaration)

    @abstractmethod
    def write(self, shape: Any) -> Statement:
        """Compile the statement of a shape."""

    def is_batchable(self) -> bool:
        """Return whether several requests may be answered by one call."""
        return False

    def write_batch(self, shape: Any) -> BatchStatement | None:
        """Compile the statement of a shape for several requests; None if there is none."""
        return None

    def write_standby(self, shape: Any) -> Statement | None:
        """Compile the statement of a shape for a standby; None if there is none."""
        return None

    def make_writer(self, shape: Shape) -> Writer:
        """Return the writer for pages of this shape."""
        nodes = {id(edge.argued.node): edge for edge in self.edges.edges}
        shapes: dict[int, PageShape | None] = dict(zip(nodes, shape, strict=True))
        largest, between = self.purpose.largest_page, self.purpose.between
        return Writer(
            self.purpose.engine, self.purpose.selection, self.purpose.audience, nodes, shapes, largest, between
        )

    def bind_view(self, view: AnyView) -> dict[str, Any]:
        """Return the bind values of the view and of the log entries."""
        return {**view.parameters(), **self.purpose.engine.audit.parameters(view)}


class RowsPart(StatementPart):
    """The part of a root field that returns rows of one type."""

    def write(self, shape: Shape) -> Statement:
        """Compile the statement for a shape of its pages."""
        purpose = self.purpose
        return build_root_statement(
            self.asked, self.make_writer(shape), purpose.audience, logged=purpose.logged, declares=purpose.declares
        )

    def is_batchable(self) -> bool:
        """Arrays of the root differ by request, so that it has no batches."""
        return not any(isinstance(type_, sa.ARRAY) for type_ in self.asked.root.relation.keys.values())

    def write_batch(self, shape: Shape) -> BatchStatement | None:
        """Compile the statement for several requests; None if a parameter has no type."""
        return build_batch_statement(self.asked, self.make_writer(shape), self.purpose.audience)

    def write_standby(self, shape: Shape) -> Statement | None:
        """Compile the statement for a standby; None if it reads what no fingerprint covers."""
        facts = self.purpose.engine.audit.facts
        if facts is None or not self.purpose.logged or self.purpose.declares:
            return None
        return build_standby_statement(self.asked, self.make_writer(shape), self.purpose.audience, facts)

    def bind(self, variables: VariableValues, caller: AnyCaller) -> BoundStatement:
        """Return the statement for this request and its values."""
        arguments = self.own.read(variables)
        prepared = self.asked.root.prepare_values(arguments, caller)
        shape, values = self.edges.read(variables, caller)
        keys = {key: prepared.values.get(key) for key in self.asked.root.relation.keys}
        values |= name_argument_values(keys) | self.bind_view(prepared.view)
        return BoundStatement(self.statements, shape, values, compile_update(prepared.before))


class NodesPart(StatementPart):
    """The part of a root field that returns rows of any type by their ids."""

    @property
    def lookup(self) -> NodesRoot:
        """The declaration of the field."""
        return get_declaration(self.asked.field)  # type: ignore[no-any-return]  # `_part` has checked it

    def write(self, shape: tuple[Sequence[str], Shape]) -> Statement:
        """Compile the statement for the types of the ids and a shape of the pages below them."""
        types, pages = shape
        return build_nodes_statement(
            self.asked, self.lookup.many, types, self.make_writer(pages), self.purpose.audience
        )

    def bind(self, variables: VariableValues, caller: AnyCaller) -> BoundStatement:
        """Return the statement for the types of the ids, and the values."""
        ids, view = self.lookup.read_arguments(self.own.read(variables), caller)
        types = tuple(sorted({name for name, _ in ids} & list_readable_types(self.purpose.engine, self.purpose.scopes)))
        shape, values = self.edges.read(variables, caller)
        keys = {name: [key for type_name, key in ids if type_name == name] for name in types}
        values |= {
            name_keys(name): convert_keys(get_node_root(self.purpose.engine, name), found)
            for name, found in keys.items()
        }
        values |= {"asked_types": [name for name, _ in ids], "asked_keys": [key for _, key in ids]}
        return BoundStatement(self.statements, (types, shape), values | self.bind_view(view))


@dataclass(frozen=True)
class ResolvedPart:
    """The part of a root field that does not query the database. Its resolvers are synchronous."""

    name: str
    selection: Selection
    document: DocumentNode

    def bind(self, variables: VariableValues, caller: AnyCaller) -> Text:
        """Return the answer."""
        found = execute(
            self.selection.schema, self.document, None, Unconnected(caller), dict(self.selection.conditions.coerced)
        )
        if not isinstance(found, ExecutionResult) or found.errors or found.data is None:
            raise Unplanned(self.name)
        return orjson.dumps(found.data[self.name])


@dataclass(frozen=True)
class Plan:
    """The parts of an operation by response name."""

    parts: Mapping[str, RowsPart | NodesPart | ResolvedPart]

    def bind(self, variables: VariableValues, caller: AnyCaller) -> dict[str, BoundStatement | Text]:
        """Return the statements and answers for this request. Raises what the arguments raise."""
        return {name: part.bind(variables, caller) for name, part in self.parts.items()}


def compile_plan(purpose: PlanTarget, reader: ArgumentReader, types: Mapping[str, Sequence[str]]) -> Plan:
    """Compile the plan of an operation. types: the types of each root field for the access log. Raises Unplanned."""
    found = purpose.selection.collect_roots().items()
    return Plan({key: _part(details, purpose, reader, types) for key, details in found})


def _part(
    details: FieldDetailsList, purpose: PlanTarget, reader: ArgumentReader, types: Mapping[str, Sequence[str]]
) -> RowsPart | NodesPart | ResolvedPart:
    node, selection = details[0].node, purpose.selection
    name = node.name.value
    defined = selection.root.fields.get(name)
    declaration = defined and get_declaration(defined)
    if isinstance(declaration, Computed):
        raise Unplanned(name)
    if defined is None or not isinstance(declaration, Root | NodesRoot):
        return ResolvedPart((node.alias or node.name).value, selection, _only(selection, [one.node for one in details]))
    kind = AnswerKind(purpose.digest, name, tuple(types.get(name, ())))
    own, walk = Argued(-1, defined, node, reader(defined)), Walk(purpose.engine, selection, reader)
    if isinstance(declaration, Root):
        walk.walk_edge(declaration.relation, defined, details)
        asked = RootField(declaration, defined, details, kind)
        edges = tuple(walk.edges.values())
        if declaration.relation.connection:
            edges = (replace(edges[0], largest_page=purpose.largest_page), *edges[1:])
        return RowsPart(asked, own, EdgeArguments(edges), purpose)
    walk.walk_nodes(details)
    asked = RootField(None, defined, details, kind)
    return NodesPart(asked, own, EdgeArguments(tuple(walk.edges.values())), purpose)


def _only(selection: Selection, nodes: Sequence[FieldNode]) -> DocumentNode:
    """Return the document with only these root fields, and only the variables of conditions."""
    declared = selection.operation.variable_definitions or ()
    conditions = tuple(one for one in declared if one.variable.name.value in selection.conditions.coerced)
    chosen = SelectionSetNode(selections=tuple(nodes))
    operation = replace(selection.operation, selection_set=chosen, variable_definitions=conditions)
    others = (one for one in selection.document.definitions if not isinstance(one, OperationDefinitionNode))
    return DocumentNode(definitions=(operation, *others))
