"""Whom a litigant portal acts for: the JWT that it signs about its authenticated user (RFC 8693, section 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auth.client_assertion import AHEAD_SECONDS, AssertionRefused, Expected, verified_claims
from models.identifiers import IdentifierError, parse_party_number

SUBJECT_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:jwt"  # noqa: S105  (a type name, no secret)
LIFETIME_SECONDS = 300


@dataclass(frozen=True)
class Subject:
    """A verified subject token. `number` is normalized; `claims` hold what makes the token single-use."""

    number: str
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        """Never the number (R18)."""
        return "Subject(…)"


def read_subject_token(text: str, jwks: Mapping[str, Any] | None, client_id: str, issuer: str, now: float) -> Subject:
    """Verify a portal's statement about its user: `iss`, `sub`, `aud`, `iat`, `exp`, `jti`, `name`, `id_number`.

    Raises AssertionRefused, whose message holds nothing of the claims.
    """
    expected = Expected(client_id, issuer, now, LIFETIME_SECONDS + AHEAD_SECONDS)
    claims = verified_claims(text, jwks, expected)
    for name in ("sub", "name", "id_number"):
        if not isinstance(claims.get(name), str) or not claims[name].strip():
            raise AssertionRefused(f"{name} is missing")
    if claims["sub"] == claims["iss"]:
        raise AssertionRefused("sub must be the user, not the client")
    if claims.get("iat") is None:
        raise AssertionRefused("iat is missing")
    return Subject(_normalize(claims["id_number"]), claims)


def _normalize(number: str) -> str:
    try:
        return parse_party_number(number).value
    except IdentifierError:
        raise AssertionRefused("id_number is neither a resident ID number nor an organization code") from None
