"""Security events of what casework and imports do, in their transaction."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.administration.security_events import Happening, record_later
from models.client import Client
from models.security_event import SecurityAct

Facts = Mapping[str, Any] | None


async def record_act(
    connection: AsyncConnection, act: SecurityAct, subject: str, before: Facts = None, after: Facts = None
) -> None:
    """Record an act in the caller's transaction."""
    await record_later(connection, Happening(act, subject, before, after))


async def record_of_client(connection: AsyncConnection, client_key: int, before: Facts, after: Facts) -> None:
    """Record what a client changed of its own in the caller's transaction."""
    name = (await connection.execute(sa.select(Client.client_id).where(Client.id == client_key))).scalar_one()
    await record_act(connection, SecurityAct.CLIENT_CHANGED, f"client {name}", before, after)
