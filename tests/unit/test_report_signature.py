"""The signature of a report: it verifies elsewhere, it breaks with each byte, and it is nothing but a report's."""

import base64
import json
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from oauth_clients import START, Clock
from typer.testing import CliRunner

from auth.access_token import AccessToken, AccessTokenInvalid, read_access_token, write_access_token
from auth.report_signature import (
    REPORT_TYPE,
    ReportInvalidError,
    ReportSigner,
    attach,
    canonicalize,
    keys_of,
    read_report,
    read_signed,
)
from auth.signing import CACHE_SECONDS, NOTICE_SECONDS, REPORT_SECONDS, SigningKeys, replace, rotate
from cli import app

ISSUER = "https://suxin.court.example"
LIFETIME = 300
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "iat": int(START),
    "exp": int(START) + 3600,
    "jti": "SX20261121-ABCDEFGH",
    "report": {
        "number": "SX20261121-ABCDEFGH",
        "purpose": "SELF",
        "scopes": ["person.integrity.read"],
        "latestMonth": None,
        "catalogue": {"label": "2022-1", "note": None},
        "notices": ["提示"],
    },
    "subject": {
        "name": "陈守信",
        "maskedNumber": "330281********0004",
        "party": {"certificates": [{"number": "1", "caseNumber": None, "performedOn": "2026-01-01", "issuedOn": None}]},
    },
}


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "signing.json"


@pytest.fixture(scope="module")
def signing(path: Path, clock: Clock) -> SigningKeys:
    return SigningKeys(path, clock)


@pytest.fixture(scope="module")
def signer(signing: SigningKeys) -> ReportSigner:
    return ReportSigner(ISSUER, signing)


@pytest.fixture(scope="module")
def report(signer: ReportSigner) -> str:
    return attach(signer.sign(CLAIMS), CLAIMS)


def read(text: str, signing: SigningKeys, now: float = START) -> dict[str, Any]:
    """As whoever has the published key set reads it."""
    return read_report(text, keys_of(json.loads(json.dumps(signing.jwks()))), ISSUER, now)


