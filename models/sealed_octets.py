"""Columns with octets other than numbers that the key ring seals: declared with what they are bound to, and found by it
when the algorithm changes (ADR 41)."""

from collections.abc import Iterator, Sequence
from string import Formatter
from typing import Any

import sqlalchemy as sa

from models.keyring import FORMATS
from models.number_suites import Crypto

BOUND = "bound"
"""The entry of a column's `info` with what is authenticated with its octets: a text with names of columns of the row in
braces."""


def bind(column: Any, **places: int) -> bytes:
    """Return what the octets of a row are bound to. places: the values of the columns that it names."""
    return str(column.info[BOUND]).format(**places).encode()


def list_sealed(metadata: sa.MetaData) -> Iterator[sa.Column[Any]]:
    """Find the columns with sealed octets."""
    for table in metadata.sorted_tables:
        yield from (column for column in table.columns if BOUND in column.info)


def is_former(sealed: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Test whether a column has something that is sealed by AES-256-GCM."""
    return sa.and_(sealed.is_not(None), sa.func.get_byte(sealed, 0) == FORMATS[Crypto.INTERNATIONAL])


def list_places(column: sa.Column[Any]) -> Sequence[str]:
    """Return the names of the columns that the octets of a column are bound to."""
    return [name for _, name, _, _ in Formatter().parse(column.info[BOUND]) if name]
