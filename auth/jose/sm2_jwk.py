"""SM2 with SM3 among the keys and algorithms of JOSE, under a private name: RFC 7515, section 4.1.1, and RFC 7518,
section 6.2.1.1, leave room for those that are not registered with IANA.

A key is a JWK of `kty` EC and `crv` SM2. A signature is r and s of 32 bytes each (as RFC 7518, section 3.4, has it for
ES256), over the whole signing input, which is hashed by SM3 with the signer's identifier and key (GB/T 32918.2).
"""

from collections.abc import Mapping
from typing import Any

from joserfc.errors import InvalidKeyCurveError
from joserfc.jwk import ECKey, Key, import_key
from joserfc.jws import JWSAlgModel  # type: ignore[attr-defined]  # it is not in __all__

from models.sm2 import COORDINATE, SM2_SM3, Sm2Error, Sm2Key, Sm2PrivateKey, decode, encode, read_raw, write_raw

SM2_CURVE = "SM2"
"""A private name, as that of the algorithm (`SM2_SM3`)."""


class Sm2Jwk(ECKey):
    """A key of SM2, public or private, in the form that joserfc takes."""

    def __init__(self, jwk: Mapping[str, Any]) -> None:
        """Read a JWK. Raises ValueError, TypeError or JoseError for what is none."""
        super().__init__(None, dict(jwk))  # type: ignore[arg-type]  # OpenSSL's keys, which this one is not
        self.point = Sm2Key(_read_coordinate(jwk, "x") + _read_coordinate(jwk, "y"))
        self.secret = Sm2PrivateKey(_read_coordinate(jwk, "d"), self.point) if "d" in jwk else None
        if self.secret:
            self.point.verify(b"", self.secret.sign(b""))

    @property
    def is_private(self) -> bool:
        """Whether it signs."""
        return self.secret is not None

    @property
    def curve_name(self) -> str:
        """The private name of the curve: algorithms of other curves refuse the key."""
        return SM2_CURVE


class Sm2Algorithm(JWSAlgModel):
    """Signs and verifies by keys of SM2 only."""

    name, key_type = SM2_SM3, ECKey.key_type
    description = "SM2 with SM3, r and s of 32 bytes each"

    def check_key(self, key: Any) -> None:
        """Check that a key is of SM2. Raises JoseError."""
        super().check_key(key)
        if not isinstance(key, Sm2Jwk):
            raise InvalidKeyCurveError(f"Only keys of the curve {SM2_CURVE} sign by {SM2_SM3}")

    def sign(self, msg: bytes, key: Sm2Jwk) -> bytes:
        """Return the signature of a message. Raises JoseError for a public key."""
        key.check_key_op("sign")
        assert key.secret is not None  # noqa: S101 - it was asked
        return write_raw(key.secret.sign(msg))

    def verify(self, msg: bytes, sig: bytes, key: Sm2Jwk) -> bool:
        """Return whether a signature fits."""
        try:
            key.point.verify(msg, read_raw(sig))
        except Sm2Error:
            return False
        return True


def import_jwk(jwk: Mapping[str, Any]) -> Key:
    """Return the key of a JWK, SM2 included. Raises JoseError, ValueError, TypeError."""
    return Sm2Jwk(jwk) if is_sm2(jwk) else import_key(dict(jwk))


def is_sm2(jwk: Mapping[str, Any]) -> bool:
    """Return whether a JWK is a key of SM2."""
    return jwk.get("kty") == ECKey.key_type and jwk.get("crv") == SM2_CURVE


def _read_coordinate(jwk: Mapping[str, Any], name: str) -> bytes:
    """Return a number of 32 bytes, in the one form that base64url has for it (RFC 7518, section 6.2.1.2)."""
    octets = decode(jwk[name])
    if len(octets) != COORDINATE or encode(octets) != jwk[name]:
        raise Sm2Error(f"{name} of a key of SM2 is 32 bytes in base64url.")
    return octets
