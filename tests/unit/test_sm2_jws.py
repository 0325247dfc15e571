"""JWTs of clients signed by SM2 with SM3, as OpenSSL and a library of another author make them, and the mistakes that
people make with SM2 elsewhere."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from gmssl.sm2 import CryptSM2
from joserfc import jwt
from joserfc.errors import InvalidKeyCurveError, InvalidKeyTypeError
from joserfc.jwk import ECKey

from auth.clients.assertion import REGISTRY, AssertionRefused, verify_signature
from auth.clients.keys import (
    ClientKeysError,
    algorithm_of,
    check_class,
    describe_keys,
    parse_jwks,
    parse_published_jwks,
    read_public_key,
)
from auth.jose.sm2_jwk import import_jwk
from auth.proofs.prover import Prover
from models.client import ClientProfile
from models.sm2 import PEM_HEAD, SIGNER_ID, Sm2Error, Sm2Key, Sm2PrivateKey, encode, read_raw, write_raw
from suxin_client.failures import ClientError
from suxin_client.signing import read_key, sign_assertion, sign_proof

CLAIMS = {"sub": "bank-1", "n": 7}
Sign = Callable[[bytes], bytes]
STRIPPED = "04"
"""Digits that `gmssl` removes from the beginning of a public key, however many there are."""


@dataclass(frozen=True)
class Signer:
    """Whoever signs: its public point, and what makes a signature of 64 bytes over a message."""

    octets: bytes
    sign: Sign
    kid: str = "key-1"

    @property
    def jwk(self) -> dict[str, Any]:
        x, y = self.octets[:32], self.octets[32:]
        return {"kty": "EC", "crv": "SM2", "kid": self.kid, "use": "sig", "x": encode(x), "y": encode(y)}

    def token(self, header: Mapping[str, Any] | None = None, sign: Sign | None = None) -> str:
        """A JWT by hand, as whoever has no library for it would make one."""
        members = {"alg": "SM2-SM3", "kid": self.kid} | dict(header or {})
        signed = ".".join(encode(json.dumps(part).encode()) for part in (members, CLAIMS))
        return f"{signed}.{encode((sign or self.sign)(signed.encode()))}"


def by_gmssl(**options: Any) -> Signer:
    """`gmssl` in pure Python, of another author than the library here. Its signatures are r and s in hexadecimal."""
    key = next(one for one in iter(Sm2PrivateKey.generate, None) if one.key.octets.hex()[0] not in STRIPPED)
    other = CryptSM2(key.octets.hex(), key.key.octets.hex(), **options)
    return Signer(key.key.octets, lambda message: bytes.fromhex(other.sign_with_sm3(message)))


def run(*arguments: str | Path) -> None:
    subprocess.run([str(shutil.which("openssl")), *arguments], capture_output=True, check=True)


def sign_by_openssl(place: Path, options: tuple[str, ...], message: bytes) -> bytes:
    """OpenSSL writes DER, from which r and s are taken."""
    place.joinpath("message").write_bytes(message)
    run("dgst", "-sm3", "-sign", place / "key.pem", *options, "-out", place / "signature", place / "message")
    return write_raw(place.joinpath("signature").read_bytes())


def by_openssl(place: Path, *options: str) -> Signer:
    """The command `openssl`."""
    run("genpkey", "-algorithm", "SM2", "-out", place / "key.pem")
    run("pkey", "-in", place / "key.pem", "-pubout", "-outform", "DER", "-out", place / "public.der")
    octets = place.joinpath("public.der").read_bytes()
    return Signer(octets.removeprefix(PEM_HEAD), partial(sign_by_openssl, place, options))


@pytest.fixture
def openssl(tmp_path: Path) -> Signer:
    """OpenSSL with the usual identifier."""
    return by_openssl(tmp_path, "-sigopt", "distid:1234567812345678")


@pytest.fixture
def gmssl() -> Signer:
    return by_gmssl()


@pytest.fixture(params=["openssl", "gmssl"])
def signer(request: pytest.FixtureRequest) -> Signer:
    found: Signer = request.getfixturevalue(request.param)
    return found


def private_jwk(key: Sm2PrivateKey) -> dict[str, Any]:
    return {**Signer(key.key.octets, key.sign).jwk, "d": encode(key.octets)}


def accepts(signer: Signer, token: str) -> bool:
    try:
        return verify_signature(token, parse_jwks(signer.jwk)) == CLAIMS
    except AssertionRefused:
        return False


# --- who signs --------------------------------------------------------------------------------------------------------


def test_what_others_sign_is_verified(signer: Signer) -> None:
    assert verify_signature(signer.token(), parse_jwks(signer.jwk)) == CLAIMS


def test_a_changed_byte_is_refused(signer: Signer) -> None:
    """In the header, in the claims, in r, in s."""
    token = signer.token()
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    for place, changed in (
        (0, header.replace(b"key-1", b"key-2")),
        (1, claims.replace(b"bank-1", b"bank-2")),
        (2, bytes([signature[0] ^ 1]) + signature[1:]),
        (2, signature[:-1] + bytes([signature[-1] ^ 1])),
    ):
        parts = token.split(".")
        parts[place] = encode(changed)
        assert not accepts(signer, ".".join(parts))
    assert accepts(signer, token)


def test_what_is_signed_here_others_verify(tmp_path: Path) -> None:
    key = Sm2PrivateKey.generate()
    private = import_jwk(private_jwk(key))
    token = jwt.encode({"alg": algorithm_of(private)}, CLAIMS, private, registry=REGISTRY)
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    assert len(raw) == 64
    assert CryptSM2("", key.key.octets.hex()).verify_with_sm3(raw.hex(), signed.encode())
    for name, content in {"key.pem": key.key.pem.encode(), "message": signed.encode(), "sig": read_raw(raw)}.items():
        tmp_path.joinpath(name).write_bytes(content)
    options = ("-sigopt", "distid:1234567812345678", "-signature", tmp_path / "sig", tmp_path / "message")
    run("dgst", "-sm3", "-verify", tmp_path / "key.pem", *options)


def test_the_client_in_python_signs() -> None:
    private = private_jwk(Sm2PrivateKey.generate())
    token = sign_assertion(read_key(private), "bank-1", "https://suxin.court.example", 1_800_000_000)
    public = {name: value for name, value in private.items() if name != "d"}
    assert verify_signature(token, parse_jwks(public))["sub"] == "bank-1"
    with pytest.raises(ClientError, match="Proofs are not signed by SM2"):
        sign_proof(read_key(private), "POST", "https://suxin.court.example", 1_800_000_000, None, None)
    with pytest.raises(ClientError, match="This is the public key"):
        read_key(public)


# --- mistakes that people make ----------------------------------------------------------------------------------------


def test_der_in_a_jws_is_refused(gmssl: Signer) -> None:
    """Most libraries write DER; a JWS has r and s alone (RFC 7518, section 3.4; wultra/powerauth-server#2118)."""
    der = by_gmssl(asn1=True)
    assert not accepts(der, der.token())
    assert accepts(gmssl, gmssl.token())


def test_no_identifier_is_refused(tmp_path: Path) -> None:
    """OpenSSL takes none, unless it is given one (Tongsuo-Project/Tongsuo#559)."""
    signer = by_openssl(tmp_path)
    assert not accepts(signer, signer.token())


def test_a_digest_without_identifier_and_key_is_refused() -> None:
    """Libraries sign a digest that is made beforehand; SM2 hashes identifier and key before the message
    (openssl/openssl#23331, py-gmssl/py-gmssl#79)."""
    key = next(one for one in iter(Sm2PrivateKey.generate, None) if one.key.octets.hex()[0] not in STRIPPED)
    other = CryptSM2(key.octets.hex(), key.key.octets.hex())
    signer = Signer(key.key.octets, lambda message: bytes.fromhex(other.sign_with_sm3(message)))
    assert accepts(signer, signer.token())
    assert not accepts(signer, signer.token(sign=lambda message: bytes.fromhex(other.sign(message, "1f" * 31))))


def test_short_numbers_are_filled_with_zeros() -> None:
    """One signature in 128 has an r or s of 31 bytes or less; without zeros before it the halves are others
    (tjfoc/gmsm#33)."""
    key, short = Sm2PrivateKey.generate(), 0
    signer = Signer(key.key.octets, lambda message: write_raw(key.sign(message)))
    while short < 2:
        raw = signer.sign(b"a")
        key.key.verify(b"a", read_raw(raw))
        short += raw[0] == 0 or raw[32] == 0
    numbers = [number.to_bytes((number.bit_length() + 7) // 8) for number in decode_dss_signature(read_raw(raw))]
    with pytest.raises(Sm2Error, match="32 bytes each"):
        read_raw(b"".join(numbers)[:63])


def test_der_with_superfluous_zeros_is_not_made() -> None:
    """Numbers of 256 bits have a zero before them in DER, and shorter ones have none: both halves, many times
    (ZZMarquis/gmhelper#14)."""
    key = Sm2PrivateKey.generate()
    for _ in range(300):
        der = key.sign(b"a")
        assert read_raw(write_raw(der)) == der


@pytest.mark.parametrize("first", [0x04, 0x40, 0x00])
def test_a_key_that_begins_like_a_mark_stays_whole(first: int) -> None:
    """Some libraries strip the mark 04 of an uncompressed point twice (py-gmssl/py-gmssl#66)."""
    while (key := Sm2PrivateKey.generate()).key.octets[0] != first:
        pass
    signer = Signer(key.key.octets, lambda message: write_raw(key.sign(message)))
    assert len(base64.urlsafe_b64decode(signer.jwk["x"] + "=")) == 32
    assert accepts(signer, signer.token())


# --- algorithms and keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "algorithm", ["ES256", "PS256", "EdDSA", "Ed25519", "SM2", "SM2SM3", "SM3withSM2", "none", "HS256"]
)
def test_an_algorithm_of_another_name_is_refused(gmssl: Signer, algorithm: str) -> None:
    assert not accepts(gmssl, gmssl.token({"alg": algorithm}))


def test_a_key_of_another_curve_does_not_sign_by_sm2() -> None:
    other = ECKey.generate_key("P-256", {"kid": "key-1"})
    with pytest.raises(InvalidKeyCurveError):
        jwt.encode({"alg": "SM2-SM3"}, CLAIMS, other, registry=REGISTRY)
    signer = by_gmssl()
    with pytest.raises(AssertionRefused, match="InvalidKeyCurveError"):
        verify_signature(signer.token(), parse_jwks(other.as_dict(private=False)))


def test_a_key_of_sm2_signs_by_nothing_else(gmssl: Signer) -> None:
    for algorithm, error in (("ES256", InvalidKeyCurveError), ("PS256", InvalidKeyTypeError)):
        with pytest.raises(error):
            jwt.encode({"alg": algorithm}, CLAIMS, import_jwk(gmssl.jwk), registry=REGISTRY)


def test_a_published_key_of_the_service_is_a_clients_key_as_well() -> None:
    """Of the members that the service publishes itself, a client's set keeps those that are needed."""
    told = Sm2PrivateKey.generate().key.describe()
    (kept,) = parse_jwks(told)["keys"]
    assert kept == {name: told[name] for name in ("kty", "crv", "x", "y", "kid")}
    (described,) = describe_keys({"keys": [kept]})
    assert (described.algorithm, described.thumbprint) == ("SM2-SM3", told["kid"])


GOOD = Signer((POINT := Sm2PrivateKey.generate().key.octets), lambda message: b"").jwk


@dataclass(frozen=True)
class Wrong:
    """Members of a JWK that make it none."""

    reason: str
    members: Mapping[str, Any] = field(default_factory=dict)


WRONG = {
    "private": Wrong("is a private key", {"d": encode(bytes(32))}),
    "no point": Wrong("is no key of SM2: This is no point of the curve of SM2", {"x": GOOD["y"]}),
    "a short number": Wrong("is no key of SM2: x of a key of SM2 is 32 bytes", {"x": encode(POINT[:31])}),
    "halves of other lengths": Wrong("x of a key", {"x": encode(POINT[:31]), "y": encode(POINT[31:])}),
    "the mark of a point": Wrong("x of a key of SM2 is 32 bytes", {"x": encode(b"\x04" + POINT[:32])}),
    "another form of base64": Wrong("x of a key of SM2 is 32 bytes", {"x": GOOD["x"] + "="}),
    "a number": Wrong("is not a well-formed SM2 key", {"x": 5}),
    "for encryption": Wrong("its use must be sig", {"use": "enc"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_key_is_not_registered(name: str) -> None:
    with pytest.raises(ClientKeysError, match=WRONG[name].reason):
        parse_jwks({**GOOD, **WRONG[name].members})


def test_a_curve_that_nobody_knows_is_no_error_of_the_service() -> None:
    unknown = {**GOOD, "crv": "SM9"}
    for read in (parse_jwks, read_public_key):
        with pytest.raises(ClientKeysError, match="is not a well-formed EC key"):
            read(unknown)
    kept, left_out = parse_published_jwks({"keys": [unknown, {**GOOD, "kid": "key-2"}]})
    assert ([key["kid"] for key in kept["keys"]], len(left_out)) == (["key-2"], 1)


def test_a_private_key_must_be_of_its_public_key() -> None:
    with pytest.raises(Sm2Error, match="does not fit"):
        import_jwk({**GOOD, "d": encode(Sm2PrivateKey.generate().octets)})


@pytest.mark.fapi_refuses("5.4.1-1")
def test_the_class_fapi2_does_not_sign_by_sm2() -> None:
    other = ECKey.generate_key("P-256", {"kid": "key-2"}).as_dict(private=False)
    check_class({"keys": [GOOD, other]}, ClientProfile.PILOT)
    check_class({"keys": [other]}, ClientProfile.FAPI2)
    with pytest.raises(ClientKeysError, match=r"^A client of the class fapi2 signs by ES256, PS256 or EdDSA"):
        check_class({"keys": [other, GOOD]}, ClientProfile.FAPI2)


def test_proofs_of_possession_are_not_by_sm2() -> None:
    with pytest.raises(ClientKeysError, match=r"^A proof needs a private JWK"):
        Prover.of(private_jwk(Sm2PrivateKey.generate()))
    with pytest.raises(ClientKeysError, match="not a well-formed EC key"):
        read_public_key(GOOD)


def test_the_identifier_is_the_usual_one() -> None:
    """Another one gives another signature, so that it is part of the protocol (GB/T 35276, section 10)."""
    assert SIGNER_ID == b"1234567812345678"
    assert Sm2Key(POINT).describe()["distid"] == SIGNER_ID.decode()
    assert encode_dss_signature(1, 1) == read_raw(b"".join(number.to_bytes(32) for number in (1, 1)))
