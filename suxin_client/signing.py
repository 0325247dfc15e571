"""What a client signs: assertions of who it is (RFC 7523), and proofs of its key (RFC 9449)."""

import base64
import hashlib
import json
import secrets
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry

from suxin_client.failures import ClientError
from suxin_client.sm2 import SM2_SM3, ClientSm2Algorithm, ClientSm2Key, is_sm2

ALGORITHMS = {"EC": "ES256", "OKP": "EdDSA", "RSA": "PS256"}
"""By `kty`; keys of SM2 have their own."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
PUBLIC = {"EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x"), "RSA": ("kty", "n", "e")}


class _LongHeaders(JWSRegistry):
    max_header_length = 4096

    def get_alg(self, name: str) -> Any:
        """Return the algorithm of this name."""
        return ClientSm2Algorithm() if name == SM2_SM3 else super().get_alg(name)


REGISTRY = _LongHeaders(algorithms=[*ALGORITHMS.values(), SM2_SM3])


def read_key(jwk: dict[str, Any]) -> Key:
    """Return a private key. Raises ClientError."""
    try:
        key = ClientSm2Key(jwk) if is_sm2(jwk) else import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        raise ClientError("The key must be a private JWK: P-256, Ed25519, RSA of 2048 bits, or SM2.") from None
    if not key.is_private:
        raise ClientError("This is the public key. Signing needs the private one.")
    return key


def sign_assertion(key: Key, client_id: str, issuer: str, now: float) -> str:
    """Return a client assertion, good for a minute and once."""
    claims = {"iss": client_id, "sub": client_id, "aud": issuer, "jti": secrets.token_urlsafe(18)}
    claims |= {"iat": int(now), "exp": int(now) + ASSERTION_SECONDS}  # type: ignore[dict-item]
    header = {"alg": SM2_SM3 if isinstance(key, ClientSm2Key) else ALGORITHMS[key.key_type]}
    header |= {"kid": key.kid} if key.kid else {}
    return jwt.encode(header, claims, key, registry=REGISTRY)


def sign_proof(key: Key, method: str, url: str, now: float, nonce: str | None, token: str | None) -> str:
    """Return a proof for one request. token: the access token that is sent with it. Raises ClientError for a key of
    SM2."""
    if isinstance(key, ClientSm2Key):
        raise ClientError("Proofs are not signed by SM2: a proof key is on P-256 or Ed25519, or of RSA.")
    claims: dict[str, Any] = {"htm": method, "htu": url, "iat": int(now), "jti": secrets.token_urlsafe(18)}
    if token is not None:
        digest = hashlib.sha256(token.encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if nonce is not None:
        claims["nonce"] = nonce
    members = key.as_dict(private=False)
    public = {name: members[name] for name in PUBLIC[key.key_type]}
    header = {"typ": "dpop+jwt", "alg": ALGORITHMS[key.key_type], "jwk": public}
    return jws.serialize_compact(header, json.dumps(claims), key, registry=REGISTRY)
