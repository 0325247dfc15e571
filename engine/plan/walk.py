"""A walk over the selections below a root field, which collects edges with arguments."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type
from graphql.execution.collect_fields import FieldDetailsList

from engine.declare.relations import Relation, RowType
from engine.engine import Engine
from engine.plan.arguments import Argued, ArguedEdge, ArgumentReader
from engine.plan.json_text import is_writable
from engine.plan.selection import TYPE_NAME, Selection, get_declaration, get_python_name


class Unplanned(Exception):
    """A field cannot be planned: it is not a column, an expression or an edge."""


@dataclass
class Walk:
    """Walks below one root field."""

    engine: Engine
    selection: Selection
    reader: ArgumentReader
    edges: dict[int, ArguedEdge] = field(default_factory=dict)

    def walk_nodes(self, details: FieldDetailsList) -> None:
        """Walk from a root that returns rows of any type with an id. Raises Unplanned."""
        for row_type in self.engine.nodes.values():
            self._rows(row_type, details)

    def walk_edge(self, relation: Relation, defined: GraphQLField, details: FieldDetailsList) -> None:
        """Walk from an edge, or from a root that returns rows of one type. Raises Unplanned."""
        node = details[0].node
        if (relation.connection or relation.arguments) and id(node) not in self.edges:
            argued = Argued(len(self.edges), defined, node, self.reader(defined))
            self.edges[id(node)] = ArguedEdge(argued, relation, self.engine.get_row_type(relation))
        row_type = self.engine.get_row_type(relation)
        if relation.connection:
            for inner in self._nodes(get_named_type(defined.type), details):
                self._rows(row_type, inner)
        else:
            self._rows(row_type, details)

    def _nodes(self, connection: Any, details: FieldDetailsList) -> Iterator[FieldDetailsList]:
        """Yield the fields of a connection that select its rows."""
        for inner in self.selection.collect_fields(connection, details).values():
            match inner[0].node.name.value:
                case "nodes":
                    yield inner
                case "edges":
                    edge: Any = get_named_type(connection.fields["edges"].type)
                    found = self.selection.collect_fields(edge, inner).values()
                    yield from (one for one in found if one[0].node.name.value == "node")

    def _rows(self, row_type: RowType, details: FieldDetailsList) -> None:
        for kind in list_object_types(self.selection, row_type).values():
            for inner in self.selection.collect_fields(kind, details).values():
                self._member(row_type, kind, inner)

    def _member(self, row_type: RowType, kind: GraphQLObjectType, details: FieldDetailsList) -> None:
        name = details[0].node.name.value
        if name == TYPE_NAME:
            return
        defined = kind.fields[name]
        declaration = get_declaration(defined)
        if isinstance(declaration, Relation):
            self.walk_edge(declaration, defined, details)
        elif get_python_name(defined) not in row_type.scalars or not _writable(defined):
            raise Unplanned(f"{kind.name}.{name}")


def _writable(defined: GraphQLField) -> bool:
    leaf = get_named_type(defined.type)
    return is_leaf_type(leaf) and is_writable(leaf)


def list_object_types(selection: Selection, row_type: RowType) -> Mapping[Any, GraphQLObjectType]:
    """Return the object types of a row type by discriminator value."""
    names = row_type.names if row_type.discriminator else {None: row_type.name}
    found: dict[Any, Any] = {value: selection.schema.type_map[name] for value, name in names.items()}
    return found
