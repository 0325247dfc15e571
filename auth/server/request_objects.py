"""Signed authorization requests (JAR, RFC 9101): all parameters are claims of a JWT that the client signs, pushed or in
the address of the browser (FAPI 2.0 Message Signing, section 5.3)."""

from collections.abc import Callable, Mapping
from typing import Any

from auth.clients.assertion import (
    AssertionRefused,
    ClaimRefused,
    check_issuer,
    check_period,
    is_for,
    read_header,
    verify_signature,
)
from auth.server.authorization_request import PARAMETERS, SIGN_IN_SECONDS
from auth.server.oauth_http import OAuthRefusal, invalid_request
from auth.server.token_store import RegisteredClient
from languages.sentence import say
from models.readable import UNREADABLE_LINE

TYPES = frozenset({"oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "jwt", "none"})
LIFETIME = 3600
"""Maximum seconds since `nbf`, and from `nbf` to `exp` (FAPI 2.0 Message Signing, section 5.3.1)."""

BESIDE = frozenset({"request", "client_id", "client_assertion", "client_assertion_type"})
"""What may be beside a pushed request object (RFC 9126, section 3)."""

SIGN_FIRST = "This client signs its requests: send them as a request object in the parameter request (RFC 9101)."


def check_alone(form: Mapping[str, str]) -> None:
    """Refuse parameters beside a request object that is pushed. Raises OAuthRefusal."""
    if "request" in form and (beside := sorted(form.keys() - BESIDE)):
        raise invalid_request(say("Leave {beside} out: all parameters are within the request object.", beside=beside))


def open_request(
    client: RegisteredClient,
    query: Mapping[str, str],
    find_keys: Callable[[str], Mapping[str, Any] | None],
    issuer: str,
    now: float,
    *,
    filled_in: bool = False,
) -> Mapping[str, str]:
    """Return the parameters of a request: the claims of its request object if it has one (RFC 9101, section 6.3), else
    the query. find_keys: returns those that may have signed it. filled_in: whether the page that the request led to
    comes back. Raises OAuthRefusal (invalid_request_object), which names the reason once the signature is verified."""
    if "request" not in query and client.signed_requests:
        raise invalid_request(SIGN_FIRST)
    if "request" not in query:
        return query
    text = query["request"]
    try:
        claims = verify_signature(text, find_keys(text))
        _check(text, claims, client, issuer, now - (SIGN_IN_SECONDS if filled_in else 0), now)
        return {name: _text(name, claims[name]) for name in PARAMETERS if name in claims}
    except ClaimRefused as refused:
        raise reject_request_object(
            say("The request object was not accepted: {refused}.", refused=str(refused))
        ) from None
    except AssertionRefused:
        raise reject_request_object(
            "The request object was not accepted: sign it with a registered key (RFC 9101)."
        ) from None


def _check(
    text: str, claims: Mapping[str, Any], client: RegisteredClient, issuer: str, earlier: float, now: float
) -> None:
    if str(read_header(text).get("typ")).lower() not in TYPES:
        raise ClaimRefused("typ must be oauth-authz-req+jwt")
    check_issuer(claims, client.client_id)
    if claims.get("client_id") != client.client_id:
        raise ClaimRefused("client_id must be the client identifier")
    if not is_for(claims.get("aud"), issuer):
        raise ClaimRefused(say("aud must be the issuer, {issuer}", issuer=issuer))
    if found := sorted(claims.keys() & {"request", "request_uri", "sub"}):
        raise ClaimRefused(say("it must not have {found} (RFC 9101, sections 4 and 10.8)", found=found))
    check_period(claims, earlier, now, LIFETIME)


def _text(name: str, value: Any) -> str:
    """Return a claim as the query would have it. `max_age` may be a number (OpenID Connect Core 1.0, section 6.1)."""
    if name == "max_age" and type(value) is int:
        return str(value)
    if not isinstance(value, str) or UNREADABLE_LINE.search(value):
        raise ClaimRefused(say("{name} must be printable text", name=name))
    return value


def reject_request_object(description: str) -> OAuthRefusal:
    """Return the error for a request object (RFC 9101, section 6)."""
    return OAuthRefusal("invalid_request_object", description)
