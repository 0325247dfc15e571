"""Changes of clients as security events: what differs, without keys and secrets."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from auth.administration.security_events import Happening, compare, record
from models.client import Client
from models.security_event import SecurityAct

HIDDEN = {"secret_hash", "match_version"}
"""Columns whose values are not told; that they changed is."""

BY_COLUMN: tuple[tuple[str, SecurityAct], ...] = (
    ("scopes", SecurityAct.CLIENT_SCOPES_CHANGED),
    ("disabled_at", SecurityAct.CLIENT_DISABLED),
    ("revoked_before", SecurityAct.CLIENT_TOKENS_ENDED),
    ("braked_until", SecurityAct.CLIENT_RELEASED),
    ("documents", SecurityAct.DOCUMENTS_CHANGED),
    *((name, SecurityAct.CLIENT_KEYS_CHANGED) for name in ("jwks", "secret_hash", "certificate_name", "match_version")),
)
"""The acts by what they change."""


def name_client(client_id: str) -> str:
    """Return how a client is named as the subject of a security event."""
    return f"client {client_id}"


def name_keys(jwks: Mapping[str, Any] | None) -> list[str] | None:
    """Return the identifiers of the keys of a set."""
    return None if jwks is None else [str(key.get("kid")) for key in jwks["keys"]]


def find_act(names: Collection[str]) -> SecurityAct:
    """Return the act that changes these columns of a client."""
    return next((act for name, act in BY_COLUMN if name in names), SecurityAct.CLIENT_CHANGED)


def read_state(connection: sa.Connection, client_id: str, names: Collection[str]) -> Mapping[str, Any]:
    """Return columns of a client as they may be told."""
    columns = [getattr(Client, name) for name in sorted(names)]
    row = connection.execute(sa.select(*columns).where(Client.client_id == client_id)).mappings().one_or_none()
    return {name: value if name in HIDDEN else _tell(name, value) for name, value in (row or {}).items()}


def record_change(connection: sa.Connection, client_id: str, before: Mapping[str, Any], act: SecurityAct) -> None:
    """Record a change of a client. before: the state of the columns that may have changed."""
    old, new = compare(before, read_state(connection, client_id, before.keys()))
    record(connection, Happening(act, name_client(client_id), _hide(old), _hide(new)))


def _hide(side: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: "(hidden)" if name in HIDDEN else value for name, value in side.items()}


def _tell(name: str, value: Any) -> Any:
    if name == "jwks":
        return name_keys(value)
    return value.isoformat() if isinstance(value, date) else value  # a datetime is one
