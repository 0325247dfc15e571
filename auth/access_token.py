"""Access tokens in JWT format (RFC 9068), written by the token endpoint and read by the resource server."""

import base64
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from auth.clients.certificates import BINDING
from auth.officer import Officer
from auth.signing import ALGORITHM, SigningKeys

TOKEN_TYPE = "at+jwt"  # noqa: S105  (a media type, no secret)
TOKEN_TYPES = frozenset({TOKEN_TYPE, f"application/{TOKEN_TYPE}"})
SKEW_SECONDS = 10
MAXIMUM_LENGTH = 4096
REQUIRED = {"client_id": str, "sub": str, "jti": str, "scope": str, "iat": int, "exp": int}
REGISTRY = JWSRegistry(algorithms=[ALGORITHM])


class AccessTokenInvalid(ValueError):
    """The text is not a valid access token of this server. The message gives the reason, for tests."""


@dataclass(frozen=True)
class AccessToken:
    """The claims of an access token (RFC 9068, section 2.2); times in whole seconds since the epoch.

    subject: the client, the encoded keyed hash of the person it acts for, or the officer. officer: the officer, when a
    token is written. kid: the key that signed. jkt: the thumbprint of the client's key that the token is bound to (RFC
    9449, section 6.1); x5t: the SHA-256 of its certificate (RFC 8705, section 3.1). A bearer token has neither.
    """

    client_id: str
    subject: str
    scopes: frozenset[str]
    token_id: str
    issued_at: int
    expires_at: int
    acting: bool = False
    kid: str = ""
    officer: Officer | None = None
    jkt: str | None = None
    x5t: str | None = None

    @property
    def kind(self) -> str:
        """The token type (RFC 6749, section 7.1)."""
        return "DPoP" if self.jkt else "Bearer"

    def claims(self, issuer: str) -> dict[str, Any]:
        """Return the claims. A portal's token names the portal as the actor (RFC 8693, section 4.1)."""
        claims = {
            "iss": issuer,
            "aud": resource_of(issuer),
            "sub": self.subject,
            "client_id": self.client_id,
            "iat": self.issued_at,
            "exp": self.expires_at,
            "jti": self.token_id,
            "scope": " ".join(sorted(self.scopes)),
        }
        if self.officer:  # RFC 9068, section 2.2.3.1
            claims |= {"roles": [self.officer.role.value], "court": self.officer.court_code}
        if self.jkt or self.x5t:
            claims["cnf"] = {"jkt": self.jkt} if self.jkt else {BINDING: self.x5t}
        if self.acting:
            claims["act"] = {"client_id": self.client_id}
        return claims


def resource_of(issuer: str) -> str:
    """Return the resource of tokens (RFC 8707): the GraphQL endpoint."""
    return f"{issuer}/graphql"


def encode_subject(index: bytes) -> str:
    """Encode a keyed hash as a `sub` claim."""
    return base64.urlsafe_b64encode(index).rstrip(b"=").decode()


def encode_staff(key: int) -> str:
    """Encode an officer as a `sub` claim."""
    return f"staff:{key}"


def write_access_token(token: AccessToken, issuer: str, signing: SigningKeys) -> str:
    """Sign an access token."""
    return signing.sign(token.claims(issuer), TOKEN_TYPE)


def read_access_token(text: str, issuer: str, signing: SigningKeys, now: float) -> AccessToken:
    """Verify signature, algorithm, type, issuer, audience and times (RFC 9068, section 4). Revocation is checked by the
    caller. Raises AccessTokenInvalid."""
    if len(text) > MAXIMUM_LENGTH:
        raise AccessTokenInvalid("too long")
    header, claims = _verify(text, signing)
    if str(header.get("typ", "")).lower() not in TOKEN_TYPES:
        raise AccessTokenInvalid("typ")
    if claims.get("iss") != issuer or claims.get("aud") != resource_of(issuer):
        raise AccessTokenInvalid("iss or aud")
    token = _token(claims, header["kid"])
    if token.expires_at <= now:
        raise AccessTokenInvalid("expired")
    if token.issued_at > now + SKEW_SECONDS:
        raise AccessTokenInvalid("issued in the future")
    return token


def _verify(text: str, signing: SigningKeys) -> tuple[dict[str, Any], dict[str, Any]]:
    def find(signed: Any) -> ECKey:
        key = signing.find(signed.headers().get("kid"))
        if key is None:
            raise AccessTokenInvalid("unknown kid")
        return key

    try:
        decoded = jwt.decode(text.encode("ascii"), find, registry=REGISTRY)
    except AccessTokenInvalid:
        raise
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise AccessTokenInvalid(type(error).__name__) from None
    return decoded.header, decoded.claims


def _token(claims: dict[str, Any], kid: str) -> AccessToken:
    if any(type(claims.get(name)) is not kind for name, kind in REQUIRED.items()):
        raise AccessTokenInvalid("a claim is missing")
    client_id, subject, token_id, issued_at, expires_at = itemgetter("client_id", "sub", "jti", "iat", "exp")(claims)
    scopes, (jkt, x5t) = frozenset(claims["scope"].split()), _thumbprints(claims)
    return AccessToken(
        client_id, subject, scopes, token_id, issued_at, expires_at, "act" in claims, kid, jkt=jkt, x5t=x5t
    )


def _thumbprints(claims: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the thumbprints of the key and of the certificate that a token is bound to, one of them at most. A token
    bound in another way is no bearer token."""
    if "cnf" not in claims:
        return None, None
    bound = claims["cnf"]
    if (
        not isinstance(bound, dict)
        or bound.keys() not in ({"jkt"}, {BINDING})
        or not all(map(_is_text, bound.values()))
    ):
        raise AccessTokenInvalid("bound in a way that is not understood (RFC 7800, section 3.1)")
    return bound.get("jkt"), bound.get(BINDING)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
