"""What a proof of possession must say, and every other one (RFC 9449, section 4.3)."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from oauth_clients import START, Clock
from proofs import GRAPHQL_URL, Holder, hash_of, short_rsa_key

from auth.proofs.nonces import Nonces
from auth.proofs.proof import Proof, ProofError, ProofReader, Sent

TOKEN = "the.access.token"
RSA, SHORT = RSAKey.generate_key(2048), short_rsa_key()


@pytest.fixture
def holder() -> Holder:
    clock = Clock()
    return Holder(clock, Nonces(b"n" * 32, clock))


def read(holder: Holder, *proofs: str, url: str = GRAPHQL_URL, token: str | None = TOKEN) -> Proof:
    return ProofReader(holder.nonces).read(Sent(proofs, "POST", url), token)


def refusal_of(holder: Holder, *proofs: str) -> tuple[str, str]:
    """The code and the sentence of a refusal, which always comes with a nonce for the next try."""
    with pytest.raises(ProofError) as caught:
        read(holder, *proofs)
    assert caught.value.nonce == holder.nonces.issue()
    return caught.value.code, caught.value.description


def refused(holder: Holder, reason: str, *proofs: str) -> None:
    code, description = refusal_of(holder, *proofs)
    assert (code, reason in description) == ("invalid_dpop_proof", True), description


@pytest.mark.fapi_accepts("5.3.4-5", "5.4.1-1")
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256"), "ES256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (RSA, "PS256"),
    ],
)
def test_a_proof_is_read(holder: Holder, key: Key, algorithm: str) -> None:
    holder.key = key
    proof = read(holder, holder.proof(token=TOKEN, header={"alg": algorithm}))
    assert (proof.jkt, proof.issued_at, proof.renewed) == (key.thumbprint(), START, None)


@pytest.mark.fapi_accepts("5.3.2.1-13")
@pytest.mark.parametrize(
    "over",
    [
        {"iat": START + 10},
        {"iat": START - 60},
        {"iat": START - 10.5},
        {"nbf": START + 10},
        {"exp": START + 1},
        {"htu": f"{GRAPHQL_URL}?a=b#c"},
        {"htu": "HTTPS://SUXIN.court.example:443/graphql"},
    ],
)
def test_small_differences_are_accepted(holder: Holder, over: dict[str, Any]) -> None:
    """DpopProofWithIat10SecondsBefore/AfterSucceeds; RFC 9449, section 4.3, item 9."""
    assert read(holder, holder.proof(token=TOKEN, **over)).jkt == holder.jkt


@pytest.mark.parametrize("served", ["https://suxin.court.example:443/graphql", "https://Suxin.Court.Example/graphql"])
def test_an_issuer_may_be_written_with_its_port_and_in_capitals(holder: Holder, served: str) -> None:
    """Clients write their addresses without the usual port and in lower case, or as the issuer does."""
    for written in (GRAPHQL_URL, served):
        assert read(holder, holder.proof(written, token=TOKEN), url=served).jkt == holder.jkt


def test_the_media_type_is_compared_without_case(holder: Holder) -> None:
    assert read(holder, holder.proof(token=TOKEN, header={"typ": "DPoP+JWT"})).jkt == holder.jkt


@pytest.mark.fapi_refuses("5.3.4-5", "5.3.2.1-13")
@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"htm": "GET"}, "htm must be POST"),
        ({"htm": "post"}, "htm must be POST"),
        ({"htm": None}, "htm must be POST"),
        ({"htu": "https://suxin.court.example/oauth/token"}, "htu must be https://suxin.court.example/graphql"),
        ({"htu": "https://evil.example/graphql"}, "htu must be"),
        ({"htu": "http://suxin.court.example/graphql"}, "htu must be"),
        ({"htu": "https://user@suxin.court.example/graphql"}, "htu must be"),
        ({"htu": "https://suxin.court.example:444/graphql"}, "htu must be"),
        ({"htu": "https://[/graphql"}, "htu must be"),
        ({"htu": GRAPHQL_URL + "/"}, "htu must be"),
        ({"htu": [GRAPHQL_URL]}, "htu must be"),
        ({"htu": None}, "htu must be"),
        ({"ath": hash_of("another")}, "ath must be the hash"),
        ({"ath": None}, "ath must be the hash"),
        ({"ath": ""}, "ath must be the hash"),
        ({"ath": "é"}, "ath must be the hash"),
        ({"ath": [hash_of(TOKEN)]}, "ath must be the hash"),
        ({"iat": START + 11}, "iat of the proof must be now"),
        ({"iat": START - 61}, "iat of the proof must be now"),
        ({"iat": None}, "iat of the proof must be now"),
        ({"iat": str(START)}, "iat of the proof must be now"),
        ({"iat": True}, "iat of the proof must be now"),
        ({"exp": START}, "has ended by its exp"),
        ({"exp": "later"}, "has ended by its exp"),
        ({"nbf": START + 11}, "has not begun by its nbf"),
        ({"jti": None}, "jti of the proof must be text"),
        ({"jti": ""}, "jti of the proof must be text"),
        ({"jti": 5}, "jti of the proof must be text"),
        ({"jti": "x" * 257}, "jti of the proof must be text"),
    ],
)
def test_a_proof_with_a_wrong_claim_is_refused_for_it(holder: Holder, over: dict[str, Any], reason: str) -> None:
    refused(holder, reason, holder.proof(token=TOKEN, **over))


@pytest.mark.fapi_refuses("5.3.2.1-10")
@pytest.mark.parametrize("nonce", [None, "", "x", 5, ["x"], "é"])
def test_a_proof_without_the_server_s_nonce_is_told_one(holder: Holder, nonce: Any) -> None:
    code, description = refusal_of(holder, holder.proof(token=TOKEN, nonce=nonce))
    assert (code, description) == ("use_dpop_nonce", "Sign a proof with the nonce of the header DPoP-Nonce.")


def test_a_nonce_of_another_key_is_not_ours(holder: Holder) -> None:
    foreign = Nonces(b"o" * 32, holder.clock).issue()
    assert refusal_of(holder, holder.proof(token=TOKEN, nonce=foreign))[0] == "use_dpop_nonce"


def test_a_nonce_is_replaced_after_a_minute_and_ends_after_two(holder: Holder) -> None:
    first = holder.nonces.issue()
    holder.clock.now += 60
    proof = read(holder, holder.proof(token=TOKEN, nonce=first))
    assert proof.renewed == holder.nonces.issue() != first
    holder.clock.now += 60
    assert refusal_of(holder, holder.proof(token=TOKEN, nonce=first))[0] == "use_dpop_nonce"


def test_a_nonce_of_a_worker_whose_clock_is_ahead_is_taken(holder: Holder) -> None:
    holder.clock.now += 30
    ahead = Nonces(b"n" * 32, Clock(holder.clock.now + 45)).issue()
    assert read(holder, holder.proof(token=TOKEN, nonce=ahead)).jkt == holder.jkt


@pytest.mark.fapi_refuses("5.4.1-1", "5.4.1-3")
@pytest.mark.parametrize(
    ("key", "header", "reason"),
    [
        (None, {"typ": "JWT"}, "typ dpop+jwt"),
        (None, {"typ": None}, "typ dpop+jwt"),
        (None, {"typ": ["dpop+jwt"]}, "typ dpop+jwt"),
        (None, {"jwk": None}, "jwk must be a JWK"),
        (None, {"jwk": "x"}, "jwk must be a JWK"),
        (None, {"jwk": {"kty": ["EC"]}}, "jwk must be a JWK"),
        (None, {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}, "not a well-formed EC key"),
        (RSA, {"alg": "RS256"}, "alg of the proof must be one of ES256 PS256 EdDSA Ed25519"),
        (RSA, {"alg": "PS384"}, "alg of the proof must be one of"),
        (OctKey.generate_key(256), {"alg": "HS256"}, "alg of the proof must be one of"),
        (ECKey.generate_key("P-384"), {"alg": "ES384"}, "alg of the proof must be one of"),
        pytest.param(
            SHORT,
            {"alg": "PS256"},
            "jwk must be on P-256 or Ed25519, or an RSA key of 2048 to 8192 bits",
            marks=pytest.mark.filterwarnings("ignore"),  # by which joserfc tells of such a key
        ),
        (None, {"crit": ["b64"], "b64": False}, "extensions"),
        (None, {"b64": True}, "extensions"),
    ],
)
def test_a_proof_with_a_wrong_header_is_refused_for_it(
    holder: Holder, key: Key | None, header: dict[str, Any], reason: str
) -> None:
    public = {} if key is None else {"jwk": key.as_dict(private=False) if key.key_type != "oct" else {"kty": "oct"}}
    refused(holder, reason, holder.proof(token=TOKEN, header=public | header, signer=key))


def test_a_private_key_in_the_header_is_refused(holder: Holder) -> None:
    proof = holder.proof(token=TOKEN, header={"jwk": holder.key.as_dict(private=True)})
    refused(holder, "jwk is a private key: treat it as leaked", proof)


def test_a_key_on_another_curve_does_not_fit_its_algorithm(holder: Holder) -> None:
    other = ECKey.generate_key("P-384").as_dict(private=False)
    refused(holder, "must be on P-256", holder.proof(token=TOKEN, header={"jwk": other}))
    edwards = OKPKey.generate_key("Ed25519").as_dict(private=False)
    refused(holder, "jwk is no key for its alg", holder.proof(token=TOKEN, header={"jwk": edwards}))


def test_an_rsa_key_that_makes_verification_slow_is_refused(holder: Holder) -> None:
    public = {**RSA.as_dict(private=False), "e": urlsafe_b64encode(b"\x01" * 255).rstrip(b"=").decode()}
    refused(holder, "jwk", holder.proof(token=TOKEN, header={"jwk": public, "alg": "PS256"}, signer=RSA))


def test_a_proof_signed_by_another_key_is_refused(holder: Holder) -> None:
    """Only the key in its header counts, and it must have signed."""
    refused(holder, "not by the key in its header", holder.proof(token=TOKEN, signer=ECKey.generate_key("P-256")))
    head, payload, signature = holder.proof(token=TOKEN).split(".")
    other = holder.proof(token=TOKEN).split(".")[1]
    for forged in (f"{head}.{other}.{signature}", f"{head}.{payload}.", f"{head}.{payload}.{'A' * 86}"):
        refused(holder, "not by the key in its header", forged)


@pytest.mark.fapi_refuses("5.4.1-2")
def test_none_is_no_algorithm(holder: Holder) -> None:
    header = {"typ": "dpop+jwt", "alg": "none", "jwk": holder.key.as_dict(private=False)}
    coded = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    refused(holder, "alg of the proof must be one of", f"{coded}.{holder.proof(token=TOKEN).split('.')[1]}.")


@pytest.mark.parametrize("proof", ["", "a", "a.b", "a.b.c.d", "é.é.é", "x" * 9_000, "..", "e30.e30.e30"])
def test_garbage_is_no_proof(holder: Holder, proof: str) -> None:
    assert refusal_of(holder, proof)[0] == "invalid_dpop_proof"


def test_deep_json_is_no_proof(holder: Holder) -> None:
    deep = urlsafe_b64encode(b"[" * 3_000).decode()
    refused(holder, "typ dpop+jwt", f"{deep}.e30.AA")
    head = holder.proof().split(".")[0]
    refused(holder, "not by the key", f"{head}.{deep}.AA")


def test_there_is_one_proof(holder: Holder) -> None:
    refused(holder, "Send one header DPoP, with a proof for this request; there are 0.")
    proofs = [holder.proof(token=TOKEN) for _ in range(2)]
    refused(holder, "Send one header DPoP, with a proof for this request; there are 2.", *proofs)
