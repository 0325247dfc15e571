"""The request log of clients and their usage by day: writing, and deletion of what is older than it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.request_entry import ClientUsage, RequestEntry
from models.terms import to_court_day

KEPT, USAGE_KEPT = timedelta(days=7), timedelta(days=800)
"""How long an entry is kept, and a day's usage: two years, to be compared month by month."""

MOST_DELETED = 20_000
"""Rows that one transaction deletes at most."""

UNCONFIRMED = sa.text("SELECT set_config('synchronous_commit', 'off', true)")
"""A crash of the server may take the last entries: no answer waits for them, and the access log is what proves."""

WRITE = sa.text(
    """
    WITH sent AS (
        SELECT * FROM jsonb_to_recordset(CAST(:sent AS jsonb)) AS sent (
            at timestamptz, day date, client_key bigint, staff_id bigint, request_id uuid, path text, operation text,
            field text, status integer, outcome text, throttled boolean, cost integer, milliseconds double precision
        )
    ), logged AS (
        INSERT INTO request_entry
            (at, client_key, staff_id, request_id, path, operation, field, status, outcome, cost, milliseconds)
        SELECT at, client_key, staff_id, request_id, path, operation, field, status, outcome, cost, milliseconds
        FROM sent
    )
    INSERT INTO client_usage AS counted (client_key, day, field, requests, refused, throttled, cost, milliseconds)
    SELECT client_key, day, coalesce(field, path), count(*), count(*) FILTER (WHERE outcome <> 'OK'),
        count(*) FILTER (WHERE throttled), coalesce(sum(cost), 0), sum(milliseconds)
    FROM sent GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (client_key, day, field) DO UPDATE SET
        requests = counted.requests + excluded.requests,
        refused = counted.refused + excluded.refused,
        throttled = counted.throttled + excluded.throttled,
        cost = counted.cost + excluded.cost,
        milliseconds = counted.milliseconds + excluded.milliseconds
    """
)


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request of an authenticated client that was answered or refused (`models.request_entry`)."""

    at: datetime
    day: date
    client_key: int
    staff_id: int | None
    request_id: UUID
    path: str
    operation: str | None
    field: str | None
    status: int
    outcome: str
    throttled: bool
    cost: int | None
    milliseconds: float


async def write_requests(connection: AsyncConnection, answered: Sequence[AnsweredRequest]) -> None:
    """Add requests to the log, and count them."""
    await connection.execute(UNCONFIRMED)
    await connection.execute(WRITE, {"sent": orjson.dumps(answered).decode()})


async def prune_requests(connection: AsyncConnection, now: datetime) -> None:
    """Delete entries and days that are older than they are kept, some at a time."""
    old = sa.select(RequestEntry.id).where(RequestEntry.at < now - KEPT).order_by(RequestEntry.at).limit(MOST_DELETED)
    await connection.execute(sa.delete(RequestEntry).where(RequestEntry.id.in_(old)))
    days = sa.select(ClientUsage.id).where(ClientUsage.day < to_court_day(now - USAGE_KEPT)).limit(MOST_DELETED)
    await connection.execute(sa.delete(ClientUsage).where(ClientUsage.id.in_(days)))
