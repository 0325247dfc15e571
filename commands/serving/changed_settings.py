"""Settings that differ from those of the last start on this machine: a security event, without secrets."""

import hashlib
import hmac
import socket
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from auth.administration.security_events import Happening, compare, record
from models.keyring import load_keyring
from models.security_event import SecurityAct, SecurityEvent
from postgres import database
from settings import Settings

URLS = frozenset({"database_url", "direct_url", "owner_url", "standby_url"})
"""Settings that hold a password: told without it, with a keyed hash by which a change of it is seen."""

HASH_DIGITS = 16


def record_settings(settings: Settings, url: sa.URL) -> None:
    """Record the settings of a start if they differ from those of the last one on this machine that recorded any."""
    subject, now = f"settings of {socket.gethostname()}", describe_settings(settings)
    engine = database.make_sync_engine(url)
    try:
        with engine.begin() as connection:
            before = _find_last(connection, subject)
            if before != now:
                old, _ = compare(before, now)
                record(connection, Happening(SecurityAct.SETTINGS_CHANGED, subject, old, now))
    finally:
        engine.dispose()


def describe_settings(settings: Settings) -> Mapping[str, str]:
    """Return the settings as they may be told. The key ring must exist."""
    key = load_keyring(settings.key_file, settings.crypto, settings.crypto_command).sign_in_key
    return {name: _tell(name, value, key) for name, value in asdict(settings).items()}


def _tell(name: str, value: Any, key: bytes) -> str:
    if name in URLS and value:
        shown = database.read_url(value, name).render_as_string(hide_password=True)
        return f"{shown} #{hmac.digest(key, value.encode(), hashlib.sha256).hex()[:HASH_DIGITS]}"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value.absolute() if isinstance(value, Path) else value)


def _find_last(connection: sa.Connection, subject: str) -> Mapping[str, str]:
    mine = (SecurityEvent.act == SecurityAct.SETTINGS_CHANGED, SecurityEvent.subject == subject)
    last = sa.select(SecurityEvent.after).where(*mine).order_by(SecurityEvent.id.desc()).limit(1)
    return connection.scalar(last) or {}
