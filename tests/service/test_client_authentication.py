"""How clients prove who they are, and every known way to pretend (FAPI 2.0, 5.3.2.1; RFC 7523; RFC 6749, 2.3)."""

import base64
import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from oauth_clients import ISSUER, START, Service, SigningClient, refusal

from auth.clients.authentication import ASSERTION_TYPE, NO_CREDENTIALS, WRONG_ASSERTION
from auth.clients.registry import disable_client
from models.client import Client

GRANT = {"grant_type": "client_credentials"}
INVALID_CLIENT = (401, "invalid_client")
DISABLED = datetime.fromtimestamp(START, UTC)


def encode(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# --- private_key_jwt --------------------------------------------------------------------------------------------------


@pytest.mark.fapi_accepts("5.3.2.1-3", "5.3.2.1-6", "5.3.2.1-8", "5.4.1-1", "5.4.1-2", "5.4.1-3")
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256", auto_kid=True), "ES256"),
        (OKPKey.generate_key("Ed25519", auto_kid=True), "Ed25519"),
        (OKPKey.generate_key("Ed25519", auto_kid=True), "EdDSA"),
        (RSAKey.generate_key(2048, auto_kid=True), "PS256"),
    ],
)
async def test_a_client_signs_with_any_fapi_algorithm(service: Service, key: Key, algorithm: str) -> None:
    """Stock authlib passes no algorithms to joserfc, so that PS256 and Ed25519 fail and RS256 passes."""
    client = SigningClient(service.register(jwks={"keys": [key.as_dict(private=False)]}).client_id, key)
    form = client.form(service.clock, header={"alg": algorithm})
    assert (await service.ask(GRANT | form)).status_code == 200


