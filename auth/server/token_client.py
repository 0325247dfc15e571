"""A client of the token endpoint, with a key or a secret."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from auth.clients.assertion import REGISTRY
from auth.clients.authentication import ASSERTION_TYPE
from auth.clients.keys import algorithm_of
from auth.jose.sm2_jwk import import_jwk
from auth.metadata import TOKEN_PATH
from auth.proofs.proof import HEADER, NONCE_HEADER
from auth.proofs.prover import Prover
from auth.server.subject_token import LIFETIME_SECONDS, SUBJECT_TOKEN_TYPE

ASSERTION_SECONDS = 60
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  (a type name, no secret)


class TokenRequestError(RuntimeError):
    """The server refused the request or did not answer. The message gives the reason."""


@dataclass(frozen=True)
class ClientCredential:
    """The client. Exactly one of key, a private JWK, and secret is set. issuer: the server's public address."""

    issuer: str
    client_id: str
    key: dict[str, Any] | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class User:
    """The user of a litigant portal. user_id: the portal's own id; name and number: verified by the portal."""

    user_id: str
    name: str = field(repr=False)
    number: str = field(repr=False)


def request_token(
    credential: ClientCredential,
    http: httpx2.Client,
    now: float,
    scopes: Collection[str] = (),
    user: User | None = None,
    prover: Prover | None = None,
) -> dict[str, Any]:
    """Return the token response (RFC 6749, section 5.1) for `scopes`, by default all, on behalf of `user` if given, for
    a token that is bound to the key of `prover` if given. Raises TokenRequestError."""
    form = {"grant_type": "client_credentials"} | ({"scope": " ".join(scopes)} if scopes else {})
    if user:
        form |= {"grant_type": TOKEN_EXCHANGE, "subject_token_type": SUBJECT_TOKEN_TYPE}
        form |= {"subject_token": sign_subject_token(credential, user, now)}
    try:
        response = _send(credential, http, form, now, prover)
        if prover and response.headers.get(NONCE_HEADER) and b"use_dpop_nonce" in response.content:
            response = _send(credential, http, form, now, prover)
    except httpx2.HTTPError as error:
        reason = type(error).__name__
        raise TokenRequestError(f"No OAuth server answers at {credential.issuer} ({reason}). Is it running?") from error
    try:
        answer: dict[str, Any] = response.json()
    except ValueError as error:
        said = f"What answers at {credential.issuer} is no OAuth server, or cannot answer now"
        raise TokenRequestError(f"{said} (status {response.status_code}).") from error
    if response.status_code != 200:
        raise TokenRequestError(f"{answer.get('error')}: {answer.get('error_description')}")
    return answer


def _send(
    credential: ClientCredential, http: httpx2.Client, form: Mapping[str, str], now: float, prover: Prover | None
) -> httpx2.Response:
    """Send a token request, and keep the nonce that comes back."""
    url = credential.issuer + TOKEN_PATH
    basic = (credential.client_id, credential.secret) if credential.secret else httpx2.USE_CLIENT_DEFAULT
    if not credential.secret:
        assertion = sign_client_assertion(credential, now)
        form = {**form, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    headers = {HEADER: prover.prove("POST", url, now)} if prover else {}
    response = http.post(url, data=dict(form), auth=basic, headers=headers)
    if prover:
        prover.nonce = response.headers.get(NONCE_HEADER, prover.nonce)
    return response


def sign_client_assertion(credential: ClientCredential, now: float) -> str:
    """Return a client assertion (RFC 7523, section 2.2). Raises TokenRequestError for an unsuitable key."""
    claims = {"sub": credential.client_id, "exp": int(now) + ASSERTION_SECONDS}
    return _sign(credential, claims, now)


def sign_subject_token(credential: ClientCredential, user: User, now: float) -> str:
    """Return a subject token for one exchange. Raises TokenRequestError for an unsuitable key."""
    claims = {"sub": user.user_id, "name": user.name, "id_number": user.number, "exp": int(now) + LIFETIME_SECONDS}
    return _sign(credential, claims, now)


def _sign(credential: ClientCredential, claims: dict[str, Any], now: float) -> str:
    key, algorithm = _private_key(credential.key)
    header = {"alg": algorithm} | ({"kid": key.kid} if key.kid else {})
    common = {"iss": credential.client_id, "aud": credential.issuer, "iat": int(now), "jti": secrets.token_urlsafe(18)}
    return jwt.encode(header, common | claims, key, registry=REGISTRY)


def _private_key(jwk: dict[str, Any] | None) -> tuple[Key, str]:
    try:
        key = import_jwk(jwk or {})
        algorithm = algorithm_of(key)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenRequestError("The key must be a private JWK: P-256, Ed25519, RSA of 2048 bits, or SM2.") from error
    if not key.is_private:
        raise TokenRequestError("This is the public key. Signing needs the private one.")
    return key, algorithm
