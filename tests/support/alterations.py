"""One fact of the city, changed for as long as a test looks at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


@contextmanager
def altered(engine: sa.Engine, model: Any, key: int, **values: Any) -> Iterator[None]:
    """The row `key` of `model` with these values; as it was before when the context ends."""
    table: sa.Table = model.__table__
    this = table.c.id == key
    with engine.begin() as connection:
        columns = [table.c[name] for name in values]
        before = dict(connection.execute(sa.select(*columns).where(this)).mappings().one())
        connection.execute(sa.update(table).where(this).values(values))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(sa.update(table).where(this).values(before))
