"""Webhooks: what a client does with its own."""

from casework.webhooks import told_secret
from engine.load.context import Context
from engine.load.rows import Row


def show_secret(context: Context, row: Row) -> str:
    """The HMAC secret of the newest keys: the same in the answer to a repeated request."""
    assert context.performing.changed is not None  # noqa: S101 - there is a row
    return told_secret(context.caller.keyring, context.performing.changed, row.key_version)
