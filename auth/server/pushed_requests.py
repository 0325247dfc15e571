"""Pushed authorization requests (RFC 9126): a client sends its request to this server first, authenticated, and the
browser only carries the address of it."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from auth.clients.authentication import hash_secret
from auth.server.authorization_request import PARAMETERS, SIGN_IN_SECONDS, AuthorizationRequest, read_authorization
from auth.server.contract.messages import PushedAnswer
from auth.server.oauth_http import OAuthRefusal, OAuthRequest, invalid_request
from auth.server.request_objects import check_alone
from auth.server.token_store import RegisteredClient, prune, to_datetime
from models.pushed_request import PushedRequest

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME, SIGN_IN = timedelta(seconds=300), timedelta(seconds=SIGN_IN_SECONDS)
URI_BYTES = 32
PUSH_FIRST = "This client pushes its requests: send request_uri from the endpoint /oauth/par, and client_id (RFC 9126)."


@dataclass(frozen=True)
class Pushed:
    """A pushed request that may still be used."""

    uri_hash: bytes
    parameters: Mapping[str, str]
    jkt: str | None

    def mark(self, asked: AuthorizationRequest) -> AuthorizationRequest:
        """Return the authorization request that these parameters give, as a pushed one."""
        return replace(asked, pushed=self.uri_hash, jkt=self.jkt)


def push(request: OAuthRequest, given: Mapping[str, str], now: float, *, allow_pilot_persons: bool) -> PushedAnswer:
    """Store the request of an authenticated client; returns the response (RFC 9126, section 2.2). given: its
    parameters, of the form or of the request object in it. Raises OAuthRefusal."""
    client = request.client
    if "request_uri" in request.form:
        raise invalid_request(
            "Leave request_uri out, and send the parameters of the request themselves (RFC 9126, 2.1)."
        )
    check_alone(request.form)
    asked = read_authorization(client, given, allow_pilot_persons=allow_pilot_persons)
    prune(request.connection, PushedRequest, now)
    secret = secrets.token_urlsafe(URI_BYTES)
    values = {
        "uri_hash": hash_secret(secret),
        "client_id": client.key,
        "parameters": {name: given[name] for name in PARAMETERS if name in given},
        "jkt": _bound_key(asked.jkt, request),
        "expires_at": to_datetime(now) + LIFETIME + SIGN_IN,
    }
    request.connection.execute(sa.insert(PushedRequest).values(values))
    return {"request_uri": PREFIX + secret, "expires_in": int(LIFETIME.total_seconds())}


def _bound_key(named: str | None, request: OAuthRequest) -> str | None:
    """Return the thumbprint that the code is bound to: of `dpop_jkt`, of the proof, or of both (RFC 9449, section
    10.1)."""
    proven = request.proof.jkt if request.proof else None
    if named and proven and not hmac.compare_digest(named, proven):
        raise OAuthRefusal("invalid_dpop_proof", "dpop_jkt is of another key than the proof.")
    return named or proven


def find_pushed(
    connection: sa.Connection, client: RegisteredClient, query: Mapping[str, str], now: float, *, filled_in: bool
) -> Pushed | None:
    """Return the client's pushed request that a query names; None if it is unknown, used, expired or of another client.
    filled_in: whether the page that the request led to comes back, which may take longer."""
    secret = query.get("request_uri", "").removeprefix(PREFIX)
    live = (
        PushedRequest.uri_hash == hash_secret(secret),
        PushedRequest.client_id == client.key,
        PushedRequest.used_at.is_(None),
        PushedRequest.expires_at > to_datetime(now) + (timedelta() if filled_in else SIGN_IN),
    )
    row = connection.execute(sa.select(PushedRequest.__table__).where(*live)).one_or_none()
    return Pushed(row.uri_hash, row.parameters, row.jkt) if row else None


def use_pushed(connection: sa.Connection, uri_hash: bytes, now: float) -> bool:
    """Mark a pushed request as used, when a code is issued for it; returns whether it was unused. Only one of two at a
    time succeeds."""
    unused = (PushedRequest.uri_hash == uri_hash, PushedRequest.used_at.is_(None))
    marked = sa.update(PushedRequest).where(*unused).values(used_at=to_datetime(now))
    return connection.execute(marked).rowcount == 1
