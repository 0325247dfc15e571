"""The principal of a litigant in a browser, who acts by the portal that handed over, about itself alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import PURPOSES, scopes_of
from auth.clients.authentication import hash_secret
from auth.principal import Principal
from auth.scopes import Scope
from models.audience import Audience
from models.client import Client, DocumentPolicy
from models.keyring import Keyring
from models.litigant_session import LitigantSession


@dataclass(frozen=True)
class PresentLitigant:
    """A litigant who is here. name, number and kind: as the portal gave them; kind: of a document that is neither a
    resident card nor an organization code."""

    principal: Principal
    name: str
    number: str
    kind: str | None

    def __repr__(self) -> str:
        """Omit name and number (R18)."""
        return "PresentLitigant(…)"


SESSION = (
    sa.select(
        Client.id,
        Client.client_id,
        Client.name,
        Client.audience,
        Client.scopes,
        Client.budget,
        LitigantSession.subject_index,
        LitigantSession.identity,
        LitigantSession.expires_at,
    )
    .join(LitigantSession, LitigantSession.client_id == Client.id)
    .where(
        LitigantSession.token_hash == sa.bindparam("hash"),
        LitigantSession.expires_at > sa.bindparam("now"),
        Client.disabled_at.is_(None),
        Client.audience == Audience.LITIGANT_PORTAL,
    )
)


async def admit_litigant(
    connection: AsyncConnection, keyring: Keyring, secret: str, now: datetime
) -> PresentLitigant | None:
    """Return the litigant of a live session, whose portal is not disabled; None if there is none."""
    row = (await connection.execute(SESSION, {"hash": hash_secret(secret), "now": now})).one_or_none()
    if row is None:
        return None
    name, number, kind = orjson.loads(keyring.open(row.identity, row.subject_index))
    return PresentLitigant(_principal(row), name, number, kind)


def _principal(row: Any) -> Principal:
    reach = scopes_of(Audience.LITIGANT_PORTAL)
    return Principal(
        client_id=row.client_id,
        client_key=row.id,
        name=row.name,
        audience=row.audience,
        scopes=frozenset(scope for scope in Scope if scope in reach and scope in row.scopes),
        purposes=PURPOSES[Audience.LITIGANT_PORTAL],
        token_id="",
        subject_index=row.subject_index,
        budget=row.budget,
        documents=DocumentPolicy.OPEN,
        expires_at=row.expires_at,
    )
