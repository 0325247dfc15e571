"""SQL for JSON text, byte for byte what orjson writes of the same values.

Text is put together by `concat`, which takes a null for nothing: whatever may be null is told apart before it gets
there. A function of PostgreSQL takes a hundred arguments, so longer texts are concatenated in pieces.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from graphql import GraphQLEnumType, GraphQLList, GraphQLNamedType, GraphQLNonNull, get_nullable_type
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine.declare.sql import SQL

Piece = str | SQL
MOST_ARGUMENTS = 100
INFINITE = {"infinity": "9999-12-31T23:59:59.999999Z", "-infinity": "0001-01-01T00:00:00.000000Z"}
MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def concatenate(pieces: Iterable[Piece]) -> SQL:
    """One text of these pieces; neighbouring literals become one."""
    parts: list[SQL] = []
    for is_text, run in groupby(pieces, lambda piece: isinstance(piece, str)):
        found = list(run)
        parts += [sa.literal("".join(found))] if is_text else found  # type: ignore[arg-type]  # by the grouping
    while len(parts) > MOST_ARGUMENTS:
        chunks = (parts[place : place + MOST_ARGUMENTS] for place in range(0, len(parts), MOST_ARGUMENTS))
        parts = [sa.func.concat(*chunk) for chunk in chunks]
    return sa.func.concat(*parts, type_=sa.Text)


def write_object(found: Mapping[str, Piece]) -> list[Piece]:
    """An object of these members. Names are GraphQL names, which need no escape."""
    pieces: list[Piece] = []
    for place, (name, value) in enumerate(found.items()):
        pieces += [f'{"," if place else "{"}"{name}":', value]
    return [*pieces, "}"] if pieces else ["{}"]


def write_array(text: SQL, order: Sequence[SQL] = (), shown: SQL | None = None, between: str = ",") -> list[Piece]:
    """An array of the texts of a group's rows, in this order; `shown` leaves rows out. between: stands between two."""
    comma: SQL = sa.literal(between)
    last = aggregate_order_by(comma, *order) if order else comma
    texts = sa.func.string_agg(text, last)
    return ["[", texts if shown is None else texts.filter(shown), "]"]


def replace_null(text: SQL) -> SQL:
    """The text, or JSON's null."""
    return sa.func.coalesce(text, "null")


def write_scalar(type_: Any, value: SQL) -> SQL:
    """The JSON text of a value of a GraphQL leaf type, or of a list of them."""
    nullable, inner = not isinstance(type_, GraphQLNonNull), get_nullable_type(type_)
    text = _text_of(inner, value)
    return replace_null(text) if nullable else text


def _text_of(inner: Any, value: SQL) -> SQL:
    if isinstance(inner, GraphQLList):
        return _plain(sa.func.array_to_json(value))
    return quote(_name_of(inner, value)) if isinstance(inner, GraphQLEnumType) else WRITERS[inner.name](value)


def is_writable(leaf: GraphQLNamedType) -> bool:
    """Whether values of a leaf type can be written by SQL."""
    return isinstance(leaf, GraphQLEnumType) or leaf.name in WRITERS


def quote(value: SQL) -> SQL:
    """Of a text that needs no escape. Not by `concat`, so that a null stays one."""
    return sa.literal('"', sa.Text).op("||")(sa.cast(value, sa.Text)).op("||")(sa.literal('"', sa.Text))


def _name_of(enum: GraphQLEnumType, value: SQL) -> SQL:
    """The GraphQL name of an enum's stored value."""
    stored = {name: str(getattr(one.value, "value", one.value)) for name, one in enum.values.items()}
    if all(name == kept for name, kept in stored.items()):
        return value
    text = sa.cast(value, sa.Text)
    return sa.case(*((text == kept, name) for name, kept in stored.items()))


def _plain(value: SQL) -> SQL:
    return sa.cast(value, sa.Text)


def _escaped(value: SQL) -> SQL:
    return sa.cast(sa.func.to_json(sa.cast(value, sa.Text)), sa.Text)


def _day(value: SQL) -> SQL:
    """The first and the last day of Python's calendar are stored as infinite: asyncpg writes them so."""
    text = sa.func.replace(sa.cast(value, sa.Text), "-infinity", date.min.isoformat())
    return quote(sa.func.replace(text, "infinity", date.max.isoformat()))


def _moment(value: SQL) -> SQL:
    """The ends of Python's calendar are stored as infinite, which `to_char` gives no text for."""
    ends: dict[SQL, str] = {sa.literal_column(f"timestamptz '{end}'"): text for end, text in INFINITE.items()}
    infinite = sa.case(*((value == end, text) for end, text in ends.items()))
    return quote(sa.func.coalesce(sa.func.to_char(sa.func.timezone("UTC", value), MOMENT), infinite))


WRITERS: Mapping[str, Callable[[SQL], SQL]] = {
    "String": _escaped,
    "ID": quote,
    "Int": _plain,
    "Boolean": _plain,
    "Date": _day,
    "DateTime": _moment,
    "Money": quote,
}
"""How a value of each scalar is written, by the scalar's name. What is not here is left to the loaders."""
