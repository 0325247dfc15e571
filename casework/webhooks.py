"""Webhooks of clients: addresses, keys and replays.

By Standard Webhooks 1.0 each webhook has its own HMAC secret and Ed25519 key pair, derived from the key ring. The key
of SM2 is the service's, which may be in a device.
"""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.clients import lock_client
from casework.keys import draw_key
from casework.outbox import WAKE
from casework.refusal import Refusal, refuse_missing
from casework.security_events import record_of_client
from languages.sentence import say
from models.event import Event, EventKind
from models.keyring import Keyring
from models.number_suites import Crypto
from models.watch import Notification
from models.web_address import AddressError, Network, check_receiver
from models.webhook import Delivery, DisableReason, Webhook

MOST_SENT_TO, MOST_KEPT = 10, 50
"""Webhooks of one client: enabled ones, and all that are not deleted."""

OVERLAP = timedelta(hours=24)
"""How long both keys sign after a rotation."""

ANEW: dict[str, Any] = {"attempts": 0, "tried_at": None, "given_up_at": None}
"""The columns of a delivery before its first attempt."""


def derive_signing_key(keyring: Keyring, key: int, version: int) -> Ed25519PrivateKey:
    """Derive the Ed25519 key of a version of a webhook's keys."""
    return Ed25519PrivateKey.from_private_bytes(keyring.derive_webhook_secret(b"ed25519", key, version))


def derive_hmac_secret(keyring: Keyring, key: int, version: int) -> bytes:
    """Derive the HMAC secret of a version of a webhook's keys, 32 bytes."""
    return keyring.derive_webhook_secret(b"hmac", key, version)


def format_secret(keyring: Keyring, key: int, version: int) -> str:
    """Return the HMAC secret in the form of Standard Webhooks."""
    return f"whsec_{base64.b64encode(derive_hmac_secret(keyring, key, version)).decode()}"


async def create_webhook(
    connection: AsyncConnection,
    keyring: Keyring,
    client_key: int,
    url: str,
    kinds: Sequence[EventKind],
    signed_by_sm2: bool,
    at: datetime,
    networks: Sequence[Network],
) -> int:
    """Create a webhook for a client's events. Return its key. networks: see check_receiver.

    Raises Refusal BAD_URL, BAD_EXTENT, REGISTERED, NOT_ELIGIBLE.
    """
    _check_url(url, networks)
    _check_sm2(keyring, signed_by_sm2)
    await _check_number(connection, client_key)
    await _check_free(connection, client_key, url)
    key = await draw_key(connection, Webhook)
    values = {
        "id": key,
        "client_key": client_key,
        "url": url,
        "kinds": sorted(set(kinds)),
        "public_key": derive_signing_key(keyring, key, 1).public_key().public_bytes_raw(),
        "signed_by_sm2": signed_by_sm2,
        "created_at": at,
    }
    await connection.execute(sa.insert(Webhook).values(values))
    return key


async def change_webhook(
    connection: AsyncConnection,
    keyring: Keyring,
    client_key: int,
    key: int,
    url: str | None,
    kinds: Sequence[EventKind] | None,
    signed_by_sm2: bool | None,
    at: datetime,
    networks: Sequence[Network],
) -> None:
    """Change the address or the kinds of a webhook, or whether it is signed by SM2; None leaves them. Its keys stay.

    Raises Refusal NOT_FOUND, BAD_URL, REGISTERED, NOT_ELIGIBLE.
    """
    found = await _lock_own(connection, client_key, key)
    if signed_by_sm2 is not None:
        _check_sm2(keyring, signed_by_sm2)
        await _update(connection, key, signed_by_sm2=signed_by_sm2)
    if url is not None and url != found.url:
        _check_url(url, networks)
        await _move(connection, client_key, key, url, at)
    if kinds is not None:
        await _update(connection, key, kinds=sorted(set(kinds)))
        await _end_deliveries(connection, key, ~_of_kinds(kinds))
    before = {"webhook": found.url, "kinds": found.kinds, "sm2": found.signed_by_sm2}
    after = {"webhook": url or found.url, "kinds": kinds, "sm2": signed_by_sm2}
    await record_of_client(connection, client_key, before, after)


