"""Secrets of webhooks."""

from casework.webhooks import format_secret
from engine.load.context import Context
from engine.load.rows import Row


def show_secret(context: Context, row: Row) -> str:
    """Return the HMAC secret of the newest version; a repeated request gets the same."""
    assert context.performing.changed is not None  # noqa: S101 - there is a row
    return format_secret(context.caller.keyring, context.performing.changed, row.key_version)
