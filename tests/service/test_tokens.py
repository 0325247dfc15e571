"""Bearer tokens at the resource: what makes a Principal, and what is refused with which challenge (RFC 6750, 9068)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey
from joserfc.jws import JWSRegistry
from oauth_clients import ISSUER, NUMBER, START, Service, SigningClient, present
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import PURPOSES, Audience, Purpose
from auth.clients.registry import disable_client
from auth.principal import Principal
from auth.scopes import Scope
from auth.signing import SigningKeys, replace
from auth.tokens import CACHED_TOKENS, PresentedToken, TokenError, TokenVerifier, read_presented_token
from models.court import Court
from models.household import Village
from models.keyring import Keyring
from postgres import database

REGISTRY = JWSRegistry(algorithms=["ES256", "HS256"])


@pytest.fixture(scope="module")
def sync_engine(database_url: sa.URL) -> Iterator[sa.Engine]:
    engine = database.make_sync_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.insert(Court).values(code="浙0281", name="余姚市人民法院", evidence="S"))
        connection.execute(sa.insert(Village).values(name="梨洲街道明伟村"))
    yield engine
    engine.dispose()


@pytest.fixture
def verifier(service: Service, engine: AsyncEngine) -> TokenVerifier:
    return TokenVerifier(ISSUER, service.server.signing, engine, service.clock)


async def refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(TokenError, match="Get a new one") as caught:
        await verifier.verify(token)
    assert (caught.value.status, caught.value.code) == (401, "invalid_token")


# --- who is asking ----------------------------------------------------------------------------------------------------


async def test_a_token_names_its_client(service: Service, verifier: TokenVerifier, bank: SigningClient) -> None:
    principal = await verifier.verify(await service.access_token(bank, scope="catalogue.read subject.check"))
    assert principal == Principal(
        client_id=bank.client_id,
        client_key=principal.client_key,
        name=bank.client_id,
        audience=Audience.BANK,
        scopes=frozenset({Scope.CATALOGUE, Scope.SUBJECT}),
        purposes=PURPOSES[Audience.BANK],
        token_id=principal.token_id,
    )


async def test_a_court_and_a_village_have_their_place(service: Service, verifier: TokenVerifier) -> None:
    court = service.register(Audience.COURT, court_code="浙0281")
    village = service.register(Audience.VILLAGE, village="梨洲街道明伟村")
    assert (await verifier.verify(await service.access_token(court))).jurisdiction == "浙0281"
    assert (await verifier.verify(await service.access_token(village))).village_key is not None


async def test_a_portal_token_carries_its_subject(service: Service, verifier: TokenVerifier, keyring: Keyring) -> None:
    portal = service.register(Audience.LITIGANT_PORTAL)
    response = await service.exchange(portal, portal.subject(service.clock))
    principal = await verifier.verify(response.json()["access_token"])
    assert principal.subject_index == keyring.index(NUMBER)
    assert principal.purposes == {Purpose.SELF}
    assert Scope.SELF in principal.scopes
    assert (await verifier.verify(await service.access_token(portal))).subject_index is None


async def test_scopes_taken_from_a_client_leave_its_tokens_at_once(
    service: Service, verifier: TokenVerifier, bank: SigningClient
) -> None:
    token = await service.access_token(bank)
    with service.engine.begin() as connection:
        update = sa.text("update client set scopes = '{catalogue.read}', purposes = '{}' where client_id = :id")
        connection.execute(update, {"id": bank.client_id})
    principal = await verifier.verify(token)
    assert (principal.scopes, principal.purposes) == (frozenset({Scope.CATALOGUE}), frozenset())


# --- tokens that ended ------------------------------------------------------------------------------------------------


@pytest.mark.fapi_refuses("5.3.4-3")
async def test_an_expired_token_is_refused(service: Service, verifier: TokenVerifier, bank: SigningClient) -> None:
    token = await service.access_token(bank)
    service.clock.now += 299
    await verifier.verify(token)
    service.clock.now += 1
    await refused(verifier, token)


@pytest.mark.fapi_refuses("5.3.4-3")
async def test_a_revoked_token_is_refused_at_once(
    service: Service, verifier: TokenVerifier, bank: SigningClient
) -> None:
    """Stock authlib never asks whether a JWT was revoked."""
    token = await service.access_token(bank)
    await verifier.verify(token)
    await service.ask(bank.form(service.clock) | {"token": token}, "/oauth/revoke")
    await refused(verifier, token)


async def test_a_disabled_client_s_token_is_refused_at_once(
    service: Service, verifier: TokenVerifier, bank: SigningClient
) -> None:
    token = await service.access_token(bank)
    await verifier.verify(token)
    with service.engine.begin() as connection:
        disable_client(connection, bank.client_id, now=datetime.fromtimestamp(START, UTC))
    await refused(verifier, token)


async def test_an_emergency_key_replacement_ends_cached_tokens(
    service: Service, engine: AsyncEngine, bank: SigningClient, tmp_path: Path
) -> None:
    verifier = TokenVerifier(ISSUER, service.server.signing, engine, service.clock, trust_seconds=30)
    token = await service.access_token(bank)
    await verifier.verify(token)
    replace(tmp_path / "signing.json", service.clock.now)
    await refused(verifier, token)


async def test_trust_bounds_how_late_a_revocation_takes_effect(
    service: Service, engine: AsyncEngine, bank: SigningClient
) -> None:
    """Also where the notification of it never comes."""
    verifier = TokenVerifier(ISSUER, service.server.signing, engine, service.clock, trust_seconds=5)
    verifier.trust(hearing=True)
    token = await service.access_token(bank)
    await verifier.verify(token)
    await service.ask(bank.form(service.clock) | {"token": token}, "/oauth/revoke")
    service.clock.now += 4.9
    await verifier.verify(token)
    service.clock.now += 0.1
    await refused(verifier, token)


async def test_memory_is_bounded(
    service: Service, verifier: TokenVerifier, bank: SigningClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CACHED_TOKENS == 4096
    monkeypatch.setattr("auth.tokens.CACHED_TOKENS", 2)
    tokens = [await service.access_token(bank) for _ in range(4)]
    for token in tokens * 2:
        await verifier.verify(token)
    assert len(verifier._remembered) == 2


# --- forged tokens ----------------------------------------------------------------------------------------------------


def current_key(tmp_path: Path) -> ECKey:
    return ECKey.import_key(json.loads((tmp_path / "signing.json").read_text())["current"])


def forged(bank: SigningClient, token_id: str, key: Key, header: dict[str, Any], **claims: Any) -> str:
    """What our own key would sign, with changes."""
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": f"{ISSUER}/graphql",
        "sub": bank.client_id,
        "client_id": bank.client_id,
    }
    said |= {"iat": START, "exp": START + 300, "jti": token_id, "scope": "catalogue.read"} | claims
    members = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | header
    return jwt.encode(present(members), present(said), key, registry=REGISTRY, default_type=None)


@pytest.fixture
async def token_id(service: Service, verifier: TokenVerifier, bank: SigningClient) -> str:
    """The jti of a live token, so that a forgery fails for its own reason only."""
    return (await verifier.verify(await service.access_token(bank))).token_id


@pytest.mark.fapi_accepts("5.3.4-3")
@pytest.mark.parametrize("header", [{}, {"typ": "AT+JWT"}, {"typ": "application/at+jwt"}])
async def test_the_forging_of_these_tests_is_right_in_itself(
    verifier: TokenVerifier, bank: SigningClient, token_id: str, tmp_path: Path, header: dict[str, Any]
) -> None:
    found = await verifier.verify(forged(bank, token_id, current_key(tmp_path), header, iat=START + 10))
    assert found.token_id == token_id


@pytest.mark.fapi_refuses("5.3.4-3")
@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({"typ": None}, {}),
        ({"kid": "unknown"}, {}),
        ({"kid": None}, {}),
        ({}, {"iss": "https://evil.example"}),
        ({}, {"iss": None}),
        ({}, {"aud": ISSUER}),
        ({}, {"aud": "client"}),
        ({}, {"aud": [f"{ISSUER}/graphql", "https://evil.example"]}),
        ({}, {"aud": None}),
        ({}, {"exp": START}),
        ({}, {"exp": None}),
        ({}, {"exp": True}),
        ({}, {"exp": float(START + 60)}),
        ({}, {"iat": START + 11}),
        ({}, {"iat": None}),
        ({}, {"jti": "unknown"}),
        ({}, {"jti": None}),
        ({}, {"client_id": "another"}),
        ({}, {"client_id": None}),
        ({}, {"sub": "another"}),
        ({}, {"sub": None}),
        ({}, {"scope": None}),
        ({}, {"scope": ["catalogue.read"]}),
        ({}, {"cnf": {"x5t#S256": ["a certificate"]}}),
        ({}, {"cnf": {"jkt": "a-key", "x5t#S256": "a certificate"}}),
        ({}, {"cnf": {"jkt": ""}}),
        ({}, {"cnf": {"jkt": ["a-key"]}}),
        ({}, {"cnf": {}}),
    ],
)
async def test_a_token_with_a_wrong_part_is_refused(
    verifier: TokenVerifier,
    bank: SigningClient,
    token_id: str,
    tmp_path: Path,
    header: dict[str, Any],
    claims: dict[str, Any],
) -> None:
    """Signed by our own key. Stock authlib accepts a token without typ, with several audiences, or bound in any way."""
    await refused(verifier, forged(bank, token_id, current_key(tmp_path), header, **claims))


@pytest.mark.fapi_refuses("5.3.4-3")
async def test_a_token_by_another_key_is_refused(
    service: Service, verifier: TokenVerifier, bank: SigningClient, token_id: str, tmp_path: Path
) -> None:
    kid = str(current_key(tmp_path).kid)
    stranger = ECKey.generate_key("P-256")
    public = json.dumps(current_key(tmp_path).as_dict(private=False))
    await refused(verifier, forged(bank, token_id, stranger, {"kid": kid}))
    await refused(verifier, forged(bank, token_id, OctKey.import_key(public), {"kid": kid, "alg": "HS256"}))
    await refused(verifier, bank.assertion(service.clock))


@pytest.mark.fapi_refuses("5.3.4-3")
async def test_an_unsigned_or_altered_token_is_refused(
    service: Service, verifier: TokenVerifier, bank: SigningClient
) -> None:
    header, payload, signature = (await service.access_token(bank)).split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"
    for token in (f"{unsigned}.{payload}.", f"{header}.{payload}.", f"{header}.{payload}.{signature[::-1]}"):
        await refused(verifier, token)


@pytest.mark.parametrize("token", ["", "a.b.c", "....", "e30.e30.", "é", "\ud800", "x" * 5000, "[" * 3000 + ".e30.AA"])
async def test_garbage_is_refused(verifier: TokenVerifier, token: str) -> None:
    await refused(verifier, token)


# --- the header -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "scheme"),
    [("Bearer abc", "Bearer"), ("bearer abc", "Bearer"), ("BEARER  abc ", "Bearer"), ("dpop abc", "DPoP")],
)
def test_a_token_is_taken_from_the_header(header: str, scheme: str) -> None:
    assert read_presented_token([header]) == PresentedToken(scheme, "abc")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([], 401, None),
        (["Basic abc"], 400, "invalid_request"),
        (["Bearer"], 400, "invalid_request"),
        (["Bearer "], 400, "invalid_request"),
        (["Bearer a", "Bearer b"], 400, "invalid_request"),
    ],
)
def test_other_headers_are_refused(headers: list[str], status: int, code: str | None) -> None:
    with pytest.raises(TokenError) as caught:
        read_presented_token(headers)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_challenge_points_to_the_metadata() -> None:
    pointer = 'resource_metadata="https://suxin.court.example/.well-known/oauth-protected-resource/graphql"'
    proofs = 'DPoP realm="suxin", algs="ES256 PS256 EdDSA Ed25519"'
    assert TokenError(None, "x").challenge(ISSUER) == f'Bearer realm="suxin", {pointer}, {proofs}'
    said = TokenError("invalid_token", "Expired.").challenge(ISSUER)
    assert said == f'Bearer realm="suxin", error="invalid_token", error_description="Expired.", {pointer}'


async def test_two_workers_share_one_key_file(
    service: Service, engine: AsyncEngine, bank: SigningClient, tmp_path: Path
) -> None:
    other = TokenVerifier(ISSUER, SigningKeys(tmp_path / "signing.json", service.clock), engine, service.clock)
    assert (await other.verify(await service.access_token(bank))).client_id == bank.client_id