async def delete_webhook(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> None:
    """Delete a webhook and free its address. Raises Refusal NOT_FOUND."""
    found = await _lock_own(connection, client_key, key)
    since = found.disabled_at or at
    await _update(connection, key, deleted_at=at, disabled_at=since, disable_reason=DisableReason.OWNER)
    await _end_deliveries(connection, key)
    await record_of_client(connection, client_key, {"webhook": found.url}, None)


async def rotate_keys(connection: AsyncConnection, keyring: Keyring, client_key: int, key: int, at: datetime) -> None:
    """Rotate the keys of a webhook; both sign for a day. Raises Refusal NOT_FOUND."""
    found = await _lock_own(connection, client_key, key)
    version = found.key_version + 1
    public = derive_signing_key(keyring, key, version).public_key().public_bytes_raw()
    await _update(connection, key, key_version=version, public_key=public, rotated_at=at)
    await record_of_client(connection, client_key, None, {"webhook": found.url, "keyVersion": version})


async def disable_webhook(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> None:
    """Disable a webhook. Events that follow are not kept for it. Raises Refusal NOT_FOUND."""
    found = await _lock_own(connection, client_key, key)
    if found.disabled_at is None:
        await _update(connection, key, disabled_at=at, disable_reason=DisableReason.OWNER)
        await record_of_client(connection, client_key, {"webhook": found.url, "on": True}, {"on": False})


async def enable_webhook(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> None:
    """Enable a webhook and send its undelivered events. Raises Refusal NOT_FOUND, BAD_EXTENT."""
    found = await _lock_own(connection, client_key, key)
    if found.disabled_at is not None:
        await lock_client(connection, client_key)
        _check_extent(await _number(connection, client_key, Webhook.disabled_at.is_(None)), MOST_SENT_TO, "id")
    await _update(connection, key, disabled_at=None, disable_reason=None)
    await _send_again(connection, key, at, _of_kinds(found.kinds))
    if found.disabled_at is not None:
        await record_of_client(connection, client_key, {"webhook": found.url, "on": False}, {"on": True})


async def replay(connection: AsyncConnection, client_key: int, key: int, since: datetime, at: datetime) -> None:
    """Send the client's events since a moment again, each under its own id. Raises Refusal NOT_FOUND."""
    found = await _lock_own(connection, client_key, key)
    told = (
        sa.select(sa.literal(key), Event.id, sa.literal(at, sa.DateTime(timezone=True)))
        .join(Notification, sa.and_(Notification.event_id == Event.id, Notification.client_key == client_key))
        .where(Event.occurred_at >= since, is_wanted(found.kinds))
    )
    again = insert(Delivery).from_select(["webhook_id", "event_id", "next_at"], told)
    await connection.execute(
        again.on_conflict_do_update(
            index_elements=[Delivery.webhook_id, Delivery.event_id],
            set_=ANEW | {"next_at": at, "delivered_at": None, "status": None, "failure": None},
        )
    )
    await connection.execute(WAKE)


def is_wanted(kinds: Sequence[str]) -> sa.ColumnElement[bool]:
    """Test whether an event is of one of these kinds, or no kinds are named."""
    return Event.kind.in_(kinds) if kinds else sa.true()


def _check_url(url: str, networks: Sequence[Network]) -> None:
    """Raise Refusal BAD_URL for an address to which nothing can be sent. The hint says what is wrong with it."""
    try:
        check_receiver(url, networks)
    except AddressError as error:
        raise Refusal("BAD_URL", "Nothing can be sent to this address.", str(error), "url") from None


def _check_sm2(keyring: Keyring, asked: bool) -> None:
    """Raise Refusal NOT_ELIGIBLE if the service has no key of SM2."""
    if asked and keyring.suite is not Crypto.SM:
        remedy = "Leave it out: messages are signed by HMAC-SHA-256 and Ed25519."
        raise Refusal("NOT_ELIGIBLE", "This service does not sign by SM2.", remedy, "signedBySm2")


async def _check_number(connection: AsyncConnection, client_key: int) -> None:
    """Raise Refusal BAD_EXTENT if the client has too many webhooks. Locks the client."""
    await lock_client(connection, client_key)
    _check_extent(await _number(connection, client_key, Webhook.disabled_at.is_(None)), MOST_SENT_TO, "url")
    if await _number(connection, client_key) >= MOST_KEPT:
        message = say(
            "A client keeps {most_kept} webhooks at most, those that are disabled included.", most_kept=MOST_KEPT
        )
        raise Refusal("BAD_EXTENT", message, "Delete one that you use no longer.", "url")


def _check_extent(number: int, most: int, field: str) -> None:
    if number >= most:
        message = say("A client is sent events at {most} webhooks at most.", most=most)
        raise Refusal("BAD_EXTENT", message, "Change one that you have, or disable or delete one.", field)


async def _number(connection: AsyncConnection, client_key: int, *conditions: sa.ColumnElement[bool]) -> int:
    mine = (Webhook.client_key == client_key, Webhook.deleted_at.is_(None))
    count: int = (await connection.execute(sa.select(sa.func.count()).where(*mine, *conditions))).scalar_one()
    return count


async def _check_free(connection: AsyncConnection, client_key: int, url: str) -> None:
    here = (Webhook.client_key == client_key, Webhook.url == url, Webhook.deleted_at.is_(None))
    if (await connection.execute(sa.select(Webhook.id).where(*here))).first() is not None:
        raise Refusal("REGISTERED", "You have a webhook at this address.", "Use it, or give another address.", "url")


async def _move(connection: AsyncConnection, client_key: int, key: int, url: str, at: datetime) -> None:
    """Change the address, and send the waiting deliveries there at once."""
    await lock_client(connection, client_key)
    await _check_free(connection, client_key, url)
    await _update(connection, key, url=url)
    await _send_again(connection, key, at, Delivery.next_at.is_not(None))


def _of_kinds(kinds: Sequence[str]) -> sa.ColumnElement[bool]:
    """Test whether a delivery is of one of these kinds."""
    return sa.exists().where(Event.id == Delivery.event_id, is_wanted(kinds))


async def _send_again(connection: AsyncConnection, key: int, at: datetime, condition: sa.ColumnElement[bool]) -> None:
    """Restart undelivered deliveries."""
    undelivered = (Delivery.webhook_id == key, Delivery.delivered_at.is_(None), condition)
    await connection.execute(sa.update(Delivery).where(*undelivered).values(ANEW | {"next_at": at}))
    await connection.execute(WAKE)


async def _end_deliveries(connection: AsyncConnection, key: int, *conditions: sa.ColumnElement[bool]) -> None:
    """Cancel waiting deliveries."""
    waiting = (Delivery.webhook_id == key, Delivery.next_at.is_not(None), *conditions)
    await connection.execute(sa.update(Delivery).where(*waiting).values(next_at=None))


async def _lock_own(connection: AsyncConnection, client_key: int, key: int) -> Any:
    mine = (Webhook.id == key, Webhook.client_key == client_key, Webhook.deleted_at.is_(None))
    query = sa.select(Webhook.key_version, Webhook.url, Webhook.kinds, Webhook.disabled_at, Webhook.signed_by_sm2)
    found: Any = (await connection.execute(query.where(*mine).with_for_update(key_share=True))).one_or_none()
    if found is None:
        raise refuse_missing("webhook")
    return found


async def _update(connection: AsyncConnection, key: int, **values: Any) -> None:
    await connection.execute(sa.update(Webhook).where(Webhook.id == key).values(values))
