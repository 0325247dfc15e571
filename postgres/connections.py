"""Connections for compiled plans: asyncpg's own, each with its prepared statements.

asyncpg's pool resets a connection each time it is lent, and makes two tasks of it; a plan leaves nothing behind that
would have to be reset, and both together are a fifth of what a short answer costs.
"""

import asyncio
from types import TracebackType

import asyncpg
import sqlalchemy as sa
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from postgres import database

WAIT_SECONDS = 1
PREPARED_STATEMENTS = 100
"""Kept by each connection: the plan of a long one takes PostgreSQL a megabyte."""


IN_USE = Gauge("suxin_connections_in_use", "Database connections in use", ["pool"], multiprocess_mode="livesum")
LIMIT = Gauge("suxin_connections_limit", "Database connections there may be", ["pool"], multiprocess_mode="livesum")
WAITED = Counter("suxin_connections_waited", "Plans that had to wait for a connection")
PLANS, LOADERS = "plans", "loaders"
LEASED = IN_USE.labels(PLANS)


def watch(engine: AsyncEngine, size: int) -> None:
    """Count the connections of the loaders' engine, of at most `size`."""
    used = IN_USE.labels(LOADERS)
    LIMIT.labels(LOADERS).set(size)
    sa.event.listen(engine.sync_engine, "checkout", lambda *_: used.inc())
    sa.event.listen(engine.sync_engine, "checkin", lambda *_: used.dec())


class Lease:
    """A connection for as long as the context lasts; what was cut off does not come back."""

    def __init__(self, pool: "PlanConnections") -> None:
        self._pool = pool

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await self._pool.take()
        LEASED.inc()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        LEASED.dec()
        if error is None or isinstance(error, asyncpg.PostgresError):
            self._pool.give_back(self._connection)
        else:
            await asyncio.shield(self._pool.give_up(self._connection))


class PlanConnections:
    """Up to `size` connections to `url`. A free one is waited for one second; TimeoutError after that.

    statement_timeout: in seconds.
    """

    def __init__(self, url: sa.URL, size: int, statement_timeout: int) -> None:
        self._url, self._session = url, database.make_session_settings(statement_timeout)
        self._free: list[asyncpg.Connection] = []
        self._places = asyncio.Semaphore(size)
        self._closed = False
        LIMIT.labels(PLANS).set(size)
        self._closing: set[asyncio.Task[None]] = set()

    def acquire(self) -> Lease:
        """A connection for as long as the context lasts."""
        return Lease(self)

    async def take(self) -> asyncpg.Connection:
        """A connection that nobody else has. Raises TimeoutError, OSError, asyncpg.PostgresError."""
        if self._places.locked():
            WAITED.inc()
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            return self._kept() or await self._made()
        except BaseException:
            self._places.release()
            raise

    def _kept(self) -> asyncpg.Connection | None:
        """The connection that was given back last, and is still alive."""
        while self._free:
            if not (connection := self._free.pop()).is_closed():
                return connection
        return None

    async def _made(self) -> asyncpg.Connection:
        return await database.connect(
            self._url,
            self._session | {"plan_cache_mode": "force_generic_plan"},  # planned once, as it was written once
            statement_cache_size=PREPARED_STATEMENTS,
            max_cacheable_statement_size=0,
            max_cached_statement_lifetime=0,
        )

    def give_back(self, connection: asyncpg.Connection) -> None:
        """Keep a connection for others, if there will be any."""
        if self._closed:
            connection.terminate()
        else:
            self._free.append(connection)
        self._places.release()

    def give_up(self, connection: asyncpg.Connection) -> asyncio.Task[None]:
        """Close a connection that was cut off in the middle, once its statement has been cancelled."""
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
        """Close the connections that are not in use; the others once they are given back."""
        self._closed = True
        await asyncio.gather(*self._closing)
        while self._free:
            await self._free.pop().close()
