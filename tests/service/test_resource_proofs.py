"""Proofs of possession wherever a token is taken: GraphQL by POST and GET, events, WebSocket, uploads (RFC 9449, 7)."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from chambers import Chambers
from oauth_clients import Clock
from proofs import Holder
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from world import ISSUER, KEYRING

from auth.audiences import Audience
from auth.proofs.nonces import Nonces
from auth.proofs.prover import Prover
from auth.server.token_client import ClientCredential, request_token
from auth.tokens import BOUND, UNBOUND
from demo.stage import open_socket, run_server
from server import create_app

GRAPHQL, UPLOADS = f"{ISSUER}/graphql", f"{ISSUER}/uploads"
VIEWER = {"query": "{ viewer { scopes } }"}
SUBSCRIBE = "subscription { events { cursor } }"
POINTER = 'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource/graphql"'
ALGORITHMS = 'algs="ES256 PS256 EdDSA Ed25519"'
WITHOUT_TOKEN = f'Bearer realm="suxin", {POINTER}, DPoP realm="suxin", {ALGORITHMS}'
SUBPROTOCOLS: Any = ["graphql-transport-ws"]


class Bank:
    """The demo bank with a token that is bound to its key."""

    def __init__(self, chambers: Chambers, *scopes: str) -> None:
        self.chambers, self.http, clock = chambers, chambers.http, Clock(chambers.calendar.moment.timestamp())
        self.holder = Holder(clock, Nonces(KEYRING.nonce_key, clock))
        client = chambers.clients[Audience.BANK]
        credential = ClientCredential(ISSUER, client.client_id, dict(client.key))
        prover = Prover(self.holder.key)
        answer = request_token(credential, self.http, clock.now, scopes, prover=prover)
        assert (answer["token_type"], prover.nonce) == ("DPoP", self.holder.nonces.issue())
        self.token = answer["access_token"]

    def headers(self, scheme: str = "DPoP", **proof: Any) -> dict[str, str]:
        """The headers of a request with a proof."""
        proven = self.holder.proof(**({"url": GRAPHQL, "token": self.token} | proof))
        return {"authorization": f"{scheme} {self.token}", "dpop": proven}


@pytest.fixture(scope="module")
def bank(chambers: Chambers) -> Bank:
    return Bank(chambers)


def refused(response: httpx2.Response, code: str, reason: str) -> None:
    """The challenge is of the scheme, and names the reason (RFC 9449, section 7.1)."""
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    assert reason in error["message"]
    told = f'DPoP realm="suxin", error="{code}", error_description="{error["message"]}", {POINTER}, {ALGORITHMS}'
    assert response.headers["www-authenticate"] == told


def test_a_request_without_a_token_is_told_both_schemes(bank: Bank) -> None:
    assert bank.http.post("/graphql", json=VIEWER).headers["www-authenticate"] == WITHOUT_TOKEN


@pytest.mark.fapi_accepts("5.3.4-1", "5.3.4-2", "5.3.4-5")
def test_a_proven_request_is_answered(bank: Bank) -> None:
    response = bank.http.post("/graphql", json=VIEWER, headers=bank.headers())
    assert (response.status_code, "data" in response.json()) == (200, True)
    assert "dpop-nonce" not in response.headers
    asked = bank.http.get("/graphql", params={"query": "{ __typename }"}, headers=bank.headers(method="GET"))
    assert asked.json()["data"] == {"__typename": "Query"}


def test_the_scheme_is_written_in_any_case(bank: Bank) -> None:
    """AccessTokenTypeHeaderCaseSensitivity."""
    for scheme in ("dpop", "DPOP"):
        assert bank.http.post("/graphql", json=VIEWER, headers=bank.headers(scheme)).status_code == 200


@pytest.mark.fapi_refuses("5.3.4-5")
@pytest.mark.parametrize(
    ("proof", "code", "reason"),
    [
        ({"method": "GET"}, "invalid_dpop_proof", "htm must be POST"),
        ({"url": UPLOADS}, "invalid_dpop_proof", f"htu must be {GRAPHQL}"),
        ({"url": "http://evil.example/graphql"}, "invalid_dpop_proof", f"htu must be {GRAPHQL}"),
        ({"token": None}, "invalid_dpop_proof", "ath must be the hash of this one"),
        ({"token": "another"}, "invalid_dpop_proof", "ath must be the hash of this one"),
        ({"iat": 1}, "invalid_dpop_proof", "iat of the proof must be now"),
        ({"nonce": "old"}, "use_dpop_nonce", "the nonce of the header DPoP-Nonce"),
    ],
)
def test_a_request_with_a_bad_proof_is_told_why(bank: Bank, proof: dict[str, Any], code: str, reason: str) -> None:
    response = bank.http.post("/graphql", json=VIEWER, headers=bank.headers(**proof))
    refused(response, code, reason)
    assert response.headers["dpop-nonce"] == bank.holder.nonces.issue()


def test_a_proof_is_not_replayed(bank: Bank) -> None:
    headers = bank.headers()
    assert bank.http.post("/graphql", json=VIEWER, headers=headers).status_code == 200
    refused(bank.http.post("/graphql", json=VIEWER, headers=headers), "invalid_dpop_proof", "was used before")


@pytest.mark.fapi_refuses("5.3.2.2-10")
@pytest.mark.parametrize(
    "path", ["/oauth/authorize/", "//oauth/authorize", "/oauth/sign-out/", "/oauth/token/", "/oauth/par/"]
)
def test_no_request_with_credentials_is_redirected(bank: Bank, path: str) -> None:
    """Frameworks redirect to an address without the slash by 307, with the password in the body."""
    response = bank.http.post(path, data={"username": "x", "password": "y"}, follow_redirects=False)
    assert (response.status_code, "location" in response.headers) == (404, False)


def test_two_proofs_are_one_too_many(bank: Bank) -> None:
    headers = [*bank.headers().items(), ("dpop", bank.holder.proof(GRAPHQL, token=bank.token))]
    refused(bank.http.post("/graphql", json=VIEWER, headers=headers), "invalid_dpop_proof", "there are 2")


def test_another_key_does_not_open(bank: Bank) -> None:
    thief = Holder(bank.holder.clock, bank.holder.nonces)
    headers = {"authorization": f"DPoP {bank.token}", "dpop": thief.proof(GRAPHQL, token=bank.token)}
    refused(bank.http.post("/graphql", json=VIEWER, headers=headers), "invalid_dpop_proof", "by another key")


def test_schemes_are_not_exchanged(bank: Bank, chambers: Chambers) -> None:
    refused(bank.http.post("/graphql", json=VIEWER, headers=bank.headers("Bearer")), "invalid_token", BOUND)
    bearer = chambers.partner(Audience.BANK)
    headers = {"authorization": f"DPoP {bearer}", "dpop": bank.holder.proof(GRAPHQL, token=bearer)}
    refused(bank.http.post("/graphql", json=VIEWER, headers=headers), "invalid_token", UNBOUND)


def test_an_unknown_token_is_refused_in_the_scheme_that_it_came_with(bank: Bank) -> None:
    """RFC 9449, 7.1: who sent it as DPoP looks for a challenge of DPoP."""
    for scheme, challenge in (("DPoP", "DPoP"), ("dpop", "DPoP"), ("Bearer", "Bearer")):
        headers = bank.headers() | {"authorization": f"{scheme} a.b.c"}
        told = bank.http.post("/graphql", json=VIEWER, headers=headers).headers["www-authenticate"]
        assert told.startswith(f'{challenge} realm="suxin", error="invalid_token", ')
        assert (ALGORITHMS in told) == (challenge == "DPoP")


@pytest.mark.fapi_refuses("5.3.4-1", "5.3.4-2")
def test_a_token_in_the_query_or_the_body_is_none(bank: Bank) -> None:
    proof = {"dpop": bank.holder.proof(GRAPHQL, token=bank.token)}
    token, form = bank.token, {"content-type": "application/x-www-form-urlencoded"}
    for told in (
        bank.http.post(f"/graphql?access_token={token}", json=VIEWER, headers=proof),
        bank.http.post("/graphql", json=VIEWER | {"access_token": token}, headers=proof),
        bank.http.post("/graphql", content=f"access_token={token}&query={{viewer{{scopes}}}}", headers=proof | form),
    ):
        assert (told.status_code, told.headers["www-authenticate"]) == (401, WITHOUT_TOKEN)
        assert "Send an access token: Authorization:" in told.json()["errors"][0]["message"]


WATCHES = {"query": "{ watches(first: 1) { totalCount } }"}


@pytest.mark.fapi_accepts("5.3.4-4")
def test_a_token_with_the_scope_is_answered(bank: Bank) -> None:
    found = bank.http.post("/graphql", json=WATCHES, headers=Bank(bank.chambers, "watch.read").headers())
    assert (found.status_code, found.json()["data"]) == (200, {"watches": {"totalCount": 0}})


@pytest.mark.fapi_refuses("5.3.4-4")
def test_a_missing_scope_is_told_in_the_scheme_of_the_token(bank: Bank) -> None:
    narrow = Bank(bank.chambers, "catalogue.read")
    response = bank.http.post("/graphql", json=WATCHES, headers=narrow.headers())
    challenge = 'DPoP realm="suxin", error="insufficient_scope", scope="watch.read"'
    assert (response.status_code, response.headers["www-authenticate"]) == (403, challenge)


def test_a_newer_nonce_comes_with_the_answer(bank: Bank) -> None:
    old = Nonces(KEYRING.nonce_key, Clock(bank.holder.clock.now - 60)).issue()
    response = bank.http.post("/graphql", json=VIEWER, headers=bank.headers(nonce=old))
    assert (response.status_code, response.headers["dpop-nonce"]) == (200, bank.holder.nonces.issue())


def test_an_upload_is_proven_for_its_own_address(bank: Bank) -> None:
    body, kind = b'{"name": "x", "organizationCode": "y"}', {"content-type": "application/jsonl"}
    wrong = bank.http.post("/uploads", content=body, headers=bank.headers() | kind)
    assert (wrong.status_code, f"htu must be {UPLOADS}" in wrong.json()["error"]) == (401, True)
    assert wrong.headers["dpop-nonce"] == bank.holder.nonces.issue()
    assert bank.http.post("/uploads", content=body, headers=bank.headers(url=UPLOADS) | kind).status_code == 201
    downgraded = bank.http.post("/uploads", content=body, headers=bank.headers("Bearer", url=UPLOADS) | kind)
    assert (downgraded.status_code, downgraded.json()["error"]) == (401, BOUND)


async def test_a_proof_that_one_worker_has_taken_is_refused_by_another(bank: Bank, address: str) -> None:
    """Two applications on one database, at once."""
    headers = bank.headers()
    async with httpx2.AsyncClient() as http:
        asked = [http.post(f"{address}/graphql", json=VIEWER, headers=headers)]
        asked += [asyncio.to_thread(bank.http.post, "/graphql", json=VIEWER, headers=headers)]
        responses = await asyncio.gather(*asked)
    assert sorted(response.status_code for response in responses) == [200, 401]
    refused(max(responses, key=lambda one: one.status_code), "invalid_dpop_proof", "was used before")


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(chambers: Chambers) -> Iterator[str]:
    """A real server, which the issuer's name stands for."""
    app = create_app(chambers.settings, chambers.url, chambers.calendar)
    with open_socket(0) as (listener, found), run_server(app, listener):
        yield found


