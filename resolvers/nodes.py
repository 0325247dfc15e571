"""Rows by their opaque id (Relay). The row predicate is the same as on any other road, so an id opens nothing."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from auth.policy import POLICY
from resolvers.about import about_row_of
from resolvers.context import Context
from resolvers.declarations import ROW_TYPES, Prepared, Relation, Root, RowType
from resolvers.errors import BadIdError, TooManySubjectsError
from resolvers.loaders import answered
from resolvers.opaque import unseal
from resolvers.rows import Row
from resolvers.view import View

LARGEST_BATCH = 100
MOST_DIGITS = len(str(2**63))


def read_id(opaque: str, key: bytes) -> tuple[str, str]:
    """The type name and key text in an id; of an id that we did not make, what no row has. Raises BadIdError."""
    try:
        text = unseal(opaque, key)
    except ValueError:
        text = ""
    if text is not None and (":" not in text or "\0" in text):
        raise BadIdError("An id must be one that this service gave out, unchanged.")
    name, _, row = (text or "").partition(":")
    return name, row


def key_of(opaque: str, type_name: str, key: bytes) -> int:
    """The numeric key in an id of `type_name`. Raises BadIdError."""
    name, row = read_id(opaque, key)
    if name != type_name or not numeric(row):
        raise BadIdError(f"This is not the id of a {type_name}.")
    return int(row)


def numeric(key: str) -> bool:
    """Whether a key text is a number that PostgreSQL can hold."""
    return key.isascii() and key.isdigit() and len(key) <= MOST_DIGITS and int(key) < 2**63


@cache
def node_types() -> dict[str, RowType]:
    """The row types that have ids, by name; complete once the schema is built."""
    return {row_type.name: row_type for row_type in ROW_TYPES.values() if row_type.key}


@cache
def node_root(type_name: str) -> Root:
    """The root that finds rows of a type by their keys."""
    row_type = node_types()[type_name]
    key: InstrumentedAttribute[Any] = getattr(row_type.model, row_type.key or "id")
    relation = Relation(
        row_type.model,
        lambda arguments, row: getattr(row, key.key) == sa.any_(arguments.keys),
        {"keys": sa.ARRAY(key.type)},
        many=True,
    )
    return Root(relation, about_row_of(row_type.model), prepare)


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """The keys as they are, seen from the view that the caller chose."""
    return Prepared({"keys": arguments["keys"]}, arguments["view"])


async def nodes(context: Context, ids: Sequence[str], view: View, field: str) -> list[Row | None]:
    """The rows of these ids in order; None for what is unknown, or not for this caller (R20)."""
    if len(ids) > LARGEST_BATCH:
        raise TooManySubjectsError(f"`ids` may hold {LARGEST_BATCH} ids at most.")
    asked = [read_id(text, view.opaque_key) for text in ids]
    found: dict[str, Row] = {}
    for type_name in dict.fromkeys(name for name, _ in asked):
        if type_name in node_types() and POLICY.permits(type_name, context.principal.scopes):
            found |= await _of_type(context, type_name, [key for name, key in asked if name == type_name], view, field)
    return [found.get(text) for text in ids]


async def _of_type(context: Context, type_name: str, keys: Sequence[str], view: View, field: str) -> dict[str, Row]:
    root = node_root(type_name)
    by_number = root.relation.keys["keys"].item_type.python_type is int  # type: ignore[attr-defined]  # an ARRAY
    values = [int(key) for key in keys if numeric(key)] if by_number else keys
    rows = await answered(context, field, root, {"keys": values, "view": view}, None)
    return {row.id: row for row in rows if POLICY.permits(row.type_name, context.principal.scopes)}
