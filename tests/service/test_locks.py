"""Advisory locks: each has a number of its own, so that nobody waits for work that has nothing to do with his."""

import sqlalchemy as sa
from courtroom import Courtroom, open_courtroom
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework import events
from casework.transaction import transact
from models.event import Event, EventKind
from postgres.locks import HOLD, Lock

TRY = sa.text("SELECT pg_try_advisory_xact_lock(:lock)")


async def free(engine: AsyncEngine) -> set[Lock]:
    """The locks that another transaction could have at once."""
    async with engine.connect() as connection:
        return {lock for lock in Lock if (await connection.execute(TRY, {"lock": lock})).scalar_one()}


def test_each_lock_has_a_number_of_its_own() -> None:
    assert len(set(Lock)) == len(Lock.__members__)
    assert all(0 < lock < 2**31 for lock in Lock)  # `pg_locks` shows the upper half of a number apart


async def test_who_holds_one_lock_leaves_all_others_free(engine: AsyncEngine) -> None:
    for held in Lock:
        async with engine.connect() as holder:
            await holder.execute(HOLD, {"lock": held})
            assert await free(engine) == set(Lock) - {held}


async def test_events_are_placed_while_an_import_establishes(engine: AsyncEngine) -> None:
    room: Courtroom = await transact(engine, open_courtroom)

    async def telling(connection: AsyncConnection) -> None:
        await events.tell(connection, [room.parties[0]], EventKind.LIST_ADDED, room.now)

    async with engine.connect() as importing:
        await importing.execute(HOLD, {"lock": Lock.ESTABLISHING})
        await transact(engine, telling)
        places = sa.select(Event.position).where(Event.party_id == room.parties[0])
        async with engine.connect() as connection:
            assert (await connection.execute(places)).scalars().all() == [1]
