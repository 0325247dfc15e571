"""A small OpenID provider for tests, within the process: it answers as a test says, rightly or wrongly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey, Key
from oauth_clients import REGISTRY, Clock, present

from auth.openid.provider import OpenIdProvider
from auth.openid.terms import OpenIdTerms

PROVIDER = "https://login.court.example"
CLIENT_ID = "suxin"
TERMS = OpenIdTerms(PROVIDER, CLIENT_ID, "hush", acr=("urn:court:two-factors",))


@dataclass
class SmallProvider:
    """The provider. claims, header: what replaces what is right in the next ID token; None removes it. away: whether it
    does not answer. metadata: what replaces members of the discovery document."""

    clock: Clock
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    subject: str = "7f3c91e2"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signer: Key | None = None
    published: list[Any] | None = None
    away: bool = False
    fetched: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    redeemed: list[dict[str, str]] = field(default_factory=list)
    status: int = 200

    def make(self, terms: OpenIdTerms = TERMS) -> OpenIdProvider:
        """What the service knows it by."""
        return OpenIdProvider(terms, self.clock, self.send)

    def send(self, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Answer a request of the service."""
        self.fetched.append(urlsplit(url).path)
        if self.away:
            raise httpx2.ConnectError("away")
        if form is not None:
            return self._redeem(dict(form), headers)
        return 200, json.dumps(self._keys() if url.endswith("/jwks") else self._describe()).encode()

    def _describe(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/jwks"}
        found: dict[str, Any] = {name: PROVIDER + path for name, path in names.items()}
        found |= {"issuer": PROVIDER, "authorization_response_iss_parameter_supported": True}
        return present(found | self.metadata)

    def _keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)] if self.published is None else self.published}

    def approve(self, location: str, **over: str | None) -> dict[str, str]:
        """The query that a browser comes back with, after it was sent to `location`; `over` replaces members."""
        query = dict(parse_qsl(urlsplit(location).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        answer: dict[str, str | None] = {"code": code, "state": query["state"], "iss": PROVIDER}
        return {name: value for name, value in (answer | over).items() if value is not None}

    def _redeem(self, form: dict[str, str], headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.redeemed.append(form | {"authorization": headers.get("authorization", "")})
        asked = self.codes.pop(form["code"], None)
        if asked is None or self.status != 200:
            return (400 if asked is None else self.status), b'{"error": "invalid_grant"}'
        answer = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.write(asked["nonce"])}
        return 200, json.dumps(present(answer)).encode()

    def write(self, nonce: str) -> str | None:
        """The next ID token."""
        now = int(self.clock.now)
        claims: dict[str, Any] = {"iss": PROVIDER, "sub": self.subject, "aud": CLIENT_ID, "nonce": nonce}
        claims |= {"iat": now, "exp": now + 300, "auth_time": now, "acr": TERMS.acr[0]} | self.claims
        header = present({"alg": "ES256", "kid": self.key.kid} | self.header)
        signed = json.dumps(present(claims))
        return jws.serialize_compact(header, signed, self.signer or self.key, registry=REGISTRY)