@pytest.mark.fapi_refuses("5.4.1-1")
@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS384"])
async def test_other_rsa_algorithms_are_refused(
    service: Service, algorithm: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log knows the reason; the answer is the same for whatever is wrong before the signature is verified."""
    caplog.set_level(logging.INFO, "suxin.oauth")
    key = RSAKey.generate_key(2048, auto_kid=True)
    client = SigningClient(service.register(jwks=key.as_dict(private=False)).client_id, key)
    response = await service.ask(GRANT | client.form(service.clock, header={"alg": algorithm}))
    assert (refusal(response), response.json()["error_description"]) == (INVALID_CLIENT, WRONG_ASSERTION)
    assert caplog.messages == ["client assertion refused: UnsupportedAlgorithmError"]


async def test_hs256_with_the_public_key_as_secret_is_refused(service: Service, bank: SigningClient) -> None:
    public = json.dumps(bank.key.as_dict(private=False))
    secret = OctKey.import_key(public, {"kid": str(bank.key.kid)})
    form = bank.form(service.clock, key=secret, header={"alg": "HS256"})
    assert refusal(await service.ask(GRANT | form)) == INVALID_CLIENT


@pytest.mark.fapi_refuses("5.3.2.1-13")
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": f"{ISSUER}/"},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "https://evil.example"]},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"sub": 5},
        {"sub": ["client"]},
        {"sub": "no-such-client"},
        {"sub": "a\x00b"},
        {"jti": None},
        {"jti": 7},
        {"jti": ""},
        {"jti": "a\x00b"},
        {"jti": "\ud800"},
        {"jti": "x" * 257},
        {"exp": None},
        {"exp": START},
        {"exp": START - 300},
        {"exp": START + 3_661},
        {"exp": 4_000_000_000},
        {"exp": 10**400},
        {"exp": str(START + 60)},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"iat": START + 11},
        {"iat": START + 100},
        {"iat": "now"},
        {"nbf": START + 11},
        {"nbf": [START]},
    ],
)
async def test_wrong_claims_are_refused(
    service: Service, bank: SigningClient, claims: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Each for its own reason, which the log knows. The answer names it once the signature is the client's own; `sub`
    is read before, to find the key."""
    caplog.set_level(logging.INFO, "suxin.oauth")
    response = await service.ask(GRANT | bank.form(service.clock, **claims))
    assert refusal(response) == INVALID_CLIENT
    ((name, value),) = claims.items()
    unknown = name == "sub" and isinstance(value, str)
    assert ("BadSignatureError" if unknown else name) in caplog.messages[0]
    told = response.json()["error_description"]
    if name == "sub":
        assert told == WRONG_ASSERTION
    else:
        assert told.removeprefix("The client assertion was not accepted: ").removeprefix("its ").startswith(f"{name} ")


SPRING_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "spring",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
"""The key of RFC 7515, appendix A.3."""

SPRING = (
    "eyJraWQiOiJzcHJpbmciLCJhbGciOiJFUzI1NiJ9."
    "eyJzdWIiOiJzcHJpbmctYmFuayIsImF1ZCI6Imh0dHBzOi8vc3V4aW4uY291cnQuZXhhbXBsZSIsImlzcyI6InNwcmluZy1iYW5r"
    "IiwiZXhwIjoxODAwMDAwMDYwLCJpYXQiOjE4MDAwMDAwMDAsImp0aSI6IjBiM2Y2YjBlLTZjMWEtNGEwZS05ZDBjLTJmNmE1YTdiOGM5ZCJ9."
    "BeAtrZh9HRQOEMftyu5Jdi9j9DDU9QDS1sBhFbfiwQk9miZ0e0a70_FRgCINtWF8_rSdpHXREMxjdB1GnTrE9Q"
)
"""An assertion in the form of Spring Security 6 (`NimbusJwtClientAuthenticationParametersConverter`), with a customizer
that sets the audience. Made once, for START."""


async def test_the_assertion_of_spring_security_is_accepted(service: Service) -> None:
    client = service.register(jwks={"keys": [SPRING_KEY]})
    with service.engine.begin() as connection:
        named = sa.update(Client).where(Client.client_id == client.client_id)
        connection.execute(named.values(client_id="spring-bank"))
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": SPRING, "client_id": "spring-bank"}
    assert (await service.ask(GRANT | form)).status_code == 200


@pytest.mark.fapi_refuses("5.3.2.1-8")
@pytest.mark.parametrize("audience", [f"{ISSUER}/oauth/token", [ISSUER], [ISSUER, f"{ISSUER}/oauth/token"], None])
async def test_an_assertion_for_another_audience_is_told_the_right_one(service: Service, audience: Any) -> None:
    """Spring Security names the token endpoint. Known and unknown clients are told the same."""
    bank, stranger = service.register(), SigningClient("stranger", ECKey.generate_key("P-256", auto_kid=True))
    told = [await service.ask(GRANT | one.form(service.clock, aud=audience)) for one in (bank, stranger)]
    assert [refusal(one) for one in told] == [INVALID_CLIENT] * 2
    assert told[0].json() == told[1].json()
    assert f"its aud must be {ISSUER}, the issuer, as one plain text" in told[0].json()["error_description"]


@pytest.mark.fapi_accepts("5.3.2.1-13")
@pytest.mark.parametrize("claims", [{"iat": START + 8}, {"nbf": START + 8}, {"iat": None}, {"exp": START + 3_600}])
async def test_small_clock_differences_are_accepted(
    service: Service, bank: SigningClient, claims: dict[str, Any]
) -> None:
    assert (await service.ask(GRANT | bank.form(service.clock, **claims))).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "no-such-key"},
        {"kid": 5},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"b64": True},
    ],
)
async def test_wrong_headers_are_refused(service: Service, bank: SigningClient, header: dict[str, Any]) -> None:
    members = {"alg": "ES256", "kid": bank.key.kid} | header
    _, payload, signature = bank.assertion(service.clock).split(".")
    form = {"client_assertion_type": ASSERTION_TYPE}
    form["client_assertion"] = f"{encode(json.dumps(members))}.{payload}.{signature}"
    assert refusal(await service.ask(GRANT | form)) == INVALID_CLIENT


@pytest.mark.parametrize("b64", [True, False])
async def test_a_signed_critical_header_is_refused(service: Service, bank: SigningClient, b64: bool) -> None:
    """joserfc understands `b64` (RFC 7797); a JWT must not use it (section 7)."""
    signed = bank.assertion(service.clock, header={"crit": ["b64"], "b64": b64} if b64 else {"b64": True})
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
    assert refusal(await service.ask(GRANT | form)) == INVALID_CLIENT


async def test_a_key_in_the_header_is_not_used(service: Service, bank: SigningClient) -> None:
    """CVE-2026-27962: a library that trusts the `jwk` header lets anybody in."""
    own = ECKey.generate_key("P-256")
    for kid in (None, bank.key.kid):
        header = {"jwk": own.as_dict(private=False), "kid": kid}
        assert refusal(await service.ask(GRANT | bank.form(service.clock, key=own, header=header))) == INVALID_CLIENT


