"""Foreign OAuth clients against a real server on a loopback port: authlib's, oauthlib's, and our own `suxin token`."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import requests
import sqlalchemy as sa
import uvicorn
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.integrations.requests_client import OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from browser import filled
from joserfc.jwk import ECKey, OKPKey, RSAKey
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session
from starlette.applications import Starlette

from auth.audiences import Audience
from auth.clients.credentials import Credentials
from auth.clients.registration import Registration
from auth.clients.registry import add_client
from auth.proofs.prover import Prover
from auth.server.accounts import Account, add_staff
from auth.server.authorization_server import AuthorizationServer
from auth.server.endpoints import build_oauth_routes
from auth.server.token_client import ClientCredential, TokenRequestError, User, request_token
from auth.signing import SigningKeys
from models.client import ClientProfile
from models.court import StaffRole
from models.keyring import Keyring

KEYS: dict[str, Any] = {
    "ES256": ECKey.generate_key("P-256", auto_kid=True),
    "Ed25519": OKPKey.generate_key("Ed25519", auto_kid=True),
    "PS256": RSAKey.generate_key(2048, auto_kid=True),
}


class Announced(uvicorn.Server):
    """Says when it listens, so that nobody has to wait and see."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture(scope="module")
def issuer(sync_engine: sa.Engine, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on a free port of this machine, which is the one place where plain http is allowed (RFC 8414, 2)."""
    config = uvicorn.Config(Starlette(), port=0, log_level="warning")
    socket = config.bind_socket()
    address = f"http://127.0.0.1:{socket.getsockname()[1]}"
    server = AuthorizationServer(
        issuer=address,
        engine=sync_engine,
        signing=SigningKeys(tmp_path_factory.mktemp("keys") / "signing.json", time.time),
        keyring=keyring,
        token_lifetime=300,
        allow_pilot_persons=False,
        clock=time.time,
    )
    config.app = Starlette(routes=build_oauth_routes(server, revoked=lambda client_key: None))
    runner = Announced(config)
    thread = threading.Thread(target=runner.run, args=([socket],))
    thread.start()
    assert runner.listening.wait(10)
    yield address
    runner.should_exit = True
    thread.join(10)
    socket.close()


def register(engine: sa.Engine, audience: Audience = Audience.COMMERCE, key: Any = None) -> Credentials:
    jwks = key.as_dict(private=False) if key else None
    with engine.begin() as connection:
        registration = Registration(name="伙伴", audience=audience, jwks=jwks)
        return add_client(connection, registration, now=datetime.now(UTC))


def test_oauthlib_with_basic_authentication(issuer: str, sync_engine: sa.Engine, monkeypatch: Any) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # oauthlib knows no loopback exception
    added = register(sync_engine)
    with OAuth2Session(client=BackendApplicationClient(added.client_id, scope=["catalogue.read"])) as session:
        token = session.fetch_token(f"{issuer}/oauth/token", auth=(added.client_id, added.secret))
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 300, ["catalogue.read"])


def test_authlib_with_basic_authentication_and_revocation(issuer: str, sync_engine: sa.Engine) -> None:
    added = register(sync_engine)
    with AuthlibSession(added.client_id, added.secret, scope="catalogue.read") as session:
        token = session.fetch_token(f"{issuer}/oauth/token", grant_type="client_credentials")
        described = session.introspect_token(f"{issuer}/oauth/introspect", token=token["access_token"])
        assert described.json()["active"] is True
        session.revoke_token(f"{issuer}/oauth/revoke", token=token["access_token"])
        described = session.introspect_token(f"{issuer}/oauth/introspect", token=token["access_token"])
        assert described.json() == {"active": False}


def test_authlib_signs_staff_in_with_a_code_and_pkce(issuer: str, sync_engine: sa.Engine) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    with sync_engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO court (code, name, evidence) VALUES ('浙0281', '余姚', 'S')"))
        registration = Registration(
            name="诉信平台",
            audience=Audience.COURT,
            jwks={"keys": [key.as_dict(private=False)]},
            court_code="浙0281",
            redirect_uris=["http://127.0.0.1/back"],
            profile=ClientProfile.PILOT,
        )
        added = add_client(connection, registration, now=datetime.now(UTC), allow_pilot_persons=True)
        judge = add_staff(connection, Account("王法官", "wang", StaffRole.JUDGE, "浙0281"))
    with AuthlibSession(
        added.client_id,
        key,
        redirect_uri="http://127.0.0.1/back",
        token_endpoint_auth_method="private_key_jwt",
        code_challenge_method="S256",
        scope="procedure.read procedure.write",
    ) as session:
        session.register_client_auth_method(PrivateKeyJWT(token_endpoint=issuer, alg="ES256"))
        verifier = "v" * 50
        address, state = session.create_authorization_url(f"{issuer}/oauth/authorize", code_verifier=verifier)
        page = requests.get(address, timeout=10)
        form = filled(page, judge.username, judge.password)
        back = requests.post(address, data=form, cookies=page.cookies, allow_redirects=False, timeout=10)
        token = session.fetch_token(
            f"{issuer}/oauth/token",
            authorization_response=back.headers["location"],
            state=state,
            code_verifier=verifier,
        )
    assert token["scope"] == "procedure.read procedure.write"


@pytest.mark.parametrize("algorithm", KEYS)
def test_authlib_with_private_key_jwt(issuer: str, sync_engine: sa.Engine, algorithm: str) -> None:
    key = KEYS[algorithm]
    added = register(sync_engine, key=key)
    with AuthlibSession(added.client_id, key, token_endpoint_auth_method="private_key_jwt") as session:
        session.register_client_auth_method(PrivateKeyJWT(token_endpoint=issuer, alg=algorithm))
        token = session.fetch_token(f"{issuer}/oauth/token", grant_type="client_credentials")
    assert (
        token["scope"] == "bulk.read bulk.write catalogue.read event.read organization.read subject.check webhook.write"
    )


def test_the_token_endpoint_as_audience_is_refused(issuer: str, sync_engine: sa.Engine) -> None:
    """authlib's default, which FAPI 2.0 forbids since the audience injection of CVE-2025-27370."""
    added = register(sync_engine, key=KEYS["ES256"])
    with AuthlibSession(added.client_id, KEYS["ES256"], token_endpoint_auth_method="private_key_jwt") as session:
        session.register_client_auth_method(PrivateKeyJWT(alg="ES256"))
        with pytest.raises(OAuthError, match="invalid_client: The client assertion was not accepted"):
            session.fetch_token(f"{issuer}/oauth/token", grant_type="client_credentials")


def test_a_client_that_repeats_its_jti_is_refused(issuer: str, sync_engine: sa.Engine) -> None:
    """authlib's client writes the first jti into the claims it is given, and sends it again."""
    added = register(sync_engine, key=KEYS["ES256"])
    with AuthlibSession(added.client_id, KEYS["ES256"], token_endpoint_auth_method="private_key_jwt") as session:
        session.register_client_auth_method(PrivateKeyJWT(token_endpoint=issuer, alg="ES256", claims={"purpose": "x"}))
        session.fetch_token(f"{issuer}/oauth/token", grant_type="client_credentials")
        with pytest.raises(OAuthError, match="invalid_client"):
            session.fetch_token(f"{issuer}/oauth/token", grant_type="client_credentials")


@pytest.mark.parametrize("algorithm", KEYS)
def test_our_own_client_with_a_key(issuer: str, sync_engine: sa.Engine, algorithm: str) -> None:
    key = KEYS[algorithm]
    added = register(sync_engine, key=key)
    credential = ClientCredential(issuer, added.client_id, key=key.as_dict(private=True))
    with httpx2.Client() as http:
        assert request_token(credential, http, time.time(), ["catalogue.read"])["scope"] == "catalogue.read"


def test_our_own_client_for_a_user(issuer: str, sync_engine: sa.Engine) -> None:
    key = KEYS["ES256"]
    added = register(sync_engine, Audience.LITIGANT_PORTAL, key)
    credential = ClientCredential(issuer, added.client_id, key=key.as_dict(private=True))
    with httpx2.Client() as http:
        token = request_token(
            credential, http, time.time(), ["self.read"], User("user-7", "张三", "11010519491231002X"), Prover()
        )
    assert (token["scope"], token["token_type"]) == ("self.read", "DPoP")


def test_our_own_client_with_a_secret(issuer: str, sync_engine: sa.Engine) -> None:
    added = register(sync_engine)
    credential = ClientCredential(issuer, added.client_id, secret=added.secret)
    assert str(added.secret) not in repr(credential)
    with httpx2.Client() as http:
        assert request_token(credential, http, time.time())["expires_in"] == 300
        with pytest.raises(TokenRequestError, match=r"invalid_scope: Not allowed: audit\.read"):
            request_token(credential, http, time.time(), ["audit.read"])


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (None, "must be a private JWK"),
        ({"kty": "EC"}, "must be a private JWK"),
        (ECKey.generate_key("P-384").as_dict(private=True), "must be a private JWK"),
        (ECKey.generate_key("P-256").as_dict(private=False), "This is the public key"),
    ],
)
def test_our_own_client_explains_an_unfit_key(key: Any, reason: str) -> None:
    with httpx2.Client() as http, pytest.raises(TokenRequestError, match=reason):
        request_token(ClientCredential("http://127.0.0.1:9", "x", key=key), http, time.time())


def test_our_own_client_explains_a_silent_server() -> None:
    credential = ClientCredential("http://127.0.0.1:9", "x", secret="y")
    with httpx2.Client() as http, pytest.raises(TokenRequestError, match="No OAuth server answers at http"):
        request_token(credential, http, time.time())
