"""Positions of events, assigned after the commit of their transactions (transactional outbox).

Concurrent transactions may write events. Positions are assigned to committed events only, by one transaction at a time,
so that a reader by position never misses an event that commits late.
"""

from collections import Counter

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.event import EventKind
from postgres.locks import HOLD, Lock

CHANNEL = "suxin_notifications"
"""The channel of NOTIFY, for deliveries and subscriptions."""

WAKE = sa.select(sa.func.pg_notify(CHANNEL, ""))
TOLD = "suxin_told"

PLACE = sa.text(
    """
    WITH waiting AS (
        SELECT id, (SELECT coalesce(max(position), 0) FROM event) + row_number() OVER (ORDER BY id) AS place
        FROM event WHERE position IS NULL
    ), placed AS (
        UPDATE event SET position = waiting.place FROM waiting WHERE event.id = waiting.id
        RETURNING event.id, event.position
    )
    UPDATE notification SET position = placed.position FROM placed WHERE notification.event_id = placed.id
    """
)
"""Assign positions by key. The events of one party are in order, since its lock is held until the commit."""

UNPLACED = sa.text("SELECT EXISTS (SELECT FROM event WHERE position IS NULL)")


def note_told(connection: AsyncConnection, kind: EventKind, events: int) -> None:
    """Count events that the transaction has written."""
    connection.info.setdefault(TOLD, Counter())[kind] += events


def take_told(connection: AsyncConnection) -> Counter[EventKind]:
    """Return and reset the number of events written, by kind."""
    told: Counter[EventKind] = connection.info.pop(TOLD, Counter())
    return told


async def place_events(engine: AsyncEngine) -> None:
    """Assign positions to all committed events, and notify the listeners."""
    async with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
        await place(connection)


async def place(connection: AsyncConnection) -> None:
    """The same, in a transaction that holds no other lock."""
    await connection.execute(HOLD, {"lock": Lock.PLACING})
    await connection.execute(PLACE)
    await connection.execute(WAKE)


async def place_left(engine: AsyncEngine) -> None:
    """The same, if an event has no position because its process stopped after the commit."""
    async with engine.connect() as connection:
        left = (await connection.execute(UNPLACED)).scalar_one()
    if left:
        await place_events(engine)