@pytest.mark.parametrize(
    "assertion",
    [
        "a",
        "a.b",
        "a.b.c",
        "....",
        "." * 500,
        "e30.e30.",
        "é.é.é",
        "x" * 9_000,
        f"{encode('{}')}.{encode('{}')}.AA",
        f"{encode('5')}.{encode('{}')}.AA",
        f"{encode('[' * 300)}.{encode('{}')}.AA",
        encode('{"alg":"ES256"}') + "." + encode("[" * 3_000) + ".AA",
        encode('{"alg":"ES256"}') + "." + encode('{"sub":' * 1_000) + ".AA",
        encode('{"alg":"ES256"}') + "." + encode("[]") + ".AA",
        encode('{"alg":"ES256"}') + "." + encode('"text"') + ".AA",
        encode('{"alg":"ES256"}') + "." + encode(b"\xff") + ".AA",
        encode('{"alg":"ES256"}') + "." + encode('{"sub":' + "9" * 5_000 + "}") + ".AA",
        encode('{"alg":5}') + "." + encode('{"sub":"x"}') + ".AA",
        encode('{"alg":["ES256"]}') + "." + encode('{"sub":"x"}') + ".AA",
        encode('{"alg":"none"}') + "." + encode('{"sub":"x"}') + ".",
        encode('{"alg":"ES256","kid":{}}') + "." + encode('{"sub":"x"}') + ".AA",
    ],
)
async def test_malformed_assertions_are_refused_and_never_a_server_error(service: Service, assertion: str) -> None:
    """Stock authlib answers deep JSON with a RecursionError, before anybody is authenticated."""
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    assert refusal(await service.ask(GRANT | form)) == INVALID_CLIENT


@pytest.mark.fapi_refuses("5.4.1-2")
async def test_an_unsigned_assertion_is_refused(
    service: Service, bank: SigningClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "suxin.oauth")
    payload = bank.assertion(service.clock).split(".")[1]
    for header in ({"alg": "none"}, {"alg": "none", "kid": bank.key.kid}, {"alg": "None"}, {}):
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": f"{encode(json.dumps(header))}.{payload}."}
        response = await service.ask(GRANT | form)
        assert (refusal(response), response.json()["error_description"]) == (INVALID_CLIENT, WRONG_ASSERTION)
    causes = [one.removeprefix("client assertion refused: ") for one in caplog.messages]
    assert causes == ["UnsupportedAlgorithmError"] * 3 + ["MissingAlgorithmError"]


async def test_an_assertion_is_good_for_one_request_at_any_endpoint(service: Service, bank: SigningClient) -> None:
    form = bank.form(service.clock)
    assert (await service.ask(GRANT | form)).status_code == 200
    again = await service.ask(GRANT | form)
    assert refusal(again) == INVALID_CLIENT
    assert "its jti was used before" in again.json()["error_description"]
    assert refusal(await service.ask({"token": "x"} | form, "/oauth/revoke")) == INVALID_CLIENT


async def test_clients_do_not_share_their_assertion_names(service: Service, bank: SigningClient) -> None:
    other = service.register()
    for client in (bank, other):
        assert (await service.ask(GRANT | client.form(service.clock, jti="same"))).status_code == 200


@pytest.mark.fapi_accepts("5.4.2-3")
async def test_a_client_with_two_keys_names_the_one_it_uses(service: Service) -> None:
    keys = [ECKey.generate_key("P-256", auto_kid=True) for _ in range(2)]
    client_id = service.register(jwks={"keys": [key.as_dict(private=False) for key in keys]}).client_id
    for key in keys:
        client = SigningClient(client_id, key)
        assert (await service.token(client)).status_code == 200
        nameless = client.form(service.clock, header={"kid": None})
        assert refusal(await service.ask(GRANT | nameless)) == INVALID_CLIENT


