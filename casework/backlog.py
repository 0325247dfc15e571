"""Overdue work, for the metrics and `suxin doctor`."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.notifications import may_be_told
from models.batch import Batch, BatchStatus
from models.calendar import CalendarDay
from models.client import Client
from models.objection import Objection
from models.terms import to_court_day
from models.webhook import Delivery, DisableReason, Webhook


@dataclass(frozen=True)
class Backlog:
    """Overdue work in numbers.

    deliveries: due to enabled webhooks. waiting: seconds since the earliest was due, or 0. failing: webhooks disabled
    by the service. objections: open and overdue (R8). months: over and not published (R5). days: begun and not
    processed by the worker; None if it never ran.
    """

    deliveries: int
    waiting: float
    failing: int
    objections: int
    months: int
    days: int | None


async def measure_backlog(connection: AsyncConnection, now: datetime) -> Backlog:
    """Read the backlog at a moment, with one statement."""
    today = to_court_day(now)
    due = (
        sa.select(Delivery)
        .join(Webhook, sa.and_(Webhook.id == Delivery.webhook_id, Webhook.disabled_at.is_(None)))
        .join(Client, sa.and_(Client.id == Webhook.client_key, may_be_told(Client)))
        .where(Delivery.next_at <= now)
    )
    failed = (DisableReason.FAILING, DisableReason.GONE)
    open_ = (Objection.outcome.is_(None), Objection.due_on < today)
    unpublished = (Batch.status != BatchStatus.PUBLISHED, Batch.month < today.replace(day=1))
    figures = (
        due.with_only_columns(sa.func.count()),
        due.with_only_columns(sa.func.min(Delivery.next_at)),
        sa.select(sa.func.count()).select_from(Webhook).where(Webhook.disable_reason.in_(failed)),
        sa.select(sa.func.count()).select_from(Objection).where(*open_),
        sa.select(sa.func.count()).select_from(Batch).where(*unpublished),
        sa.select(sa.func.max(CalendarDay.day)),
    )
    query = sa.select(*(figure.scalar_subquery() for figure in figures))
    deliveries, first, failing, objections, months, last = (await connection.execute(query)).one()
    waiting = (now - first).total_seconds() if first else 0.0
    return Backlog(deliveries, waiting, failing, objections, months, _behind(last, today))


def _behind(last: date | None, today: date) -> int | None:
    return max(0, (today - last).days) if last else None
