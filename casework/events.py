"""Events, written in the transaction of the change, and in order for each subject.

Their position among all events is assigned after the commit (`casework.outbox`).
"""

from collections.abc import Collection, Mapping, Sequence
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
from models.terms import to_court_day


async def lock_parties(connection: AsyncConnection, party_keys: Collection[int]) -> None:
    """Lock parties, so that concurrent writers of their colours and events wait. Lock all parties in one call."""
    await connection.execute(LOCK, {"keys": sorted(set(party_keys))})


async def tell(connection: AsyncConnection, party_keys: Collection[int], kind: EventKind, at: datetime) -> None:
    """Write an event for each party and notify the clients that watch it.

    The caller leaves out parties whose change is not visible outside (R10, R16).
    """
    if party_keys:
        await notify_watching(connection, await _tell(connection, party_keys, kind, at), at)


async def tell_subject(connection: AsyncConnection, party_key: int, kind: EventKind, at: datetime) -> None:
    """Write an event that only the party and the courts read: its matter is not public."""
    await _tell(connection, {party_key}, kind, at)


async def tell_about(
    connection: AsyncConnection,
    party_key: int | None,
    kind: EventKind,
    at: datetime,
    client: tuple[int, str] | None = None,
) -> None:
    """Write an event that only the party, the courts and one client read: that client's key, and its reference. Nothing
    is written of a party that is unknown."""
    if party_key is None:
        return
    events = await _tell(connection, {party_key}, kind, at)
    if client:
        await notify_client(connection, events[party_key], *client)


async def tell_gone(connection: AsyncConnection, gone: Collection[Withdrawal], kind: EventKind, at: datetime) -> None:
    """Write events of withdrawals; notify the clients that watch a party or were served what is withdrawn (R10)."""
    if not gone:
        return
    events = await _tell(connection, {one.party_id for one in gone}, kind, at)
    await notify_watching(connection, events, at)  # first, so that a watch's reference wins
    await notify_served(connection, gone, events)


async def tell_recipients(
    connection: AsyncConnection, consent_keys: Collection[int], kind: EventKind, at: datetime
) -> None:
    """Write an event for each consent and notify its recipient."""
    if not consent_keys:
        return
    await notify_recipients(connection, await tell_subjects(connection, consent_keys, kind, at))


async def tell_subjects(
    connection: AsyncConnection, consent_keys: Collection[int], kind: EventKind, at: datetime
) -> Sequence[int]:
    """Write an event for each consent, which its subject reads. Return the keys of the events."""
    rows = [{"consent_id": key, "kind": kind, "occurred_at": at} for key in sorted(set(consent_keys))]
    note_told(connection, kind, len(rows))
    written = await connection.execute(sa.insert(Event).returning(Event.id), rows)
    return written.scalars().all()


async def tell_client(
    connection: AsyncConnection, client_key: int, operation: int, reference: str | None, at: datetime
) -> None:
    """Write the event of the end of a bulk operation and notify its client."""
    note_told(connection, EventKind.BULK_OPERATION_ENDED, 1)
    values = {"bulk_operation_id": operation, "kind": EventKind.BULK_OPERATION_ENDED, "occurred_at": at}
    event = (await connection.execute(sa.insert(Event).values(values).returning(Event.id))).scalar_one()
    await notify_client(connection, event, client_key, reference)


async def _tell(
    connection: AsyncConnection, party_keys: Collection[int], kind: EventKind, at: datetime
) -> Mapping[int, int]:
    """Write the events. Return their keys by party."""
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
    """Recolour parties, and write events for those whose colour changed outside (R11), unless `silent`."""
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
    """Return the colours outside; a party without a period is missing, and green."""
    query = sa.select(CodePeriod.party_id, CodePeriod.colour).where(
        CodePeriod.party_id == sa.any_(bind_keys(keys)),
        CodePeriod.perspective == Perspective.OUTSIDE,
        is_known_today(CodePeriod),
        CodePeriod.during.contains(to_court_day(at)),
    )
    return {row.party_id: row.colour for row in await connection.execute(query)}
