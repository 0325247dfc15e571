"""The operations of the OAuth endpoints, for the OpenAPI document."""

from collections.abc import Mapping, Sequence
from typing import Any

from auth.metadata import AUTHORIZATION_PATH, TOKEN_PATH
from auth.scopes import Scope
from auth.server.contract.messages import (
    IntrospectionAnswer,
    KeySet,
    KeysForm,
    OAuthProblem,
    OwnTokenForm,
    PushedAnswer,
    PushedForm,
    ResourceMetadata,
    ServerMetadata,
    TokenAnswer,
    TokenForm,
)
from openapi.operation import ApiAnswer, ApiOperation, ApiParameter, SentHeader

OAUTH, DISCOVERY = "OAuth", "Discovery"
JSON, FORM, HTML = "application/json", "application/x-www-form-urlencoded", "text/html"
SIGNED = "application/token-introspection+jwt"
BASIC, CERTIFICATE, TOKEN, BOUND = "clientSecret", "clientCertificate", "accessToken", "boundAccessToken"

PROOF = SentHeader("DPoP", "A proof by the key that tokens are bound to (RFC 9449); clients of the class fapi2 need it")
LANGUAGE = SentHeader("Accept-Language", "zh or en: of messages.")
NONCE = SentHeader("DPoP-Nonce", "For the next proof (RFC 9449, section 8).")
RETRY_AFTER = SentHeader("Retry-After", "Seconds to wait before the request is sent again.")
LOCATION = SentHeader("Location", "redirect_uri with the answer.")
CHALLENGE = SentHeader("WWW-Authenticate", "The scheme, and what was wrong.")
ASSERTION = ""
"""No scheme of OpenAPI: the client authenticates in the body, by client_assertion (private_key_jwt, RFC 7523)."""

BY_CLIENT: Mapping[str, Sequence[str]] = {ASSERTION: (), BASIC: (), CERTIFICATE: ()}


def describe_schemes(issuer: str) -> dict[str, dict[str, Any]]:
    """Return the security schemes of the service."""
    scopes = {scope.value: scope.display for scope in sorted(Scope)}
    token, authorize = issuer + TOKEN_PATH, issuer + AUTHORIZATION_PATH
    flows = {
        "clientCredentials": {"tokenUrl": token, "scopes": scopes},
        "authorizationCode": {"authorizationUrl": authorize, "tokenUrl": token, "scopes": scopes},
    }
    return {
        TOKEN: {"type": "oauth2", "flows": flows, "description": "Access tokens. They live minutes: ask anew."},
        BOUND: {"type": "http", "scheme": "DPoP", "description": "An access token with a proof in the header DPoP."},
        BASIC: {"type": "http", "scheme": "basic", "description": "client_secret_basic, for pilots without persons."},
        CERTIFICATE: {
            "type": "mutualTLS",
            "description": "With client_id in the body, where it is offered (RFC 8705).",
        },
    }


def make_problem(error: str, description: str) -> dict[str, str]:
    """Return an example of a refusal."""
    return {"error": error, "error_description": description}


def refuse(status: int, about: str, error: str, told: str, *headers: SentHeader) -> ApiAnswer:
    """Return a refusal of an OAuth endpoint."""
    return ApiAnswer(status, about, {JSON: OAuthProblem}, headers, make_problem(error, told))


MALFORMED = refuse(
    400,
    "The request, or its proof, cannot be used. use_dpop_nonce: sign the proof again with the nonce of the header.",
    "invalid_request",
    "A parameter is repeated. Send each parameter once (RFC 6749, section 3.2).",
    NONCE,
)
STRANGER = refuse(
    401, "The client is not authenticated.", "invalid_client", "No active client has this identifier.", CHALLENGE
)
TOO_LARGE = refuse(413, "The body is too large.", "invalid_request", "The body is larger than 32768 bytes.")
ENCODED = refuse(415, "The body is compressed.", "invalid_request", "Send it without Content-Encoding.")
BUSY = refuse(429, "Too many requests.", "temporarily_unavailable", "You have too many requests in work.", RETRY_AFTER)
AWAY = refuse(
    503, "The service cannot answer now.", "temporarily_unavailable", "The database is not reachable.", RETRY_AFTER
)
REFUSALS = (MALFORMED, STRANGER, TOO_LARGE, ENCODED, BUSY, AWAY)


