"""Holders of keys for tests: honest proofs of possession, and every other kind (RFC 9449)."""

import base64
import hashlib
import json
import secrets
import warnings
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry
from oauth_clients import ISSUER, Clock, Service, SigningClient, present

from auth.proofs.nonces import Nonces

PEM, PKCS8 = Encoding.PEM, PrivateFormat.PKCS8
TOKEN_URL, PUSH_URL, GRAPHQL_URL = f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/par", f"{ISSUER}/graphql"


def encode(text: str | bytes) -> str:
    """Base64url."""
    return base64.urlsafe_b64encode(text.encode() if isinstance(text, str) else text).rstrip(b"=").decode()


def short_rsa_key() -> RSAKey:
    """A key of 1024 bits, which joserfc makes no more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
        return RSAKey.import_key(made.private_bytes(PEM, PKCS8, NoEncryption()), {"kid": "short"})


def hash_of(token: str) -> str:
    """The `ath` of a token."""
    return encode(hashlib.sha256(token.encode()).digest())


@dataclass
class Holder:
    """The holder of a key. nonces: those of the server, so that a test needs no first request to get one."""

    clock: Clock
    nonces: Nonces
    key: Key = field(default_factory=lambda: ECKey.generate_key("P-256"))

    @property
    def jkt(self) -> str:
        """The thumbprint of the key."""
        return self.key.thumbprint()

    def proof(
        self,
        url: str = GRAPHQL_URL,
        method: str = "POST",
        token: str | None = None,
        header: dict[str, Any] | None = None,
        signer: Key | None = None,
        **over: Any,
    ) -> str:
        """A proof for one request. `over` replaces claims, `header` header members; None removes one."""
        claims: dict[str, Any] = {"htm": method, "htu": url, "iat": int(self.clock.now), "jti": secrets.token_hex(8)}
        claims |= {"nonce": self.nonces.issue(), "ath": hash_of(token) if token else None} | over
        members = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)} | (header or {})
        signed = f"{encode(json.dumps(present(members)))}.{encode(json.dumps(present(claims)))}"
        signature = JWSRegistry.algorithms[members["alg"]].sign(signed.encode(), signer or self.key)
        return f"{signed}.{encode(signature)}"


def holder_at(service: Service) -> Holder:
    """A holder of a fresh key, who knows the nonces of an authorization server."""
    return Holder(service.clock, Nonces(service.server.keyring.nonce_key, service.clock))


async def bound_token(service: Service, client: SigningClient, holder: Holder, **form: str) -> str:
    """A token of `client` that is bound to the key of `holder`."""
    asked = {"grant_type": "client_credentials"} | client.form(service.clock) | form
    response = await service.ask(asked, headers={"dpop": holder.proof(TOKEN_URL)})
    assert response.status_code == 200, response.text
    assert response.json()["token_type"] == "DPoP"
    return str(response.json()["access_token"])
