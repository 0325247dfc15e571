"""Signatures by SM2: made here and verified by OpenSSL and by a library of another author, and the other way round."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gmssl.sm2 import CryptSM2

from auth.log_key import load_signer
from auth.report_signature import (
    SM2,
    SM2_KEYS,
    ReportInvalidError,
    ReportSigner,
    attach,
    canonicalize,
    find_sm2_kid,
    keys_of,
    read_report,
    sm2_keys_of,
)
from auth.signing import SigningKeys
from models.sm2 import PEM_HEAD, Sm2Error, Sm2Key, Sm2PrivateKey, decode, read_published
from models.sm2_keys import Sm2KeyError, Sm2Keys, load_sm2_keys, rotate_sm2
from models.transparency.notes import KeyType, NoteError, NoteSigner, open_note, read_key, split_note

KEY = Sm2PrivateKey.generate()
MESSAGES = [b"", b"a", "诉讼信用".encode() * 500, bytes(range(256))]
DISTID = "distid:1234567812345678"
NOW = 1_790_000_000
CLAIMS: Mapping[str, Any] = {"iss": "https://suxin.court.example", "iat": NOW, "exp": NOW + 100, "sub": "某公司"}
CHECKPOINT = "suxin.court.example/log\n7\nqg==\n"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([str(shutil.which("openssl")), *arguments], capture_output=True, check=False)


def verified_by_openssl(place: Path, pem: str, message: bytes, signature: bytes) -> bool:
    for name, content in {"key.pem": pem.encode(), "message": message, "signature": signature}.items():
        place.joinpath(name).write_bytes(content)
    options = ("-verify", place / "key.pem", "-sigopt", DISTID, "-signature", place / "signature", place / "message")
    return b"Verified OK" in run("dgst", "-sm3", *options).stdout


@pytest.mark.parametrize("message", MESSAGES)
def test_openssl_verifies_what_is_signed_here(tmp_path: Path, message: bytes) -> None:
    signature = KEY.sign(message)
    assert verified_by_openssl(tmp_path, KEY.key.pem, message, signature)
    assert not verified_by_openssl(tmp_path, KEY.key.pem, message + b"!", signature)


@pytest.mark.parametrize("message", MESSAGES)
def test_what_openssl_signs_is_verified_here(tmp_path: Path, message: bytes) -> None:
    private, public, signed = tmp_path / "private.pem", tmp_path / "public.der", tmp_path / "signature"
    tmp_path.joinpath("message").write_bytes(message)
    assert run("genpkey", "-algorithm", "SM2", "-out", private).returncode == 0
    assert run("pkey", "-in", private, "-pubout", "-outform", "DER", "-out", public).returncode == 0
    options = ("-sign", private, "-sigopt", DISTID, "-out", signed, tmp_path / "message")
    assert run("dgst", "-sm3", *options).returncode == 0
    octets = public.read_bytes()
    assert octets.startswith(PEM_HEAD)
    key = Sm2Key(octets[len(PEM_HEAD) :])
    key.verify(message, signed.read_bytes())
    with pytest.raises(Sm2Error, match="does not fit"):
        key.verify(message + b"!", signed.read_bytes())


@pytest.mark.parametrize("message", MESSAGES[1:])
def test_another_library_verifies_and_signs(message: bytes) -> None:
    """`gmssl` in pure Python, of another author. Its keys and signatures are hexadecimal."""
    other = CryptSM2(KEY.octets.hex(), KEY.key.octets.hex(), asn1=True)
    assert other.verify_with_sm3(KEY.sign(message).hex(), message)
    KEY.key.verify(message, bytes.fromhex(other.sign_with_sm3(message)))


def test_many_signatures_with_short_numbers_fit() -> None:
    """Numbers that begin with zeros have fewer octets, or one more, in DER."""
    signatures = [KEY.sign(b"a") for _ in range(400)]
    assert len({len(one) for one in signatures}) > 1
    for signature in signatures:
        KEY.key.verify(b"a", signature)


@pytest.mark.parametrize("place", [0, 3, 10, 40, -1])
def test_a_changed_byte_does_not_fit(place: int) -> None:
    signature = bytearray(KEY.sign(b"a"))
    signature[place] ^= 1
    with pytest.raises(Sm2Error, match="does not fit"):
        KEY.key.verify(b"a", bytes(signature))


def test_another_identifier_does_not_fit(tmp_path: Path) -> None:
    """Of OpenSSL's own default, which is none: who forgets `distid` is told that the signature is wrong."""
    tmp_path.joinpath("message").write_bytes(b"a")
    tmp_path.joinpath("key.pem").write_text(KEY.key.pem)
    tmp_path.joinpath("signature").write_bytes(KEY.sign(b"a"))
    options = ("-verify", tmp_path / "key.pem", "-signature", tmp_path / "signature", tmp_path / "message")
    assert run("dgst", "-sm3", *options).returncode == 1


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x04" + KEY.key.octets, KEY.key.octets[:-1] + b"\x00", b"\x01" * 64],
    ids=["none", "with the mark of a point", "a changed last byte", "no point"],
)
def test_what_is_no_point_is_no_key(octets: bytes) -> None:
    if octets != KEY.key.octets:
        with pytest.raises(Sm2Error):
            Sm2Key(octets)


