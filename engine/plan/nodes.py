"""The statement of `node` and `nodes`: rows of any type by their ids."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from engine.declare.relations import Audience, Frame
from engine.declare.sql import SQL
from engine.load.nodes import get_node_root
from engine.plan.entries import EntrySource
from engine.plan.json_text import concatenate, replace_null, write_array
from engine.plan.roots import TEXT, RootField, add_log_entries, build_answer, encode
from engine.plan.rows import Writer
from engine.statement.compilation import Statement, compile_statement

ASKED_TYPES = sa.bindparam("asked_types", type_=sa.ARRAY(sa.Text))
ASKED_KEYS = sa.bindparam("asked_keys", type_=sa.ARRAY(sa.Text))
KEY = "key"


def name_keys(type_name: str) -> str:
    """Return the name of the parameter with the keys of a type."""
    return f"keys_{type_name}"


def build_nodes_statement(
    asked: RootField, many: bool, types: Sequence[str], writer: Writer, audience: Audience
) -> Statement:
    """Build the statement that finds rows of `types`: as a list in the order of the ids, or one row."""
    rows, told = [], []
    for name in types:
        answer, about = _of_type(name, asked, writer)
        rows.append(sa.select(sa.literal(name, sa.Text).label("type"), answer.c[KEY], answer.c[TEXT]))
        told.append(EntrySource(writer.engine.audit, answer, about))
    ids = sa.func.unnest(ASKED_TYPES, ASKED_KEYS).table_valued("type", "key", with_ordinality="place", name="ids")
    ids = ids.render_derived()
    value = _value(ids, sa.union_all(*rows).subquery("found"), many) if rows else _nothing(ids, many)
    return compile_statement(add_log_entries(writer.engine.audit, sa.select(encode(value)), told, asked, audience))


def _value(ids: Any, found: Any, many: bool) -> SQL:
    match = sa.and_(found.c.type == ids.c.type, found.c[KEY] == ids.c.key)
    text = replace_null(found.c[TEXT])
    whole = concatenate(write_array(text, [ids.c.place])) if many else replace_null(sa.func.max(found.c[TEXT]))
    return sa.select(whole).select_from(ids.outerjoin(found, match)).scalar_subquery()


def _nothing(ids: Any, many: bool) -> SQL:
    if not many:
        return sa.literal("null")
    nulls = concatenate(write_array(sa.literal("null", sa.Text), [ids.c.place]))
    return sa.select(nulls).select_from(ids).scalar_subquery()


def _of_type(name: str, asked: RootField, writer: Writer) -> tuple[sa.CTE, Any]:
    root, row_type = get_node_root(writer.engine, name), writer.engine.nodes[name]
    level = writer.open(root.relation, None, None)
    level.told = bool(root.about and root.about.names_subjects)
    text = writer.write_row(level, asked.details).label(TEXT)
    key = sa.cast(getattr(level.frame, row_type.key or "id"), sa.Text).label(KEY)
    parent = Frame(None, {"keys": sa.bindparam(name_keys(name), type_=root.relation.keys["keys"])})
    where = writer.build_conditions(root.relation, parent, level)
    own = RootField(root, asked.field, asked.details, asked.kind)
    return build_answer(level, [text, key], own, where, f"of_{name}"), root.about
