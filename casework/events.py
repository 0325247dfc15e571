"""Events are written where things happen: in the same transaction, in the order of their subject.

Their place among all events is given after the commit (`casework.outbox`).
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.colour import LOCK, recolour
from casework.keys import bind_keys
from casework.notifications import Withdrawal, notify_client, notify_recipients, notify_served, notify_watching
from casework.outbox import note_told
from models.catalogue import Colour
from models.code_record import CodePeriod, Perspective, is_known_today
from models.event import Event, EventKind
from models.party import Party
from models.terms import court_day


async def lock_parties(connection: AsyncConnection, party_keys: Collection[int]) -> None:
    """Wait for whoever colours these parties or tells of them. Who does both for several locks all of them first."""
    await connection.execute(LOCK, {"keys": sorted(set(party_keys))})


async def tell(connection: AsyncConnection, party_keys: Collection[int], kind: EventKind, at: datetime) -> None:
    """Write one event for each of these parties, and who watches it. Nothing that others do not see may be
    told (R10, R16): leave it out."""
    if party_keys:
        await notify_watching(connection, await _tell(connection, party_keys, kind, at), at)


async def tell_gone(connection: AsyncConnection, gone: Collection[Withdrawal], kind: EventKind, at: datetime) -> None:
    """Write that something of each of these parties has vanished: for who watches it, and who was served it (R10)."""
    if not gone:
        return
    events = await _tell(connection, {one.party_id for one in gone}, kind, at)
    await notify_watching(connection, events, at)  # first: who watches is told by the reference of its watch
    await notify_served(connection, gone, events)


async def tell_recipients(
    connection: AsyncConnection, consent_keys: Collection[int], kind: EventKind, at: datetime
) -> None:
    """Write what happened to consents, for their recipients."""
    if not consent_keys:
        return
    rows = [{"consent_id": key, "kind": kind, "occurred_at": at} for key in sorted(set(consent_keys))]
    note_told(connection, kind, len(rows))
    written = await connection.execute(sa.insert(Event).returning(Event.id), rows)
    await notify_recipients(connection, written.scalars().all())


async def tell_client(
    connection: AsyncConnection, client_key: int, operation: int, reference: str | None, at: datetime
) -> None:
    """Write that a client's bulk operation has ended, for that client, if it is one that is told of events."""
    note_told(connection, EventKind.BULK_OPERATION_ENDED, 1)
    values = {"bulk_operation_id": operation, "kind": EventKind.BULK_OPERATION_ENDED, "occurred_at": at}
    event = (await connection.execute(sa.insert(Event).values(values).returning(Event.id))).scalar_one()
    await notify_client(connection, event, client_key, reference)


async def _tell(
    connection: AsyncConnection, party_keys: Collection[int], kind: EventKind, at: datetime
) -> Mapping[int, int]:
    """Write the events; gives the key of each party's."""
    keys = sorted(set(party_keys))
    note_told(connection, kind, len(keys))
    await lock_parties(connection, keys)
    last = sa.select(sa.func.max(Event.sequence)).where(Event.party_id == Party.id).scalar_subquery()
    told = sa.select(
        Party.id,
        sa.func.coalesce(last, 0) + 1,
        sa.literal(kind, Event.kind.type),
        sa.literal(at, sa.DateTime(timezone=True)),
    ).where(Party.id == sa.any_(bind_keys(keys)))
    columns = ["party_id", "sequence", "kind", "occurred_at"]
    written = sa.insert(Event).from_select(columns, told).returning(Event.party_id, Event.id)
    return {row.party_id: row.id for row in await connection.execute(written)}


async def update_colours(
    connection: AsyncConnection, party_keys: Collection[int], at: datetime, *, silent: bool = False
) -> None:
    """Colour these parties anew, and tell of those whose colour others now see changed (R11), unless `silent`."""
    keys = sorted(set(party_keys))
    if not keys:
        return
    await lock_parties(connection, keys)
    before = await _colours(connection, keys, at)
    await recolour(connection, keys)
    after = await _colours(connection, keys, at)
    changed = [key for key in keys if before.get(key, Colour.GREEN) != after.get(key, Colour.GREEN)]
    if not silent:
        await tell(connection, changed, EventKind.COLOUR_CHANGED, at)


async def _colours(connection: AsyncConnection, keys: Collection[int], at: datetime) -> Mapping[int, Colour]:
    """The colours that are seen from outside; green without a period."""
    query = sa.select(CodePeriod.party_id, CodePeriod.colour).where(
        CodePeriod.party_id == sa.any_(bind_keys(keys)),
        CodePeriod.perspective == Perspective.OUTSIDE,
        is_known_today(CodePeriod),
        CodePeriod.during.contains(court_day(at)),
    )
    return {row.party_id: row.colour for row in await connection.execute(query)}