def test_a_published_key_is_read_again() -> None:
    told = json.loads(json.dumps(KEY.key.describe()))
    assert read_published(told) == KEY.key
    assert (told["crv"], told["alg"], told["distid"]) == ("SM2", "SM2-SM3", "1234567812345678")
    for wrong in ({**told, "kid": "other"}, {**told, "x": told["y"]}, {**told, "distid": "a"}, {}):
        with pytest.raises(Sm2Error):
            read_published(wrong)


class TestReports:
    """A report carries a signature over its claims beside ES256."""

    @pytest.fixture
    def signer(self, tmp_path: Path) -> ReportSigner:
        signing = SigningKeys(tmp_path / "signing.json", lambda: NOW)
        return ReportSigner(str(CLAIMS["iss"]), signing, load_sm2_keys(tmp_path / "sm2.json"))

    @staticmethod
    def publish(signer: ReportSigner) -> dict[str, Any]:
        assert signer.sm2 is not None
        beside = [key.describe() for key in signer.sm2.published.values()]
        return json.loads(json.dumps({**signer.signing.jwks(), SM2_KEYS: beside}))  # type: ignore[no-any-return]

    def read(self, signer: ReportSigner, text: str) -> dict[str, Any]:
        jwks = self.publish(signer)
        return read_report(text, keys_of(jwks), signer.issuer, NOW, sm2_keys_of(jwks))

    def test_both_signatures_hold(self, signer: ReportSigner) -> None:
        detached = signer.sign(CLAIMS)
        text = attach(detached, CLAIMS)
        assert self.read(signer, text) == CLAIMS
        assert signer.sm2 is not None
        assert find_sm2_kid(text) == signer.sm2.signer.key.kid
        assert signer.fits(detached, CLAIMS)
        assert not signer.fits(detached, {**CLAIMS, "sub": "另一公司"})

    def test_openssl_verifies_it(self, signer: ReportSigner, tmp_path: Path) -> None:
        """As docs/cryptography.md says: payload and signature are cut out of the text."""
        header, payload, _ = attach(signer.sign(CLAIMS), CLAIMS).split(".")
        told = json.loads(decode(header))[SM2]
        pem = next(key["pem"] for key in self.publish(signer)[SM2_KEYS] if key["kid"] == told["kid"])
        assert verified_by_openssl(tmp_path, pem, decode(payload), decode(told["signature"]))
        assert decode(payload) == canonicalize(CLAIMS)

    def test_a_signature_over_another_text_does_not_hold(self, signer: ReportSigner) -> None:
        """ES256 alone would: the service signs what it is given, and the two must say the same."""
        other = json.loads(decode(signer.sign({**CLAIMS, "sub": "x"}).split(".")[0]))[SM2]
        forged = signer.signing.sign_bytes(canonicalize(CLAIMS), "integrity-report+jwt", {SM2: other})
        with pytest.raises(ReportInvalidError, match="The signature by SM2 does not fit"):
            self.read(signer, forged)

    @pytest.mark.parametrize("told", ["a", {}, {"kid": 7}, {"kid": "x", "signature": "y"}])
    def test_a_damaged_header_is_refused(self, signer: ReportSigner, told: Any) -> None:
        forged = signer.signing.sign_bytes(canonicalize(CLAIMS), "integrity-report+jwt", {SM2: told})
        with pytest.raises(ReportInvalidError):
            self.read(signer, forged)

    def test_a_former_key_still_verifies(self, signer: ReportSigner, tmp_path: Path) -> None:
        text = attach(signer.sign(CLAIMS), CLAIMS)
        turned = ReportSigner(signer.issuer, signer.signing, rotate_sm2(tmp_path / "sm2.json"))
        assert self.read(turned, text) == CLAIMS
        assert find_sm2_kid(turned.sign(CLAIMS)) != find_sm2_kid(text)


