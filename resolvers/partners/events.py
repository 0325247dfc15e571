"""Events as read by each audience; partners read those that they were notified of (DOMAIN 4)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.sql import SQL
from resolvers.view import CLIENT
from resolvers.visibility.audiences import TOLD


def select_events(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select the events that have a position, for a partner with its notification: reference and watch."""
    event, note = aliased(models.Event), aliased(models.Notification)
    keys = (event.id, event.party_id, event.consent_id, event.bulk_operation_id)
    columns = (*keys, event.sequence, event.kind, event.occurred_at)
    if audience not in TOLD:
        nobodys = (sa.null().label("reference"), sa.cast(sa.null(), sa.BigInteger).label("watch_id"))
        placed = sa.select(*columns, event.position, *nobodys).where(event.position.is_not(None))
        return placed.subquery("event")
    notified = sa.and_(note.event_id == event.id, note.client_key == CLIENT, note.position.is_not(None))
    told_ = sa.select(*columns, note.position, note.reference, note.watch_id).join(note, notified)
    return told_.subquery("event")
