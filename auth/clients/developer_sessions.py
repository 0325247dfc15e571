"""Sessions of developers: a client's access token asks for a link, a browser opens it once, and a session begins.

The session has the rights to oversee the client's own use of the service, never those to data of persons: its cookie
is bound to no key.
"""

import hashlib
import hmac
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.administration.client_changes import name_client
from auth.administration.security_events import Happening, record
from auth.audiences import PURPOSES, scopes_of
from auth.clients.authentication import hash_secret
from auth.principal import Principal
from auth.scopes import Scope
from auth.server.authorization_server import AuthorizationServer
from auth.server.token_store import prune, to_datetime
from languages.sentence import say
from models.client import Client, ClientProfile, DocumentPolicy
from models.developer_session import DeveloperSession
from models.issued_token import IssuedToken
from models.security_event import SecurityAct

LINK, SESSION = timedelta(seconds=60), timedelta(minutes=30)
SECRET_BYTES = 32
OVERSIGHT = frozenset({Scope.EVENT, Scope.WEBHOOK_WRITE})
"""The scopes that a session may hold."""

NOT_OWN = "Sign in with a token of the client's own (client_credentials): this one acts for a person."
log = logging.getLogger("suxin.oauth")


class LinkRefusedError(Exception):
    """No link is made. The message is for the client."""


def make_secret() -> str:
    """Return a secret of a link or a browser."""
    return secrets.token_urlsafe(SECRET_BYTES)


def make_link(server: AuthorizationServer, principal: Principal) -> str:
    """Return the secret of a link that begins one session of a client, within a minute. Raises LinkRefusedError."""
    if principal.officer or principal.subject_index:
        raise LinkRefusedError(say(NOT_OWN))
    now, secret = to_datetime(server.clock()), make_secret()
    live = sa.select(IssuedToken.jti).where(IssuedToken.jti == principal.token_id, IssuedToken.revoked_at.is_(None))
    with server.engine.begin() as connection:
        if connection.scalar(live.with_for_update(read=True)) is None:  # a revocation waits for this, then deletes it
            raise LinkRefusedError(say("The access token is revoked. Get a new one."))
        prune(connection, DeveloperSession, server.clock())
        values = {
            "token_hash": hash_secret(secret),
            "client_id": principal.client_key,
            "token_id": principal.token_id,
            "scopes": sorted(principal.scopes & OVERSIGHT),
            "bound": bool(principal.jkt or principal.x5t),
            "expires_at": now + LINK,
        }
        connection.execute(sa.insert(DeveloperSession).values(values))
    log.info("a link for a developer of %s was made", principal.client_id)
    return secret


def open_link(server: AuthorizationServer, secret: str, browser: str) -> str | None:
    """Begin the session of a link; returns the secret of its cookie, which is new, so that none can be fixed
    beforehand. None for a link that is unknown, used or over.

    browser: a secret that the browser was given with the page of the link. From it and the link the cookie is derived:
    a browser that sends the form twice gets the same session, and nobody else does.
    """
    now, fresh = to_datetime(server.clock()), _derive(secret, browser)
    with server.engine.begin() as connection:
        key = connection.scalar(_use_up(secret, fresh, now))
        if key is None and connection.scalar(_find_begun(fresh, now)):
            return fresh
        _record(connection, SecurityAct.DEVELOPER_SIGN_IN, key, None if key else "UNKNOWN_LINK")
    if not key:
        log.warning("a link for a developer was refused: it is unknown, used or over")
    return fresh if key else None


def _derive(secret: str, browser: str) -> str:
    return hmac.digest(secret.encode(errors="replace"), browser.encode(errors="replace"), hashlib.sha256).hex()


def _use_up(secret: str, fresh: str, now: datetime) -> sa.Executable:
    """Return the statement that makes a session of a link, and returns its client."""
    unused = (
        DeveloperSession.token_hash == hash_secret(secret),
        DeveloperSession.opened_at.is_(None),
        DeveloperSession.expires_at > now,
    )
    begun = {"token_hash": hash_secret(fresh), "opened_at": now, "expires_at": now + SESSION}
    return sa.update(DeveloperSession).where(*unused).values(begun).returning(DeveloperSession.client_id)


def _find_begun(fresh: str, now: datetime) -> sa.Executable:
    mine = DeveloperSession.token_hash == hash_secret(fresh), DeveloperSession.expires_at > now
    return sa.select(DeveloperSession.client_id).where(*mine, IS_OPEN)


def leave(server: AuthorizationServer, secret: str) -> None:
    """End a session."""
    with server.engine.begin() as connection:
        mine = DeveloperSession.token_hash == hash_secret(secret)
        key = connection.scalar(sa.delete(DeveloperSession).where(mine).returning(DeveloperSession.client_id))
        if key:
            _record(connection, SecurityAct.DEVELOPER_SIGN_OUT, key)


def _record(connection: sa.Connection, act: SecurityAct, key: int | None, reason: str | None = None) -> None:
    """Record what a developer of a client did; key: of the client, None for nobody that is known."""
    name = connection.scalar(sa.select(Client.client_id).where(Client.id == key)) if key else None
    record(connection, Happening(act, name and name_client(name), reason=reason))


HELD = (
    sa.select(
        Client.id,
        Client.client_id,
        Client.name,
        Client.audience,
        Client.scopes,
        Client.purposes,
        Client.court_code,
        Client.village_id,
        Client.budget,
        Client.braked_until,
        DeveloperSession.scopes.label("held"),
        DeveloperSession.token_id,
        DeveloperSession.expires_at,
    )
    .join(DeveloperSession, DeveloperSession.client_id == Client.id)
    .where(
        DeveloperSession.token_hash == sa.bindparam("hash"),
        DeveloperSession.expires_at > sa.bindparam("now"),
        Client.disabled_at.is_(None),
        sa.or_(
            DeveloperSession.bound,
            sa.and_(Client.profile == ClientProfile.PILOT, Client.certificate_bound.is_(False)),
        ),
    )
)
IS_OPEN = DeveloperSession.opened_at.is_not(None)


async def admit_developer(connection: AsyncConnection, secret: str, now: datetime) -> Principal | None:
    """Return the client of a session that lasts, with the rights that both still hold; None if there is none."""
    return _principal((await connection.execute(HELD.where(IS_OPEN), _values(secret, now))).one_or_none())


async def foresee_developer(connection: AsyncConnection, secret: str, now: datetime) -> Principal | None:
    """Return the client whose session a link would begin, without using the link up; None if it would begin none."""
    return _principal((await connection.execute(HELD.where(~IS_OPEN), _values(secret, now))).one_or_none())


def _values(secret: str, now: datetime) -> dict[str, Any]:
    return {"hash": hash_secret(secret), "now": now}


def _principal(row: Any) -> Principal | None:
    if row is None:
        return None
    kept = scopes_of(row.audience) & OVERSIGHT & frozenset(row.held) & frozenset(row.scopes)
    return Principal(
        client_id=row.client_id,
        client_key=row.id,
        name=row.name,
        audience=row.audience,
        scopes=frozenset(scope for scope in Scope if scope in kept),
        purposes=frozenset(one for one in PURPOSES[row.audience] if one in row.purposes),
        token_id=row.token_id,
        jurisdiction=row.court_code,
        village_key=row.village_id,
        budget=row.budget,
        documents=DocumentPolicy.OPEN,
        braked_until=row.braked_until,
        expires_at=row.expires_at,
    )