def ask_by_form(
    name: str, summary: str, form: Any, done: ApiAnswer, details: str = "", *headers: SentHeader, example: Any = None
) -> ApiOperation:
    """Return an operation of an authenticated client with a form."""
    return ApiOperation(
        "POST",
        name,
        OAUTH,
        summary,
        (done, *REFUSALS),
        details,
        callers=BY_CLIENT,
        bodies={FORM: form},
        headers=(*headers, LANGUAGE),
        example=example,
    )


TOKEN_EXAMPLE = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0xIn0.e30.c2lnbmVk",
    "scope": "catalogue.read organization.read",
}
ISSUED = ApiAnswer(200, "A token.", {JSON: TokenAnswer}, [NONCE])
ASK_TOKEN = ask_by_form(
    "requestToken",
    "Get an access token",
    TokenForm,
    ISSUED,
    "Everything is in the body, nothing in the address. A token is good for minutes; keep it until shortly before.",
    PROOF,
    example=TOKEN_EXAMPLE,
)
PUSH_REQUEST = ask_by_form(
    "pushAuthorizationRequest",
    "Push an authorization request",
    PushedForm,
    ApiAnswer(201, "The request is kept.", {JSON: PushedAnswer}, [NONCE]),
    "For courts: staff sign in with request_uri and client_id (RFC 9126).",
    PROOF,
)
REVOKE_TOKEN = ask_by_form(
    "revokeToken",
    "Revoke a token",
    OwnTokenForm,
    ApiAnswer(200, "It is not valid, or never was.", {JSON: dict}),
)
INTROSPECT_TOKEN = ask_by_form(
    "introspectToken",
    "Describe a token",
    OwnTokenForm,
    ApiAnswer(
        200, "Its description, signed if Accept asks for it (RFC 9701).", {JSON: IntrospectionAnswer, SIGNED: str}
    ),
    "Of the client itself: tokens of others are inactive.",
)
REPLACE_KEYS = ask_by_form(
    "replaceKeys",
    "Replace the client's keys",
    KeysForm,
    ApiAnswer(200, "The keys that are registered now.", {JSON: KeySet}),
    "Send old and new keys together first, then the new ones alone, so that there is no gap.",
)


def _asked(name: str, about: str, *, required: bool = False, **more: Any) -> ApiParameter:
    return ApiParameter(name, about, "query", required, **more)


AUTHORIZE = ApiOperation(
    "GET",
    "authorize",
    OAUTH,
    "Sign in as staff, in a browser",
    (
        ApiAnswer(200, "The page to sign in.", {HTML: str}),
        ApiAnswer(303, "Back to redirect_uri, with code or error, state and iss (RFC 9207).", {}, [LOCATION]),
        ApiAnswer(
            400,
            "A page: the client or its redirect_uri is not registered.",
            {HTML: str},
        ),
        ApiAnswer(503, "The service cannot answer now.", {HTML: str, JSON: OAuthProblem}, [RETRY_AFTER]),
    ),
    "Authorization code with PKCE (RFC 6749, RFC 7636). Clients of the class fapi2 push their request first.",
    parameters=[
        _asked("client_id", "Who asks.", required=True),
        _asked("request_uri", "Of the pushed request; everything else is in it then."),
        _asked("request", "The request as a signed JWT (RFC 9101)."),
        _asked("response_type", "code.", values=["code"]),
        _asked("redirect_uri", "One that is registered."),
        _asked("scope", "Scopes between blanks; all if left out."),
        _asked("state", "Comes back unchanged."),
        _asked("code_challenge", "SHA-256 of the verifier."),
        _asked("code_challenge_method", "S256.", values=["S256"]),
        _asked("prompt", "login: sign in anew.", values=["login"]),
        _asked("dpop_jkt", "Thumbprint of the key that the code is bound to."),
        _asked("max_age", "Seconds since the officer was authenticated, at most (RFC 9470)."),
    ],
)


def publish(name: str, summary: str, kind: Any) -> ApiOperation:
    """Return the operation that gives a public document."""
    return ApiOperation("GET", name, DISCOVERY, summary, [ApiAnswer(200, "The document.", {JSON: kind})])


JWKS = publish("signingKeys", "Keys that sign access tokens and reports", KeySet)
SERVER_METADATA = publish("serverMetadata", "Metadata of the authorization server (RFC 8414)", ServerMetadata)
RESOURCE_METADATA = publish("resourceMetadata", "Metadata of the GraphQL endpoint (RFC 9728)", ResourceMetadata)
