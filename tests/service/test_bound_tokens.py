"""Tokens bound to a key: how they are given, and used only by who holds the key (RFC 9449, FAPI 2.0, 5.3.2.1)."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey
from oauth_clients import ISSUER, Service, SigningClient, refusal
from proofs import GRAPHQL_URL, TOKEN_URL, Holder, bound_token, holder_at
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import Audience
from auth.clients.registry import set_profile
from auth.proofs.guard import ProofGuard
from auth.proofs.proof import ProofReader, Sent
from auth.tokens import BOUND, UNBOUND, PresentedToken, TokenError, TokenVerifier
from models.client import ClientProfile
from models.used_proof import ProofMemory, UsedProof
from postgres import database

GRANT = {"grant_type": "client_credentials"}
FAPI2 = ClientProfile.FAPI2


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


@pytest.fixture
def holder(service: Service) -> Holder:
    return holder_at(service)


@pytest.fixture
def crash(service: Service) -> Iterator[Callable[[], None]]:
    """What a crash of the database does to tables that are not logged. The next test finds them as they were."""

    def empty() -> None:
        with service.engine.begin() as connection:
            connection.execute(sa.delete(UsedProof))
            connection.execute(sa.delete(ProofMemory))

    yield empty
    with service.engine.begin() as connection:
        connection.execute(sa.text("UPDATE proof_memory SET since = '-infinity'"))


@pytest.fixture
def strict(service: Service) -> SigningClient:
    """A bank of the class fapi2."""
    return service.register(profile=FAPI2)


@pytest.fixture
async def workers(service: Service, engine: AsyncEngine, database_url: sa.URL) -> AsyncIterator[list[TokenVerifier]]:
    """The resource servers of two workers."""
    keyring, clock = service.server.keyring, service.clock
    guards = [ProofGuard.make(keyring, lambda: database.connect(database_url, {}), clock) for _ in range(2)]
    yield [TokenVerifier(ISSUER, service.server.signing, engine, clock, proofs=guard) for guard in guards]
    for guard in guards:
        await guard.used.close()


@pytest.fixture
def verifier(workers: list[TokenVerifier]) -> TokenVerifier:
    """One of them."""
    return workers[0]


async def refused(verifier: TokenVerifier, token: str, *proofs: str, scheme: str = "DPoP") -> tuple[str | None, str]:
    """The code and the sentence of a refusal of a request with a token."""
    with pytest.raises(TokenError) as caught:
        await verifier.admit(PresentedToken(scheme, token), Sent(proofs, "POST", GRAPHQL_URL))
    assert caught.value.status == 401
    return caught.value.code, caught.value.description


# --- the token endpoint -----------------------------------------------------------------------------------------------


@pytest.mark.fapi_accepts("5.3.2.1-4", "5.3.2.1-5")
async def test_a_token_is_bound_to_the_key_of_the_proof(
    service: Service, strict: SigningClient, holder: Holder
) -> None:
    token = await bound_token(service, strict, holder, scope="catalogue.read")
    assert claims_of(token)["cnf"] == {"jkt": holder.jkt}
    described = (await service.ask({"token": token} | strict.form(service.clock), "/oauth/introspect")).json()
    assert (described["active"], described["token_type"], described["cnf"]) == (True, "DPoP", {"jkt": holder.jkt})


@pytest.mark.fapi_refuses("5.3.2.1-4", "5.3.2.1-5")
async def test_a_fapi2_client_gets_no_token_without_a_proof(
    service: Service, strict: SigningClient, holder: Holder
) -> None:
    """HolderOfKeyRequired. The answer brings the nonce that the next try needs."""
    response = await service.token(strict)
    assert refusal(response) == (400, "invalid_dpop_proof")
    assert "send a header DPoP with a proof" in response.json()["error_description"]
    assert response.headers["dpop-nonce"] == holder.nonces.issue()


async def test_a_pilot_may_have_either_kind_of_token(service: Service, bank: SigningClient, holder: Holder) -> None:
    assert (await service.token(bank)).json()["token_type"] == "Bearer"
    assert claims_of(await bound_token(service, bank, holder))["cnf"] == {"jkt": holder.jkt}
    response = await service.ask(GRANT, auth=service.register_pilot(), headers={"dpop": holder.proof(TOKEN_URL)})
    assert response.json()["token_type"] == "DPoP"


async def test_a_portal_s_token_for_its_user_is_bound_too(service: Service, holder: Holder) -> None:
    portal = service.register(Audience.LITIGANT_PORTAL, profile=FAPI2)
    refusal_without = await service.exchange(portal, portal.subject(service.clock))
    assert refusal(refusal_without) == (400, "invalid_dpop_proof")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}
    form |= {"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}
    form |= {"subject_token": portal.subject(service.clock)} | portal.form(service.clock)
    response = await service.ask(form, headers={"dpop": holder.proof(TOKEN_URL)})
    claims = claims_of(response.json()["access_token"])
    assert (claims["cnf"], claims["act"]) == ({"jkt": holder.jkt}, {"client_id": portal.client_id})


@pytest.mark.parametrize(
    ("over", "code", "reason"),
    [
        ({"nonce": None}, "use_dpop_nonce", "Sign a proof with the nonce of the header DPoP-Nonce."),
        ({"url": GRAPHQL_URL}, "invalid_dpop_proof", f"htu must be {TOKEN_URL}"),
        ({"method": "GET"}, "invalid_dpop_proof", "htm must be POST"),
        ({"iat": 1}, "invalid_dpop_proof", "iat of the proof must be now"),
        ({"signer": ECKey.generate_key("P-256")}, "invalid_dpop_proof", "not by the key in its header"),
    ],
)
async def test_a_bad_proof_costs_no_assertion(
    service: Service, strict: SigningClient, holder: Holder, over: dict[str, Any], code: str, reason: str
) -> None:
    """DpopNegativeTests: the same assertion may be sent again, with a good proof."""
    form = GRANT | strict.form(service.clock)
    response = await service.ask(form, headers={"dpop": holder.proof(**({"url": TOKEN_URL} | over))})
    assert refusal(response) == (400, code)
    assert reason in response.json()["error_description"]
    assert response.headers["dpop-nonce"] == holder.nonces.issue()
    assert (await service.ask(form, headers={"dpop": holder.proof(TOKEN_URL)})).status_code == 200


async def test_two_proofs_are_one_too_many(service: Service, strict: SigningClient, holder: Holder) -> None:
    headers = [("dpop", holder.proof(TOKEN_URL)) for _ in range(2)]
    response = await service.ask(GRANT | strict.form(service.clock), headers=headers)
    assert refusal(response) == (400, "invalid_dpop_proof")
    assert "there are 2" in response.json()["error_description"]


async def test_a_proof_gives_one_token(service: Service, strict: SigningClient, holder: Holder) -> None:
    headers = {"dpop": holder.proof(TOKEN_URL)}
    forms = [GRANT | strict.form(service.clock) for _ in range(8)]
    responses = await asyncio.gather(*(service.ask(form, headers=headers) for form in forms))
    assert sorted(response.status_code for response in responses) == [200] + [400] * 7
    for response in responses:
        if response.status_code == 400:
            assert refusal(response) == (400, "invalid_dpop_proof")
            assert "was used before" in response.json()["error_description"]


async def test_a_stranger_s_proof_is_not_kept(service: Service, holder: Holder) -> None:
    """Only clients fill the table."""
    stranger = SigningClient("stranger", ECKey.generate_key("P-256", auto_kid=True))
    proof = holder.proof(TOKEN_URL, jti="of a stranger")
    response = await service.ask(GRANT | stranger.form(service.clock), headers={"dpop": proof})
    assert refusal(response) == (401, "invalid_client")
    with service.engine.connect() as connection:
        kept = sa.select(UsedProof).where(UsedProof.digest == sa.func.sha256(b"of a stranger"))
        assert connection.execute(kept).all() == []


@pytest.mark.fapi_accepts("5.3.2.1-10")
async def test_a_newer_nonce_comes_with_the_token(service: Service, strict: SigningClient, holder: Holder) -> None:
    form, old = GRANT | strict.form(service.clock), holder.nonces.issue()
    response = await service.ask(form, headers={"dpop": holder.proof(TOKEN_URL)})
    assert "dpop-nonce" not in response.headers
    service.clock.now += 60
    form, proof = GRANT | strict.form(service.clock), holder.proof(TOKEN_URL, nonce=old)
    response = await service.ask(form, headers={"dpop": proof})
    assert (response.status_code, response.headers["dpop-nonce"]) == (200, holder.nonces.issue())


# --- the resource server ----------------------------------------------------------------------------------------------


@pytest.mark.fapi_accepts("5.3.4-3", "5.3.4-5")
async def test_who_holds_the_key_is_let_in(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    token = await bound_token(service, strict, holder)
    for _ in range(2):
        sent = Sent([holder.proof(token=token)], "POST", GRAPHQL_URL)
        principal = await verifier.admit(PresentedToken("DPoP", token), sent)
        assert (principal.client_id, principal.jkt, sent.renewed) == (strict.client_id, holder.jkt, None)


@pytest.mark.fapi_refuses("5.3.4-5")
async def test_a_bound_token_is_no_bearer_token(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    """The downgrade: with or without a proof beside it (RFC 9449, section 7.2)."""
    token = await bound_token(service, strict, holder)
    assert await refused(verifier, token, scheme="Bearer") == ("invalid_token", BOUND)
    assert await refused(verifier, token, holder.proof(token=token), scheme="Bearer") == ("invalid_token", BOUND)


async def test_a_bearer_token_needs_no_scheme_of_proofs(
    service: Service, verifier: TokenVerifier, bank: SigningClient, holder: Holder
) -> None:
    token = await service.access_token(bank)
    assert await refused(verifier, token, holder.proof(token=token)) == ("invalid_token", UNBOUND)
    sent = Sent([], "POST", GRAPHQL_URL)
    assert (await verifier.admit(PresentedToken("Bearer", token), sent)).jkt is None


async def test_a_proof_by_another_key_is_refused(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    token, thief = await bound_token(service, strict, holder), holder_at(service)
    expected = ("invalid_dpop_proof", "The proof is by another key than the token is bound to.")
    assert await refused(verifier, token, thief.proof(token=token)) == expected


async def test_a_bound_token_without_a_proof_is_refused(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    token = await bound_token(service, strict, holder)
    code, told = await refused(verifier, token)
    assert (code, "there are 0" in told) == ("invalid_dpop_proof", True)


async def test_a_proof_for_another_token_of_the_key_is_refused(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    token, other = [await bound_token(service, strict, holder) for _ in range(2)]
    code, told = await refused(verifier, token, holder.proof(token=other))
    assert (code, "ath must be the hash of this one" in told) == ("invalid_dpop_proof", True)


@pytest.mark.fapi_refuses("6.2-1")
async def test_a_proof_is_good_for_one_request_at_all_workers(
    service: Service, workers: list[TokenVerifier], strict: SigningClient, holder: Holder
) -> None:
    token = await bound_token(service, strict, holder)
    proof = holder.proof(token=token)
    tries = [one.admit(PresentedToken("DPoP", token), Sent([proof], "POST", GRAPHQL_URL)) for one in workers * 10]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refusals = [one for one in outcomes if isinstance(one, TokenError)]
    assert len(refusals) == 19
    assert {(one.code, one.description.partition(",")[0]) for one in refusals} == {
        ("invalid_dpop_proof", "The proof was used before")
    }


@pytest.mark.fapi_accepts("6.2-1")
async def test_many_proofs_at_a_time_are_each_accepted(
    service: Service, workers: list[TokenVerifier], strict: SigningClient, holder: Holder
) -> None:
    """Proofs that wait go together with the next statement, in one order at all workers."""
    token = await bound_token(service, strict, holder)
    tries = [
        workers[number % 2].admit(PresentedToken("DPoP", token), Sent([holder.proof(token=token)], "POST", GRAPHQL_URL))
        for number in range(60)
    ]
    assert len({principal.token_id for principal in await asyncio.gather(*tries)}) == 1


async def test_a_proof_of_the_token_endpoint_is_none_of_the_resource_and_is_used_up_for_both(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    headers = {"dpop": holder.proof(TOKEN_URL, jti="the same name")}
    response = await service.ask(GRANT | strict.form(service.clock), headers=headers)
    token = response.json()["access_token"]
    code, told = await refused(verifier, token, holder.proof(token=token, jti="the same name"))
    assert (code, "was used before" in told) == ("invalid_dpop_proof", True)


async def test_after_a_crash_of_the_database_no_older_proof_is_accepted(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder, crash: Callable[[], None]
) -> None:
    """A crash empties tables that are not logged; a proof from before may have been among them."""
    token = await bound_token(service, strict, holder)
    proof = holder.proof(token=token)
    await verifier.admit(PresentedToken("DPoP", token), Sent([proof], "POST", GRAPHQL_URL))
    crash()
    code, told = await refused(verifier, token, proof)
    assert (code, "before the service began to remember proofs" in told) == ("invalid_dpop_proof", True)
    service.clock.now += 11
    sent = Sent([holder.proof(token=token)], "POST", GRAPHQL_URL)
    assert (await verifier.admit(PresentedToken("DPoP", token), sent)).jkt == holder.jkt


async def test_proofs_that_are_too_old_anyway_are_forgotten(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    token = await bound_token(service, strict, holder)
    service.clock.now += 100
    await verifier.admit(PresentedToken("DPoP", token), Sent([holder.proof(token=token)], "POST", GRAPHQL_URL))
    with service.engine.connect() as connection:
        kept = connection.scalars(sa.select(UsedProof.expires_at)).all()
    assert [end.timestamp() for end in kept] == [service.clock.now + 61]


async def test_a_database_that_does_not_answer_admits_nobody(
    service: Service, verifier: TokenVerifier, strict: SigningClient, holder: Holder
) -> None:
    """And lets in again when it answers again."""
    token = await bound_token(service, strict, holder)
    await verifier.verify(token)
    assert verifier.proofs
    used, connect = verifier.proofs.used, verifier.proofs.used.connect
    used.connect = lambda: database.connect(sa.make_url("postgresql://nobody@127.0.0.1:1/none"), {})
    with pytest.raises(OSError, match="Connect"):
        await verifier.admit(PresentedToken("DPoP", token), Sent([holder.proof(token=token)], "POST", GRAPHQL_URL))
    used.connect = connect
    for _ in range(2):
        sent = Sent([holder.proof(token=token)], "POST", GRAPHQL_URL)
        assert (await verifier.admit(PresentedToken("DPoP", token), sent)).jkt == holder.jkt
        await used._connection.close()  # as when the server restarts


async def test_a_pilot_s_bearer_token_ends_when_it_becomes_a_fapi2_client(
    service: Service, verifier: TokenVerifier, bank: SigningClient, holder: Holder
) -> None:
    bearer, bound = await service.access_token(bank), await bound_token(service, bank, holder)
    with service.engine.begin() as connection:
        set_profile(connection, bank.client_id, FAPI2)
    with pytest.raises(TokenError, match="Get a new one"):
        await verifier.verify(bearer)
    assert (await verifier.verify(bound)).jkt == holder.jkt


async def test_a_server_without_proofs_takes_no_bound_token(
    service: Service, engine: AsyncEngine, strict: SigningClient, holder: Holder
) -> None:
    token = await bound_token(service, strict, holder)
    bare = TokenVerifier(ISSUER, service.server.signing, engine, service.clock)
    assert await refused(bare, token, holder.proof(token=token)) == ("invalid_token", BOUND)


def test_proofs_outlive_their_acceptance(holder: Holder) -> None:
    proof = ProofReader(holder.nonces).read(Sent([holder.proof()], "POST", GRAPHQL_URL))
    assert timedelta(seconds=proof.expires_at - proof.issued_at) > timedelta(seconds=60)
