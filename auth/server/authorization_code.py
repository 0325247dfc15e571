"""Authorization codes: issued after sign-in, redeemed once by the same client (RFC 6749, 4.1)."""

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth.access_token import AccessToken
from auth.clients.authentication import hash_secret
from auth.officer import Officer
from auth.server.accounts import find_officer
from auth.server.oauth_http import OAuthRefusal, invalid_request
from auth.server.token_store import RegisteredClient, prune, revoke_token, to_datetime
from languages.sentence import say
from models.staff_account import AuthorizationCode

LIFETIME = timedelta(seconds=60)
CODE_BYTES = 32
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
USELESS = "The code is unknown, used or expired, or redirect_uri or code_verifier are not its own. Sign in again."
OTHER_KEY = "The code is bound to another key than the proof is by. Sign in again, and redeem with the key named there."


@dataclass(frozen=True)
class Redeemed:
    """The grant of a redeemed code. proven_at: when the officer gave a second factor last."""

    code_hash: bytes
    officer: Officer
    scopes: frozenset[str]
    proven_at: datetime | None = None


def issue_code(
    connection: sa.Connection,
    client: RegisteredClient,
    staff_key: int,
    now: float,
    *,
    redirect_uri: str,
    scopes: Collection[str],
    challenge: str,
    jkt: str | None = None,
    proven_at: datetime | None = None,
) -> str:
    """Issue a code to a client on behalf of an officer. jkt: the thumbprint of the key that it is bound to. proven_at:
    of the session."""
    prune(connection, AuthorizationCode, now)
    code = secrets.token_urlsafe(CODE_BYTES)
    values = {
        "code_hash": hash_secret(code),
        "client_id": client.key,
        "staff_id": staff_key,
        "redirect_uri": redirect_uri,
        "scope": " ".join(sorted(scopes)),
        "code_challenge": challenge,
        "jkt": jkt,
        "proven_at": proven_at,
        "expires_at": to_datetime(now) + LIFETIME,
    }
    connection.execute(sa.insert(AuthorizationCode).values(values))
    return code


def redeem(
    connection: sa.Connection, client: RegisteredClient, form: Mapping[str, str], now: float, jkt: str | None = None
) -> Redeemed:
    """Redeem the code of a token request; it is used up even if the request fails. jkt: the thumbprint of the key that
    the request is proven with. Raises OAuthRefusal: invalid_request, or invalid_grant with the same message for every
    reason but another key."""
    for name in ("code", "redirect_uri", "code_verifier"):
        if name not in form:
            raise invalid_request(say("Send {name}, with grant_type=authorization_code.", name=name))
    digest = hash_secret(form["code"])
    row = _consume(connection, client, digest, now)
    officer = find_officer(connection, row.staff_id) if row else None
    if row is None or officer is None or row.expires_at <= to_datetime(now) or not _proven(row, form):
        raise OAuthRefusal("invalid_grant", USELESS)
    if row.jkt is not None and row.jkt != jkt:
        raise OAuthRefusal("invalid_grant", OTHER_KEY)
    return Redeemed(digest, officer, frozenset(row.scope.split(" ")), row.proven_at)


def keep_token(connection: sa.Connection, code_hash: bytes, token: AccessToken) -> None:
    """Store the id of the token issued for a code, so that it is revoked if the code is used again."""
    values = {"jti": token.token_id, "expires_at": to_datetime(token.expires_at)}
    connection.execute(sa.update(AuthorizationCode).where(AuthorizationCode.code_hash == code_hash).values(values))


def _consume(
    connection: sa.Connection, client: RegisteredClient, digest: bytes, now: float
) -> sa.Row[*tuple[object, ...]] | None:
    """Mark the code as used, atomically. A second use revokes the token that was issued."""
    own = (AuthorizationCode.code_hash == digest, AuthorizationCode.client_id == client.key)
    first = (
        sa.update(AuthorizationCode).where(*own, AuthorizationCode.used_at.is_(None)).values(used_at=to_datetime(now))
    )
    row = connection.execute(first.returning(*AuthorizationCode.__table__.columns)).one_or_none()
    if row is None and (issued := connection.scalar(sa.select(AuthorizationCode.jti).where(*own))):
        revoke_token(connection, issued, now)
    return row


def _proven(row: sa.Row[*tuple[object, ...]], form: Mapping[str, str]) -> bool:
    """Verify redirect_uri and code_verifier (RFC 7636, section 4.6)."""
    verifier = form["code_verifier"]
    if form["redirect_uri"] != row.redirect_uri or not VERIFIER.fullmatch(verifier):
        return False
    return secrets.compare_digest(create_s256_code_challenge(verifier), row.code_challenge)
