"""Keys of rows: as one array parameter, and drawn before a row is written."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.base import Keyed

KEYS = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger))
"""The parameter `keys` of a statement that is built once. A list of single parameters would be limited in length."""


def bind_keys(keys: Iterable[int]) -> sa.BindParameter[list[int]]:
    """Return keys as an array value of a statement."""
    return sa.literal(list(keys), sa.ARRAY(sa.BigInteger))


async def draw_key(connection: AsyncConnection, model: type[Keyed]) -> int:
    """Draw the key of a row that is about to be inserted from the sequence of its table."""
    sequence = sa.func.pg_get_serial_sequence(model.__tablename__, "id")
    key: int = (await connection.execute(sa.select(sa.func.nextval(sequence)))).scalar_one()
    return key
