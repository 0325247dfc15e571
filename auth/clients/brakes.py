"""Brakes of clients, which operators lift."""

from datetime import datetime

import sqlalchemy as sa

from auth.clients.registry import update_active
from models.client import Client
from models.client_alarm import ClientAlarm


def release_client(connection: sa.Connection, client_id: str, *, now: datetime) -> None:
    """Lift the brake of a client (`models.client_alarm`). Raises RegistrationError."""
    update_active(connection, client_id, {"braked_until": None})
    of_client = ClientAlarm.client_key == sa.select(Client.id).where(Client.client_id == client_id).scalar_subquery()
    open_ = (ClientAlarm.lifted_at.is_(None), ClientAlarm.braked_until > now)
    connection.execute(sa.update(ClientAlarm).where(of_client, *open_).values(lifted_at=now))
