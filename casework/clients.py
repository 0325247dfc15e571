"""The row of a client, held while something of it is counted: no two requests of a client count past each other."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.client import Client


async def lock_client(connection: AsyncConnection, client_key: int) -> None:
    """Wait for the other transactions that hold this client, and hold it to the end of this one."""
    await connection.execute(sa.select(Client.id).where(Client.id == client_key).with_for_update(key_share=True))
