"""Locks on clients, for limits that count a client's rows."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.client import Client


async def lock_client(connection: AsyncConnection, client_key: int) -> None:
    """Lock the row of a client until the end of the transaction."""
    await connection.execute(sa.select(Client.id).where(Client.id == client_key).with_for_update(key_share=True))
