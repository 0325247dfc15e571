"""SM2 signatures with SM3 (GB/T 32918.2): by a private key, and verified by the public one.

A signature is the DER sequence of r and s (GB/T 35276), as OpenSSL and BouncyCastle write it, or r and s alone, 64
bytes, as JOSE has signatures. The identifier of the
signer is the usual one, `1234567812345678` (GB/T 35276, 10). The library is GmSSL's.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

SIGNER_ID = b"1234567812345678"
"""The identifier that is hashed with the key (`distid` of OpenSSL)."""

SM2_SM3 = "SM2-SM3"
"""The name of the algorithm. It is private: IANA has registered none for SM2."""

COORDINATE = 32
PRIVATE_OCTETS, PUBLIC_OCTETS = COORDINATE, 2 * COORDINATE
PEM_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""The SubjectPublicKeyInfo (RFC 5480) of a point on the curve 1.2.156.10197.1.301, without the point."""

MISSING = (
    "SM2 needs the package gmssl-pyx, which there is not for this machine: install it from source "
    "(`pip install gmssl-pyx`), or attach a device that signs (SUXIN_CRYPTO_COMMAND)."
)


class Sm2Error(ValueError):
    """A key or a signature of SM2 is not valid, or nothing can be signed. The message is a sentence with the reason."""


@dataclass(frozen=True)
class Sm2Key:
    """A public key. octets: its point, without the 0x04 before it."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != PUBLIC_OCTETS:
            raise Sm2Error("A public key of SM2 has 64 bytes.")
        try:
            _library().normalize_sm2_public_key(self.octets)
        except _library().InvalidValueError:
            raise Sm2Error("This is no point of the curve of SM2.") from None

    @property
    def kid(self) -> str:
        """The name of the key: its thumbprint (RFC 7638)."""
        return encode(hashlib.sha256(orjson.dumps(self._members, option=orjson.OPT_SORT_KEYS)).digest())

    @property
    def _members(self) -> dict[str, str]:
        x, y = self.octets[:COORDINATE], self.octets[COORDINATE:]
        return {"kty": "EC", "crv": "SM2", "x": encode(x), "y": encode(y)}

    def describe(self) -> dict[str, str]:
        """Return the key as it is published, in the form of a JWK (RFC 7517) and as PEM."""
        named = {"use": "sig", "alg": SM2_SM3, "kid": self.kid, "distid": SIGNER_ID.decode(), "pem": self.pem}
        return self._members | named

    @property
    def pem(self) -> str:
        """The key in PEM (RFC 7468), as OpenSSL reads it."""
        body = base64.encodebytes(PEM_HEAD + self.octets).decode().replace("\n", "")
        lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
        return f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"

    def verify(self, message: bytes, signature: bytes) -> None:
        """Verify a signature over a message. Raises Sm2Error."""
        try:
            fits = _library().sm2_verify(self.octets, message, signature, SIGNER_ID)
        except _library().GmsslInnerError:
            fits = False
        if not fits:
            raise Sm2Error("The signature by SM2 does not fit: the text was changed, or is not the service's.")


class Sm2Signer(Protocol):
    """Signs by SM2: a key in a file, or a device."""

    @property
    def key(self) -> Sm2Key:
        """The public key."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message in DER. Raises Sm2Error."""


@dataclass(frozen=True)
class Sm2PrivateKey:
    """A private key in memory."""

    octets: bytes
    key: Sm2Key

    @classmethod
    def generate(cls) -> "Sm2PrivateKey":
        """Return a new key. Raises Sm2Error without the library."""
        public, private = _library().sm2_key_generate()
        return cls(private, Sm2Key(public))

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message in DER."""
        signature: bytes = _library().sm2_sign(self.octets, self.key.octets, message, SIGNER_ID)
        return signature


def read_published(described: Mapping[str, Any]) -> Sm2Key:
    """Return the key of its published form. Raises Sm2Error."""
    try:
        key = Sm2Key(decode(described["x"]) + decode(described["y"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Sm2Error("This is no public key of SM2.") from error
    if described.get("kid") != key.kid or described.get("distid", SIGNER_ID.decode()) != SIGNER_ID.decode():
        raise Sm2Error("This public key of SM2 has another name or identifier than it should.")
    return key


def write_raw(signature: bytes) -> bytes:
    """Return r and s of a signature in DER as 32 bytes each, filled with zeros from the left."""
    return b"".join(number.to_bytes(COORDINATE) for number in decode_dss_signature(signature))


def read_raw(signature: bytes) -> bytes:
    """Return the DER of r and s of 32 bytes each. Raises Sm2Error."""
    if len(signature) != 2 * COORDINATE:
        raise Sm2Error("A raw signature of SM2 is r and s of 32 bytes each.")
    return encode_dss_signature(*(int.from_bytes(half) for half in (signature[:COORDINATE], signature[COORDINATE:])))


def encode(octets: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the octets of base64url without padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _library() -> Any:
    """Return the library, which is imported when it is needed. Raises Sm2Error."""
    try:
        import gmssl_pyx  # noqa: PLC0415 - there are machines without it, and most processes sign nothing
    except ImportError:
        raise Sm2Error(MISSING) from None
    return gmssl_pyx
