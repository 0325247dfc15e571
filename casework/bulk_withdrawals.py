"""Withdrawal of bulk files: an operation stops, and its file is deleted, once it may no longer show a subject (R10,
R15).

The access log holds the subjects that an operation has read, under its request id.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.bulk_operations import take_back
from models.access_answer import select_answers_about
from models.access_record import AccessRecord
from models.bulk_operation import BulkOperation, BulkState
from models.client import Client
from models.consent import Consent, ShareCode
from models.event import WITHDRAWALS, Event
from models.party import Identity
from models.watch import Notification

SLACK = timedelta(minutes=1)
"""Allowance for differences between clocks and for transactions that commit late."""


async def has_vanished(connection: AsyncConnection, operation: Any, at: datetime) -> bool:
    """Test whether a consent or share code has ended, or an entry has vanished, of a subject that was read.

    operation: its client, request id and time of creation.
    """
    since = operation.created_at - SLACK
    reasons = (
        _consent_ended(operation, since, at),
        _entry_vanished(operation, since),
        _code_ended(operation, since, at),
    )
    found = await connection.execute(sa.select(sa.or_(*(one.exists() for one in reasons))))
    return bool(found.scalar_one())


def _consent_ended(operation: Any, since: datetime, at: datetime) -> sa.Select[Any]:
    revoked = sa.and_(Consent.revoked_at > since, Consent.revoked_at <= at)
    over = sa.and_(Consent.valid_to > since, Consent.valid_to <= at, Consent.revoked_at.is_(None))
    read = _read(operation, Identity.party_id, index=Consent.subject_index)
    known = sa.select(Consent.id).outerjoin(Identity, Identity.index == Consent.subject_index)
    return known.where(Consent.client_key == operation.client_key, sa.or_(revoked, over), ~_consents_still(at), read)


def _consents_still(at: datetime) -> sa.ColumnElement[bool]:
    """Test whether the same person consents to all of it by another letter."""
    other = aliased(Consent)
    same = (other.subject_index == Consent.subject_index, other.client_key == Consent.client_key)
    live = (other.valid_from <= at, other.valid_to > at, sa.or_(other.revoked_at.is_(None), other.revoked_at > at))
    as_much = (other.purposes.op("@>")(Consent.purposes), other.scopes.op("@>")(Consent.scopes))
    return sa.select(other.id).where(*same, *live, *as_much).exists()


def _entry_vanished(operation: Any, since: datetime) -> sa.Select[Any]:
    """Select the withdrawals of which the client was notified (`casework.notifications`)."""
    told = sa.select(Notification.id).join(Event, Event.id == Notification.event_id)
    gone = (Event.occurred_at > since, Event.kind.in_(WITHDRAWALS))
    return told.where(Notification.client_key == operation.client_key, *gone, _read(operation, Event.party_id))


def _code_ended(operation: Any, since: datetime, at: datetime) -> sa.Select[Any]:
    read = _read(operation, Identity.party_id, share_code=ShareCode.id)
    known = sa.select(ShareCode.id).join(Identity, Identity.index == ShareCode.subject_index)
    return known.where(ShareCode.revoked_at > since, ShareCode.revoked_at <= at, read)


def _read(operation: Any, party_key: Any, *, index: Any = None, share_code: Any = None) -> sa.ColumnElement[bool]:
    """Test whether the operation has read a party, also by a share code, or an unknown subject with this hash."""
    entry, about = aliased(AccessRecord), select_answers_about(party_key, index).lateral("about")
    subject = entry.party_id == party_key
    if index is not None:
        subject = sa.or_(subject, sa.and_(entry.party_id.is_(None), entry.subject_index == index))
    by_code = sa.true() if share_code is None else entry.share_code_id == share_code
    same = sa.and_(entry.at == about.c.at, entry.answer_id == about.c.answer_id)
    found = sa.select(entry.id).select_from(about.join(entry, same))
    its_own = (entry.request_id == operation.request_id, about.c.at >= operation.created_at)
    return found.where(*its_own, subject, by_code).exists()


async def find_downloadable(connection: AsyncConnection, key: int, at: datetime) -> Any:
    """Return the row of an operation whose file may be fetched now, or None."""
    found = await _complete(connection, key, at)
    return None if found is None or await has_vanished(connection, found, at) else found


async def hand_out(connection: AsyncConnection, key: int, at: datetime) -> Any:
    """Return the row of an operation whose file may be fetched now, or None. Delete a file that may not."""
    found = await _complete(connection, key, at)
    if found is None or not await has_vanished(connection, found, at):
        return found
    await take_back(connection, key, at)
    return None


async def take_back_vanished(connection: AsyncConnection, at: datetime) -> None:
    """Delete all files that may no longer be fetched."""
    for key in (await connection.execute(sa.select(BulkOperation.id).where(*_kept(at)))).scalars().all():
        await hand_out(connection, key, at)


def _kept(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return BulkOperation.state == BulkState.COMPLETED, BulkOperation.expires_at > at


async def _complete(connection: AsyncConnection, key: int, at: datetime) -> Any:
    row = BulkOperation.__table__
    query = sa.select(row).join(Client, Client.id == row.c.client_key)
    good = query.where(row.c.id == key, Client.disabled_at.is_(None), *_kept(at))
    return (await connection.execute(good)).one_or_none()
