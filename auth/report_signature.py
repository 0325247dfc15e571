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

from auth.signing import ALGORITHM, SigningKeys

REPORT_TYPE = "integrity-report+jwt"
"""A separate type, so that reports and access tokens cannot be confused (RFC 8725, 3.11)."""

LARGEST_REPORT = 1024 * 1024
SKEW_SECONDS = 10


class _Registry(jws.JWSRegistry):
    max_payload_length = LARGEST_REPORT


REGISTRY = _Registry(algorithms=[ALGORITHM])


class ReportInvalidError(ValueError):
    """The text is not a valid report. The message is a sentence that gives the reason."""


def canonicalize(claims: Mapping[str, Any]) -> bytes:
    """Serialize claims for signing: JSON in UTF-8, sorted by name, without whitespace."""
    return orjson.dumps(claims, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class ReportSigner:
    """Signs and verifies reports of `issuer`."""

    issuer: str
    signing: SigningKeys

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the detached signature over `claims` by the current key."""
        header, _, signature = self.signing.sign_bytes(canonicalize(claims), REPORT_TYPE).split(".")
        return f"{header}..{signature}"

    def fits(self, signature: str, claims: Mapping[str, Any]) -> bool:
        """Return whether a detached signature is over exactly these claims."""
        try:
            read_signed(attach(signature, claims), self.signing.published())
        except ReportInvalidError:
            return False
        return True


def attach(signature: str, claims: Mapping[str, Any]) -> str:
    """Return the compact JWS of a detached signature and its claims."""
    return signature.replace("..", f".{_encode(canonicalize(claims))}.")


def read_signed(text: str, keys: Mapping[str, ECKey]) -> dict[str, Any]:
    """Return the claims of a report signed by one of `keys`, by kid, expired or not. A non-canonical base64url encoding
    of the signature is refused. Raises ReportInvalidError."""
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
    return claims


def read_report(text: str, keys: Mapping[str, ECKey], issuer: str, now: float) -> dict[str, Any]:
    """Return the claims of a report of `issuer` that is valid at `now`, in seconds since the epoch. Raises
    ReportInvalidError."""
    claims = read_signed(text, keys)
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
