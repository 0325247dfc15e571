"""Proofs of possession, made by a client (RFC 9449, section 4)."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, import_key
from joserfc.jws import JWSRegistry

from auth.clients.assertion import ClientAlgorithms
from auth.clients.keys import ALGORITHMS, ClientKeysError, algorithm_of
from auth.proofs.proof import PROOF_TYPE


class _LongHeaders(ClientAlgorithms):
    max_header_length = 4096


REGISTRY: JWSRegistry = _LongHeaders(algorithms=ALGORITHMS)


@dataclass
class Prover:
    """Signs proofs by one key. key: a private JWK, by default a new one. nonce: the last one that the server sent."""

    key: Key = field(default_factory=lambda: ECKey.generate_key("P-256"), repr=False)
    nonce: str | None = None

    @classmethod
    def of(cls, jwk: dict[str, Any]) -> "Prover":
        """Return a prover with a private JWK. Raises ClientKeysError."""
        try:
            key = import_key(jwk)
            algorithm_of(key)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ClientKeysError("A proof needs a private JWK: P-256, Ed25519 or RSA.") from error
        if not key.is_private:
            raise ClientKeysError("This is the public key. A proof needs the private one.")
        return cls(key)

    def prove(self, method: str, url: str, now: float, token: str | None = None) -> str:
        """Return a proof for one request. token: the access token that is sent with it. Raises ClientKeysError for an
        unsuitable key."""
        claims: dict[str, Any] = {"htm": method, "htu": url, "iat": int(now), "jti": secrets.token_urlsafe(18)}
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        public = {name: value for name, value in self.key.as_dict(private=False).items() if name != "kid"}
        header = {"typ": PROOF_TYPE, "alg": algorithm_of(self.key), "jwk": public}
        return jws.serialize_compact(header, json.dumps(claims), self.key, registry=REGISTRY)
