"""Signatures of integrity reports: a JWS over the claims (RFC 7515, RFC 7519), which anyone can verify offline.

The service stores the detached form `header..signature` (RFC 7515, appendix F), and verifies it against claims that are
read again.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from auth.signing import ALGORITHM, SigningKeys
from models.sm2 import Sm2Error, Sm2Key, Sm2Signer, decode, encode, read_published
from models.sm2_keys import Sm2Keys

REPORT_TYPE = "integrity-report+jwt"
"""A separate type, so that reports and access tokens cannot be confused (RFC 8725, 3.11)."""

LARGEST_REPORT = 1024 * 1024
SKEW_SECONDS = 10


SM2, SM2_KEYS = "sm2", "sm2_keys"
"""The member of the header with the signature by SM2, and the member of the key set with its keys (RFC 7517, section 5:
members that are not understood are ignored)."""


class _Registry(jws.JWSRegistry):
    max_payload_length = LARGEST_REPORT


def _check_beside(told: Any) -> None:
    if not isinstance(told, dict):
        raise ValueError("must be an object")


REGISTRY = _Registry({SM2: HeaderParameter("A signature by SM2", _check_beside)}, [ALGORITHM])


class ReportInvalidError(ValueError):
    """The text is not a valid report. The message is a sentence that gives the reason."""


def canonicalize(claims: Mapping[str, Any]) -> bytes:
    """Serialize claims for signing: JSON in UTF-8, sorted by name, without whitespace."""
    return orjson.dumps(claims, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class ReportSigner:
    """Signs and verifies reports of `issuer`. sm2: signs them by SM2 as well."""

    issuer: str
    signing: SigningKeys
    sm2: Sm2Keys | None = None

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the detached signature over `claims` by the current key."""
        payload = canonicalize(claims)
        beside = {SM2: sign_beside(self.sm2.signer, payload)} if self.sm2 else {}
        header, _, signature = self.signing.sign_bytes(payload, REPORT_TYPE, beside).split(".")
        return f"{header}..{signature}"

    def fits(self, signature: str, claims: Mapping[str, Any]) -> bool:
        """Return whether a detached signature is over exactly these claims."""
        try:
            read_signed(attach(signature, claims), self.signing.published(), self.sm2.published if self.sm2 else {})
        except ReportInvalidError:
            return False
        return True


def attach(signature: str, claims: Mapping[str, Any]) -> str:
    """Return the compact JWS of a detached signature and its claims."""
    return signature.replace("..", f".{_encode(canonicalize(claims))}.")


def read_signed(text: str, keys: Mapping[str, ECKey], sm2_keys: Mapping[str, Sm2Key] | None = None) -> dict[str, Any]:
    """Return the claims of a report signed by one of `keys`, by kid, expired or not. A non-canonical base64url encoding
    of the signature is refused. sm2_keys: published keys of SM2, by kid; a signature by SM2 in the header must be of
    one of them, and fit as well. None: it is not looked at. Raises ReportInvalidError."""
    if len(text) > 2 * LARGEST_REPORT or not _is_canonical(text):
        raise ReportInvalidError("This is not the text of a report.")

    def find(signed: Any) -> ECKey:
        key = keys.get(str(signed.headers().get("kid")))
        if key is None:
            raise ReportInvalidError("It names a key that the service does not publish.")
        return key

    try:
        decoded = jws.deserialize_compact(text.encode(), find, registry=REGISTRY)
        claims = orjson.loads(decoded.payload)
    except (JoseError, binascii.Error, TypeError, orjson.JSONDecodeError, UnicodeDecodeError):
        raise ReportInvalidError("The signature does not fit: the text was changed, or is not the service's.") from None
    if decoded.headers().get("typ") != REPORT_TYPE or not isinstance(claims, dict):
        raise ReportInvalidError("This is signed by the service, and is no report.")
    if sm2_keys is not None and SM2 in decoded.headers():
        verify_beside(decoded.headers()[SM2], decoded.payload, sm2_keys)
    return claims


def find_sm2_kid(text: str) -> str | None:
    """Return the kid of the signature by SM2 of a text that was read; None if it has none."""
    header = orjson.loads(_decode(text.partition(".")[0]))
    return str(header[SM2]["kid"]) if SM2 in header else None


def sign_beside(signer: Sm2Signer, payload: bytes) -> Mapping[str, str]:
    """Return the member of the header with a signature by SM2 over the payload alone."""
    return {"kid": signer.key.kid, "signature": encode(signer.sign(payload))}


def verify_beside(told: Any, payload: bytes, keys: Mapping[str, Sm2Key]) -> None:
    """Verify a signature by SM2 in a header. Raises ReportInvalidError."""
    try:
        keys[str(told["kid"])].verify(payload, decode(told["signature"]))
    except KeyError:
        raise ReportInvalidError("It names a key of SM2 that the service does not publish.") from None
    except (Sm2Error, TypeError, ValueError, AttributeError):
        raise ReportInvalidError("The signature by SM2 does not fit: the text was changed.") from None


def read_report(
    text: str, keys: Mapping[str, ECKey], issuer: str, now: float, sm2_keys: Mapping[str, Sm2Key] | None = None
) -> dict[str, Any]:
    """Return the claims of a report of `issuer` that is valid at `now`, in seconds since the epoch. Raises
    ReportInvalidError."""
    claims = read_signed(text, keys, sm2_keys)
    issued, expires = claims.get("iat"), claims.get("exp")
    if claims.get("iss") != issuer:
        raise ReportInvalidError("It was issued by another service.")
    if type(issued) is not int or type(expires) is not int or issued > now + SKEW_SECONDS:
        raise ReportInvalidError("It is not valid yet.")
    if expires <= now:
        raise ReportInvalidError("It has expired.")
    return claims


def keys_of(jwks: Mapping[str, Any]) -> dict[str, ECKey]:
    """Return the P-256 keys of a published set (RFC 7517), by kid. Raises ReportInvalidError."""
    try:
        ours = [key for key in jwks["keys"] if key.get("kty") == "EC" and key.get("crv") == "P-256"]
        return {str(key["kid"]): ECKey.import_key(key) for key in ours}
    except (JoseError, KeyError, TypeError, ValueError, AttributeError):
        raise ReportInvalidError("This is not a set of public keys (RFC 7517).") from None


def sm2_keys_of(jwks: Mapping[str, Any]) -> dict[str, Sm2Key]:
    """Return the keys of SM2 that are published beside a set, by kid. Raises ReportInvalidError."""
    try:
        return {key.kid: key for key in map(read_published, jwks.get(SM2_KEYS, ()))}
    except (Sm2Error, TypeError, AttributeError):
        raise ReportInvalidError("This is not a set of public keys of SM2.") from None


def _is_canonical(text: str) -> bool:
    """Return whether a text has three parts in canonical base64url (RFC 4648, section 3.5)."""
    parts = text.split(".")
    try:
        return len(parts) == 3 and all(part and _encode(_decode(part)) == part for part in parts)
    except ValueError:
        return False


def _encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
