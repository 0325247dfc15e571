"""The statement of one root field: its rows, their text, and its log entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from graphql import FieldNode, GraphQLField, get_named_type
from graphql.execution.collect_fields import FieldDetailsList

from engine.audit import AnswerKind, Audit
from engine.declare.facts import Facts
from engine.declare.paging import list_order_columns, sort_by
from engine.declare.relations import Audience, Frame
from engine.declare.sql import SQL
from engine.load.statements import make_argument_parameters
from engine.plan.entries import MET, EntrySource, build_log_insertion, list_about_columns, select_log_rows
from engine.plan.json_text import Piece, concatenate, replace_null, write_array, write_object
from engine.plan.levels import Level
from engine.plan.pages import ONE_GROUP, PageOf
from engine.plan.rows import Writer
from engine.statement.batch import BatchStatement, compile_batch
from engine.statement.compilation import Statement, compile_statement
from engine.statement.standby import compile_standby

PLACE, TEXT = "place", "text"


@dataclass(frozen=True)
class RootField:
    """A root field of an operation. kind: of its answers, for the access log."""

    root: Any
    field: GraphQLField
    details: FieldDetailsList
    kind: AnswerKind

    @property
    def node(self) -> FieldNode:
        """The first node of the field."""
        return self.details[0].node

    @property
    def name(self) -> str:
        """The name of the field."""
        return self.node.name.value


def build_root_statement(
    asked: RootField, writer: Writer, audience: Audience, *, logged: bool = True, declares: bool = False
) -> Statement:
    """Build the statement that answers a root field and inserts its log entries. declares: whether it declares their
    kind."""
    value, told = _write_root(asked, writer)
    select = sa.select(encode(value))
    if logged:
        select = add_log_entries(writer.engine.audit, select, told, asked, audience, declares=declares)
    return compile_statement(select)


def build_batch_statement(asked: RootField, writer: Writer, audience: Audience) -> BatchStatement | None:
    """Build the statement that answers a root field for several requests; None if it cannot be built."""
    value, told = _write_root(asked, writer)
    audit = writer.engine.audit
    return compile_batch(encode(value), select_log_rows(audit, told, asked.kind, audience), audit.table)


def build_standby_statement(asked: RootField, writer: Writer, audience: Audience, facts: Facts) -> Statement | None:
    """Build the statement by which a standby answers a root field; None if it has none."""
    value, told = _write_root(asked, writer)
    audit = writer.engine.audit
    return compile_standby(encode(value), select_log_rows(audit, told, asked.kind, audience), facts)


def _write_root(asked: RootField, writer: Writer) -> tuple[SQL, list[EntrySource]]:
    """Return SQL for the answer, and what it supplies to log entries."""
    parent, beyond = Frame(None, make_argument_parameters(asked.root.relation.keys)), False
    if asked.root.relation.connection:
        value, answer, beyond = _page(writer, asked, parent)
    else:
        value, answer = _rows(writer, asked, parent)
    return value, [EntrySource(writer.engine.audit, answer, asked.root.about, beyond)]


def encode(text: SQL) -> SQL:
    """Return SQL for the text of an answer as the bytes that are sent, so that nobody decodes and encodes them."""
    return sa.func.convert_to(text, "UTF8", type_=sa.LargeBinary)


def add_log_entries(
    audit: Audit,
    select: sa.Select[Any],
    told: Sequence[EntrySource],
    asked: RootField,
    audience: Audience,
    *,
    declares: bool = False,
) -> sa.Select[Any]:
    """Return the statement with the CTE that inserts its log entries, and declares their kind if it `declares`."""
    entries = build_log_insertion(audit, told, asked.kind, audience, declares=declares)
    declaration = audit.build_declaration(asked.kind) if declares and entries is not None else None
    if declaration is not None:
        select = select.add_cte(declaration.cte("declared"))
    return select if entries is None else select.add_cte(entries)


def _rows(writer: Writer, asked: RootField, parent: Frame) -> tuple[SQL, sa.CTE]:
    relation = asked.root.relation
    level = writer.open(relation, None, None)
    level.told = bool(asked.root.about and asked.root.about.names_subjects)
    text = writer.write_row(level, asked.details)
    order = sort_by(relation.order, list_order_columns(relation.order, level.frame, level.row_type.key))
    place = [sa.func.row_number().over(order_by=order).label(PLACE)] if relation.many else []
    answer = build_answer(level, [text.label(TEXT), *place], asked, writer.build_conditions(relation, parent, level))
    if not relation.many:
        return replace_null(sa.select(answer.c[TEXT]).scalar_subquery()), answer
    found = sa.select(concatenate(write_array(answer.c[TEXT], [answer.c[PLACE]])))
    return found.scalar_subquery(), answer


def build_answer(
    level: Level, columns: Sequence[SQL], asked: RootField, where: Sequence[SQL], name: str = "answer"
) -> sa.CTE:
    """Return the CTE of the rows of an answer with the values for log entries."""
    met = [] if level.subjects is None else [level.subjects.label(MET)]
    about = list_about_columns(asked.root.about, level.frame)
    return sa.select(*columns, *about, *met).select_from(level.from_clause).where(*where).cte(name)


def _page(writer: Writer, asked: RootField, parent: Frame) -> tuple[SQL, sa.CTE, bool]:
    """Return the text of a page at the root, the CTE of its rows, and whether it begins after a cursor."""
    relation, type_ = asked.root.relation, get_named_type(asked.field.type)
    parts = writer.selection.collect_fields(type_, asked.details)  # type: ignore[arg-type]  # a connection type
    page = writer.open_page(relation, asked.node, parent, parts, None)
    page.level.told = bool(asked.root.about and asked.root.about.names_subjects)
    texts = _row_texts(writer, page, type_, parts)
    columns = [text.label(f"{TEXT}_{place}") for place, text in enumerate(texts.values())]
    counted = page.number if page.numbered else sa.func.row_number().over(order_by=page.sorted)
    number = counted.label(PLACE)
    answer = build_answer(page.level, [*columns, number], asked, [] if page.shown is None else [page.shown])
    labels = dict(zip(texts, columns, strict=True))
    whole: dict[str, Piece] = {}
    for key, details in parts.items():
        if key in labels:
            text = answer.c[labels[key].name]
            found = sa.select(concatenate(write_array(text, [answer.c[PLACE]], between=writer.between)))
        else:
            part = concatenate(writer.write_page_field(page, type_, details))
            found = sa.select(part).select_from(page.level.source).having(ONE_GROUP)
        whole[key] = found.scalar_subquery()
    return concatenate(write_object(whole)), answer, page.shape.after


def _row_texts(writer: Writer, page: PageOf, type_: Any, parts: Mapping[str, FieldDetailsList]) -> dict[str, SQL]:
    """Return the text of each row by response name."""
    rows = {key: details for key, details in parts.items() if details[0].node.name.value in {"nodes", "edges"}}
    return {key: writer.write_page_row(page, type_, details) for key, details in rows.items()}
