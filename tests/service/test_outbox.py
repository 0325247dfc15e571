"""Events have their place in the order in which they are committed, and nobody waits for another to tell (R23)."""

from collections.abc import Sequence

import sqlalchemy as sa
from courtroom import open_courtroom
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from world import NOW

from casework import events, outbox
from casework.transaction import transact
from models.event import Event, EventKind

PARTIES = sa.select(Event.party_id).where(Event.position > sa.bindparam("seen")).order_by(Event.position)


async def read(engine: AsyncEngine, seen: int) -> Sequence[int | None]:
    """The parties of the events after a place, in their order."""
    async with engine.connect() as connection:
        return (await connection.execute(PARTIES, {"seen": seen})).scalars().all()


async def test_what_is_told_by_a_slow_transaction_comes_after_what_was_read(engine: AsyncEngine) -> None:
    room = await transact(engine, open_courtroom)
    slow_party, quick_party = room.parties[:2]

    async def telling(connection: AsyncConnection) -> None:
        await events.tell(connection, [quick_party], EventKind.LIST_ADDED, room.now)

    async with engine.connect() as slow:
        await events.tell(slow, [slow_party], EventKind.LIST_ADDED, room.now)
        await transact(engine, telling)  # which waits for nobody
        assert await read(engine, 0) == [quick_party]
        await slow.commit()
    assert await read(engine, 1) == []
    await outbox.place_left(engine)
    assert await read(engine, 1) == [slow_party]
    await outbox.place_left(engine)
    assert await read(engine, 0) == [quick_party, slow_party]


async def test_what_is_rolled_back_takes_no_place(engine: AsyncEngine) -> None:
    async def telling(connection: AsyncConnection) -> None:
        party = (await connection.execute(sa.select(sa.func.min(Event.party_id)))).scalar_one() or 0
        await events.tell(connection, [party], EventKind.LIST_ADDED, NOW)

    before = await last(engine)
    async with engine.connect() as connection:
        await telling(connection)
        await connection.rollback()
    await transact(engine, telling)
    assert await last(engine) == before + 1


async def last(engine: AsyncEngine) -> int:
    """The last place of all."""
    async with engine.connect() as connection:
        place: int = (await connection.execute(sa.select(sa.func.max(Event.position)))).scalar_one() or 0
    return place
