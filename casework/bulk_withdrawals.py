"""Withdrawal of bulk files: an operation stops, and its file is deleted, once it may no longer show a subject (R10,
R15).

The access log holds the subjects that an operation has read, under its request id.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.bulk_operations import take_back
from models.access_answer import encode_subject, is_among, join_answers
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
    """Test whether a consent was suspended, a consent or share code has ended, or an entry has vanished, of a subject
    that was read.

    operation: its client, request id and time of creation.
    """
    since = operation.created_at - SLACK
    ended = sa.union_all(
        *_consents_ended(operation, since, at), _entries_vanished(operation, since), _codes_ended(since, at)
    )
    answers, entry = join_answers(ended.cte("ended")), aliased(AccessRecord)
    by_code = sa.or_(answers.c.share_code_id.is_(None), answers.c.share_code_id == entry.share_code_id)
    its_own = (entry.request_id == operation.request_id, answers.c.at >= operation.created_at)
    read = sa.select(entry.id).join(answers, is_among(entry, answers)).where(*its_own, by_code)
    return bool((await connection.execute(sa.select(read.exists()))).scalar_one())


def _consents_ended(operation: Any, since: datetime, at: datetime) -> Iterator[sa.Select[Any]]:
    """Select the subjects of consents of the client that have ended or are suspended, as parties and as unknown
    subjects."""
    revoked = sa.and_(Consent.revoked_at > since, Consent.revoked_at <= at)
    over = sa.and_(Consent.valid_to > since, Consent.valid_to <= at, Consent.revoked_at.is_(None))
    suspended = sa.and_(Consent.suspended_at > since, Consent.suspended_at <= at)
    ended = (Consent.client_key == operation.client_key, sa.or_(revoked, over, suspended), ~_consents_still(at))
    yield (
        _subject(encode_subject(Identity.party_id)).join(Consent, Consent.subject_index == Identity.index).where(*ended)
    )
    yield _subject(Consent.subject_index).where(*ended)


def _subject(subject: Any, share_code: Any = None) -> sa.Select[Any]:
    code = sa.cast(sa.null(), sa.BigInteger) if share_code is None else share_code
    return sa.select(subject.label("subject"), code.label("share_code_id"))


def _consents_still(at: datetime) -> sa.ColumnElement[bool]:
    """Test whether the same person consents to all of it by another letter."""
    other = aliased(Consent)
    same = (other.subject_index == Consent.subject_index, other.client_key == Consent.client_key)
    unrevoked = sa.or_(other.revoked_at.is_(None), other.revoked_at > at)
    live = (other.valid_from <= at, other.valid_to > at, unrevoked, other.suspended_at.is_(None))
    as_much = (other.purposes.op("@>")(Consent.purposes), other.scopes.op("@>")(Consent.scopes))
    return sa.select(other.id).where(*same, *live, *as_much).exists()


def _entries_vanished(operation: Any, since: datetime) -> sa.Select[Any]:
    """Select the subjects of withdrawals of which the client was notified (`casework.notifications`)."""
    told = _subject(encode_subject(Event.party_id)).join(Notification, Notification.event_id == Event.id)
    gone = (Event.occurred_at > since, Event.kind.in_(WITHDRAWALS))
    return told.where(Notification.client_key == operation.client_key, *gone)


def _codes_ended(since: datetime, at: datetime) -> sa.Select[Any]:
    """Select the subjects of share codes that were revoked, with the codes."""
    known = _subject(encode_subject(Identity.party_id), ShareCode.id)
    revoked = (ShareCode.revoked_at > since, ShareCode.revoked_at <= at)
    return known.join(ShareCode, ShareCode.subject_index == Identity.index).where(*revoked)


async def find_downloadable(connection: AsyncConnection, key: int, at: datetime) -> Any:
    """Return the row of an operation whose file may be fetched now, or None."""
    found = await _complete(connection, key, at)
    return None if found is None or await has_vanished(connection, found, at) else found


async def hand_out(connection: AsyncConnection, key: int, at: datetime, signed_at: datetime | None = None) -> Any:
    """Return the row of an operation whose file may be fetched now, or None. Delete a file that may not.

    signed_at: when the address of the file was signed; None for no address.
    """
    found = await _complete(connection, key, at, signed_at)
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


async def _complete(connection: AsyncConnection, key: int, at: datetime, signed_at: datetime | None = None) -> Any:
    row = BulkOperation.__table__
    owner = (Client.client_id, Client.name, Client.audience, Client.budget)
    query = sa.select(row, *owner).join(Client, Client.id == row.c.client_key)
    good = query.where(row.c.id == key, Client.disabled_at.is_(None), *_kept(at))
    if signed_at:
        good = good.where(sa.or_(Client.revoked_before.is_(None), Client.revoked_before <= signed_at))
    return (await connection.execute(good)).one_or_none()
