"""SM2 with SM3, for clients and receivers that sign and verify by it. It needs the package gmssl-pyx.

The names are private: IANA has registered none. A signature is r and s of 32 bytes each, and the signer's identifier is
1234567812345678 (GB/T 35276).
"""

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc.errors import InvalidKeyCurveError
from joserfc.jwk import ECKey
from joserfc.jws import JWSAlgModel  # type: ignore[attr-defined]  # it is not in __all__

from suxin_client.failures import ClientError

SM2_SM3, CURVE, SIGNER_ID, NUMBER_BYTES = "SM2-SM3", "SM2", b"1234567812345678", 32


class ClientSm2Key(ECKey):
    """A JWK of `kty` EC and `crv` SM2."""

    def __init__(self, jwk: Mapping[str, Any]) -> None:
        """Read a JWK. Raises ValueError, TypeError or JoseError for what is none, ClientError without the package."""
        super().__init__(None, dict(jwk))  # type: ignore[arg-type]  # no key of OpenSSL's
        self.point = _read(jwk, "x") + _read(jwk, "y")
        self.secret = _read(jwk, "d") if "d" in jwk else None
        _library()

    @property
    def is_private(self) -> bool:
        """Whether it signs."""
        return self.secret is not None

    @property
    def curve_name(self) -> str:
        """The private name of the curve."""
        return CURVE


class ClientSm2Algorithm(JWSAlgModel):
    """Signs and verifies by keys of SM2 only."""

    name, key_type, description = SM2_SM3, ECKey.key_type, "SM2 with SM3"

    def check_key(self, key: Any) -> None:
        """Check that a key is of SM2. Raises JoseError."""
        super().check_key(key)
        if not isinstance(key, ClientSm2Key):
            raise InvalidKeyCurveError(f"{SM2_SM3} needs a key of {CURVE}")

    def sign(self, msg: bytes, key: ClientSm2Key) -> bytes:
        """Return r and s."""
        numbers = decode_dss_signature(_library().sm2_sign(key.secret, key.point, msg, SIGNER_ID))
        return b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in numbers)

    def verify(self, msg: bytes, sig: bytes, key: ClientSm2Key) -> bool:
        """Return whether r and s fit."""
        if len(sig) != 2 * NUMBER_BYTES:
            return False
        numbers = (int.from_bytes(half, "big") for half in (sig[:NUMBER_BYTES], sig[NUMBER_BYTES:]))
        library = _library()
        try:
            return bool(library.sm2_verify(key.point, msg, encode_dss_signature(*numbers), SIGNER_ID))
        except (library.GmsslInnerError, library.InvalidValueError):
            return False


def is_sm2(jwk: Mapping[str, Any]) -> bool:
    """Return whether a JWK is a key of SM2."""
    return jwk.get("kty") == ECKey.key_type and jwk.get("crv") == CURVE


def _read(jwk: Mapping[str, Any], name: str) -> bytes:
    octets = base64.urlsafe_b64decode(jwk[name] + "=" * (-len(jwk[name]) % 4))
    if len(octets) != NUMBER_BYTES:
        raise ValueError(f"{name} of a key of SM2 has {NUMBER_BYTES} bytes")
    return octets


def _library() -> Any:
    try:
        import gmssl_pyx  # noqa: PLC0415 - most clients have no key of SM2
    except ImportError:
        raise ClientError("A key of SM2 needs the package gmssl-pyx: pip install gmssl-pyx.") from None
    return gmssl_pyx
