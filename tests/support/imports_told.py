"""What tests of imports ask of the database: who is watched, what was told, which runs there were."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from emptying import empty_tables
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.scopes import Scope
from models.audience import Audience
from models.client import Authentication, Client
from models.consent import Consent
from models.event import Event
from models.import_run import ImportRun
from models.keyring import Keyring
from models.party import Identity, PartyKind
from models.watch import Notification, Watch

SIGNED = datetime(2025, 1, 1, tzinfo=UTC)
REFERENCE = "KH-1"


async def watch(engine: AsyncEngine, keyring: Keyring, kind: PartyKind, name: str, number: str) -> None:
    """A bank watches a subject, with a consent that lasts."""
    about: dict[str, Any] = {"subject_index": keyring.index(number), "reference": REFERENCE}
    async with engine.begin() as connection:
        bank = await connection.scalar(sa.select(Client.id).where(Client.client_id == "watching-bank"))
        bank = bank or await connection.scalar(sa.insert(Client).values(**_client()).returning(Client.id))
        consent = {
            "client_key": bank,
            "purposes": ["POST_LOAN_MONITORING"],
            "scopes": [Scope.PERSON_CREDIT.value],
            "signed_on": SIGNED.date(),
            "valid_from": SIGNED,
            "valid_to": SIGNED.replace(year=2099),
        }
        await connection.execute(sa.insert(Consent).values(consent | about))
        values = {"client_key": bank, "kind": kind, "name": name, "created_at": SIGNED, "ended_at": None}
        await connection.execute(sa.insert(Watch).values(values | about))


def _client() -> dict[str, Any]:
    return {
        "client_id": "watching-bank",
        "name": "某银行",
        "audience": Audience.BANK,
        "authentication": Authentication.CLIENT_SECRET_BASIC,
        "secret_hash": sha256(b"bank").digest(),
        "scopes": [Scope.EVENT.value],
        "purposes": [],
        "created_at": SIGNED,
    }


async def unwatch(engine: AsyncEngine) -> None:
    """Nobody is watched, and no import was run."""
    async with engine.begin() as connection:
        await connection.run_sync(empty_tables, "watch", "consent", "import_run", "event")


async def notified(engine: AsyncEngine) -> list[str]:
    """What the bank was told, in order."""
    query = sa.select(Event.kind).join(Notification, Notification.event_id == Event.id).order_by(Event.id)
    async with engine.connect() as connection:
        return [kind.value for kind in (await connection.execute(query)).scalars()]


async def told(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    """Every event: whose, its place among that party's, and what happened."""
    query = sa.select(Identity.index, Event.sequence, Event.kind).join(Identity, Identity.party_id == Event.party_id)
    async with engine.connect() as connection:
        return sorted((row[0], row[1], row[2].value) for row in await connection.execute(query))


async def runs(engine: AsyncEngine) -> list[dict[str, Any]]:
    """The imports so far."""
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(ImportRun.__table__).order_by(ImportRun.id))
        return [dict(row._mapping) for row in rows]
