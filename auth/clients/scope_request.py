"""Scopes of a token request: granted as requested or refused by name, never silently reduced (RFC 6749, 3.3)."""

import re

from auth.audiences import Audience, scopes_of
from auth.scopes import PERSON_SCOPES, Scope
from auth.server.oauth_http import OAuthRefusal
from auth.server.token_store import RegisteredClient
from languages.sentence import say
from models.client import Authentication

SUBJECT_SCOPES = frozenset(
    {
        Scope.PERSON_CREDIT,
        Scope.PERSON_INTEGRITY,
        Scope.SELF,
        Scope.PROCEDURE,
        Scope.EVENT,
        Scope.REMEDY_WRITE,
        Scope.GRANT_WRITE,
    }
)
"""Scopes that a litigant portal holds only on behalf of an authenticated subject."""

STAFF_SCOPES = frozenset({Scope.PROCEDURE_WRITE})
"""Scopes that a court's client holds only on behalf of a signed-in officer (R4)."""

SCOPE_TEXT = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}( [\x21\x23-\x5b\x5d-\x7e]{1,64}){0,31}")


def find_allowed_scopes(
    client: RegisteredClient, *, acting: bool = False, staff: bool = False, allow_pilot_persons: bool
) -> frozenset[str]:
    """Return the scopes that may be given to a client now. acting: on behalf of a subject, by token exchange. staff: on
    behalf of an officer."""
    allowed = client.scopes & scopes_of(client.audience)
    if client.audience is Audience.LITIGANT_PORTAL and not acting:
        allowed -= SUBJECT_SCOPES
    if not staff:
        allowed -= STAFF_SCOPES
    if client.authentication is Authentication.CLIENT_SECRET_BASIC and not allow_pilot_persons:
        allowed -= PERSON_SCOPES
    return frozenset(allowed)


def read_requested_scopes(text: str | None, allowed: frozenset[str]) -> frozenset[str]:
    """Return the scopes of a token request; all allowed ones if it names none. Raises OAuthRefusal (invalid_scope) that
    names the scopes that are not allowed, and those that are."""
    if text is not None and not SCOPE_TEXT.fullmatch(text):
        raise OAuthRefusal(
            "invalid_scope", "scope is a list of at most 32 scope names with single spaces between them."
        )
    asked = frozenset(text.split(" ")) if text else allowed
    if excess := asked - allowed:
        raise OAuthRefusal(
            "invalid_scope",
            say("Not allowed: {list}. This client may ask for: {list_2}.", list=_list(excess), list_2=_list(allowed)),
        )
    if not asked:
        raise OAuthRefusal("invalid_scope", "This client has no scope that this grant may give. Ask the court for one.")
    return asked


def _list(scopes: frozenset[str]) -> str:
    return ", ".join(sorted(scopes)) or "nothing"
