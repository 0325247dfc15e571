"""SQL for JSON text. It equals the output of orjson byte for byte.

concat() ignores nulls, so that nullable values are replaced before. PostgreSQL functions take at most 100 arguments, so
that longer texts are concatenated in parts.
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
    """Return SQL that concatenates these pieces. Adjacent literals are merged."""
    parts: list[SQL] = []
    for is_text, run in groupby(pieces, lambda piece: isinstance(piece, str)):
        found = list(run)
        parts += [sa.literal("".join(found))] if is_text else found  # type: ignore[arg-type]  # by the grouping
    while len(parts) > MOST_ARGUMENTS:
        chunks = (parts[place : place + MOST_ARGUMENTS] for place in range(0, len(parts), MOST_ARGUMENTS))
        parts = [sa.func.concat(*chunk) for chunk in chunks]
    return sa.func.concat(*parts, type_=sa.Text)


def write_object(found: Mapping[str, Piece]) -> list[Piece]:
    """Return the pieces of a JSON object. GraphQL names need no escaping."""
    pieces: list[Piece] = []
    for place, (name, value) in enumerate(found.items()):
        pieces += [f'{"," if place else "{"}"{name}":', value]
    return [*pieces, "}"] if pieces else ["{}"]


def write_array(text: SQL, order: Sequence[SQL] = (), shown: SQL | None = None, between: str = ",") -> list[Piece]:
    """Return the pieces of a JSON array of the texts in a group. order: of the rows. shown: a filter. between: the
    separator.
    """
    comma: SQL = sa.literal(between)
    last = aggregate_order_by(comma, *order) if order else comma
    texts = sa.func.string_agg(text, last)
    return ["[", texts if shown is None else texts.filter(shown), "]"]


def replace_null(text: SQL) -> SQL:
    """Return SQL that replaces null by JSON null."""
    return sa.func.coalesce(text, "null")


def write_scalar(type_: Any, value: SQL) -> SQL:
    """Return SQL for the JSON text of a value of a leaf type, or of a list of them."""
    nullable, inner = not isinstance(type_, GraphQLNonNull), get_nullable_type(type_)
    text = _text_of(inner, value)
    return replace_null(text) if nullable else text


def _text_of(inner: Any, value: SQL) -> SQL:
    if isinstance(inner, GraphQLList):
        return _plain(sa.func.array_to_json(value))
    return quote(_name_of(inner, value)) if isinstance(inner, GraphQLEnumType) else WRITERS[inner.name](value)


def is_writable(leaf: GraphQLNamedType) -> bool:
    """Return whether SQL can write values of a leaf type."""
    return isinstance(leaf, GraphQLEnumType) or leaf.name in WRITERS


def quote(value: SQL) -> SQL:
    """Return SQL that quotes a text without escaping. A null stays null, because concat() is not used."""
    return sa.literal('"', sa.Text).op("||")(sa.cast(value, sa.Text)).op("||")(sa.literal('"', sa.Text))


def _name_of(enum: GraphQLEnumType, value: SQL) -> SQL:
    """Return SQL for the GraphQL name of an enum value."""
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
    """Python's first and last day are stored as infinity, as asyncpg writes them."""
    text = sa.func.replace(sa.cast(value, sa.Text), "-infinity", date.min.isoformat())
    return quote(sa.func.replace(text, "infinity", date.max.isoformat()))


def _moment(value: SQL) -> SQL:
    """Python's first and last moment are stored as infinity, for which to_char() returns null."""
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
"""Functions that write the values of a scalar, by its name. Other scalars are left to the loaders."""
