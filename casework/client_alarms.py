"""Alarms over clients whose look-ups of persons are refused too often, counted from the access log (R20, R27).

A miss is a look-up without consent, under another name than the courts know, or by a share code that shows nothing.
An alarm brakes the client, but for a public portal: its misses are those of all its visitors, so that a brake would let
one of them stop the others. Share codes have 60 bits; who tries many does not find one within the budget of a client.
Look-ups of persons whom no court knows are counted too, but raise no alarm: most customers of an honest bank have
never been to court.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.audience import Audience
from models.client import Client
from models.client_alarm import ClientAlarm, LookUpCount

WINDOW = timedelta(hours=1)
"""The time in which misses are summed, and for which a client is braked."""

BRAKED = Client.audience != Audience.PUBLIC_PORTAL
"""The condition of clients that an alarm brakes."""

KEPT = timedelta(days=1)
PERCENT = 20
"""The share of misses among a client's look-ups of persons from which on an alarm is raised."""

COUNT = sa.text(
    """
    INSERT INTO look_up_count AS counted (client_key, minute, look_ups, misses, unknown)
    SELECT one.client_key, one.minute, count(*),
        count(*) FILTER (WHERE one.result IN ('CONSENT_REQUIRED', 'NAME_MISMATCH', 'EMPTY')),
        count(*) FILTER (WHERE one.result = 'NOT_FOUND')
    FROM (
        SELECT answer.client_key, date_trunc('minute', answer.at) AS minute,
            answer.results[CASE cardinality(answer.results) WHEN 1 THEN 1 ELSE place.number END] AS result,
            coalesce(answer.consents[place.number], answer.share_codes[place.number]) IS NOT NULL AS permitted,
            shape.field = 'shownReport' AS shown
        FROM access_tail AS tail JOIN access_answer AS answer USING (at, id, client_key)
        JOIN access_shape AS shape ON shape.id = answer.shape_id
        CROSS JOIN LATERAL generate_series(1, answer.subjects) AS place (number)
        WHERE answer.results && ARRAY['MATCHED', 'NAME_MISMATCH', 'NOT_FOUND', 'CONSENT_REQUIRED', 'EMPTY']
    ) AS one
    WHERE one.result = 'CONSENT_REQUIRED' OR (one.shown AND one.result = 'EMPTY')
        OR (one.permitted AND one.result IN ('MATCHED', 'NAME_MISMATCH', 'NOT_FOUND'))
    GROUP BY one.client_key, one.minute
    ORDER BY one.client_key, one.minute
    ON CONFLICT (client_key, minute) DO UPDATE SET
        look_ups = counted.look_ups + excluded.look_ups,
        misses = counted.misses + excluded.misses,
        unknown = counted.unknown + excluded.unknown
    """
)
"""Organizations need no consent, and are looked up without one: what was permitted by a consent or a share code, or
refused for want of one, is a look-up of a person."""


@dataclass(frozen=True)
class Alarm:
    """An alarm that was raised."""

    client_id: str
    audience: Audience
    look_ups: int
    misses: int
    brakes: bool


async def count_look_ups(connection: AsyncConnection) -> None:
    """Count the look-ups of persons in the answers that the access index does not contain yet.

    The transaction must be the one that indexes these answers.
    """
    await connection.execute(COUNT)


async def raise_alarms(connection: AsyncConnection, most: int, at: datetime) -> Sequence[Alarm]:
    """Raise an alarm for each client with more than `most` misses within the window, and brake it for as long, unless
    it is a public portal, of which there is one alarm within the window.

    most: 0 for no alarms. Misses from before an earlier alarm do not count again. Returns the alarms.
    """
    counted = sa.delete(LookUpCount).where(LookUpCount.minute < at - KEPT)
    await connection.execute(counted)
    if not most:
        return []
    raised = sa.insert(ClientAlarm).from_select(
        ["client_key", "since", "look_ups", "misses", "unknown", "raised_at", "braked_until"], _select_due(most, at)
    )
    keys = (await connection.execute(raised.returning(ClientAlarm.client_key))).scalars().all()
    braked = sa.update(Client).where(Client.id.in_(keys), BRAKED)
    await connection.execute(braked.values(braked_until=at + WINDOW))
    return await _read_alarms(connection, keys, at)


def _select_due(most: int, at: datetime) -> sa.Select[int, datetime, int, int, int, datetime, datetime | None]:
    """Select the values of the alarms that are due."""
    moment, count = sa.DateTime(timezone=True), LookUpCount
    before = sa.func.max(sa.func.coalesce(ClientAlarm.lifted_at, ClientAlarm.braked_until, ClientAlarm.raised_at))
    ended = sa.select(before).where(ClientAlarm.client_key == Client.id).correlate(Client).scalar_subquery()
    since = sa.func.greatest(sa.literal(at - WINDOW, moment), ended, type_=moment)
    look_ups, misses = sa.func.sum(count.look_ups), sa.func.sum(count.misses)
    return (
        sa.select(Client.id, since, look_ups, misses, sa.func.sum(count.unknown))
        .add_columns(sa.literal(at, moment), sa.case((BRAKED, sa.literal(at + WINDOW, moment))))
        .join(count, sa.and_(count.client_key == Client.id, count.minute >= since))
        .where(Client.disabled_at.is_(None), sa.or_(Client.braked_until.is_(None), Client.braked_until <= at))
        .where(sa.or_(BRAKED, ~_told_since(at - WINDOW)))
        .group_by(Client.id)
        .having(sa.and_(misses > most, misses * 100 >= look_ups * PERCENT))
    )


def _told_since(since: datetime) -> sa.Exists:
    """Return the condition that an alarm over the client was raised after a time."""
    told = sa.select(ClientAlarm.id).where(ClientAlarm.client_key == Client.id, ClientAlarm.raised_at > since)
    return told.correlate(Client).exists()


async def _read_alarms(connection: AsyncConnection, client_keys: Sequence[int], at: datetime) -> Sequence[Alarm]:
    query = sa.select(Client.client_id, Client.audience, ClientAlarm.look_ups, ClientAlarm.misses, BRAKED)
    query = query.join(ClientAlarm, ClientAlarm.client_key == Client.id)
    found = await connection.execute(query.where(Client.id.in_(client_keys), ClientAlarm.raised_at == at))
    return [Alarm(*row) for row in found]