async def test_the_assertion_type_must_be_named(service: Service, bank: SigningClient) -> None:
    for kind in ("", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"):
        form = bank.form(service.clock) | {"client_assertion_type": kind}
        assert refusal(await service.ask(GRANT | form)) == INVALID_CLIENT


# --- client_secret_basic ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credentials",
    [
        b"",
        b"\xff",
        b"pilot",
        b":",
        b"\x00:\x00",
        b"pilot:\xe9",
        "pilot:密".encode(),
        b"%00:%ff",
        b"\xed\xa0\x80:x",
        b"A" * 5_000,
    ],
)
async def test_malformed_basic_credentials_are_refused(service: Service, credentials: bytes) -> None:
    """Stock authlib: UnicodeDecodeError or ValueError, so an unauthenticated 500."""
    header = {"authorization": "Basic " + base64.b64encode(credentials).decode()}
    assert refusal(await service.ask(GRANT, headers=header)) == INVALID_CLIENT


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic !!", "Bearer x", "Digest a=b", "x", "basic é"])
async def test_malformed_authorization_headers_are_refused(service: Service, header: str) -> None:
    response = await service.ask(GRANT, headers={"authorization": header.encode("latin-1")})
    assert refusal(response) == INVALID_CLIENT
    assert response.headers["www-authenticate"] == 'Basic realm="suxin", error="invalid_client"'


async def test_unknown_wrong_and_disabled_look_alike(service: Service, bank: SigningClient) -> None:
    """Nobody learns which client identifiers exist."""
    (client_id, secret), (disabled, its_secret) = service.register_pilot(), service.register_pilot()
    with service.engine.begin() as connection:
        disable_client(connection, disabled, now=DISABLED)
    answers = set()
    for auth in ((client_id, "wrong"), ("no-such-client", secret), (disabled, its_secret), (bank.client_id, "x")):
        response = await service.ask(GRANT, auth=auth)
        assert refusal(response) == INVALID_CLIENT
        answers.add((response.text, tuple(sorted(response.headers))))
    assert len(answers) == 1


async def test_unknown_wrongly_signed_and_disabled_assertions_look_alike(service: Service, bank: SigningClient) -> None:
    disabled, (pilot, _) = service.register(), service.register_pilot()
    with service.engine.begin() as connection:
        disable_client(connection, disabled.client_id, now=DISABLED)
    stranger = SigningClient("no-such-client", bank.key)
    forger = SigningClient(bank.client_id, disabled.key)
    texts = set()
    for client in (disabled, stranger, forger, SigningClient(pilot, bank.key)):
        response = await service.token(client)
        assert refusal(response) == INVALID_CLIENT
        texts.add(response.text)
    assert len(texts) == 1


async def test_a_disabled_client_is_refused_at_every_endpoint(service: Service, bank: SigningClient) -> None:
    with service.engine.begin() as connection:
        disable_client(connection, bank.client_id, now=DISABLED)
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect"):
        form = GRANT | {"token": "x"} | bank.form(service.clock)
        assert refusal(await service.ask(form, path)) == INVALID_CLIENT


# --- one method, in one place -----------------------------------------------------------------------------------------


async def test_two_methods_at_once_are_refused(service: Service, bank: SigningClient) -> None:
    pilot = service.register_pilot()
    for form, auth in (
        (bank.form(service.clock), pilot),
        ({"client_secret": pilot[1]}, pilot),
        (bank.form(service.clock) | {"client_secret": "x"}, None),
    ):
        assert refusal(await service.ask(GRANT | form, auth=auth)) == (400, "invalid_request")
    headers = [("authorization", "Basic eDp5"), ("authorization", "Basic eDp5")]
    assert refusal(await service.ask(GRANT, headers=headers)) == (400, "invalid_request")


@pytest.mark.fapi_refuses("5.3.2.1-3", "5.3.2.1-6")
async def test_secrets_in_the_body_and_public_clients_are_refused(service: Service) -> None:
    client_id, secret = service.register_pilot()
    for form in ({"client_id": client_id, "client_secret": secret}, {"client_id": client_id}, {}):
        response = await service.ask(GRANT | form)
        assert (refusal(response), response.json()["error_description"]) == (INVALID_CLIENT, NO_CREDENTIALS)


async def test_client_id_must_agree_with_the_credentials(service: Service, bank: SigningClient) -> None:
    """ClientIdInTokenEndpoint: an error of authentication (RFC 7521, section 4.2)."""
    form = GRANT | bank.form(service.clock) | {"client_id": bank.client_id}
    assert (await service.ask(form)).status_code == 200
    for other in ("another", service.register().client_id):
        response = await service.ask(GRANT | bank.form(service.clock) | {"client_id": other})
        assert refusal(response) == INVALID_CLIENT
        assert "client_id names another client" in response.json()["error_description"]
