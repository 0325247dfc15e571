"""Hand-over: a litigant portal sends the browser of its authenticated user with a signed, single-use subject token (RFC
8693, section 2.1), and a session begins."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import orjson
import sqlalchemy as sa

from auth.clients.assertion import AssertionRefused
from auth.clients.authentication import hash_secret
from auth.server.authorization_server import AuthorizationServer
from auth.server.subject_token import TokenSubject, read_subject_token
from auth.server.token_store import (
    RegisteredClient,
    accept_once,
    claim,
    contradicts,
    find_client,
    prune,
    tell_of_sign_in,
    to_datetime,
)
from models.audience import Audience
from models.litigant_session import LitigantSession

SESSION = timedelta(minutes=15)
SECRET_BYTES = 32
log = logging.getLogger("suxin.oauth")


class HandOverRefusedError(Exception):
    """The token is not accepted. The message is for the log; a browser gets a constant sentence."""


@dataclass(frozen=True)
class HandOver:
    """A session that has begun. secret: of its cookie; the database holds its hash."""

    secret: str = field(repr=False)


def hand_over(server: AuthorizationServer, client_id: str, token: str) -> HandOver:
    """Begin a session for the subject of a token of a portal. The secret is new, so that none can be fixed beforehand.

    A `jti` that was accepted stays used, whatever else is wrong. Raises HandOverRefusedError."""
    with server.engine.begin() as connection:
        client = _find_portal(connection, client_id)
        subject = _read(server, client, token)
        used_before = not accept_once(connection, client.key, subject.claims, server.clock())
    if used_before:
        raise HandOverRefusedError("its jti was used before")
    with server.engine.begin() as connection:
        index = claim(connection, server.keyring.hash(subject.number))
        if contradicts(connection, index, subject.claims["name"]):
            raise HandOverRefusedError("name and id_number are not of one person")
        return _begin(server, connection, client, subject, index)


def _find_portal(connection: sa.Connection, client_id: str) -> RegisteredClient:
    client = find_client(connection, client_id) if client_id.isprintable() else None
    if client is None or client.audience is not Audience.LITIGANT_PORTAL:
        raise HandOverRefusedError("there is no such litigant portal")
    return client


def _read(server: AuthorizationServer, client: RegisteredClient, token: str) -> TokenSubject:
    try:
        keys = server.find_keys(client, token)
        return read_subject_token(token, keys, client.client_id, server.issuer, server.clock())
    except AssertionRefused as refused:
        raise HandOverRefusedError(str(refused)) from None


def _begin(
    server: AuthorizationServer,
    connection: sa.Connection,
    client: RegisteredClient,
    subject: TokenSubject,
    index: bytes,
) -> HandOver:
    now, secret = server.clock(), secrets.token_urlsafe(SECRET_BYTES)
    prune(connection, LitigantSession, now)
    values = {
        "token_hash": hash_secret(secret),
        "client_id": client.key,
        "subject_index": index,
        "identity": server.keyring.seal(_describe(subject.claims), index),
        "expires_at": to_datetime(now) + SESSION,
    }
    connection.execute(sa.insert(LitigantSession).values(values))
    tell_of_sign_in(connection, client.key, index, to_datetime(now))
    log.info("a litigant was handed over by %s", client.client_id)
    return HandOver(secret)


def _describe(claims: Mapping[str, object]) -> str:
    """Return name and number as they came, so that the litigant need not type them for a share code."""
    return orjson.dumps([claims["name"], claims["id_number"], claims.get("id_type")]).decode()


def end_session(server: AuthorizationServer, secret: str) -> None:
    """End a session."""
    with server.engine.begin() as connection:
        connection.execute(sa.delete(LitigantSession).where(LitigantSession.token_hash == hash_secret(secret)))
