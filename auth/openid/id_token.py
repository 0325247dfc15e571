"""Validation of ID tokens (OpenID Connect Core 1.0, 3.1.3.7): the signature by `joserfc`, the claims by authlib, and
what both leave to the caller."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry

from auth.openid.provider import OpenIdProvider
from auth.server.token_store import to_datetime
from models.readable import is_readable

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Signatures only: none, and a hash with the secret, are refused."""

REGISTRY = JWSRegistry(algorithms=ALGORITHMS)
SKEW_SECONDS = 60
"""How far the clocks of provider and service may be apart."""

OLDEST_SECONDS = 8 * 3600
"""How long ago the provider may have authenticated a person who signs in: as long as a session lasts."""

LONGEST_SUBJECT, LONGEST_TOKEN = 255, 64 * 1024


class IdTokenError(ValueError):
    """An ID token is refused. The message says why, in a few words: the reason of a security event."""


@dataclass(frozen=True)
class Identified:
    """Who was authenticated. subject: `sub`, which the issuer gives nobody else. at: when, by the provider's clock, and
    not later than now."""

    subject: str
    at: datetime


def validate(provider: OpenIdProvider, answer: Mapping[str, Any], nonce: str, now: float, oldest: int) -> Identified:
    """Return whom an ID token is about. answer: of the token endpoint. oldest: seconds since the authentication, at
    most. Raises IdTokenError, ProviderAwayError."""
    text = answer.get("id_token")
    if not isinstance(text, str) or len(text) > LONGEST_TOKEN:
        raise IdTokenError("NO_ID_TOKEN")
    header, claims = _verify(provider, text)
    terms = provider.terms
    options = {"iss": {"essential": True, "value": terms.issuer}, "aud": {"essential": True, "value": terms.client_id}}
    params = {
        "nonce": nonce,
        "client_id": terms.client_id,
        "max_age": oldest,
        "access_token": answer.get("access_token"),
    }
    try:
        CodeIDToken(claims, header, options, params).validate(int(now), SKEW_SECONDS)
    except JoseError as error:
        raise IdTokenError(_name(error)) from None
    except (TypeError, ValueError, AttributeError):
        raise IdTokenError("WRONG_CLAIMS") from None
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise IdTokenError("WRONG_NONCE")
    _check_strength(provider, claims)
    return Identified(_subject_of(claims), _moment_of(claims, now, oldest))


def _verify(provider: OpenIdProvider, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    def find(signed: Any) -> Key:
        kid = signed.headers().get("kid")
        keys = [key for key in provider.find_keys(kid) if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
        fitting = keys if kid is None else [key for key in keys if key.get("kid") == kid]
        if len(fitting) != 1:  # without a kid there is one key only (OpenID Connect Core, 10.1)
            raise IdTokenError("UNKNOWN_KEY")
        return import_key(fitting[0])

    try:
        decoded = jwt.decode(text.encode("ascii"), find, registry=REGISTRY)
    except IdTokenError:
        raise
    except (JoseError, ValueError, TypeError, RecursionError):
        raise IdTokenError("WRONG_SIGNATURE") from None
    if not is_readable(decoded.claims):
        raise IdTokenError("WRONG_CLAIMS")
    return decoded.header, decoded.claims


def _name(error: JoseError) -> str:
    claim = getattr(error, "claim", None) or "exp"
    return f"WRONG_{str(claim).upper()}"


def _check_strength(provider: OpenIdProvider, claims: Mapping[str, Any]) -> None:
    """Raise IdTokenError unless the authentication was of a class and by a method that count: that they were asked for
    says nothing (OpenID Connect Core, 3.1.3.7, 12)."""
    acr, amr = claims.get("acr"), claims.get("amr")
    if provider.terms.acr and acr not in provider.terms.acr:
        raise IdTokenError("WRONG_ACR")
    methods = amr if isinstance(amr, list) else []
    if provider.terms.amr and not any(one in methods for one in provider.terms.amr):
        raise IdTokenError("WRONG_AMR")


def _subject_of(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise IdTokenError("WRONG_SUB")
    return subject


def _moment_of(claims: Mapping[str, Any], now: float, oldest: int) -> datetime:
    at = claims.get("auth_time")
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise IdTokenError("WRONG_AUTH_TIME")
    if not now - oldest - SKEW_SECONDS <= at <= now + SKEW_SECONDS:
        raise IdTokenError("WRONG_AUTH_TIME")
    return to_datetime(min(float(at), now))
