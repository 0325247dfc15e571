"""JWTs signed by clients: client assertions (RFC 7523, section 3), subject tokens (RFC 8693), request objects (RFC
9101). Stricter than authlib: explicit algorithms, the issuer as audience, a bounded lifetime, finite numbers."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from auth.clients.keys import ASSERTION_ALGORITHMS, find_verification_key
from auth.jose.sm2_jwk import Sm2Algorithm
from languages.sentence import say
from models.readable import is_readable

SM2 = Sm2Algorithm()
Result = TypeVar("Result")
MAXIMUM_LENGTH = 8192
WRONG_AUDIENCE = "aud must be the issuer as a plain string"
AHEAD_SECONDS = 10
"""Maximum advance of a client's clock (FAPI 2.0, section 5.3.2.1, item 13)."""


class AssertionRefused(ValueError):
    """The JWT is not accepted. The message is for logs and tests; clients get a constant sentence."""


class AudienceRefused(AssertionRefused):
    """The JWT has another audience. Clients may be told: it does not reveal which clients exist."""


class ClaimRefused(AssertionRefused):
    """A claim is wrong, and the signature is the client's own: it may be told which one."""


class ClientAlgorithms(JWSRegistry):
    """Allows exactly the given algorithms; joserfc deprecates the name EdDSA (RFC 9864)."""

    def get_alg(self, name: str) -> Any:
        """Return the algorithm of this name. Raises UnsupportedAlgorithmError for any other."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError("This algorithm is not allowed")
        return SM2 if name == SM2.name else self.algorithms[name]


REGISTRY = ClientAlgorithms(algorithms=ASSERTION_ALGORITHMS)


@dataclass(frozen=True)
class Expected:
    """Expected values of a JWT. lifetime: maximum seconds until `exp`."""

    client_id: str
    issuer: str
    now: float
    lifetime: int


def read_unverified_subject(token: str, issuer: str) -> str:
    """Return `sub` before the signature is verified; use it only to find the key. Raises AssertionRefused, and
    AudienceRefused for another audience."""
    claims: Any = _read(lambda: json.loads(_extract(token).payload).items())
    found = dict(claims)
    if found.get("aud") != issuer:
        raise AudienceRefused(WRONG_AUDIENCE)
    if not isinstance(found.get("sub"), str):
        raise AssertionRefused("sub is not text")
    return str(found["sub"])


def read_header(token: str) -> dict[str, Any]:
    """Return the header. Raises AssertionRefused."""
    found: dict[str, Any] = _read(lambda: _extract(token).headers())
    return found


def read_key_id(token: str) -> object:
    """Return the `kid` in the header before the signature is verified; None if there is none. Raises
    AssertionRefused."""
    return read_header(token).get("kid")


def verify_signature(token: str, jwks: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the claims once the signature is verified. Raises AssertionRefused, and ClaimRefused for a claim with
    characters that cannot be stored."""
    header = read_header(token)
    if header.keys() & {"crit", "b64"}:
        raise AssertionRefused("extensions are not understood (RFC 7515, section 4.1.11; RFC 7797, section 7)")
    key = _read(lambda: find_verification_key(jwks, header.get("kid")))
    claims = _read(lambda: jwt.decode(token, key, registry=REGISTRY)).claims
    for name, value in claims.items():
        if not is_readable([name, value]):
            raise ClaimRefused(say("{name} must be printable text", name=ascii(name)[1:-1]))
    return claims


def check_issuer(claims: Mapping[str, Any], client_id: str) -> None:
    """Check that a JWT is by the client. Raises ClaimRefused."""
    if claims.get("iss") != client_id:
        raise ClaimRefused("iss is wrong: it must be the client identifier")


def is_for(audience: Any, issuer: str) -> bool:
    """Return whether an audience is the issuer, or a list with it (RFC 7519, section 4.1.3)."""
    return audience == issuer or (isinstance(audience, list) and issuer in audience)


def check_period(claims: Mapping[str, Any], earlier: float, now: float, longest: int) -> None:
    """Check that a JWT has begun at most `longest` seconds ago, ends at most as long after that, and had not ended at
    `earlier`. Raises ClaimRefused."""
    begins, ends, issued = (_time(claims, name) for name in ("nbf", "exp", "iat"))
    if begins is None or ends is None:
        raise ClaimRefused("nbf and exp must be given")
    if not now - longest <= begins <= now + AHEAD_SECONDS:
        raise ClaimRefused(
            say("nbf must be at most {longest} seconds ago, and not ahead of the time here", longest=longest)
        )
    if not earlier < ends <= begins + longest:
        raise ClaimRefused(say("exp is past, or more than {longest} seconds after nbf", longest=longest))
    if issued is not None and issued > now + AHEAD_SECONDS:
        raise ClaimRefused("iat lies in the future")


def verify_claims(token: str, jwks: Mapping[str, Any] | None, expected: Expected) -> dict[str, Any]:
    """Return the claims after all checks but single use (`accept_once`). Raises AssertionRefused; once the signature is
    verified, ClaimRefused or AudienceRefused."""
    claims = verify_signature(token, jwks)
    check_issuer(claims, expected.client_id)
    if claims.get("aud") != expected.issuer:
        raise AudienceRefused(WRONG_AUDIENCE)
    if not _is_name(claims.get("jti")):
        raise ClaimRefused("jti is missing, or no printable text of 1 to 256 characters")
    _check_times(claims, expected)
    return claims


def _extract(token: str) -> Any:
    if len(token) > MAXIMUM_LENGTH:
        raise ValueError("too long")
    return jws.extract_compact(token.encode("ascii"), registry=REGISTRY)


def _read(step: Callable[[], Result]) -> Result:
    """Run a step of parsing untrusted input. Deeply nested JSON raises RecursionError."""
    try:
        return step()
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AssertionRefused(type(error).__name__) from None


def _check_times(claims: Mapping[str, Any], expected: Expected) -> None:
    now, expires = expected.now, _time(claims, "exp")
    if expires is None:
        raise ClaimRefused("exp is missing")
    if not now < expires <= now + expected.lifetime:
        raise ClaimRefused(
            say("exp is past, or more than {lifetime} seconds ahead of the time here", lifetime=expected.lifetime)
        )
    for name in ("iat", "nbf"):
        moment = _time(claims, name)
        if moment is not None and moment > now + AHEAD_SECONDS:
            raise ClaimRefused(say("{name} lies in the future", name=name))


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate (RFC 7519, section 2), None if absent. Python's JSON parser also accepts NaN and
    Infinity."""
    value = claims.get(name)
    if value is None:
        return None
    finite = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not finite:
        raise ClaimRefused(say("{name} is not a number", name=name))
    return value


def _is_name(value: object) -> bool:
    """Return whether a value is printable text that fits a PostgreSQL text column and a log line."""
    return isinstance(value, str) and 1 <= len(value) <= 256 and value.isprintable()
