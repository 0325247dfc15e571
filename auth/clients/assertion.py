"""JWTs that clients sign: client assertions (RFC 7523, section 3) and the subject tokens of a portal (RFC 8693).

Stricter than authlib's own verifier: explicit algorithms, the issuer alone as audience, a bounded life, finite numbers.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from auth.clients.keys import ALGORITHMS, find_verification_key

Result = TypeVar("Result")
MAXIMUM_LENGTH = 8192
WRONG_AUDIENCE = "aud must be the issuer as a plain string"
AHEAD_SECONDS = 10
"""How far a client's clock may run ahead of ours (FAPI 2.0, section 5.3.2.1, item 13)."""


class AssertionRefused(ValueError):
    """The JWT is not acceptable. The message is for the log and for tests; callers answer with a constant sentence."""


class AudienceRefused(AssertionRefused):
    """The JWT is for somebody else, whoever signed it: that may be told, as it says nothing of which clients exist."""


class ClientAlgorithms(JWSRegistry):
    """Allows exactly ALGORITHMS, whatever joserfc recommends or warns of (it deprecates the name EdDSA, RFC 9864)."""

    def get_alg(self, name: str) -> Any:
        """The algorithm of that name. Raises UnsupportedAlgorithmError for any other."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("This algorithm is not allowed")
        return self.algorithms[name]


REGISTRY = ClientAlgorithms(algorithms=ALGORITHMS)


@dataclass(frozen=True)
class Expected:
    """What a JWT must say: from whom, to whom, at what time, and how long it may live from now on."""

    client_id: str
    issuer: str
    now: float
    lifetime: int


def read_unverified_subject(token: str, issuer: str) -> str:
    """The `sub` that a JWT claims, read before its signature is checked: good for finding the key, for nothing else.

    Raises AssertionRefused, and AudienceRefused for one that is not for `issuer`.
    """
    claims: Any = _read(lambda: json.loads(_extract(token).payload).items())
    found = dict(claims)
    if found.get("aud") != issuer:
        raise AudienceRefused(WRONG_AUDIENCE)
    if not isinstance(found.get("sub"), str):
        raise AssertionRefused("sub is not text")
    return str(found["sub"])


def verify_claims(token: str, jwks: Mapping[str, Any] | None, expected: Expected) -> dict[str, Any]:
    """The claims of `token` after all checks but single use: see `accept_once` for that.

    Raises AssertionRefused.
    """
    header = _read(lambda: _extract(token).headers())
    if header.keys() & {"crit", "b64"}:
        raise AssertionRefused("extensions are not understood (RFC 7515, section 4.1.11; RFC 7797, section 7)")
    key = _read(lambda: find_verification_key(jwks, header.get("kid")))
    claims = _read(lambda: jwt.decode(token, key, registry=REGISTRY)).claims
    if claims.get("iss") != expected.client_id:
        raise AssertionRefused("iss is wrong: it must be the client identifier")
    if claims.get("aud") != expected.issuer:
        raise AudienceRefused(f"{WRONG_AUDIENCE}: {expected.issuer}")
    if not _is_name(claims.get("jti")):
        raise AssertionRefused("jti is missing")
    _check_times(claims, expected)
    return claims


def _extract(token: str) -> Any:
    if len(token) > MAXIMUM_LENGTH:
        raise ValueError("too long")
    return jws.extract_compact(token.encode("ascii"), registry=REGISTRY)


def _read(step: Callable[[], Result]) -> Result:
    """Run one step of parsing hostile input. Deep JSON raises RecursionError, not ValueError."""
    try:
        return step()
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AssertionRefused(type(error).__name__) from None


def _check_times(claims: Mapping[str, Any], expected: Expected) -> None:
    now, expires = expected.now, _time(claims, "exp")
    if expires is None or not now < expires <= now + expected.lifetime:
        raise AssertionRefused("exp is missing, past or too far ahead")
    for name in ("iat", "nbf"):
        moment = _time(claims, name)
        if moment is not None and moment > now + AHEAD_SECONDS:
            raise AssertionRefused(f"{name} lies in the future")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2), or None if absent. JSON as Python reads it also knows NaN and Infinity."""
    value = claims.get(name)
    if value is None:
        return None
    finite = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not finite:
        raise AssertionRefused(f"{name} is not a number")
    return value


def _is_name(value: object) -> bool:
    """Printable text of a sane length: what fits into a PostgreSQL text column and a log line."""
    return isinstance(value, str) and 1 <= len(value) <= 256 and value.isprintable()