class TestCheckpoints:
    """A checkpoint has a line more, which those who do not know its key ignore."""

    NOTES = NoteSigner("suxin.court.example/log", Ed25519PrivateKey.from_private_bytes(b"l" * 32), sm2=KEY)

    def test_it_is_opened_by_either_key(self) -> None:
        note = self.NOTES.sign(CHECKPOINT)
        assert self.NOTES.sm2_key is not None
        assert open_note(note, [self.NOTES.key]) == open_note(note, [self.NOTES.sm2_key]) == CHECKPOINT
        assert read_key(str(self.NOTES.sm2_key)) == self.NOTES.sm2_key
        assert self.NOTES.sm2_key.type is KeyType.SM2

    def test_openssl_verifies_it(self, tmp_path: Path) -> None:
        text, (_, (_, octets)) = split_note(self.NOTES.sign(CHECKPOINT))
        assert verified_by_openssl(tmp_path, KEY.key.pem, text.encode(), octets[4:])

    def test_a_changed_text_or_byte_is_refused(self) -> None:
        note = self.NOTES.sign(CHECKPOINT)
        assert self.NOTES.sm2_key is not None
        with pytest.raises(NoteError, match="does not fit"):
            open_note(note.replace("\n7\n", "\n8\n"), [self.NOTES.sm2_key])
        head, line = note.rstrip("\n").rsplit(" ", 1)
        octets = bytearray(base64.b64decode(line))
        octets[-1] ^= 1
        with pytest.raises(NoteError, match="does not fit"):
            open_note(f"{head} {base64.b64encode(octets).decode()}\n", [self.NOTES.sm2_key])

    def test_the_log_key_is_as_before(self, tmp_path: Path) -> None:
        assert load_signer(tmp_path / "log.json", "a.example/log").sm2_key is None


def test_a_key_file_is_made_once_and_is_its_owner_s(tmp_path: Path) -> None:
    made = load_sm2_keys(tmp_path / "sm2.json")
    assert load_sm2_keys(tmp_path / "sm2.json") == made
    assert tmp_path.joinpath("sm2.json").stat().st_mode & 0o777 == 0o600
    turned = rotate_sm2(tmp_path / "sm2.json")
    assert list(turned.published) == [turned.signer.key.kid, made.signer.key.kid]


@pytest.mark.parametrize("change", [{"private": "00"}, {"public": "00"}, {"former": ["00"]}, {"private": "11" * 32}])
def test_a_damaged_key_file_stops_with_a_sentence(tmp_path: Path, change: Mapping[str, Any]) -> None:
    path = tmp_path / "sm2.json"
    load_sm2_keys(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(Sm2KeyError, match=re.escape(f"{path} is no key file of SM2 (")):
        load_sm2_keys(path)


def test_keys_are_compared_by_what_they_are() -> None:
    assert Sm2Keys(KEY).published == {KEY.key.kid: KEY.key}
