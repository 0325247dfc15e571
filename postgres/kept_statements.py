"""Statements that are compiled once and sent by the driver, in the transaction of an SQLAlchemy connection.

SQLAlchemy looks a statement up in its cache and makes a context and a result for each execution, which takes three
times as long as the work of the driver.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


Reader = Callable[[Any], Any]


class KeptStatement:
    """A statement with bind parameters. build: returns it; called at the first use, when all models are mapped."""

    def __init__(self, build: Callable[[], sa.Executable]) -> None:
        self._build = build

    @cached_property
    def _compiled(self) -> Any:
        return self._build().compile(dialect=DIALECT)  # type: ignore[attr-defined]  # executables have it

    @cached_property
    def text(self) -> str:
        """The text, with parameters $1, $2 …"""
        return str(self._compiled)

    @cached_property
    def _readers(self) -> Sequence[tuple[str, Reader]]:
        """The names of the columns of the result, and what makes a Python value of each."""
        columns = self._compiled._result_columns
        return [(column.keyname, _get_reader(column.type)) for column in columns]

    async def fetch(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the rows, with their columns as attributes. Raises DBAPIError."""
        given = {**self._compiled.params, **values}
        driver = await _get_driver(connection)
        try:
            found = await driver.fetch(self.text, *(given[name] for name in self._compiled.positiontup or ()))
        except asyncpg.PostgresError as error:
            raise DBAPIError(self.text, None, error, hide_parameters=True) from error
        return [SimpleNamespace(**{name: read(row[name]) for name, read in self._readers}) for row in found]

    async def fetch_row(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Any:
        """Return the first row, or None."""
        return next(iter(await self.fetch(connection, values)), None)


def _get_reader(type_: sa.types.TypeEngine[Any]) -> Reader:
    """Return what makes a Python value, such as a member of an enumeration, of a value of the driver."""
    found: Reader | None = type_.dialect_impl(DIALECT).result_processor(DIALECT, None)
    return found or (lambda value: value)


async def _get_driver(connection: AsyncConnection) -> asyncpg.Connection:
    """Return the driver's connection, in the transaction that SQLAlchemy begins with its first statement."""
    raw = await connection.get_raw_connection()
    driver: asyncpg.Connection = raw.driver_connection
    if not driver.is_in_transaction():
        await connection.exec_driver_sql("SELECT")
    return driver
