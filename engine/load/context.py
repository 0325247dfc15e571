"""The context of a request that the loaders answer."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.engine import Engine
from engine.load.trail import Trail

Loader = Any


def retrieve(future: asyncio.Future[Any]) -> None:
    """Take note of an error: whoever waited for it may have been cancelled. Otherwise asyncio logs it as forgotten."""
    if not future.cancelled():
        future.exception()


def shield(future: asyncio.Future[Any]) -> asyncio.Future[Any]:
    """Return a future for the result of another one, which goes on when the first is cancelled. Errors of both are
    noted: asyncio's own `shield` leaves that of the other one when the first was cancelled before."""
    shielded = asyncio.shield(future)
    for one in (future, shielded):
        one.add_done_callback(retrieve)
    return shielded


class Deferred:
    """An awaitable that starts when it is awaited. graphql-core does not await the siblings of a failed field."""

    def __init__(self, begin: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> None:
        self._begin, self._arguments = begin, arguments

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._begin(*self._arguments).__await__()


@dataclass
class MutationState:
    """The mutation of a request.

    changed: the key of the row; given if the mutation `replays` an earlier request. refusal: why nothing was changed.
    unseen: whether a plan has found that the caller may not see the row.
    """

    changed: int | None = None
    replays: bool = False
    refusal: Exception | None = None
    unseen: bool = False

    @property
    def is_decided(self) -> bool:
        """Whether the mutation is performed or refused."""
        return self.changed is not None or self.refusal is not None


class EndedError(Exception):
    """A field was resolved after the end of its request. A cancellation would block other waiting fields."""


@dataclass(frozen=True)
class Unconnected:
    """The context of fields that do not use the database."""

    caller: Any


@dataclass(kw_only=True)
class Context:
    """One request, with one connection and one snapshot. caller: the `Caller` of the service."""

    engine: Engine
    caller: Any
    connection: AsyncConnection
    trail: Trail = field(init=False)
    performing: MutationState = field(default_factory=MutationState)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _loaders: dict[Hashable, Loader] = field(default_factory=dict)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)
    _closed: bool = False

    def __post_init__(self) -> None:
        self.trail = Trail(self.engine.audit)

    async def close(self) -> None:
        """Wait for the current statement and refuse further ones. Loaders may outlive a failed field."""
        async with self._lock:
            self._closed = True

    def abandon(self) -> None:
        """Cancel the current statement, which also closes the connection. Called on a timeout."""
        for statement in self._running:
            statement.cancel()

    async def fetch(self, statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[sa.RowMapping]:
        """Execute one statement. The fields of a request take turns on its connection.

        graphql-core cancels the siblings of a failed field. Their statements are completed, because cancellation would
        close the connection.
        """
        running = asyncio.create_task(self._fetch(statement, values))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        found: Sequence[sa.RowMapping] = await shield(running)
        return found

    async def _fetch(self, statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[sa.RowMapping]:
        async with self._lock:
            if self._closed:
                raise EndedError
            result = await self.connection.execute(statement, values)
            found: Sequence[sa.RowMapping] = result.mappings().all()
        return found

    def get_loader(self, key: Hashable, make: Callable[[], Loader]) -> Loader:
        """Return the loader of this request for `key`. It is made when first used."""
        if key not in self._loaders:
            self._loaders[key] = make()
        return self._loaders[key]
