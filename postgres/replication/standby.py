"""The connections of a standby, and whether it may be read from."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

import asyncpg

from postgres import database
from postgres.connections import Lease, PlanConnections

STATE = """
    SELECT pg_is_in_recovery() AS follows, system.system_identifier AS system,
        CASE WHEN pg_is_in_recovery() THEN greatest(last.timeline_id, replayed.min_recovery_end_timeline)
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END AS timeline,
        CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END AS replayed
    FROM pg_control_system() AS system, pg_control_checkpoint() AS last, pg_control_recovery() AS replayed
"""
MOST_SECONDS, FRESH_SECONDS = 1.0, 5.0
"""How long a server has to say what it is, and for how long that is known."""

AWAY = OSError, asyncpg.PostgresError, asyncpg.InterfaceError


class ServerState(NamedTuple):
    """What a server is: whether it follows another, the cluster, its timeline, and how far it has replayed."""

    follows: bool
    system: int
    timeline: int
    replayed: int | None


@dataclass
class StandbyConnections:
    """The connections of a standby of `primary`. It is read from while it follows on the primary's timeline."""

    standby: PlanConnections
    primary: PlanConnections
    _state: ServerState | None = None
    _known: float = float("-inf")

    def acquire(self) -> Lease:
        """Return a context manager that lends a connection."""
        return self.standby.acquire()

    async def look(self) -> None:
        """Find out what the servers are. Raises OSError for one that is away."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                state, primary = await read_state(self.standby), await read_state(self.primary)
        except AWAY as error:
            self._state = None
            raise ConnectionError(type(error).__name__) from error
        same = (state.system, state.timeline) == (primary.system, primary.timeline)
        self._state = state if state.follows and not primary.follows and same else None
        self._known = monotonic()

    async def is_fit(self, after: tuple[int, int] | None) -> bool:
        """Return whether it follows the primary. after: the timeline and position that it must have replayed."""
        state = self._state
        if state is None or monotonic() - self._known > FRESH_SECONDS:
            return False
        return after is None or (state.timeline == after[0] and await self._has_replayed(state, after[1]))

    async def _has_replayed(self, state: ServerState, lsn: int) -> bool:
        if (state.replayed or 0) >= lsn:
            return True
        try:
            now = await read_state(self.standby)
        except AWAY:
            return False
        if now[:-1] == state[:-1]:
            self._state = now
        return self._state is now and (now.replayed or 0) >= lsn

    async def close(self) -> None:
        """Close the connections of the standby."""
        await self.standby.close()


def open_standby(
    url: str | None, size: int, statement_timeout: int, primary: PlanConnections
) -> StandbyConnections | None:
    """Return the connections of the standby at `url`, up to `size`; None without one. statement_timeout: in seconds."""
    if url is None:
        return None
    return StandbyConnections(PlanConnections(database.read_url(url), size, statement_timeout), primary)


async def read_state(connections: PlanConnections) -> ServerState:
    """Read what a server is."""
    async with connections.acquire() as connection:
        return ServerState(*await connection.fetchrow(STATE))
