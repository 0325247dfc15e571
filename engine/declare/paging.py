"""Keyset pagination (Relay cursor connections)."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.opaque import seal_in_sql, unseal
from engine.declare.relations import Frame, Order, Relation, RowType
from engine.declare.sql import SQL
from engine.load.caller import LARGEST_PAGE
from engine.load.errors import BadCursorError, BadPageSizeError
from languages.sentence import say

KEY_DIGITS = len(str(2**63))
FOREIGN = "`after` must be an endCursor of this same list, in this same order."


@dataclass(frozen=True)
class Page:
    """The page that a client requests.

    order: the name of the order. after: the values of the order's columns in the row before the page. filters: the
    filters that are given.
    """

    first: int
    order: str
    after: tuple[Any, ...] | None = None
    filters: tuple[tuple[str, Any], ...] = field(default=())
    largest: int = LARGEST_PAGE

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.largest:
            raise BadPageSizeError(
                say("`first` must be from 1 to {largest}; ask for more by `after`.", largest=self.largest)
            )


def read_page(
    row_type: RowType, relation: Relation, arguments: Mapping[str, Any], key: bytes, largest: int = LARGEST_PAGE
) -> Page:
    """Return the page that the arguments of a connection request. Raises BadPageSizeError, BadCursorError."""
    chosen, after, order = arguments.get("filter"), arguments.get("after"), arguments.get("order_by")
    filters = ((name, getattr(chosen, name, None)) for name in sorted(relation.filters))
    given = tuple((name, value) for name, value in filters if value is not None)
    name = next(iter(relation.orders)) if order is None else order.name
    types = list_place_types(row_type, relation.orders[name])
    place = None if after is None else parse_place(name, types, read_cursor(after, key))
    return Page(arguments["first"], name, place, given, largest)


def list_order_columns(order: Order, child: Frame, key: str | None) -> list[SQL]:
    """Return the columns of a total order: the columns of the order, then the key of the type."""
    by_key = [key] if key and not order.total else []
    return [getattr(child, name) for name in (*order.columns, *by_key)]


@cache
def list_place_types(row_type: RowType, order: Order) -> list[TypeEngine[Any]]:
    """Return the types of the columns of `list_order_columns`."""
    return [column.type for column in list_order_columns(order, Frame(row_type.model), row_type.key)]


def sort_by(order: Order, columns: Sequence[SQL]) -> list[SQL]:
    """Return the ORDER BY expressions of these columns."""
    return [column.desc() if order.descending else column.asc() for column in columns]


def write_place(name: str, columns: Sequence[SQL]) -> SQL:
    """Return SQL for the position of a row: the name of the order and the row's values of its columns."""
    return sa.cast(sa.func.jsonb_build_array(name, *map(_write_value, columns)), sa.Text)


def _write_value(column: SQL) -> SQL:
    """Return SQL for a value as text; keys have one length, so that the length of a cursor does not tell them."""
    text = sa.cast(column, sa.Text)
    return sa.func.lpad(text, KEY_DIGITS, "0", type_=sa.Text) if isinstance(column.type, sa.Integer) else text


def write_cursor(name: str, columns: Sequence[SQL]) -> SQL:
    """Return SQL for the cursor of a row: its position, sealed."""
    return seal_in_sql(write_place(name, columns))


def start_after(order: Order, columns: Sequence[SQL], after: Sequence[SQL]) -> SQL:
    """Return the condition for rows after the position `after`."""
    row, start = sa.tuple_(*columns), sa.tuple_(*after)
    return row < start if order.descending else row > start


def read_cursor(after: str, key: bytes) -> str:
    """Return the position in a cursor. Raises BadCursorError if the cursor is not valid."""
    with suppress(ValueError):
        if (place := unseal(after, key)) is not None:
            return place
    raise BadCursorError(FOREIGN)


def parse_place(name: str, types: Sequence[TypeEngine[Any]], place: str) -> tuple[Any, ...]:
    """Return the values of a position in the order `name`. Raises BadCursorError for another order or list."""
    with suppress(ValueError, OverflowError, RecursionError):
        found = json.loads(place)
        if isinstance(found, list) and found[:1] == [name]:
            return tuple(READERS[type_.python_type](str(text)) for type_, text in zip(types, found[1:], strict=True))
    raise BadCursorError(FOREIGN)


def _key(text: str) -> int:
    if not 0 <= (key := int(text)) < 2**63:
        raise ValueError("out of the range of bigint")
    return key


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC)


def _text(text: str) -> str:
    if b"\0" in text.encode():
        raise ValueError("U+0000")
    return text


READERS: Mapping[type, Callable[[str], Any]] = {int: _key, date: date.fromisoformat, datetime: _moment, str: _text}
"""Parsers of the values in a cursor by the type of the column."""
