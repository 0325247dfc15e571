"""OAuth clients for tests: registered ones, the JWTs that they sign, and an authorization server in process."""

import itertools
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from joserfc import jws
from joserfc.jwk import ECKey, Key
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette

from auth.audiences import Audience
from auth.clients.authentication import ASSERTION_TYPE
from auth.clients.registration import Registration
from auth.clients.registry import add_client
from auth.jose.sm2_jwk import Sm2Algorithm
from auth.scopes import Scope
from auth.server.authorization_server import AuthorizationServer
from auth.server.endpoints import build_oauth_routes
from auth.server.grants import TokenExchange
from auth.server.subject_token import SUBJECT_TOKEN_TYPE
from auth.signing import SigningKeys
from models.client import ClientProfile
from models.keyring import Keyring

ISSUER = "https://suxin.court.example"
START = 1_800_000_000
NUMBER = "330281199003077596"
numbers = itertools.count(1)


SM2 = Sm2Algorithm()


class AnyAlgorithm(JWSRegistry):
    """Signs with whatever a test names, also with what the server must refuse."""

    def get_alg(self, name: str) -> Any:
        """Every algorithm that joserfc knows, without its advice, and SM2."""
        return SM2 if name == SM2.name else self.algorithms[name]


REGISTRY = AnyAlgorithm()


@dataclass
class Clock:
    """A clock that moves when a test says so."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class SigningClient:
    """A `private_key_jwt` client with its private key."""

    client_id: str
    key: Key
    issuer: str = ISSUER

    def assertion(self, clock: Clock, key: Key | None = None, header: dict[str, Any] | None = None, **over: Any) -> str:
        """A client assertion. `over` replaces claims, `header` header members; None removes one."""
        now, signer = int(clock.now), key or self.key
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "jti": secrets.token_hex(8)}
        claims |= {"iat": now, "exp": now + 60} | over
        members = {"alg": "ES256", "kid": signer.kid} | (header or {})
        return jws.serialize_compact(present(members), json.dumps(present(claims)), signer, registry=REGISTRY)

    def form(self, clock: Clock, **over: Any) -> dict[str, str]:
        """The parameters that authenticate this client."""
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(clock, **over)}

    def subject(self, clock: Clock, **over: Any) -> str:
        """A portal's statement about its user."""
        user: dict[str, Any] = {"sub": "user-7", "name": "张三", "id_number": NUMBER, "exp": int(clock.now) + 300}
        return self.assertion(clock, **(user | over))


def present(members: dict[str, Any]) -> dict[str, Any]:
    """Only the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


@dataclass
class Service:
    """An authorization server, its clock, and an HTTP client that reaches it in process."""

    server: AuthorizationServer
    clock: Clock
    http: httpx2.AsyncClient

    @property
    def engine(self) -> sa.Engine:
        """The server's own engine."""
        return self.server.engine

    def register(self, audience: Audience = Audience.BANK, scopes: Sequence[str] = (), **more: Any) -> SigningClient:
        """A new client that signs with a fresh P-256 key."""
        key = ECKey.generate_key("P-256", auto_kid=True)
        more.setdefault("jwks", {"keys": [key.as_dict(private=False)]})
        return SigningClient(self._add(audience, scopes, **more)[0], key)

    def register_pilot(self, scopes: Sequence[str] = (Scope.CATALOGUE, Scope.ORGANIZATION)) -> tuple[str, str]:
        """A new client with a secret: its identifier and secret."""
        return self._add(Audience.BANK, scopes)

    def _add(self, audience: Audience, scopes: Sequence[str], **more: Any) -> tuple[str, str]:
        name = f"client-{next(numbers)}"
        with self.engine.begin() as connection:
            more.setdefault("profile", ClientProfile.PILOT)
            registration = Registration(name=name, client_id=name, audience=audience, scopes=scopes, **more)
            now, keyed = datetime.fromtimestamp(self.clock.now, UTC), registration.jwks is not None
            added = add_client(connection, registration, now=now, allow_pilot_persons=keyed)
        return added.client_id, added.secret or ""

    async def ask(self, form: dict[str, str], path: str = "/oauth/token", **more: Any) -> httpx2.Response:
        """POST a form."""
        return await self.http.post(path, data=form, **more)

    async def token(self, client: SigningClient, **form: str) -> httpx2.Response:
        """A client credentials request by `client`."""
        return await self.ask({"grant_type": "client_credentials"} | client.form(self.clock) | form)

    async def access_token(self, client: SigningClient, **form: str) -> str:
        """The access token that such a request gives."""
        response = await self.token(client, **form)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    async def exchange(self, portal: SigningClient, subject_token: str, **form: str) -> httpx2.Response:
        """A token exchange by `portal`."""
        exchange = {"grant_type": TokenExchange.GRANT_TYPE, "subject_token_type": SUBJECT_TOKEN_TYPE}
        return await self.ask(exchange | {"subject_token": subject_token} | portal.form(self.clock) | form)


@asynccontextmanager
async def in_process(engine: sa.Engine, keyring: Keyring, signing_key_file: Path) -> AsyncIterator[Service]:
    """A service on `engine`, with signing keys and a clock of its own."""
    clock = Clock()
    server = AuthorizationServer(
        issuer=ISSUER,
        engine=engine,
        signing=SigningKeys(signing_key_file, clock),
        keyring=keyring,
        token_lifetime=300,
        allow_pilot_persons=False,
        clock=clock,
    )
    transport = httpx2.ASGITransport(Starlette(routes=build_oauth_routes(server, revoked=lambda client_key: None)))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield Service(server, clock, http)


def refusal(response: httpx2.Response) -> tuple[int, str]:
    """Status and error code, once it is sure that the answer explains itself."""
    body = response.json()
    assert body["error_description"].endswith("."), body
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, body["error"]
