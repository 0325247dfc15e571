"""The pool of asyncpg connections for plans.

The pool of asyncpg resets a connection after each use and creates two tasks for it. Plans leave no session state, and
without both a short answer takes a fifth less time.
"""

import asyncio
from collections.abc import Hashable
from types import TracebackType

import asyncpg
import sqlalchemy as sa
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from postgres import database
from postgres.errors import is_read_only
from postgres.sessions.by_role import PLANNED_ONCE
from postgres.shares import OWNER, Shares

WAIT_SECONDS = 1
PREPARED_STATEMENTS = 100
"""The number of prepared statements per connection. A large plan takes 1 MB of PostgreSQL's memory."""

IN_USE = Gauge("suxin_connections_in_use", "Database connections in use", ["pool"], multiprocess_mode="livesum")
LIMIT = Gauge("suxin_connections_limit", "Database connections there may be", ["pool"], multiprocess_mode="livesum")
WAITED = Counter("suxin_connections_waited", "Plans that had to wait for a connection")
PLANS, LOADERS = "plans", "loaders"
LEASED = IN_USE.labels(PLANS)


def watch(engine: AsyncEngine, size: int) -> None:
    """Count the connections of the loaders' engine. size: its pool size."""
    used = IN_USE.labels(LOADERS)
    LIMIT.labels(LOADERS).set(size)
    sa.event.listen(engine.sync_engine, "checkout", lambda *_: used.inc())
    sa.event.listen(engine.sync_engine, "checkin", lambda *_: used.dec())


class Lease:
    """Lends a connection while the context lasts. An interrupted connection is not reused, and none to a server that
    has become read-only."""

    def __init__(self, pool: "PlanConnections") -> None:
        self._pool = pool

    async def __aenter__(self) -> asyncpg.Connection:
        self._owner = OWNER.get()
        self._connection = await self._pool.take(self._owner)
        LEASED.inc()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        LEASED.dec()
        self._pool.shares.leave(self._owner)
        if is_read_only(error):
            self._pool.drop_kept()
        elif error is None or isinstance(error, asyncpg.PostgresError):
            self._pool.give_back(self._connection)
            return
        await asyncio.shield(self._pool.give_up(self._connection))


class PlanConnections:
    """A pool of up to `size` connections. Raises TimeoutError if none is free within one second, for its owner.

    statement_timeout: in seconds.
    """

    def __init__(self, url: sa.URL, size: int, statement_timeout: int) -> None:
        self._url, self._session = url, database.make_session_settings(statement_timeout)
        self._free: list[asyncpg.Connection] = []
        self._places = asyncio.Semaphore(size)
        self.shares = Shares(size)
        self._closed = False
        LIMIT.labels(PLANS).set(size)
        self._closing: set[asyncio.Task[None]] = set()

    def acquire(self) -> Lease:
        """Return a context manager that lends a connection."""
        return Lease(self)

    async def take(self, owner: Hashable = None) -> asyncpg.Connection:
        """Take a connection within the share of an owner. Raises TimeoutError, OSError, asyncpg.PostgresError."""
        entered = self.shares.enter(owner)
        if not entered or self._places.locked():
            WAITED.inc()
            async with asyncio.timeout(WAIT_SECONDS):
                await self._wait(owner, entered=entered)
        else:
            await self._places.acquire()
        try:
            return self._kept() or await self._made()
        except BaseException:
            self._places.release()
            self.shares.leave(owner)
            raise

    async def _wait(self, owner: Hashable, *, entered: bool) -> None:
        if not entered:
            await self.shares.wait(owner)
        try:
            await self._places.acquire()
        except BaseException:
            self.shares.leave(owner)
            raise

    def _kept(self) -> asyncpg.Connection | None:
        """Return the connection that was used last, if it is still open."""
        while self._free:
            if not (connection := self._free.pop()).is_closed():
                return connection
        return None

    async def _made(self) -> asyncpg.Connection:
        return await database.connect(
            self._url,
            self._session | PLANNED_ONCE,
            statement_cache_size=PREPARED_STATEMENTS,
            max_cacheable_statement_size=0,
            max_cached_statement_lifetime=0,
        )

    def give_back(self, connection: asyncpg.Connection) -> None:
        """Return a connection to the pool, or close it if the pool is closed."""
        if self._closed:
            connection.terminate()
        else:
            self._free.append(connection)
        self._places.release()

    def drop_kept(self) -> None:
        """Close the connections that are not in use."""
        while self._free:
            self._free.pop().terminate()

    def give_up(self, connection: asyncpg.Connection) -> asyncio.Task[None]:
        """Close an interrupted connection after its statement has been cancelled."""
        closing = asyncio.create_task(self._give_up(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        return closing

    async def _give_up(self, connection: asyncpg.Connection) -> None:
        try:
            await connection.close(timeout=WAIT_SECONDS)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close the pool. Connections in use are closed when they are returned."""
        self._closed = True
        await asyncio.gather(*self._closing)
        while self._free:
            await self._free.pop().close()
