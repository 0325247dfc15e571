"""The library served from a database of its own, by plans and by loaders."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import asyncpg
import orjson
import sqlalchemy as sa
from library import Audience, Card, build_engine
from library_tables import ANNA, BEN, Base, LogEntry, fill
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

from engine.answering import Answering
from engine.declare.opaque import FUNCTION
from engine.document.document import Operation, prepare_operation
from engine.engine import Engine
from engine.execution import Executor, PricedRequest, price_request

ALL = frozenset({"catalogue", "loans", "purchasing"})
LIBRARIAN = Card(Audience.LIBRARIAN, ALL)
ANNAS, BENS = (Card(Audience.READER, frozenset({"catalogue", "loans"}), reader) for reader in (ANNA, BEN))

Entry = tuple[str, str, list[str], int | None, str]
"""Of the log: audience, root field, types, reader, result."""


class Told(NamedTuple):
    """An answer: its data, its errors as clients get them, and what the log says of it."""

    data: Any
    errors: list[Any]
    entries: list[Entry]


@dataclass(frozen=True)
class Library:
    """The service. database: of the loaders; pool: of the plans."""

    database: AsyncEngine
    pool: asyncpg.Pool
    engine: Engine = field(default_factory=build_engine, repr=False)

    def prepared(self, card: Card, query: str) -> Operation:
        """The operation that a card may ask. Raises DocumentError, ForbiddenError."""
        return prepare_operation(self.engine, query, None, card.scopes)

    def asked(self, card: Card, query: str, variables: Mapping[str, Any] | None = None) -> PricedRequest:
        """What a card asks. Raises DocumentError, ForbiddenError."""
        return price_request(self.prepared(card, query), dict(variables or {}), card.audience)

    async def told(
        self, card: Card, query: str, variables: Mapping[str, Any] | None = None, by: Executor = Executor.PLAN
    ) -> tuple[Told, str]:
        """The answer of an executor, and why the loaders gave it if they did."""
        request = self.asked(card, query, variables)
        answer, otherwise = await Answering(self.database, self.pool, by).answer(request, card)
        errors = [error.formatted for error in answer.errors]
        told = Told(orjson.loads(answer.text()), errors, await self.entries(request.operation.digest))
        return told, otherwise.reason if otherwise else ""

    async def answer(self, card: Card, query: str, variables: Mapping[str, Any] | None = None) -> Told:
        """The answer that plan and loaders both give, with the same entries in the log."""
        planned, otherwise = await self.told(card, query, variables)
        assert otherwise == ""
        loaded, _ = await self.told(card, query, variables, Executor.LOADERS)
        assert planned == loaded
        return planned

    async def data(self, card: Card, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data that plan and loaders both give, without errors."""
        told = await self.answer(card, query, variables)
        assert told.errors == []
        return told.data

    async def entries(self, operation: bytes) -> list[Entry]:
        """The entries of an operation, taken out of the log."""
        columns = (LogEntry.audience, LogEntry.field, LogEntry.types, LogEntry.reader_id, LogEntry.result)
        taken = sa.delete(LogEntry).where(LogEntry.operation == operation).returning(LogEntry.id, *columns)
        async with self.database.begin() as connection:
            rows = (await connection.execute(taken)).all()
        return [(row[1], row[2], row[3], row[4], row[5]) for row in sorted(rows, key=lambda row: row[0])]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements that the loaders send."""
        sent: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            sent.append(statement)

        sa.event.listen(self.database.sync_engine, "before_cursor_execute", note)
        yield sent
        sa.event.remove(self.database.sync_engine, "before_cursor_execute", note)


@asynccontextmanager
async def open_library(url: sa.URL) -> AsyncIterator[Library]:
    """The library in an empty database, filled."""
    made = sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with made.begin() as connection:
        connection.exec_driver_sql(FUNCTION)
    Base.metadata.create_all(made)
    with Session(made) as session, session.begin():
        fill(session)
    database = create_async_engine(url.set(drivername="postgresql+asyncpg"), isolation_level="REPEATABLE READ")
    options = database.dialect.create_connect_args(database.url)[1]
    async with asyncpg.create_pool(**options, min_size=1, max_size=2) as pool:
        yield Library(database, pool)
    await database.dispose()
