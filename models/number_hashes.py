"""Columns with keyed hashes of identity numbers (R18): declared by their type, and found by it when the keys change."""

from collections.abc import Iterator

import sqlalchemy as sa

SEALED = "sealed"
"""The entry of a column's `info` that names the column with what is sealed to the hash."""


class NumberHash(sa.LargeBinary):
    """The type of a keyed hash (`models.keyring`): the version of the key, and 20 bytes."""


def list_hashes(metadata: sa.MetaData) -> Iterator[sa.Column[bytes]]:
    """Find the columns with keyed hashes, and with arrays of them."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(get_item_type(column.type), NumberHash):
                yield column


def get_item_type(type_: sa.types.TypeEngine[bytes]) -> sa.types.TypeEngine[bytes]:
    """Return the type of the items of an array, or the type itself."""
    return type_.item_type if isinstance(type_, sa.ARRAY) else type_


def select_version(metadata: sa.MetaData) -> sa.Select[int]:
    """Select the version of the key of what is stored; null if nothing is.

    One row a column is enough, since all are renewed in one transaction.
    """
    first = [
        sa.select(sa.func.get_byte(column, 0).label("version")).where(column.is_not(None)).limit(1).subquery()
        for column in list_hashes(metadata)
        if isinstance(column.type, NumberHash)
    ]
    found = sa.union_all(*(sa.select(one.c.version) for one in first)).subquery()
    return sa.select(sa.func.max(found.c.version))