async def test_a_stream_of_events_begins_with_a_proof(bank: Bank, address: str) -> None:
    accepts, url = {"accept": "text/event-stream"}, f"{address}/graphql"
    async with httpx2.AsyncClient() as http:
        async with http.stream("POST", url, json={"query": SUBSCRIBE}, headers=bank.headers() | accepts) as told:
            assert (told.status_code, told.headers["content-type"]) == (200, "text/event-stream")
        bearer = await http.post(url, json={"query": SUBSCRIBE}, headers=bank.headers("Bearer") | accepts)
        used = bank.headers()
        await http.post(url, json=VIEWER, headers=used)
        replayed = await http.post(url, json={"query": SUBSCRIBE}, headers=used | accepts)
    refused(bearer, "invalid_token", BOUND)
    refused(replayed, "invalid_dpop_proof", "was used before")


async def acknowledged(address: str, headers: Any = (), **payload: Any) -> Any:
    """What a socket is told: the message that acknowledges it, or the code and the reason of its end."""
    url = address.replace("http:", "ws:") + "/graphql"
    async with connect(url, subprotocols=SUBPROTOCOLS, additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        try:
            async with asyncio.timeout(10):
                return json.loads(await socket.recv())
        except ConnectionClosed:
            return socket.close_code, socket.close_reason


async def test_a_socket_is_proven_by_its_handshake_or_its_first_message(bank: Bank, address: str) -> None:
    proof = bank.holder.proof(GRAPHQL, "GET", bank.token)
    payload = {"authorization": f"DPoP {bank.token}", "dpop": proof}
    assert await acknowledged(address, **payload) == {"type": "connection_ack"}
    assert await acknowledged(address, **payload) == (4403, f"invalid_dpop_proof {bank.holder.nonces.issue()}")
    assert await acknowledged(address, bank.headers(method="GET")) == {"type": "connection_ack"}


async def test_a_socket_without_a_good_proof_is_closed_with_the_reason(bank: Bank, address: str) -> None:
    nonce, authorization = bank.holder.nonces.issue(), f"DPoP {bank.token}"
    stale = bank.holder.proof(GRAPHQL, "GET", bank.token, nonce=None)
    assert await acknowledged(address, authorization=authorization, dpop=stale) == (4403, f"use_dpop_nonce {nonce}")
    posted = bank.holder.proof(GRAPHQL, "POST", bank.token)
    for wrong in ({}, {"dpop": posted}, {"dpop": "x"}, {"dpop": [posted]}):
        told = await acknowledged(address, authorization=authorization, **wrong)
        assert told == (4403, f"invalid_dpop_proof {nonce}")
    assert await acknowledged(address, authorization=f"Bearer {bank.token}") == (4403, "invalid_token")


async def test_a_handshake_brings_a_nonce(bank: Bank, address: str) -> None:
    url = address.replace("http:", "ws:") + "/graphql"
    async with connect(url, subprotocols=SUBPROTOCOLS) as socket:
        assert socket.response
        assert socket.response.headers["dpop-nonce"] == bank.holder.nonces.issue()
