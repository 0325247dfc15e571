"""Pushed authorization requests, and codes that are bound to a key (RFC 9126; RFC 9449, 10; FAPI 2.0, 5.3.2.2)."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from browser import REDIRECT_URI, Attempt, filled, path, returned
from front import YUYAO, Front, open_front
from oauth_clients import ISSUER, Service, refusal
from proofs import PUSH_URL, TOKEN_URL, holder_at

from auth.audiences import Audience
from auth.clients.authentication import NO_CREDENTIALS, WRONG_AUDIENCE
from auth.server.authorization_code import OTHER_KEY
from auth.server.pushed_requests import PUSH_FIRST
from auth.tokens import TokenVerifier

GONE = "This request is unknown, used or expired."


@pytest.fixture
async def front(service: Service, engine: Any) -> Front:
    return await open_front(service, engine)


@pytest.mark.fapi_accepts(
    "5.3.2.1-11", "5.3.2.1-12", "5.3.2.2-1", "5.3.2.2-2", "5.3.2.2-3", "5.3.2.2-4", "5.3.2.2-5", "5.3.2.2-6",
    "5.3.2.2-7", "5.3.2.2-8", "5.3.2.2-9", "5.3.2.2-10", "5.3.2.2-11", "5.3.2.2-12",
)  # fmt: skip
async def test_a_judge_signs_in_by_a_pushed_request(front: Front, engine: Any) -> None:
    attempt = front.attempt()
    response = await front.push(attempt)
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    assert response.json().keys() == {"request_uri", "expires_in"}
    assert response.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= response.json()["expires_in"] < 600
    address = path(urlencode({"client_id": front.client.client_id, "request_uri": response.json()["request_uri"]}))
    answered = await front.sign_in(address)
    assert answered.status_code == 303
    back = returned(answered)
    assert back == {"code": back["code"], "state": attempt.state, "iss": ISSUER}
    token = (await front.redeem(attempt, back["code"])).json()
    assert token["token_type"] == "DPoP"
    verifier = TokenVerifier(ISSUER, front.service.server.signing, engine, front.service.clock)
    principal = await verifier.verify(token["access_token"])
    assert (principal.jkt, principal.officer is not None) == (front.holder.jkt, True)


@pytest.mark.fapi_refuses("5.3.2.2-2", "5.3.2.2-4")
async def test_a_plain_request_of_a_fapi2_client_is_sent_back(front: Front) -> None:
    """AuthorizationRequestWithoutUsingParFails: to the registered address, with the issuer."""
    attempt = front.attempt()
    back = returned(await front.service.http.get(path(attempt.query())))
    told = {"error_description": PUSH_FIRST, "error_uri": f"{ISSUER}/errors/invalid_request"}
    assert back == {"error": "invalid_request", **told, "state": attempt.state, "iss": ISSUER}


async def test_what_stands_beside_a_request_uri_is_ignored(front: Front) -> None:
    attempt = front.attempt()
    address = await front.pushed(attempt) + "&redirect_uri=https%3A%2F%2Fevil.example&state=other&scope=register.read"
    assert returned(await front.sign_in(address))["state"] == attempt.state


async def gone(front: Front, address: str) -> None:
    """The browser stays here: nobody knows where it should return to."""
    page = await front.service.http.get(address)
    assert (page.status_code, GONE in page.text, "location" in page.headers) == (400, True, False)


async def test_a_request_uri_is_good_for_one_code(front: Front) -> None:
    """PARAttemptReuseRequestUri, ServerAcceptsReusedRequestUriBeforeAuthenticationCompletion."""
    address = await front.pushed(front.attempt())
    for _ in range(2):
        assert (await front.service.http.get(address)).status_code == 200
    returned(await front.sign_in(address))
    await gone(front, address)


async def test_of_two_windows_with_one_request_uri_one_gets_a_code(front: Front) -> None:
    await front.sign_in(await front.pushed(front.attempt()))  # a session, so that one GET gives a code
    address = await front.pushed(front.attempt())
    responses = await asyncio.gather(*(front.service.http.get(address) for _ in range(6)))
    assert sorted(response.status_code for response in responses) == [303] + [400] * 5


@pytest.mark.fapi_refuses("5.3.2.2-12")
async def test_a_request_uri_expires(front: Front) -> None:
    """ExpiredRequestUri. It lasts as long as the client is told."""
    assert (await front.push(front.attempt())).json()["expires_in"] == 300
    address = await front.pushed(front.attempt())
    front.service.clock.now += 299
    assert (await front.service.http.get(address)).status_code == 200
    front.service.clock.now += 1
    await gone(front, address)


async def test_a_page_that_was_opened_in_time_may_be_filled_in(front: Front) -> None:
    """Passwords and second factors take time: the request need not last as long as the sign-in."""
    attempt = front.attempt()
    address = await front.pushed(attempt)
    page = await front.service.http.get(address)
    front.service.clock.now += 800
    form = filled(page, front.judge.username, front.judge.password)
    await front.push(front.attempt())  # which deletes old rows
    back = returned(await front.service.http.post(address, data=form))
    assert (await front.redeem(attempt, back["code"])).status_code == 200
    address = await front.pushed(front.attempt())
    front.service.clock.now += 900
    late = await front.service.http.post(address, data=form)
    assert (late.status_code, GONE in late.text) == (400, True)


async def test_a_nonce_that_is_asked_for_costs_no_code(front: Front) -> None:
    attempt = front.attempt()
    code = returned(await front.sign_in(await front.pushed(attempt)))["code"]
    form = attempt.redemption(code) | front.client.form(front.service.clock)
    stale = await front.service.ask(form, headers={"dpop": front.holder.proof(TOKEN_URL, nonce=None)})
    assert refusal(stale) == (400, "use_dpop_nonce")
    again = await front.service.ask(form, headers={"dpop": front.holder.proof(TOKEN_URL)})
    assert again.json()["token_type"] == "DPoP"


async def test_a_request_uri_belongs_to_its_client(front: Front) -> None:
    """RequestUriIsBoundToClient."""
    other = front.service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[REDIRECT_URI])
    address = await front.pushed(front.attempt())
    await gone(front, address.replace(front.client.client_id, other.client_id))
    assert (await front.service.http.get(address)).status_code == 200


@pytest.mark.parametrize("uri", ["", "urn:ietf:params:oauth:request_uri:", "https://evil.example/request", "x" * 900])
async def test_an_unknown_request_uri_is_refused(front: Front, uri: str) -> None:
    query = path(urlencode({"client_id": front.client.client_id, "request_uri": uri or " "}))
    await gone(front, query)


@pytest.mark.fapi_refuses("5.3.2.2-1", "5.3.2.2-5", "5.3.2.2-6")
@pytest.mark.parametrize(
    ("over", "code", "reason"),
    [
        ({"response_type": "token"}, "unsupported_response_type", "response_type must be code"),
        ({"response_type": "code id_token"}, "unsupported_response_type", "response_type must be code"),
        ({"response_type": None}, "unsupported_response_type", "response_type must be code"),
        ({"redirect_uri": None}, "invalid_request", "redirect_uri is not one that is registered"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "invalid_request", "redirect_uri is not one that is registered"),
        ({"redirect_uri": REDIRECT_URI + "?a=b"}, "invalid_request", "redirect_uri is not one that is registered"),
        ({"code_challenge": None}, "invalid_request", "code_challenge_method=S256"),
        ({"code_challenge": "short"}, "invalid_request", "code_challenge_method=S256"),
        ({"code_challenge_method": "plain"}, "invalid_request", "code_challenge_method=S256"),
        ({"code_challenge_method": None}, "invalid_request", "code_challenge_method=S256"),
        ({"state": "x" * 2_049}, "invalid_request", "state is longer"),
        ({"scope": "audit.read"}, "invalid_scope", "Not allowed: audit.read."),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request", "Leave request_uri out"),
        ({"request": "a.b.c"}, "invalid_request_object", "sign it with a registered key"),
        ({"dpop_jkt": "short"}, "invalid_request", "dpop_jkt must be the SHA-256 thumbprint"),
        ({"dpop_jkt": "A" * 43}, "invalid_dpop_proof", "dpop_jkt is of another key than the proof"),
    ],
)
async def test_a_wrong_request_is_refused_when_it_is_pushed(
    front: Front, over: dict[str, str | None], code: str, reason: str
) -> None:
    response = await front.push(front.attempt(), **over)
    assert refusal(response) == (400, code)
    assert reason in response.json()["error_description"]


@pytest.mark.fapi_refuses("5.3.2.2-3")
async def test_only_an_authenticated_client_pushes(front: Front) -> None:
    form = dict(parse_qsl(front.attempt().query()))
    other = {"aud": f"{ISSUER}/oauth/par"}
    for credentials, reason in (({}, NO_CREDENTIALS), (other, WRONG_AUDIENCE.format(issuer=ISSUER))):
        signed = front.client.form(front.service.clock, **credentials) if credentials else {}
        response = await front.service.ask(form | signed, "/oauth/par")
        assert (refusal(response), response.json()["error_description"]) == ((401, "invalid_client"), reason)
    assert (await front.service.http.get("/oauth/par")).status_code == 405


async def test_a_nonce_comes_with_a_push_that_lacks_one(front: Front) -> None:
    """RFC 9449, 8: in the header, where clients look for it."""
    stale = await front.push(front.attempt(), {"dpop": front.holder.proof(PUSH_URL, nonce=None)})
    assert refusal(stale) == (400, "use_dpop_nonce")
    given = stale.headers["dpop-nonce"]
    again = await front.push(front.attempt(), {"dpop": front.holder.proof(PUSH_URL, nonce=given)})
    assert again.status_code == 201


async def test_a_request_of_another_client_is_not_pushed(front: Front) -> None:
    response = await front.push(front.attempt(), client_id="another")
    assert refusal(response) == (401, "invalid_client")
    assert "client_id names another client" in response.json()["error_description"]


async def test_parameters_are_sent_once(front: Front) -> None:
    """ParWithoutDuplicateParameters."""
    body = urlencode([*front.form(front.attempt()).items(), ("scope", "a"), ("scope", "b")])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = await front.service.http.post("/oauth/par", content=body, headers=headers)
    assert refusal(response) == (400, "invalid_request")
    assert "repeated" in response.json()["error_description"]


@pytest.mark.fapi_accepts("5.3.2.2-14")
async def test_a_nonce_of_openid_connect_is_ignored(front: Front) -> None:
    """No ID token is issued, so no nonce returns in one."""
    attempt = front.attempt()
    back = returned(await front.sign_in(await front.pushed(attempt, nonce="n" * 64)))
    token = (await front.redeem(attempt, back["code"])).json()
    assert token.keys() == {"access_token", "token_type", "expires_in", "scope"}


@pytest.mark.fapi_refuses("5.3.2.2-14")
async def test_an_id_token_is_not_given(front: Front) -> None:
    response = await front.push(front.attempt(), scope="openid", nonce="n" * 65)
    assert refusal(response) == (400, "invalid_scope")
    assert "Not allowed: openid." in response.json()["error_description"]


async def test_a_long_state_comes_back(front: Front) -> None:
    attempt = front.attempt()
    attempt.state = "s" * 2_048
    assert returned(await front.sign_in(await front.pushed(attempt)))["state"] == attempt.state


@pytest.mark.fapi_refuses("5.3.2.1-12")
@pytest.mark.parametrize("by_parameter", [True, False])
async def test_a_code_is_bound_to_the_key_that_was_named(front: Front, by_parameter: bool) -> None:
    """MismatchedDpopJktFails, DpopProofAtParEndpointBinding."""
    attempt = front.attempt()
    named = front.pushed(attempt, {}, dpop_jkt=front.holder.jkt) if by_parameter else front.pushed(attempt)
    code = returned(await front.sign_in(await named))["code"]
    response = await front.redeem(attempt, code, holder_at(front.service))
    assert refusal(response) == (400, "invalid_grant")
    assert response.json()["error_description"] == OTHER_KEY
    assert refusal(await front.redeem(attempt, code)) == (400, "invalid_grant"), "it was used up"


async def test_a_pilot_names_the_key_of_its_code_in_the_plain_request(front: Front) -> None:
    """RFC 9449, section 10: without the key, and without any proof, the code is worth nothing."""
    pilot = front.service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[REDIRECT_URI])
    for headers in ({}, {"dpop": holder_at(front.service).proof(TOKEN_URL)}):
        attempt = Attempt(pilot.client_id)
        code = returned(await front.sign_in(path(attempt.query(dpop_jkt=front.holder.jkt))))["code"]
        form = attempt.redemption(code) | pilot.form(front.service.clock)
        response = await front.service.ask(form, headers=headers)
        assert refusal(response) == (400, "invalid_grant")
        assert response.json()["error_description"] == OTHER_KEY
        front.service.http.cookies.clear()


async def test_a_code_without_a_named_key_is_redeemed_by_any_key(front: Front) -> None:
    attempt = front.attempt()
    code = returned(await front.sign_in(await front.pushed(attempt, {})))["code"]
    assert (await front.redeem(attempt, code)).json()["token_type"] == "DPoP"


@pytest.mark.fapi_accepts("5.3.2.1-11")
async def test_a_code_lasts_for_a_minute(front: Front) -> None:
    attempt = front.attempt()
    code = returned(await front.sign_in(await front.pushed(attempt)))["code"]
    front.service.clock.now += 59
    assert (await front.redeem(attempt, code)).json()["token_type"] == "DPoP"


@pytest.mark.fapi_refuses("5.3.2.1-11")
async def test_a_code_ends_after_a_minute(front: Front) -> None:
    """AttemptToUseExpiredAuthCode."""
    attempt = front.attempt()
    code = returned(await front.sign_in(await front.pushed(attempt)))["code"]
    front.service.clock.now += 60
    response = await front.redeem(attempt, code)
    assert refusal(response) == (400, "invalid_grant")
    assert "expired" in response.json()["error_description"]


async def test_of_parallel_redemptions_of_one_code_one_wins(front: Front) -> None:
    attempt = front.attempt()
    code = returned(await front.sign_in(await front.pushed(attempt)))["code"]
    responses = await asyncio.gather(*(front.redeem(attempt, code) for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [200] + [400] * 7
    assert {refusal(one) for one in responses if one.status_code == 400} == {(400, "invalid_grant")}


@pytest.mark.fapi_refuses("5.3.2.2-7", "5.3.2.2-10", "5.3.2.2-11")
async def test_an_error_that_is_sent_back_names_the_issuer(front: Front) -> None:
    """Errors of a plain request, too (RFC 9207, section 2); by 303, which turns every method into GET."""
    found = await front.service.http.get(path(front.attempt().query(response_type="token")))
    assert found.status_code == 303
    said = dict(parse_qsl(urlsplit(found.headers["location"]).query))
    assert (said["iss"], said["error"]) == (ISSUER, "invalid_request")


async def test_nothing_secret_is_stored(front: Front) -> None:
    response = await front.push(front.attempt())
    secret = response.json()["request_uri"].rpartition(":")[2]
    with front.service.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT pushed_request::text FROM pushed_request")).scalars().all()
    assert rows
    assert not any(secret in row or "client_assertion" in row for row in rows)
