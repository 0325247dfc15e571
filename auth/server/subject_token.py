"""Subject tokens: JWTs by which a litigant portal names its authenticated user (RFC 8693, section 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auth.clients.assertion import AHEAD_SECONDS, AssertionRefused, Expected, verify_claims
from languages.sentence import say
from models.documents import DocumentKind, make_document_key, parse_document
from models.identifiers import IdentifierError, parse_party_number
from models.readable import is_line

SUBJECT_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:jwt"  # noqa: S105  (a type name, no secret)
LIFETIME_SECONDS = 300


@dataclass(frozen=True)
class TokenSubject:
    """A verified subject token. number: the value that is hashed (R18); claims: for single use."""

    number: str
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        """Omit the number (R18)."""
        return "Subject(…)"


def read_subject_token(
    text: str, jwks: Mapping[str, Any] | None, client_id: str, issuer: str, now: float
) -> TokenSubject:
    """Verify a subject token: `iss`, `sub`, `aud`, `iat`, `exp`, `jti`, `name`, `id_number`, and `id_type`.

    id_type: the `DocumentKind` of a document other than resident card and organization code (R22). Raises
    AssertionRefused, whose message has no values of claims.
    """
    expected = Expected(client_id, issuer, now, LIFETIME_SECONDS + AHEAD_SECONDS)
    claims = verify_claims(text, jwks, expected)
    for name in ("sub", "name", "id_number"):
        if not isinstance(claims.get(name), str) or not claims[name].strip():
            raise AssertionRefused(say("{name} is missing", name=name))
        if not is_line(claims[name]):
            raise AssertionRefused(say("{name} must be printable text", name=name))
    if claims["sub"] == claims["iss"]:
        raise AssertionRefused("sub must be the user, not the client")
    if claims.get("iat") is None:
        raise AssertionRefused("iat is missing")
    return TokenSubject(_number(claims["id_number"], claims.get("id_type")), claims)


def _number(number: str, kind: Any) -> str:
    """Return the value that is hashed for a number of this kind; without a kind, a resident ID or organization code."""
    if kind is not None and kind not in list(DocumentKind):
        raise AssertionRefused(say("id_type is none of {kinds}", kinds=[kind.value for kind in DocumentKind]))
    try:
        if kind is None:
            return parse_party_number(number).value
        return make_document_key(DocumentKind(kind), parse_document(DocumentKind(kind), number).value)
    except IdentifierError:
        if kind:
            raise AssertionRefused(say("id_number is no number of a {kind}", kind=DocumentKind(kind))) from None
        raise AssertionRefused("id_number is neither a resident ID number nor an organization code") from None
