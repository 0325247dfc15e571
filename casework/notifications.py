"""Notifications of clients, written in the transaction of their event (transactional outbox).

A client is notified of the subjects that it watches, of withdrawals of what it was served (R10), of its consents, and
of its bulk operations.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from auth.consent import is_live_watch
from auth.scopes import Scope
from casework.keys import bind_keys
from casework.outbox import WAKE
from models.access_answer import encode_subject, is_among, join_answers
from models.access_record import AccessRecord, AccessResult
from models.audience import Audience
from models.client import Client
from models.consent import Consent
from models.event import Event
from models.party import Identity, Party, PartyKind
from models.party_name import is_known_as
from models.watch import Notification, Watch
from models.webhook import Delivery, Webhook

COLUMNS = ["event_id", "client_key", "watch_id", "reference"]
PARTNERS = (Audience.BANK, Audience.COMMERCE, Audience.EMPLOYER)
TOLD = (*PARTNERS, Audience.LABOUR_ARBITRATION)
"""Audiences that are notified of their own matters."""

SERVED = (AccessResult.MATCHED, AccessResult.GIVEN)
SHOWING = ["Deduction", "Sanction", "CodeRecord", "CreditCode", "Listing", "Certificate", "PublicRecord"]
"""The types whose objects may vanish."""


@dataclass(frozen=True)
class Withdrawal:
    """The withdrawal of something of a party that was visible outside since a moment."""

    party_id: int
    since: datetime


def may_be_told(client: type[Client]) -> sa.ColumnElement[bool]:
    """Test whether a client is enabled and has the scope of events."""
    held = sa.literal(Scope.EVENT.value, sa.Text) == sa.any_(client.scopes)
    return sa.and_(client.disabled_at.is_(None), held)


async def notify_watching(connection: AsyncConnection, events: Mapping[int, int], at: datetime) -> None:
    """Notify the clients that watch the parties of events now. events: keys of events by party.

    The publicity of a party is not tested: a withdrawal must be notified (R10), and what was never visible has no
    events.
    """
    now = sa.literal(at, sa.DateTime(timezone=True))
    same = (Watch.subject_index == Identity.index, is_known_as(Party, Watch.folded), Watch.kind == Party.kind)
    watching = (
        sa.select(Event.id, Watch.client_key, Watch.id, Watch.reference)
        .join(Party, Party.id == Event.party_id)
        .join(Identity, Identity.party_id == Party.id)
        .join(Watch, sa.and_(*same))
        .where(Event.id == sa.any_(bind_keys(events.values())), is_live_watch(Watch, now))
    )
    await _notify(connection, watching)


async def notify_served(connection: AsyncConnection, gone: Collection[Withdrawal], events: Mapping[int, int]) -> None:
    """Notify the clients that were served what is withdrawn, with the reference of their last look-up.

    Employers are notified of organizations only.
    """
    moment = sa.DateTime(timezone=True)
    given = sa.func.unnest(
        bind_keys(events[one.party_id] for one in gone),
        bind_keys(one.party_id for one in gone),
        sa.literal([one.since for one in gone], sa.ARRAY(moment)),
    )
    key = sa.BigInteger
    table = given.table_valued(
        sa.column("event_id", key), sa.column("party_id", key), sa.column("since", moment), name="vanished"
    )
    gone_of, entry = table.render_derived(), aliased(AccessRecord)
    vanished = sa.select(*gone_of.c, encode_subject(gone_of.c.party_id).label("subject")).cte("vanished")
    answers = join_answers(vanished)
    reached = sa.or_(Client.audience != Audience.EMPLOYER, Party.kind == PartyKind.ORGANIZATION)
    served = (
        sa.select(answers.c.event_id, Client.id, sa.cast(sa.null(), sa.BigInteger), entry.reference)
        .ext(distinct_on(answers.c.event_id, Client.id))
        .join(Party, Party.id == answers.c.party_id)
        .join(entry, sa.and_(is_among(entry, answers), answers.c.at >= answers.c.since))
        .join(Client, sa.and_(Client.id == entry.client_key, Client.audience.in_(PARTNERS), reached))
        .where(entry.result.in_(SERVED), entry.types.op("&&")(sa.cast(SHOWING, sa.ARRAY(sa.Text))))
        .order_by(answers.c.event_id, Client.id, entry.reference.is_(None), entry.at.desc())
    )
    await _notify(connection, served)


async def notify_recipients(connection: AsyncConnection, event_keys: Sequence[int]) -> None:
    """Notify the recipients of the consents of events, with their reference for the subject."""
    watch = aliased(Watch)
    same = sa.and_(
        watch.subject_index == Consent.subject_index, watch.client_key == Consent.client_key, watch.ended_at.is_(None)
    )
    recipients = (
        sa.select(Event.id, Consent.client_key, watch.id, sa.func.coalesce(watch.reference, Consent.reference))
        .join(Consent, Consent.id == Event.consent_id)
        .outerjoin(watch, same)
        .where(Event.id == sa.any_(bind_keys(event_keys)))
    )
    await _notify(connection, recipients)


async def notify_client(connection: AsyncConnection, event: int, client_key: int, reference: str | None) -> None:
    """Notify a client of its own event, with its own reference."""
    told = sa.select(sa.literal(event), Client.id, sa.cast(sa.null(), sa.BigInteger), sa.literal(reference, sa.Text))
    await _notify(connection, told.where(Client.id == client_key, Client.audience.in_(TOLD)))


async def _notify(connection: AsyncConnection, told: sa.Select[*tuple[Any, ...]]) -> None:
    """Insert notifications, each once, and a delivery for each webhook of the client that asks for the kind."""
    written = insert(Notification).from_select(COLUMNS, told).on_conflict_do_nothing()
    new = written.returning(Notification.event_id, Notification.client_key).cte("new")
    asks = sa.or_(sa.func.cardinality(Webhook.kinds) == 0, Event.kind == sa.any_(Webhook.kinds))
    deliveries = (
        sa.select(Webhook.id, Event.id, Event.occurred_at)
        .join(new, new.c.client_key == Webhook.client_key)
        .join(Event, sa.and_(Event.id == new.c.event_id, asks))
        .join(Client, sa.and_(Client.id == Webhook.client_key, may_be_told(Client)))
        .where(Webhook.disabled_at.is_(None))
    )
    columns = ["webhook_id", "event_id", "next_at"]
    await connection.execute(insert(Delivery).from_select(columns, deliveries).add_cte(new))
    await connection.execute(WAKE)
