"""Keys of rows as one array value: a list of parameters would have an end."""

from collections.abc import Iterable

import sqlalchemy as sa

KEYS = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger))
"""The parameter `keys` of a statement that is built once."""


def bind_keys(keys: Iterable[int]) -> sa.BindParameter[list[int]]:
    """These keys as a value within a statement."""
    return sa.literal(list(keys), sa.ARRAY(sa.BigInteger))
