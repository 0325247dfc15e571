"""Pages of lists: how many, from where, in which order (Relay cursor connections, by keyset)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from resolvers.declarations import Frame, Order, Relation
from resolvers.errors import BadCursorError, BadPageSizeError
from resolvers.opaque import sealed, unseal
from resolvers.sql import SQL

LARGEST_PAGE = 100
FOREIGN = "`after` must be an endCursor of this same list, in this same order."


@dataclass(frozen=True)
class Page:
    """What a client asked of a connection. `after`: a place that `read_cursor` gave; `filters`: only those given."""

    first: int
    after: str | None = None
    order: str | None = None
    filters: tuple[tuple[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        if not 1 <= self.first <= LARGEST_PAGE:
            raise BadPageSizeError(f"`first` must be from 1 to {LARGEST_PAGE}; ask for more by `after`.")


def order_of(relation: Relation, page: Page) -> tuple[str, Order]:
    """The name and the columns of the order that the page asks for."""
    name = page.order or next(iter(relation.orders))
    return name, relation.orders[name]


def order_columns(order: Order, child: Frame, key: str | None) -> list[SQL]:
    """The columns that put rows into a total order: the order's own, then the key of a type that has one."""
    return [getattr(child, name) for name in (*order.columns, *([key] if key else []))]


def sorting(order: Order, columns: Sequence[SQL]) -> list[SQL]:
    """The ORDER BY of these columns."""
    return [column.desc() if order.descending else column.asc() for column in columns]


def cursor(name: str, columns: Sequence[SQL]) -> SQL:
    """SQL for the cursor of a row: the order's name and the row's place in it, opaque to clients."""
    place = sa.func.jsonb_build_array(name, *(sa.cast(column, sa.Text) for column in columns))
    return sealed(sa.cast(place, sa.Text))


def beyond(name: str, order: Order, columns: Sequence[SQL], after: str) -> SQL:
    """The rows past the cursor `after`. Raises BadCursorError if this order did not make it."""
    place = [_typed(column, text) for column, text in zip(columns, _place(name, len(columns), after), strict=True)]
    row, start = sa.tuple_(*columns), sa.tuple_(*place)
    return row < start if order.descending else row > start


def _place(name: str, length: int, after: str) -> list[str]:
    try:
        found = json.loads(after)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != length + 1 or found[0] != name:
        raise BadCursorError(FOREIGN)
    return [str(part) for part in found[1:]]


def read_cursor(after: str, key: bytes) -> str:
    """The place in a list that a cursor stands for. Raises BadCursorError for one that we did not make."""
    try:
        place = unseal(after, key)
    except ValueError:
        place = None
    if place is None:
        raise BadCursorError(FOREIGN)
    return place


def _typed(column: SQL, text: str) -> SQL:
    """A bind parameter of the column's type. Text that does not read as that type was no cursor of ours."""
    try:
        value = READERS[column.type.python_type](text)
    except (ValueError, OverflowError):
        raise BadCursorError(FOREIGN) from None
    return sa.bindparam(None, value, type_=column.type)


def _key(text: str) -> int:
    if not 0 <= (key := int(text)) < 2**63:
        raise ValueError("no key of PostgreSQL's")
    return key


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment.astimezone(UTC)


def _text(text: str) -> str:
    if b"\0" in text.encode():
        raise ValueError("no text of PostgreSQL's")
    return text


READERS: Mapping[type, Callable[[str], Any]] = {int: _key, date: date.fromisoformat, datetime: _moment, str: _text}
"""How the place of a row reads, by the type of an order's column."""