def elsewhere(text: str, signing: SigningKeys) -> dict[str, Any]:
    """As PyJWT reads it."""
    keys = {key["kid"]: pyjwt.PyJWK(key) for key in signing.jwks()["keys"]}
    key = keys[pyjwt.get_unverified_header(text)["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    return pyjwt.decode(text, key, algorithms=["ES256"], issuer=ISSUER, options=options)


def respelt(text: str, part: int, place: int, mask: int) -> str:
    """The report with one byte of one of its three parts changed, and written as base64url again."""
    parts = text.split(".")
    content = bytearray(base64.urlsafe_b64decode(parts[part] + "=="))
    content[place % len(content)] ^= mask
    parts[part] = base64.urlsafe_b64encode(bytes(content)).rstrip(b"=").decode()
    return ".".join(parts)


# --- what it is -------------------------------------------------------------------------------------------------------


def test_it_verifies_with_another_library(report: str, signing: SigningKeys) -> None:
    assert elsewhere(report, signing) == CLAIMS == read(report, signing)
    header = pyjwt.get_unverified_header(report)
    assert header == {"alg": "ES256", "typ": REPORT_TYPE, "kid": signing.jwks()["keys"][1]["kid"]}


def test_the_claims_are_signed_as_sorted_json_in_utf_8(report: str) -> None:
    payload = base64.urlsafe_b64decode(report.split(".")[1] + "==")
    assert payload == canonicalize(CLAIMS) == canonicalize(dict(reversed(CLAIMS.items())))
    assert payload.decode() == json.dumps(CLAIMS, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def test_the_detached_signature_fits_its_claims_alone(signer: ReportSigner) -> None:
    signature = signer.sign(CLAIMS)
    assert ".." in signature
    assert "陈守信" not in base64.urlsafe_b64decode(signature.split("..")[0] + "==").decode()
    assert signer.fits(signature, CLAIMS)
    assert not signer.fits(signature, CLAIMS | {"exp": CLAIMS["exp"] + 1})


# --- what breaks it ---------------------------------------------------------------------------------------------------


@given(part=st.integers(0, 2), place=st.integers(0, 10**6), mask=st.integers(1, 255))
def test_a_changed_byte_breaks_it_here_and_elsewhere(
    report: str, signing: SigningKeys, part: int, place: int, mask: int
) -> None:
    changed = respelt(report, part, place, mask)
    with pytest.raises(ReportInvalidError):
        read(changed, signing)
    with pytest.raises((pyjwt.InvalidTokenError, KeyError)):
        elsewhere(changed, signing)


@given(place=st.integers(0, 10**6), character=st.characters(max_codepoint=0x2FFF))
def test_a_changed_character_breaks_it(report: str, signing: SigningKeys, place: int, character: str) -> None:
    """Another spelling of the same signature too: base64 has some bits to spare, and libraries do not look at them."""
    place %= len(report)
    if report[place] != character:
        with pytest.raises(ReportInvalidError):
            read(report[:place] + character + report[place + 1 :], signing)


def test_every_last_character_but_the_right_one_breaks_it(report: str, signing: SigningKeys) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for character in set(alphabet) - {report[-1]}:
        with pytest.raises(ReportInvalidError):
            read(report[:-1] + character, signing)


@pytest.mark.parametrize("text", ["", "...", "a.b.c", "a.b", "😀.b.c", "e30.e30.e30", "[" * 100, "A" * 3_000_000])
def test_what_is_no_report_is_told_so(signing: SigningKeys, text: str) -> None:
    with pytest.raises(ReportInvalidError):
        read(text, signing)


@pytest.mark.parametrize("cut", ["{report}.", ".{report}", "{report} ", "\n{report}", "{report}=", "{report}.{report}"])
def test_nothing_is_added_to_it(report: str, signing: SigningKeys, cut: str) -> None:
    with pytest.raises(ReportInvalidError):
        read(cut.format(report=report), signing)


def test_it_ends_with_its_last_second(report: str, signing: SigningKeys) -> None:
    assert read(report, signing, CLAIMS["exp"] - 1)
    with pytest.raises(ReportInvalidError, match="expired"):
        read(report, signing, CLAIMS["exp"])
    with pytest.raises(ReportInvalidError, match="not valid yet"):
        read(report, signing, CLAIMS["iat"] - 60)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"iss": "https://other.example"}, "another service"), ({"iat": "1"}, "yet"), ({"exp": True}, "yet")],
)
def test_claims_that_do_not_say_who_and_when_are_refused(
    signer: ReportSigner, signing: SigningKeys, changes: dict[str, Any], said: str
) -> None:
    claims = CLAIMS | changes
    with pytest.raises(ReportInvalidError, match=said):
        read(attach(signer.sign(claims), claims), signing)


def test_a_key_of_another_service_signs_nothing_here(report: str, signing: SigningKeys) -> None:
    kid = signing.jwks()["keys"][1]["kid"]
    theirs = ECKey.generate_key("P-256", {"kid": kid})
    header = {"alg": "ES256", "typ": REPORT_TYPE, "kid": kid}
    with pytest.raises(ReportInvalidError, match="does not fit"):
        read(jws.serialize_compact(header, canonicalize(CLAIMS), theirs), signing)
    with pytest.raises(ReportInvalidError, match="does not publish"):
        read(jws.serialize_compact({**header, "kid": "other"}, canonicalize(CLAIMS), theirs), signing)
    with pytest.raises(ReportInvalidError, match="does not publish"):
        read(jws.serialize_compact({"alg": "ES256", "typ": REPORT_TYPE}, canonicalize(CLAIMS), theirs), signing)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_other_algorithm_is_taken(signing: SigningKeys, algorithm: str) -> None:
    """Neither none at all nor the public key as a shared secret (RFC 8725, section 2.1)."""
    public = signing.jwks()["keys"][1]
    head = {"alg": algorithm, "typ": REPORT_TYPE, "kid": public["kid"]}
    secret = OctKey.import_key(json.dumps(public))
    if algorithm == "HS256":
        text = jws.serialize_compact(head, canonicalize(CLAIMS), secret, algorithms=["HS256"])
    else:
        parts = (
            base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (canonicalize(head), canonicalize(CLAIMS))
        )
        text = ".".join([*parts, "AA"])
    with pytest.raises(ReportInvalidError):
        read(text, signing)


