"""Pilots authenticate by SM2 (docs/cryptography.md); clients of the class fapi2 do not."""

import json
import logging
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey
from oauth_clients import ISSUER, Service, SigningClient, refusal
from starlette.applications import Starlette

from auth.clients.authentication import WRONG_ASSERTION
from auth.clients.registration import RegistrationError
from auth.clients.registry import rotate_client, set_profile
from auth.jose.sm2_jwk import Sm2Jwk
from auth.scopes import Scope
from auth.server.endpoints import build_oauth_routes
from models.client import Client, ClientProfile
from models.sm2 import Sm2PrivateKey, decode, encode
from models.sm2_keys import Sm2Keys

GRANT = {"grant_type": "client_credentials"}
BY_SM2 = {"alg": "SM2-SM3"}
INVALID_CLIENT = (401, "invalid_client")
METADATA = "/.well-known/oauth-authorization-server"


def make_key() -> Sm2Jwk:
    key = Sm2PrivateKey.generate()
    members = {name: value for name, value in key.key.describe().items() if name in {"kty", "crv", "x", "y", "kid"}}
    return Sm2Jwk(members | {"d": encode(key.octets)})


def public_set(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


@pytest.fixture
def pilot(service: Service) -> SigningClient:
    """A pilot that signs by SM2."""
    key = make_key()
    return SigningClient(service.register(jwks=public_set(key)).client_id, key)


async def test_a_pilot_authenticates_by_sm2(service: Service, pilot: SigningClient) -> None:
    """Its tokens are signed by ES256, as all are."""
    response = await service.ask(GRANT | pilot.form(service.clock, header=BY_SM2))
    assert response.status_code == 200, response.text
    header = json.loads(decode(response.json()["access_token"].partition(".")[0]))
    assert header["alg"] == "ES256"


async def test_an_assertion_counts_once(service: Service, pilot: SigningClient) -> None:
    form = GRANT | pilot.form(service.clock, header=BY_SM2)
    assert (await service.ask(form)).status_code == 200
    again = await service.ask(form)
    assert (refusal(again), "was used before" in again.text) == (INVALID_CLIENT, True)


async def test_another_key_of_sm2_is_refused(
    service: Service, pilot: SigningClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "suxin.oauth")
    header = {**BY_SM2, "kid": pilot.key.kid}
    response = await service.ask(GRANT | pilot.form(service.clock, key=make_key(), header=header))
    assert (refusal(response), response.json()["error_description"]) == (INVALID_CLIENT, WRONG_ASSERTION)
    assert caplog.messages == ["client assertion refused: BadSignatureError"]


@pytest.mark.fapi_refuses("5.4.1-1")
async def test_the_class_fapi2_does_not_authenticate_by_sm2(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Nor by a key that came into its set another way, as by its own address: the set is read without it."""
    caplog.set_level(logging.INFO, "suxin.oauth")
    key, other = make_key(), ECKey.generate_key("P-256", auto_kid=True)
    client = service.register(jwks=public_set(key, other))
    with service.engine.begin() as connection:
        fapi2 = sa.update(Client).where(Client.client_id == client.client_id).values(profile=ClientProfile.FAPI2)
        connection.execute(fapi2)
    signing = SigningClient(client.client_id, key)
    response = await service.ask(GRANT | signing.form(service.clock, header=BY_SM2))
    assert (refusal(response), response.json()["error_description"]) == (INVALID_CLIENT, WRONG_ASSERTION)
    assert caplog.messages == ["client assertion refused: InvalidKeyCurveError"]
    by_es256 = await service.ask(GRANT | SigningClient(client.client_id, other).form(service.clock))
    assert by_es256.json()["error"] == "invalid_dpop_proof"  # authenticated; it must prove its key as well


@pytest.mark.fapi_refuses("5.4.1-1")
async def test_a_key_of_sm2_is_not_registered_for_the_class_fapi2(service: Service, pilot: SigningClient) -> None:
    told = r"^A client of the class fapi2 signs by ES256, PS256 or EdDSA"
    with pytest.raises(RegistrationError, match=told):
        service.register(jwks=public_set(make_key()), profile=ClientProfile.FAPI2)
    with service.engine.begin() as connection, pytest.raises(RegistrationError, match=told):
        set_profile(connection, pilot.client_id, ClientProfile.FAPI2)
    other = service.register(profile=ClientProfile.FAPI2)
    with service.engine.begin() as connection, pytest.raises(RegistrationError, match=told):
        rotate_client(connection, other.client_id, jwks=public_set(make_key()))
    replaced = await service.ask(
        {"jwks": json.dumps(public_set(make_key()))} | other.form(service.clock), path="/oauth/keys"
    )
    assert (replaced.status_code, "signs by ES256, PS256 or EdDSA" in replaced.text) == (400, True)


async def test_a_pilot_goes_over_to_sm2_by_itself(service: Service) -> None:
    client, key = service.register(scopes=[Scope.CATALOGUE]), make_key()
    jwks = json.dumps(public_set(client.key, key))
    replaced = await service.ask({"jwks": jwks} | client.form(service.clock), path="/oauth/keys")
    assert replaced.status_code == 200, replaced.text
    signing = SigningClient(client.client_id, key)
    assert (await service.ask(GRANT | signing.form(service.clock, header=BY_SM2))).status_code == 200
    assert (await service.ask(GRANT | client.form(service.clock))).status_code == 200


async def test_sm2_is_announced_where_the_service_signs_by_it(service: Service) -> None:
    """Never for proofs of possession."""
    for sm2, announced in ((None, False), (Sm2Keys(Sm2PrivateKey.generate()), True)):
        service.server.sm2 = sm2
        routes = build_oauth_routes(service.server, revoked=lambda client_key: None)
        transport = httpx2.ASGITransport(Starlette(routes=routes))
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            document = (await http.get(METADATA)).json()
        names = "token_endpoint", "revocation_endpoint", "introspection_endpoint"
        lists = [document[f"{name}_auth_signing_alg_values_supported"] for name in names]
        lists.append(document["request_object_signing_alg_values_supported"])
        assert {("SM2-SM3" in one, "ES256" in one) for one in lists} == {(announced, True)}
        assert "SM2-SM3" not in document["dpop_signing_alg_values_supported"]
