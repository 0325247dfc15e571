"""Deliveries to webhooks: at least once, and in order for each subject.

Retries follow Standard Webhooks 1.0: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
"""

import random
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.consent import may_still_be_told
from casework.notifications import may_be_told
from models.client import Client
from models.consent import Consent
from models.event import Event, EventKind
from models.watch import Notification
from models.webhook import Delivery, DeliveryFailure, DisableReason, Webhook

PAUSES = (
    timedelta(seconds=5),
    *(timedelta(minutes=minutes) for minutes in (5, 30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
JITTER = 0.1
"""The share of a pause that is added at random, to spread the load on a receiver that recovers."""

LONGEST_WAIT = timedelta(hours=24)
"""The longest pause that a receiver may ask for, as long as the longest one between attempts."""

GONE, ASKING = 410, frozenset({429, 503})


@dataclass(frozen=True)
class WebhookEndpoint:
    """A webhook with due deliveries. client: its row. previous: whether the previous keys sign as well. sm2: whether
    the service's key of SM2 does."""

    key: int
    client: Any
    url: str
    version: int
    previous: bool
    sm2: bool


@dataclass(frozen=True)
class Message:
    """A due delivery. reference: the client's own. letter: of the consent that the event is about.

    party, index: the subject in the access log. operation: key of the bulk operation that the event is about.
    """

    key: int
    event: int
    kind: EventKind
    occurred_at: datetime
    reference: str | None
    letter: str | None
    attempts: int
    party: int | None
    index: bytes | None
    operation: int | None


@dataclass(frozen=True)
class DeliveryResult:
    """The result of an attempt. status: HTTP status; None without a response. retry_at: until when a receiver that
    refused the message asked to wait. failure: why there was no response."""

    message: Message
    status: int | None
    retry_at: datetime | None = None
    failure: DeliveryFailure | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver accepted the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def given_up(self) -> bool:
        """Whether the last attempt has failed."""
        return not self.delivered and self.message.attempts == len(PAUSES)


async def list_endpoints(connection: AsyncConnection, now: datetime, overlap: timedelta) -> Sequence[WebhookEndpoint]:
    """Return the webhooks with due deliveries."""
    due = sa.select(Delivery.id).where(Delivery.webhook_id == Webhook.id, Delivery.next_at <= now)
    query = (
        sa.select(Webhook.id, Webhook.url, Webhook.key_version, Webhook.rotated_at, Webhook.signed_by_sm2)
        .add_columns(Client.id.label("client_key"))
        .add_columns(Client.client_id, Client.name, Client.audience, Client.scopes, Client.purposes)
        .join(Client, sa.and_(Client.id == Webhook.client_key, may_be_told(Client)))
        .where(Webhook.disabled_at.is_(None), due.exists())
        .where(sa.or_(Webhook.resumes_at.is_(None), Webhook.resumes_at <= now))
    )
    rows = await connection.execute(query.order_by(Webhook.id))
    return [_describe(row, now - overlap) for row in rows]


def _describe(row: Any, rotated: datetime) -> WebhookEndpoint:
    previous = bool(row.rotated_at and row.rotated_at > rotated)
    return WebhookEndpoint(row.id, row, row.url, row.key_version, previous, row.signed_by_sm2)


async def list_due(connection: AsyncConnection, endpoint: int, now: datetime, most: int) -> Sequence[Message]:
    """Return the first undelivered message of each subject, if it is due; later ones wait for it.

    Cancels the deliveries of which the client may no longer be notified, because the consent has ended.
    """
    await connection.execute(_silenced(endpoint, now))
    subject = sa.func.coalesce(Event.party_id, -Event.consent_id, 0)  # 0: the client's own operations
    first = (
        sa.select(Delivery.id, Delivery.next_at, Delivery.attempts, Delivery.event_id)
        .ext(distinct_on(subject))
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.webhook_id == endpoint, Delivery.next_at.is_not(None))
        .order_by(subject, Delivery.event_id)
        .subquery("first")
    )
    query = (
        sa.select(first.c.id.label("key"), first.c.event_id.label("event"), first.c.attempts)
        .add_columns(Event.kind, Event.occurred_at, Notification.reference, Consent.reference.label("letter"))
        .add_columns(Event.party_id.label("party"), Consent.subject_index.label("index"))
        .add_columns(Event.bulk_operation_id.label("operation"))
        .join(Event, Event.id == first.c.event_id)
        .join(Webhook, sa.and_(Webhook.id == endpoint, Webhook.disabled_at.is_(None)))
        .join(Notification, sa.and_(Notification.event_id == Event.id, Notification.client_key == Webhook.client_key))
        .outerjoin(Consent, Consent.id == Event.consent_id)
        .where(first.c.next_at <= now)
        .order_by(first.c.event_id)
        .limit(most)
    )
    return [Message(**row) for row in (await connection.execute(query)).mappings()]


def _silenced(endpoint: int, now: datetime) -> sa.Update:
    """End the deliveries of which the client may no longer be notified."""
    stands = may_still_be_told(Event, Notification.watch_id, sa.literal(now, sa.DateTime(timezone=True)))
    dead = (
        sa.select(Notification.event_id)
        .join(Event, Event.id == Notification.event_id)
        .join(Webhook, sa.and_(Webhook.id == endpoint, Webhook.client_key == Notification.client_key))
        .where(Notification.event_id == Delivery.event_id, ~stands)
    )
    waiting = (Delivery.webhook_id == endpoint, Delivery.next_at.is_not(None))
    return sa.update(Delivery).where(*waiting, dead.exists()).values(next_at=None)


async def record_results(
    connection: AsyncConnection, endpoint: int, results: Sequence[DeliveryResult], now: datetime
) -> None:
    """Record the results of attempts.

    A webhook is disabled on status 410, or if it accepted nothing since the first attempt of a message that is given
    up. Nothing is sent to one whose receiver asked to wait (RFC 9110, section 10.2.3).
    """
    await _lock(connection, endpoint)
    await _enter(connection, results, now)
    if asked := [result.retry_at for result in results if result.retry_at]:
        await connection.execute(sa.update(Webhook).where(Webhook.id == endpoint).values(resumes_at=max(asked)))
    if any(result.delivered for result in results):
        await connection.execute(sa.update(Webhook).where(Webhook.id == endpoint).values(taken_at=now))
    given_up = [result.message.key for result in results if result.given_up]
    if any(result.status == GONE for result in results):
        await _disable(connection, endpoint, DisableReason.GONE, now)
    elif given_up:
        await _disable(connection, endpoint, DisableReason.FAILING, now, _took_nothing_since(given_up))


async def _lock(connection: AsyncConnection, endpoint: int) -> None:
    """Lock the webhook before its deliveries, in the lock order of its other writers."""
    await connection.execute(sa.select(Webhook.id).where(Webhook.id == endpoint).with_for_update(key_share=True))


async def _enter(connection: AsyncConnection, results: Sequence[DeliveryResult], now: datetime) -> None:
    names = ("attempts", "next_at", "delivered_at", "given_up_at", "status", "failure")
    values: dict[str, sa.ColumnElement[Any]] = {name: sa.bindparam(f"new_{name}") for name in names}
    values["tried_at"] = sa.func.coalesce(Delivery.tried_at, sa.literal(now, sa.DateTime(timezone=True)))
    update = sa.update(Delivery).where(Delivery.id == sa.bindparam("delivery")).values(values)
    await connection.execute(update, [_row(result, now) for result in results])


def _row(result: DeliveryResult, now: datetime) -> Mapping[str, object]:
    attempts = result.message.attempts
    again = None if result.delivered or result.given_up else max(now + _pause(attempts), result.retry_at or now)
    return {
        "delivery": result.message.key,
        "new_attempts": attempts + 1,
        "new_next_at": again,
        "new_delivered_at": now if result.delivered else None,
        "new_given_up_at": now if result.given_up else None,
        "new_status": result.status,
        "new_failure": result.failure,
    }


def read_retry_after(status: int, value: str | None, now: datetime) -> datetime | None:
    """Return until when a receiver asks to wait: seconds or a date, with 429 and 503 (RFC 6585, RFC 9110); None if it
    does not, or says so in no form that is known. The longest wait is LONGEST_WAIT."""
    if status not in ASKING or value is None:
        return None
    if re.fullmatch("[0-9]{1,9}", value):
        return now + min(timedelta(seconds=int(value)), LONGEST_WAIT)
    with suppress(ValueError, OverflowError):
        at = parsedate_to_datetime(value)
        return min(max(at if at.tzinfo else at.replace(tzinfo=UTC), now), now + LONGEST_WAIT)
    return None


def _took_nothing_since(deliveries: Sequence[int]) -> sa.ColumnElement[bool]:
    """Test whether a webhook accepted nothing since the first attempt of one of these deliveries."""
    nothing = sa.or_(Webhook.taken_at.is_(None), Webhook.taken_at < Delivery.tried_at)
    return sa.exists().where(Delivery.id.in_(deliveries), nothing)


def _pause(attempts: int) -> timedelta:
    return PAUSES[attempts] * (1 + random.uniform(0, JITTER))  # noqa: S311 - to part those that were met together


async def _disable(
    connection: AsyncConnection,
    endpoint: int,
    reason: DisableReason,
    now: datetime,
    condition: sa.ColumnElement[bool] | None = None,
) -> None:
    conditions = () if condition is None else (condition,)
    update = sa.update(Webhook).where(Webhook.id == endpoint, Webhook.disabled_at.is_(None), *conditions)
    await connection.execute(update.values(disabled_at=now, disable_reason=reason))