@pytest.mark.parametrize(
    "content", [None, [], {}, {"keys": 5}, {"keys": [5]}, {"keys": [{"kty": "EC", "crv": "P-256"}]}]
)
def test_what_is_no_key_set_is_told_so(content: Any) -> None:
    with pytest.raises(ReportInvalidError, match="not a set of public keys"):
        keys_of(content)


# --- neither a token for a report, nor a report for a token -----------------------------------------------------------


def test_a_token_is_no_report(signing: SigningKeys) -> None:
    token = AccessToken("bank", "bank", frozenset({"catalogue.read"}), "jti", int(START), int(START) + LIFETIME)
    with pytest.raises(ReportInvalidError, match="is no report"):
        read(write_access_token(token, ISSUER, signing), signing)


def test_a_report_is_no_token(report: str, signing: SigningKeys, signer: ReportSigner) -> None:
    with pytest.raises(AccessTokenInvalid, match="typ"):
        read_access_token(report, ISSUER, signing, START)
    claims = {"aud": f"{ISSUER}/graphql", "sub": "bank", "client_id": "bank", "scope": "catalogue.read", **CLAIMS}
    with pytest.raises(AccessTokenInvalid, match="typ"):
        read_access_token(attach(signer.sign(claims), claims), ISSUER, signing, START)


# --- keys that change -------------------------------------------------------------------------------------------------


def test_a_report_outlives_the_key_that_signed_it(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "signing.json"
    signing = SigningKeys(path, clock)
    claims = CLAIMS | {"exp": int(START) + REPORT_SECONDS}
    text = attach(ReportSigner(ISSUER, signing).sign(claims), claims)
    for _ in range(4):
        clock.now += NOTICE_SECONDS + CACHE_SECONDS + LIFETIME
        rotate(path, clock.now, LIFETIME)
    clock.now = claims["exp"] - 1
    assert read(text, signing, clock.now)["jti"] == claims["jti"]
    assert elsewhere(text, signing) == claims
    replace(path, clock.now)
    with pytest.raises(ReportInvalidError, match="does not publish"):
        read_signed(text, signing.published())


# --- the command ------------------------------------------------------------------------------------------------------


def check(file: Path, jwks: Path, monkeypatch: pytest.MonkeyPatch, issuer: str = ISSUER, now: float = START) -> Any:
    monkeypatch.setattr("time.time", lambda: now)
    return CliRunner().invoke(app, ["report", "verify", str(file), "--jwks", str(jwks), "--issuer", issuer])


def test_the_command_checks_without_the_service(
    report: str, signing: SigningKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, jwks = tmp_path / "report.jws", tmp_path / "keys.json"
    file.write_text(report + "\n")
    jwks.write_text(json.dumps(signing.jwks()))
    good = check(file, jwks, monkeypatch)
    assert good.exit_code == 0
    assert "签名有效" in good.stdout
    assert "陈守信" in good.stdout
    late = check(file, jwks, monkeypatch, now=CLAIMS["exp"])
    assert (late.exit_code, "It has expired." in late.stderr, "陈守信" in late.output) == (1, True, False)
    other = check(file, jwks, monkeypatch, issuer="https://other.example")
    assert (other.exit_code, "another service" in other.stderr) == (1, True)
    file.write_text(respelt(report, 1, 100, 1))
    changed = check(file, jwks, monkeypatch)
    assert (changed.exit_code, "does not fit" in changed.stderr) == (1, True)
    jwks.write_text("{}")
    assert "not a set of public keys" in check(file, jwks, monkeypatch).stderr
    assert check(tmp_path / "none", jwks, monkeypatch).exit_code != 0
    monkeypatch.setattr("time.time", lambda: START)
    away = CliRunner().invoke(app, ["report", "verify", str(file), "--issuer", "http://127.0.0.1:1"])
    assert (away.exit_code, "No keys are to be had at http://127.0.0.1:1" in away.stderr) == (1, True)
