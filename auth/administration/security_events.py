"""Recording of security events: one function makes the row, in the transaction of what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.administration.operator import OPERATOR
from models.security_event import SecurityAct, SecurityEvent, SecurityResult, SecurityRoad
from models.staff_account import StaffAccount

LONGEST = 500
"""Characters of a reason: it may quote what was asked for."""

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Happening:
    """What is recorded. staff_key: the account that acted, where the road does not say who. client_id: the client that
    acted. reason: why it was refused; None if it was done. before, after: without secrets."""

    act: SecurityAct
    subject: str | None = None
    before: Facts | None = None
    after: Facts | None = None
    reason: str | None = None
    staff_key: int | None = None
    client_id: str | None = None


def describe_event(happening: Happening) -> sa.Insert:
    """Return the statement that adds the row of an event, by the operator of this context."""
    return sa.insert(SecurityEvent).values(_describe(happening))


def describe_ends(happening: Happening, ended: sa.CTE) -> sa.Insert:
    """Return the statement that adds an event for each session that another statement ends. ended: its rows, with the
    columns staff_id and why."""
    types = SecurityEvent.__table__.columns
    values = {name: value for name, value in _describe(happening).items() if value is not None}
    told: dict[str, Any] = {name: sa.literal(value, types[name].type) for name, value in values.items()}
    own = sa.select(sa.literal("account ") + StaffAccount.username).where(StaffAccount.staff_id == ended.c.staff_id)
    told |= {"subject": own.scalar_subquery(), "after": sa.func.jsonb_build_object("why", ended.c.why)}
    return sa.insert(SecurityEvent).from_select(list(told), sa.select(*told.values()).select_from(ended))


def _describe(happening: Happening) -> dict[str, Any]:
    operator, refused = OPERATOR.get(), happening.reason is not None
    named: Any = happening.client_id or operator.name
    if happening.staff_key is not None:
        own = StaffAccount.staff_id == happening.staff_key
        named = sa.select(StaffAccount.username).where(own).scalar_subquery()
    return {
        "act": happening.act,
        "result": SecurityResult.REFUSED if refused else SecurityResult.DONE,
        "road": SecurityRoad.API if happening.client_id else operator.road,
        "operator": named,
        "staff_id": happening.staff_key,
        "source": operator.source,
        "subject": happening.subject,
        "before": happening.before,
        "after": happening.after,
        "reason": (happening.reason or "?")[:LONGEST] if refused else None,
    }


def record(connection: sa.Connection, happening: Happening) -> None:
    """Record an event in the caller's transaction."""
    connection.execute(describe_event(happening))


async def record_later(connection: AsyncConnection, happening: Happening) -> None:
    """Record an event in the caller's transaction, on an asynchronous connection."""
    await connection.execute(describe_event(happening))


def compare(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """Return what differs of two states, before and after."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}
