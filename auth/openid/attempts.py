"""Attempts to sign in by the provider: bound to the browser that began them, and used once.

`state` is random, and its row names the browser by its cookie; a callback in another browser is refused, so that nobody
is signed in to the account of whoever sent the link (RFC 9700, section 4.7). `nonce` and the verifier (RFC 7636) are
made of both, so that the database keeps neither, and tabs do not disturb each other.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from auth.server.token_store import prune
from models.staff_login import OpenIdAttempt

LIFETIME = timedelta(minutes=10)
STATE_BYTES = 32


@dataclass(frozen=True)
class BrowserAttempt:
    """What is sent to the provider of an attempt, and what is not. state, nonce, verifier: texts of 43 characters."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def of(cls, state: str, browser: str) -> "BrowserAttempt":
        """Return the attempt of a `state` in a browser. browser: the secret in its cookie."""
        return cls(state, *(_derive(browser, f"{name} {state}") for name in ("nonce", "verifier")))


def begin_attempt(connection: sa.Connection, browser: str, back: str, now: datetime, *, again: bool) -> BrowserAttempt:
    """Keep a new attempt for ten minutes. back: the path to go to then."""
    prune(connection, OpenIdAttempt, now.timestamp())
    made = BrowserAttempt.of(secrets.token_urlsafe(STATE_BYTES), browser)
    row = {"state_hash": _hash(made.state), "browser_hash": _hash(browser), "back": back, "again": again}
    row |= {"began_at": now, "expires_at": now + LIFETIME}
    connection.execute(sa.insert(OpenIdAttempt).values(row))
    return made


def use_attempt(connection: sa.Connection, state: str, browser: str, now: datetime) -> Any:
    """Return the row of an attempt of this browser, which is used up; None if there is none, or no longer."""
    row = OpenIdAttempt
    mine = (row.state_hash == _hash(state), row.browser_hash == _hash(browser), row.expires_at > now)
    return connection.execute(sa.delete(row).where(*mine).returning(*row.__table__.columns)).one_or_none()


def _derive(browser: str, text: str) -> str:
    digest = hmac.digest(browser.encode(), f"openid {text}".encode(), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
