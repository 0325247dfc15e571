"""Clients that the service itself is, for its pages: registered when a page is first asked, without any key, so that no
token can be had for them. Operators see and disable them as all others (`suxin client`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.administration.client_changes import name_client
from auth.administration.operator import SERVICE, acting_as
from auth.administration.security_events import Happening, record_later
from auth.audiences import PURPOSES, SCOPES, Audience
from auth.principal import Principal
from auth.scopes import Scope
from models.client import Authentication, Client, DocumentPolicy
from models.security_event import SecurityAct

NO_KEYS: dict[str, Any] = {"keys": []}


@dataclass(frozen=True)
class OwnClient:
    """A client of the service's own. scopes: fewer than its audience may have, or None for all."""

    client_id: str
    name: str
    audience: Audience
    scopes: frozenset[Scope] | None = None
    court_code: str | None = None

    @property
    def granted(self) -> frozenset[Scope]:
        """Its scopes."""
        return SCOPES[self.audience] if self.scopes is None else self.scopes


async def admit_own_client(connection: AsyncConnection, own: OwnClient, now: datetime) -> Principal | None:
    """Return the principal of a client, registering it if it is not; None if an operator has disabled it."""
    row = await _find(connection, own)
    if row is None:
        made = await connection.execute(insert(Client).values(_describe(own, now)).on_conflict_do_nothing())
        if made.rowcount:
            with acting_as(SERVICE):
                told = {"audience": own.audience, "scopes": sorted(own.granted)}
                added = Happening(SecurityAct.CLIENT_ADDED, name_client(own.client_id), after=told)
                await record_later(connection, added)
        row = await _find(connection, own)
    if row is None or row.disabled_at is not None or row.audience is not own.audience:
        return None
    return Principal(
        client_id=own.client_id,
        client_key=row.id,
        name=row.name,
        audience=own.audience,
        scopes=own.granted,
        purposes=PURPOSES[own.audience],
        token_id="",
        jurisdiction=own.court_code,
        budget=row.budget,
        documents=DocumentPolicy.OPEN,
    )


async def _find(connection: AsyncConnection, own: OwnClient) -> Any:
    found = sa.select(Client.id, Client.name, Client.audience, Client.budget, Client.disabled_at)
    return (await connection.execute(found.where(Client.client_id == own.client_id))).one_or_none()


def _describe(own: OwnClient, now: datetime) -> dict[str, Any]:
    return {
        "client_id": own.client_id,
        "name": own.name,
        "audience": own.audience,
        "authentication": Authentication.PRIVATE_KEY_JWT,
        "jwks": NO_KEYS,
        "scopes": sorted(own.granted),
        "purposes": sorted(PURPOSES[own.audience]),
        "court_code": own.court_code,
        "created_at": now,
    }
