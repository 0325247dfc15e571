"""Authorization requests for a code (RFC 6749, section 4.1.1), sent by a browser or pushed by the client."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from auth.clients.scope_request import find_allowed_scopes, read_requested_scopes
from auth.server.authorization_code import CHALLENGE
from auth.server.oauth_http import OAuthRefusal, invalid_request
from auth.server.token_store import RegisteredClient
from languages.sentence import say

LONGEST_STATE = 2048
SIGN_IN_SECONDS = 600
"""How long the page of a request that came in time may be filled in, after the request has ended."""

PARAMETERS = (
    "response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "prompt", "dpop_jkt",
    "max_age",
)  # fmt: skip
SECONDS = re.compile(r"[0-9]{1,9}")
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class AuthorizationRequest:
    """A valid authorization request. pushed: the hash of its `request_uri`; None for a request that was not pushed.
    jkt: the thumbprint of the key that the code is bound to, if the client names one (RFC 9449, section 10). max_age:
    seconds since the officer was authenticated, at most."""

    client: RegisteredClient
    redirect_uri: str
    state: Mapping[str, str]
    scopes: frozenset[str]
    challenge: str
    login: bool
    pushed: bytes | None = None
    jkt: str | None = None
    max_age: int | None = None

    @property
    def origin(self) -> str:
        """The origin of the redirect URI."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


def state_of(query: Mapping[str, str]) -> dict[str, str]:
    """Return the client's `state`, unless it is too long."""
    state = query.get("state")
    return {"state": state} if state is not None and len(state) <= LONGEST_STATE else {}


def read_authorization(
    client: RegisteredClient, query: Mapping[str, str], *, allow_pilot_persons: bool
) -> AuthorizationRequest:
    """Validate the parameters of an authorization request. Raises OAuthRefusal."""
    if query.get("redirect_uri") not in client.redirect_uris:  # character by character (RFC 9700, section 2.1)
        raise invalid_request("redirect_uri is not one that is registered for this client.")
    if query.get("response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "response_type must be code.")
    if query.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(query.get("code_challenge", "")):
        raise invalid_request("Send code_challenge with code_challenge_method=S256 (RFC 7636).")
    if len(query.get("state", "")) > LONGEST_STATE:
        raise invalid_request(say("state is longer than {longest_state} characters.", longest_state=LONGEST_STATE))
    allowed = find_allowed_scopes(client, staff=True, allow_pilot_persons=allow_pilot_persons)
    scopes = read_requested_scopes(query.get("scope"), allowed)
    named = query.get("dpop_jkt")
    if named is not None and not THUMBPRINT.fullmatch(named):
        raise invalid_request("dpop_jkt must be the SHA-256 thumbprint of a key (RFC 7638), 43 characters long.")
    if (age := query.get("max_age")) is not None and not SECONDS.fullmatch(age):
        raise invalid_request("max_age must be a number of seconds.")
    return AuthorizationRequest(
        client,
        query["redirect_uri"],
        state_of(query),
        scopes,
        query["code_challenge"],
        login=query.get("prompt") == "login",
        jkt=named,
        max_age=None if age is None else int(age),
    )
