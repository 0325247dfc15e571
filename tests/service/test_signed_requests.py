"""Signed authorization requests (JAR, RFC 9101; FAPI 2.0 Message Signing, 5.3): pushed, or by a browser."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
import pytest
import sqlalchemy as sa
from browser import REDIRECT_URI, Attempt, filled, path, returned
from front import YUYAO, Front, open_front
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from oauth_clients import ISSUER, REGISTRY, START, Service, SigningClient, present, refusal
from proofs import PUSH_URL, TOKEN_URL, encode
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import Audience
from auth.server.request_objects import SIGN_FIRST
from models.client import Client, ClientProfile


def sign(front: Front, attempt: Attempt, header: dict[str, Any] | None = None, key: Any = None, **over: Any) -> str:
    """A request object. `over` replaces claims, `header` header members; None removes one."""
    now, client, signer = int(front.service.clock.now), front.client, key or front.client.key
    claims = dict(parse_qsl(attempt.query())) | {"iss": client.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300}
    members = {"alg": "ES256", "kid": client.key.kid, "typ": "oauth-authz-req+jwt"} | (header or {})
    text = json.dumps(present(claims | over))
    return jws.serialize_compact(present(members), text, signer, registry=REGISTRY)


async def push(front: Front, attempt: Attempt, text: str | None = None, **beside: str) -> httpx2.Response:
    """Push a request object."""
    form = {"request": text or sign(front, attempt)} | front.client.form(front.service.clock) | beside
    return await front.service.ask(form, "/oauth/par", headers={"dpop": front.holder.proof(PUSH_URL)})


@pytest.fixture
async def front(service: Service, engine: AsyncEngine) -> Front:
    """A client that signs its requests."""
    return await open_front(service, engine, signed_requests=True)


@pytest.mark.fapi_accepts("MS-5.3.1-1", "MS-5.3.1-2", "MS-5.3.1-3")
async def test_a_judge_signs_in_by_a_signed_request(front: Front) -> None:
    attempt = front.attempt()
    response = await push(front, attempt)
    assert response.status_code == 201, response.text
    query = urlencode({"client_id": front.client.client_id, "request_uri": response.json()["request_uri"]})
    back = returned(await front.sign_in(path(query)))
    assert back == {"code": back["code"], "state": attempt.state, "iss": ISSUER}
    assert (await front.redeem(attempt, back["code"])).json()["token_type"] == "DPoP"


RIGHT: tuple[dict[str, Any], ...] = (
    {"aud": [ISSUER, "https://other.example"]},
    {"iat": START, "jti": "once", "nonce": "n" * 64, "max_age": 3600, "claims": {"userinfo": {}}},
    {"nbf": START - 3_599, "exp": START + 1},
    {"nbf": START + 8},
)
TYPES = (None, "JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt")
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"iss": "another"}, "iss is wrong"),
    ({"iss": None}, "iss is wrong"),
    ({"client_id": "another"}, "client_id must be the client identifier"),
    ({"client_id": None}, "client_id must be the client identifier"),
    ({"aud": f"{ISSUER}/oauth/par"}, f"aud must be the issuer, {ISSUER}"),
    ({"aud": None}, "aud must be the issuer"),
    ({"aud": []}, "aud must be the issuer"),
    ({"nbf": None}, "nbf and exp must be given"),
    ({"exp": None}, "nbf and exp must be given"),
    ({"exp": "soon"}, "exp is not a number"),
    ({"nbf": START - 3_601}, "nbf must be at most 3600 seconds ago"),
    ({"nbf": START + 61}, "not ahead of the time here"),
    ({"exp": START}, "exp is past"),
    ({"exp": START + 3_601}, "more than 3600 seconds after nbf"),
    ({"iat": START + 61}, "iat lies in the future"),
    ({"sub": "client"}, "it must not have sub"),
    ({"request": "a.b.c"}, "it must not have request"),
    ({"request_uri": "https://evil.example"}, "it must not have request_uri"),
    ({"state": ["a"]}, "state must be printable text"),
    ({"scope": "a\x00b"}, "scope must be printable text"),
    ({"state": "a\ud800"}, "state must be printable text"),
    ({"state": "a\nb"}, "state must be printable text"),
    ({"other": {"\ud800": 1}}, "other must be printable text"),
)


@pytest.mark.fapi_accepts("MS-5.3.1-3")
async def test_right_claims_are_accepted(front: Front) -> None:
    """What OpenID Connect adds is ignored. The type may be left out."""
    for over in RIGHT:
        response = await push(front, attempt := front.attempt(), sign(front, attempt, **over))
        assert response.status_code == 201, (over, response.text)
    for typ in TYPES:
        response = await push(front, attempt := front.attempt(), sign(front, attempt, {"typ": typ}))
        assert response.status_code == 201, (typ, response.text)


@pytest.mark.fapi_refuses("MS-5.3.1-3")
async def test_a_wrong_claim_is_refused_for_it(front: Front) -> None:
    for over, reason in WRONG:
        response = await push(front, attempt := front.attempt(), sign(front, attempt, **over))
        assert refusal(response) == (400, "invalid_request_object"), over
        assert reason in response.json()["error_description"], over


STRANGER = ECKey.generate_key("P-256")


@pytest.mark.fapi_refuses("MS-5.3.1-1")
@pytest.mark.parametrize(
    ("header", "key"),
    [({}, STRANGER), ({"kid": "unknown"}, None), ({"alg": "HS256"}, OctKey.import_key("a" * 32))],
)
async def test_a_wrong_signature_is_refused(front: Front, header: dict[str, Any], key: Any) -> None:
    await refuse_signature(front, sign(front, front.attempt(), header, key))


@pytest.mark.fapi_refuses("MS-5.3.1-1")
@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "ES256", "crit": ["b64"], "b64": False}])
async def test_another_header_is_refused(front: Front, header: dict[str, Any]) -> None:
    await refuse_signature(front, ".".join([encode(json.dumps(header)), *sign(front, front.attempt()).split(".")[1:]]))


async def refuse_signature(front: Front, text: str) -> None:
    response = await push(front, front.attempt(), text)
    assert refusal(response) == (400, "invalid_request_object")
    assert "sign it with a registered key" in response.json()["error_description"]


async def test_what_is_no_jwt_is_refused(front: Front) -> None:
    for text in ("x", "a.b.c", "....", "a" * 9_000, "e30.e30.e30", "W1tb.W1tb.AA"):
        assert refusal(await push(front, front.attempt(), text)) == (400, "invalid_request_object"), text


async def test_a_jwt_of_another_type_is_refused(front: Front) -> None:
    """A client assertion is no request object, nor the other way round (RFC 9101, section 10.8)."""
    attempt, clock = front.attempt(), front.service.clock
    assertion = front.client.assertion(clock, nbf=int(clock.now))
    assert refusal(await push(front, attempt, assertion)) == (400, "invalid_request_object")
    typed = await push(front, attempt, sign(front, attempt, {"typ": "dpop+jwt"}))
    assert "typ must be oauth-authz-req+jwt" in typed.json()["error_description"]
    form = front.client.form(clock) | {"client_assertion": sign(front, attempt, jti="x"), "request": "x"}
    assert refusal(await front.service.ask(form, "/oauth/par")) == (401, "invalid_client")


@pytest.mark.fapi_refuses("MS-5.3.1-2")
async def test_a_client_that_signs_its_requests_sends_no_others(front: Front) -> None:
    response = await front.push(front.attempt())
    assert (refusal(response), response.json()["error_description"]) == ((400, "invalid_request"), SIGN_FIRST)


async def test_parameters_beside_a_request_object_are_refused_where_it_is_pushed(front: Front) -> None:
    attempt = front.attempt()
    response = await push(front, attempt, redirect_uri="https://evil.example", scope="register.read")
    assert refusal(response) == (400, "invalid_request")
    assert "Leave redirect_uri, scope out" in response.json()["error_description"]
    assert (await push(front, attempt, client_id=front.client.client_id)).status_code == 201


@pytest.mark.parametrize(("name", "value"), [("redirect_uri", "https://evil.example"), ("scope", "audit.read")])
async def test_the_parameters_within_are_checked_as_any(front: Front, name: str, value: str) -> None:
    response = await push(front, attempt := front.attempt(), sign(front, attempt, None, None, **{name: value}))
    told = response.json()["error_description"]
    assert (response.status_code, name in told or value in told) == (400, True)


# --- in the browser ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def pilot(service: Service, engine: AsyncEngine) -> Front:
    """A pilot that signs its requests, and sends them by the browser."""
    return await open_front(service, engine, signed_requests=True, profile=ClientProfile.PILOT)


async def test_a_pilot_signs_a_request_in_the_address(pilot: Front) -> None:
    """Only what is within counts (RFC 9101, section 6.3). The page may take longer than the request object lasts."""
    attempt = pilot.attempt()
    beside = {"client_id": pilot.client.client_id, "response_type": "token", "redirect_uri": "https://evil.example"}
    address = path(urlencode(beside | {"state": "other", "request": sign(pilot, attempt)}))
    page = await pilot.service.http.get(address)
    assert page.status_code == 200
    pilot.service.clock.now += 500
    form = filled(page, pilot.judge.username, pilot.judge.password)
    back = returned(await pilot.service.http.post(address, data=form))
    assert back == {"code": back["code"], "state": attempt.state, "iss": ISSUER}
    pilot.service.http.cookies.clear()
    late = await pilot.service.http.get(address)
    assert (late.status_code, "exp is past" in late.text, "location" in late.headers) == (400, True, False)


async def test_a_wrong_signature_in_the_address_redirects_nobody(pilot: Front) -> None:
    wrong = sign(pilot, attempt := pilot.attempt(), key=STRANGER)
    for more in ({"request": wrong}, {"request": ""}, {}):
        answer = await pilot.service.http.get(path(attempt.query() + "&" + urlencode(more)))
        assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_a_client_without_keys_signs_nothing(service: Service, front: Front) -> None:
    name, _ = service.register_pilot()
    with pytest.raises(sa.exc.IntegrityError), service.engine.begin() as connection:
        connection.execute(sa.update(Client).where(Client.client_id == name).values(signed_requests=True))
    court = service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[REDIRECT_URI])
    other = Front(service, SigningClient(court.client_id, front.client.key), front.judge, front.holder)
    attempt = other.attempt()
    query = urlencode({"client_id": court.client_id, "request": sign(other, attempt)})
    assert (await service.http.get(path(query))).status_code == 400


async def test_the_server_describes_signed_requests(service: Service) -> None:
    told = (await service.http.get("/.well-known/oauth-authorization-server")).json()
    assert (told["request_parameter_supported"], told["request_uri_parameter_supported"]) == (True, False)
    assert told["request_object_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA", "Ed25519"]
    assert told["require_signed_request_object"] is False
    assert told["token_endpoint"] == TOKEN_URL
