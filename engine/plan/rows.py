"""SQL for the text of rows: objects, edges and pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetailsList

from engine.declare.paging import list_order_columns, sort_by, start_after, write_cursor
from engine.declare.relations import Audience, Beside, Frame, Order, Relation, RowType
from engine.declare.sql import SQL
from engine.engine import Engine
from engine.load.caller import LARGEST_PAGE
from engine.plan.arguments import ArguedEdge, PageShape
from engine.plan.json_text import Piece, concatenate, quote, replace_null, write_array, write_object, write_scalar
from engine.plan.levels import Level, is_same_subject
from engine.plan.names import Named, Names
from engine.plan.pages import ONE_GROUP, PLACE, PageOf
from engine.plan.selection import TYPE_NAME, Fields, Selection, get_declaration, get_python_name
from engine.plan.walk import list_object_types


@dataclass
class Writer:
    """Writes the text of one root field. edges: arguments by field node. shapes: of the pages among them."""

    engine: Engine
    selection: Selection
    audience: Audience
    edges: Mapping[int, ArguedEdge]
    shapes: Mapping[int, PageShape | None]
    largest_page: int = LARGEST_PAGE
    between: str = ","
    names: Names = field(default_factory=Names)

    # --- objects ------------------------------------------------------------------------------------------------------

    def write_row(self, level: Level, fields: FieldDetailsList) -> SQL:
        """Return the text of each row of a level with the selections of `fields`."""
        concrete = list_object_types(self.selection, level.row_type)
        selected = {value: self.selection.collect_fields(kind, fields) for value, kind in concrete.items()}
        alike = len({_signature(found) for found in selected.values()}) == 1
        if level.row_type.discriminator is None or alike:
            kind, found = next(iter(concrete.values())), next(iter(selected.values()))
            return concatenate(self._members(level, kind, found))
        kinds = getattr(level.frame, level.row_type.discriminator)
        texts = [
            (kinds == value, self._variant(level, kinds == value, kind, selected[value]))
            for value, kind in concrete.items()
        ]
        return sa.case(*texts)

    def _variant(self, level: Level, condition: SQL, kind: GraphQLObjectType, found: Fields) -> SQL:
        level.condition = condition
        text = concatenate(self._members(level, kind, found))
        level.condition = None
        return text

    def _members(self, level: Level, kind: GraphQLObjectType, found: Fields) -> list[Piece]:
        return write_object({key: self._member(level, kind, details) for key, details in found.items()})

    def _member(self, level: Level, kind: GraphQLObjectType, details: FieldDetailsList) -> Piece:
        name = details[0].node.name.value
        if name == TYPE_NAME:
            return self._type_name(level)
        defined = kind.fields[name]
        declaration = get_declaration(defined)
        if isinstance(declaration, Relation):
            return self._edge(level, declaration, details, defined)
        column = level.row_type.scalars[get_python_name(defined)]
        return write_scalar(defined.type, column.sql(level.frame, self.audience))

    def _type_name(self, level: Level) -> Piece:
        row_type = level.row_type
        if row_type.discriminator is None:
            return f'"{row_type.name}"'
        kinds = getattr(level.frame, row_type.discriminator)
        return sa.case(*((kinds == value, f'"{name}"') for value, name in row_type.names.items()))

    # --- edges --------------------------------------------------------------------------------------------------------

    def _edge(self, level: Level, relation: Relation, details: FieldDetailsList, defined: GraphQLField) -> SQL:
        """Return the text of the rows that an edge leads to."""
        node, type_ = details[0].node, get_named_type(defined.type)
        if relation.connection:
            return self._beside(level, self._page_select(level, relation, node, type_, details))
        child = self.open(relation, self.edges.get(id(node)), level)
        self.follow(child, relation, level)
        text = self.write_row(child, details)
        where = self.build_conditions(relation, level.frame, child, level)
        if relation.many:
            order = relation.order
            columns = list_order_columns(order, child.frame, child.row_type.key)
            text = concatenate(write_array(text, sort_by(order, columns)))
        subjects = child.subjects
        if relation.many and subjects is not None:
            subjects = sa.func.string_agg(subjects, ",")
        select = _selected(child, text, subjects).where(*where)
        return self._beside(level, select, single=not relation.many)

    def open(self, relation: Relation, edge: ArguedEdge | None, parent: Level | None) -> Level:
        """Return the level of the rows that a relation leads to."""
        row_type = self.engine.get_row_type(relation)
        arguments = edge.bind_arguments() if edge else {}
        held = relation.read(parent.frame, self.audience) if relation.read and parent else None
        if relation.source and parent:
            source, row = self.names.derive(relation.source(parent.frame, self.audience, arguments))
        elif held is not None:
            source, row = self.names.derive(held)
        else:
            source, row = self.names.take(row_type.source(self.audience, arguments))
        level = self._level(row_type, source, Frame(row, arguments))
        if parent and self._same_subject(level, relation, parent):
            level.frame.hoisted = parent.frame.hoisted
        elif row_type.hoists and (conditions := row_type.hoists(level.frame, self.audience)):
            self._hoist(level, conditions)
        return level

    def _level(self, row_type: RowType, source: sa.FromClause, frame: Frame) -> Level:
        """Return the level of a FROM element. Its frame joins what is read beside a row."""
        level = Level(row_type, source, frame)

        def join(select: Beside) -> Frame:
            if select not in level.beside:
                lateral, columns = self.names.join(select(frame))
                level.joined.append(lateral)
                level.beside[select] = Frame(columns)
            return level.beside[select]

        frame.joiner = join
        return level

    def _hoist(self, level: Level, conditions: Mapping[Any, SQL]) -> None:
        """Evaluate conditions once for each row, by a lateral join. Predicates of rows below repeat them."""
        if all(isinstance(condition, sa.ColumnClause) for condition in conditions.values()):
            level.frame.hoisted = conditions
            return
        name = self.names.make_name()
        labels = {key: f"by_{place}" for place, key in enumerate(conditions)}
        columns = [conditions[key].label(label) for key, label in labels.items()]
        level.joined.append(
            sa.select(*columns).offset(sa.literal(0)).lateral(name)
        )  # without OFFSET the planner would copy them
        level.frame.hoisted = {key: sa.literal_column(f"{name}.{label}", sa.Boolean) for key, label in labels.items()}

    def _same_subject(self, level: Level, relation: Relation, parent: Level) -> bool:
        """Return whether a relation leads to rows of the same subject."""
        if level.subject is None or parent.subject is None:
            return False
        return is_same_subject(relation.on(parent.frame, level.frame), parent.subject, level.subject)

    def follow(self, level: Level, relation: Relation, parent: Level) -> None:
        """Add the subjects of a level to the log, unless they are those of the parent and have entries."""
        if level.subject is not None and not (parent.told and self._same_subject(level, relation, parent)):
            level.met.append(sa.cast(level.subject, sa.Text))

    def build_conditions(
        self, relation: Relation, parent: Frame, child: Level, within: Level | None = None
    ) -> list[SQL]:
        """Return the join condition and the row predicate."""
        outer = [within.condition] if within is not None and within.condition is not None else []
        return [*outer, relation.on(parent, child.frame), child.row_type.seen_by(child.frame, self.audience)]

    def _beside(self, level: Level, select: sa.Select[Any], single: bool = False) -> SQL:
        """Return the value of an edge: a scalar subquery, or a lateral join if it also returns subjects."""
        if len(select.selected_columns) == 1:
            value: SQL = select.scalar_subquery()
        else:
            name = self.names.make_name()
            lateral = select.lateral(name)
            level.joined.append(lateral)
            level.met.append(sa.literal_column(f"{name}.met", sa.Text))
            value = sa.literal_column(f"{name}.value", sa.Text)
        return replace_null(value) if single else value

    # --- pages --------------------------------------------------------------------------------------------------------

    def _page_select(
        self, level: Level, relation: Relation, node: FieldNode, type_: Any, details: FieldDetailsList
    ) -> sa.Select[Any]:
        asked = self.selection.collect_fields(type_, details)
        page = self.open_page(relation, node, level.frame, asked, level)
        self.follow(page.level, relation, level)
        text = self.write_page(page, type_, asked)
        return _selected(page.level, text, page.subjects).having(ONE_GROUP)

    def open_page(
        self, relation: Relation, node: FieldNode, parent: Frame, asked: Fields, within: Level | None
    ) -> PageOf:
        """Return the rows of a page, with one row more if `pageInfo` is selected."""
        edge, shape = self.edges[id(node)], self.shapes[id(node)]
        assert shape is not None  # noqa: S101 - a connection has one
        child = self.open(relation, edge, within)
        where = self.build_conditions(relation, parent, child, within)
        where += [relation.filters[name](child.frame, edge.bind_filter(name)) for name in shape.filters]
        count = sa.select(sa.func.count()).select_from(child.from_clause).where(*where)
        order = relation.orders[shape.order]
        columns = list_order_columns(order, child.frame, child.row_type.key)
        if shape.after:
            where.append(start_after(order, columns, edge.bind_after(shape.order)))
        numbered = any(fields[0].node.name.value == "pageInfo" for fields in asked.values())
        source, row = self._cut(child, where, order, edge.bind_first(), numbered, shared=within is None)
        inherited = within.frame.hoisted if within and child.frame.hoisted is within.frame.hoisted else None
        level = self._level(child.row_type, source, Frame(row, child.frame.extras, inherited))
        places = list_order_columns(order, level.frame, level.row_type.key)
        return PageOf(level, shape, places, sort_by(order, places), count, edge.bind_first(), numbered)

    def _cut(
        self, child: Level, where: Sequence[SQL], order: Order, first: SQL, numbered: bool, shared: bool
    ) -> tuple[sa.FromClause, Named]:
        """Return the first rows, in order. At the root the maximum page size is a literal, which tells the planner that
        the page is short."""
        assert isinstance(child.frame.row, Named)  # noqa: S101 - made by `open`
        columns = list(child.frame.row)
        sorting = sort_by(order, list_order_columns(order, child.frame, child.row_type.key))
        if numbered:
            columns.append(sa.func.row_number().over(order_by=sorting).label(PLACE))
        largest = sa.select(*columns).select_from(child.from_clause).where(*where).order_by(*sorting)
        limit = first + 1 if numbered else first
        if not shared:
            return self.names.derive(largest.limit(limit))
        inner, row = self.names.derive(largest.limit(sa.literal(self.largest_page + 1)))
        sorting = sort_by(order, list_order_columns(order, Frame(row), child.row_type.key))
        return self.names.derive(sa.select(*row).select_from(inner).order_by(*sorting).limit(limit), shared=True)

    def write_page(self, page: PageOf, type_: Any, asked: Fields) -> SQL:
        """Return the text of a connection, aggregated over the rows of a page."""
        return concatenate(
            write_object({key: concatenate(self._part(page, type_, details)) for key, details in asked.items()})
        )

    def _part(self, page: PageOf, type_: Any, details: FieldDetailsList) -> list[Piece]:
        name = details[0].node.name.value
        if name in {"nodes", "edges"}:
            return write_array(self.write_page_row(page, type_, details), page.sorted, page.shown)
        return self.write_page_field(page, type_, details)

    def write_page_field(self, page: PageOf, type_: Any, details: FieldDetailsList) -> list[Piece]:
        """Return the text of a field of a connection other than its rows."""
        match details[0].node.name.value:
            case "pageInfo":
                info: Any = get_named_type(type_.fields["pageInfo"].type)
                return self._page_info(page, self.selection.collect_fields(info, details))
            case "totalCount":
                return [page.count.scalar_subquery()]
            case _:
                return [f'"{type_.name}"']

    def write_page_row(self, page: PageOf, connection: Any, details: FieldDetailsList) -> SQL:
        """Return the text of each row, as an object or as an edge."""
        name = details[0].node.name.value
        type_: Any = get_named_type(connection.fields[name].type)
        if name == "nodes":
            return self.write_row(page.level, details)
        asked = self.selection.collect_fields(type_, details)
        return concatenate(write_object({key: self._edge_part(page, type_, inner) for key, inner in asked.items()}))

    def _edge_part(self, page: PageOf, type_: Any, details: FieldDetailsList) -> Piece:
        match details[0].node.name.value:
            case "cursor":
                return concatenate(['"', write_cursor(page.shape.order, page.order), '"'])
            case "node":
                return self.write_row(page.level, details)
            case _:
                return f'"{type_.name}"'

    def _page_info(self, page: PageOf, asked: Fields) -> list[Piece]:
        parts: Mapping[str, Callable[[], Piece]] = {
            "hasNextPage": lambda: sa.cast(page.build_more(), sa.Text),
            "hasPreviousPage": lambda: "true" if page.shape.after else "false",
            "startCursor": lambda: replace_null(quote(page.build_cursor(end=False))),
            "endCursor": lambda: replace_null(quote(page.build_cursor(end=True))),
            TYPE_NAME: lambda: '"PageInfo"',
        }
        return write_object({key: parts[details[0].node.name.value]() for key, details in asked.items()})


def _selected(level: Level, text: SQL, subjects: SQL | None) -> sa.Select[Any]:
    met = [] if subjects is None else [subjects.label("met")]
    return sa.select(text.label("value"), *met).select_from(level.from_clause)


def _signature(found: Fields) -> tuple[Any, ...]:
    """Return a value that is equal for equal selections."""
    return tuple((key, tuple(id(detail.node) for detail in details)) for key, details in found.items())
