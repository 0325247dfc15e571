"""Events are written where things happen: in the same transaction, in the order of their subject."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.colour import LOCK, recolour
from casework.notifications import Gone, keys_of, notify_client, notify_recipients, notify_served, notify_watching
from models.catalogue import Colour
from models.code_record import CodePeriod, Perspective, known_today
from models.event import Event, EventKind
from models.party import Party
from models.terms import court_day

EVENTS = 0x53555849  # "SUXI": no other advisory lock of the service has this number
IN_ORDER = sa.select(sa.func.pg_advisory_xact_lock(EVENTS))
"""Whoever writes events waits for whoever is writing some: their keys are in the order in which they are committed, so
that a reader who has seen one has seen all before it. Taken before the parties, so that no two wait for each other."""


async def tell(connection: AsyncConnection, party_keys: Collection[int], kind: EventKind, at: datetime) -> None:
    """Write one event for each of these parties, and who watches it. Nothing that is protected may be told (R16):
    leave it out."""
    if party_keys:
        await notify_watching(connection, await _tell(connection, party_keys, kind, at), at)


async def tell_gone(connection: AsyncConnection, gone: Collection[Gone], kind: EventKind, at: datetime) -> None:
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
    await connection.execute(IN_ORDER)
    rows = [{"consent_id": key, "kind": kind, "occurred_at": at} for key in sorted(set(consent_keys))]
    written = await connection.execute(sa.insert(Event).returning(Event.id), rows)
    await notify_recipients(connection, written.scalars().all())


async def tell_client(
    connection: AsyncConnection, client_key: int, operation: int, reference: str | None, at: datetime
) -> None:
    """Write that a client's bulk operation has ended, for that client, if it is one that is told of events."""
    await connection.execute(IN_ORDER)
    values = {"bulk_operation_id": operation, "kind": EventKind.BULK_OPERATION_ENDED, "occurred_at": at}
    event = (await connection.execute(sa.insert(Event).values(values).returning(Event.id))).scalar_one()
    await notify_client(connection, event, client_key, reference)


async def _tell(
    connection: AsyncConnection, party_keys: Collection[int], kind: EventKind, at: datetime
) -> Mapping[int, int]:
    """Write the events; gives the key of each party's."""
    keys = sorted(set(party_keys))
    await connection.execute(IN_ORDER)
    await connection.execute(LOCK, {"keys": keys})
    last = sa.select(sa.func.max(Event.sequence)).where(Event.party_id == Party.id).scalar_subquery()
    told = sa.select(
        Party.id,
        sa.func.coalesce(last, 0) + 1,
        sa.literal(kind, Event.kind.type),
        sa.literal(at, sa.DateTime(timezone=True)),
    ).where(Party.id == sa.any_(keys_of(keys)))
    columns = ["party_id", "sequence", "kind", "occurred_at"]
    written = sa.insert(Event).from_select(columns, told).returning(Event.party_id, Event.id)
    return {row.party_id: row.id for row in await connection.execute(written)}


async def colour(connection: AsyncConnection, party_keys: Collection[int], at: datetime) -> None:
    """Colour these parties anew, and tell of those whose colour others now see changed (R11)."""
    keys = sorted(set(party_keys))
    await connection.execute(IN_ORDER)
    await connection.execute(LOCK, {"keys": keys})
    before = await _colours(connection, keys, at)
    await recolour(connection, keys)
    after = await _colours(connection, keys, at)
    changed = [key for key in keys if before.get(key, Colour.GREEN) != after.get(key, Colour.GREEN)]
    await tell(connection, changed, EventKind.COLOUR_CHANGED, at)


async def _colours(connection: AsyncConnection, keys: Collection[int], at: datetime) -> Mapping[int, Colour]:
    """The colours that are seen from outside; green without a period."""
    query = sa.select(CodePeriod.party_id, CodePeriod.colour).where(
        CodePeriod.party_id == sa.any_(keys_of(keys)),
        CodePeriod.perspective == Perspective.OUTSIDE,
        known_today(CodePeriod),
        CodePeriod.during.contains(court_day(at)),
    )
    return {row.party_id: row.colour for row in await connection.execute(query)}
