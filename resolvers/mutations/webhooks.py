"""Webhooks: what a client does with its own."""

from collections.abc import Sequence
from datetime import datetime

from casework import webhooks
from casework.webhooks import told_secret
from engine.load.context import Context
from engine.load.rows import Row
from models.event import EventKind
from models.webhook import Webhook
from resolvers.mutations.acting import Acting


async def create(acting: Acting, *, url: str, kinds: Sequence[EventKind]) -> int:
    """A client makes a webhook."""
    caller = acting.caller
    client = caller.principal.client_key
    return await webhooks.create_webhook(acting.connection, caller.keyring, client, url, kinds, caller.now)


async def change(acting: Acting, *, id: str, url: str | None, kinds: Sequence[EventKind] | None) -> int:
    """A client changes where it is told, and of what."""
    key, caller = acting.key(id, Webhook), acting.caller
    await webhooks.change_webhook(acting.connection, caller.principal.client_key, key, url, kinds, caller.now)
    return key


async def delete(acting: Acting, *, id: str) -> int:
    """A client has no more use for a webhook."""
    key, caller = acting.key(id, Webhook), acting.caller
    await webhooks.delete_webhook(acting.connection, caller.principal.client_key, key, caller.now)
    return key


async def rotate(acting: Acting, *, id: str) -> int:
    """A client changes a webhook's keys."""
    key, caller = acting.key(id, Webhook), acting.caller
    await webhooks.rotate_keys(acting.connection, caller.keyring, caller.principal.client_key, key, caller.now)
    return key


async def disable(acting: Acting, *, id: str) -> int:
    """A client wants to be sent nothing."""
    key, caller = acting.key(id, Webhook), acting.caller
    await webhooks.disable_webhook(acting.connection, caller.principal.client_key, key, caller.now)
    return key


async def enable(acting: Acting, *, id: str) -> int:
    """A client wants to be sent events again."""
    key, caller = acting.key(id, Webhook), acting.caller
    await webhooks.enable_webhook(acting.connection, caller.principal.client_key, key, caller.now)
    return key


async def replay(acting: Acting, *, id: str, since: datetime) -> int:
    """A client wants events once more."""
    key, caller = acting.key(id, Webhook), acting.caller
    await webhooks.replay(acting.connection, caller.principal.client_key, key, since, caller.now)
    return key


def secret(context: Context, row: Row) -> str:
    """The HMAC secret of the newest keys: the same in the answer to a repeated request."""
    assert context.performing.changed is not None  # noqa: S101 - there is a row
    return told_secret(context.caller.keyring, context.performing.changed, row.key_version)
