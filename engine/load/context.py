"""What one request may reach through the loaders: its one connection, its caller, and the loaders made so far."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.engine import Engine
from engine.load.trail import Trail

Loader = Any


class Later:
    """What begins when it is awaited. graphql-core leaves the siblings of a field that failed unawaited."""

    def __init__(self, begin: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> None:
        self._begin, self._arguments = begin, arguments

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._begin(*self._arguments).__await__()


@dataclass
class Performing:
    """The one mutation of a request.

    changed: the key of the row; known beforehand where it `replays` an earlier one. refused: nothing was done.
    """

    changed: int | None = None
    replays: bool = False
    refused: bool = False


class EndedError(Exception):
    """A field that asks when its request has ended. A cancellation would leave all that wait for it waiting."""


@dataclass(frozen=True)
class Unconnected:
    """A request whose fields ask nothing of the database."""

    caller: Any


@dataclass(kw_only=True)
class Context:
    """One request: one connection and one snapshot. caller: the service's own, which is a `Caller`."""

    engine: Engine
    caller: Any
    connection: AsyncConnection
    trail: Trail = field(init=False)
    performing: Performing = field(default_factory=Performing)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _loaders: dict[Hashable, Loader] = field(default_factory=dict)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)
    _closed: bool = False

    def __post_init__(self) -> None:
        self.trail = Trail(self.engine.audit)

    async def close(self) -> None:
        """Wait for the statement that is running, and let none begin: a loader outlives a field that failed."""
        async with self._lock:
            self._closed = True

    def abandon(self) -> None:
        """Cut off what is running, and with it the connection: the request has had its time."""
        for statement in self._running:
            statement.cancel()

    async def fetch(self, statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[sa.RowMapping]:
        """Run one statement. Fields run side by side; a connection does not, so they take turns.

        graphql-core cancels the siblings of a field that failed: their statements are left to end by themselves, as
        one that is cut off takes the connection with it.
        """
        running = asyncio.create_task(self._fetch(statement, values))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return await asyncio.shield(running)

    async def _fetch(self, statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[sa.RowMapping]:
        async with self._lock:
            if self._closed:
                raise EndedError
            result = await self.connection.execute(statement, values)
            found: Sequence[sa.RowMapping] = result.mappings().all()
        return found

    def loader(self, key: Hashable, make: Callable[[], Loader]) -> Loader:
        """The loader of this request under `key`, made when first asked for."""
        if key not in self._loaders:
            self._loaders[key] = make()
        return self._loaders[key]
