"""The order of events: each gets its place after its transaction is committed (transactional outbox).

Transactions that tell of events need not wait for each other. Whoever reads by place never meets an event that comes
later in time and earlier in place: a place is given only to what is committed, by one transaction at a time.
"""

from collections import Counter

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.event import EventKind
from postgres.locks import HOLD, Lock

CHANNEL = "suxin_notifications"
"""What PostgreSQL wakes the deliverers and subscriptions by (LISTEN), once the transaction is committed."""

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
"""Events of one party stand in the order of their keys, since its lock is held until the commit."""

UNPLACED = sa.text("SELECT EXISTS (SELECT FROM event WHERE position IS NULL)")


def note_told(connection: AsyncConnection, kind: EventKind, events: int) -> None:
    """Note that the transaction tells of events."""
    connection.info.setdefault(TOLD, Counter())[kind] += events


def take_told(connection: AsyncConnection) -> Counter[EventKind]:
    """How many events of each kind were noted since it was last asked."""
    told: Counter[EventKind] = connection.info.pop(TOLD, Counter())
    return told


async def place_events(engine: AsyncEngine) -> None:
    """Give all committed events that have none their place, and wake who waits for them."""
    async with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
        await place(connection)


async def place(connection: AsyncConnection) -> None:
    """The same in a transaction that holds nothing else."""
    await connection.execute(HOLD, {"lock": Lock.PLACING})
    await connection.execute(PLACE)
    await connection.execute(WAKE)


async def place_left(engine: AsyncEngine) -> None:
    """The same for what somebody told of who did not live to give it its place."""
    async with engine.connect() as connection:
        left = (await connection.execute(UNPLACED)).scalar_one()
    if left:
        await place_events(engine)
