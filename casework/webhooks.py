"""Webhooks: a client says where it wants to be told of events, gets keys to check them by, and has them sent again.

Standard Webhooks 1.0: each endpoint has keys of its own, an HMAC secret and an Ed25519 pair, made from the key ring.
"""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.outbox import WAKE
from casework.refusal import Refusal
from models.event import Event, EventKind
from models.keyring import Keyring
from models.watch import Notification
from models.webhook import Delivery, DisableReason, Webhook

MOST_WEBHOOKS = 10
"""Of one client."""

LONGEST_URL = 500
OVERLAP = timedelta(hours=24)
"""How long both keys sign after a rotation."""

NEXT_KEY = sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence("webhook", "id")))


def signing_key(keyring: Keyring, key: int, version: int) -> Ed25519PrivateKey:
    """The Ed25519 key of a version of a webhook's keys."""
    return Ed25519PrivateKey.from_private_bytes(keyring.webhook_secret(b"ed25519", key, version))


def hmac_secret(keyring: Keyring, key: int, version: int) -> bytes:
    """The HMAC secret of a version of a webhook's keys, 32 bytes."""
    return keyring.webhook_secret(b"hmac", key, version)


def told_secret(keyring: Keyring, key: int, version: int) -> str:
    """The HMAC secret as its owner keeps it."""
    return f"whsec_{base64.b64encode(hmac_secret(keyring, key, version)).decode()}"


async def create_webhook(
    connection: AsyncConnection, keyring: Keyring, client_key: int, url: str, kinds: Sequence[EventKind], at: datetime
) -> int:
    """Tell a client of its events at `url` from now on; gives the webhook's key.

    Raises Refusal BAD_URL, BAD_EXTENT, REGISTERED.
    """
    _check_url(url)
    await _check_number(connection, client_key)
    key: int = (await connection.execute(NEXT_KEY)).scalar_one()
    values = {
        "id": key,
        "client_key": client_key,
        "url": url,
        "kinds": sorted(set(kinds)),
        "public_key": signing_key(keyring, key, 1).public_key().public_bytes_raw(),
        "created_at": at,
    }
    made = insert(Webhook).values(values).on_conflict_do_nothing().returning(Webhook.id)
    if (await connection.execute(made)).scalar_one_or_none() is None:
        raise Refusal("REGISTERED", "You have a webhook at this address.", "Use it, or give another address.", "url")
    return key


async def rotate_keys(connection: AsyncConnection, keyring: Keyring, client_key: int, key: int, at: datetime) -> None:
    """New keys for a webhook; for a day both sign. Raises Refusal NOT_FOUND."""
    found = await _own(connection, client_key, key)
    version = found.key_version + 1
    public = signing_key(keyring, key, version).public_key().public_bytes_raw()
    await _update(connection, key, key_version=version, public_key=public, rotated_at=at)


async def disable_webhook(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> None:
    """Send nothing more; what happens meanwhile is not kept for it. Raises Refusal NOT_FOUND."""
    found = await _own(connection, client_key, key)
    if found.disabled_at is None:
        await _update(connection, key, disabled_at=at, disable_reason=DisableReason.OWNER)


async def enable_webhook(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> None:
    """Send again, what was not delivered first. Raises Refusal NOT_FOUND."""
    await _own(connection, client_key, key)
    await _update(connection, key, disabled_at=None, disable_reason=None)
    undelivered = (Delivery.webhook_id == key, Delivery.delivered_at.is_(None))
    await connection.execute(sa.update(Delivery).where(*undelivered).values(next_at=at, attempts=0))
    await connection.execute(WAKE)


async def replay(connection: AsyncConnection, client_key: int, key: int, since: datetime, at: datetime) -> None:
    """Send what the client was to be told of since a moment again, each under its own id. Raises Refusal NOT_FOUND."""
    found = await _own(connection, client_key, key)
    told = (
        sa.select(sa.literal(key), Event.id, sa.literal(at, sa.DateTime(timezone=True)))
        .join(Notification, sa.and_(Notification.event_id == Event.id, Notification.client_key == client_key))
        .where(Event.occurred_at >= since, wanted(found.kinds))
    )
    again = insert(Delivery).from_select(["webhook_id", "event_id", "next_at"], told)
    await connection.execute(
        again.on_conflict_do_update(
            index_elements=[Delivery.webhook_id, Delivery.event_id],
            set_={"next_at": at, "attempts": 0, "delivered_at": None, "status": None},
        )
    )
    await connection.execute(WAKE)


def wanted(kinds: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a webhook for these kinds is told of an event; for none named, of all."""
    return Event.kind.in_(kinds) if kinds else sa.true()


def _check_url(url: str) -> None:
    """Whether something may be sent there at all; the address is checked when it is connected to."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"https", "http"} and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:
        usable = False
    if not usable or len(url) > LONGEST_URL or not url.isascii() or any(sign in url for sign in " @#\\"):
        raise Refusal("BAD_URL", "Nothing can be sent to this address.", "Give an https:// address.", "url")


async def _check_number(connection: AsyncConnection, client_key: int) -> None:
    count = sa.select(sa.func.count()).where(Webhook.client_key == client_key)
    if (await connection.execute(count)).scalar_one() >= MOST_WEBHOOKS:
        raise Refusal("BAD_EXTENT", f"A client has {MOST_WEBHOOKS} webhooks at most.", "Use one that you have.", "url")


async def _own(connection: AsyncConnection, client_key: int, key: int) -> Any:
    query = sa.select(Webhook.key_version, Webhook.kinds, Webhook.disabled_at).where(
        Webhook.id == key, Webhook.client_key == client_key
    )
    found: Any = (await connection.execute(query.with_for_update(key_share=True))).one_or_none()
    if found is None:
        raise Refusal("NOT_FOUND", "There is no such webhook.", "Look it up again.", "id")
    return found


async def _update(connection: AsyncConnection, key: int, **values: Any) -> None:
    await connection.execute(sa.update(Webhook).where(Webhook.id == key).values(values))
