"""Registration at a sandbox as an operation of the OpenAPI document (RFC 7591)."""

from typing import Annotated, TypedDict

from msgspec import Meta

from auth.server.contract.messages import KeySet, OAuthProblem
from auth.server.contract.operations import AWAY, JSON, LANGUAGE, OAUTH, make_problem, refuse
from openapi.operation import ApiAnswer, ApiOperation


class _Named(TypedDict, total=False):
    client_name: Annotated[str, Meta(max_length=80)]
    audience: Annotated[str, Meta(description="BANK if left out.", examples=["BANK"])]
    scope: Annotated[str, Meta(description="Scopes between blanks; all of the audience if left out.")]
    dpop_bound_access_tokens: Annotated[bool, Meta(description="Whether tokens are bound to a key (class fapi2).")]


class JoiningClient(_Named):
    """A client to be registered."""

    jwks: KeySet


class JoinedClient(TypedDict):
    """A registered client (RFC 7591, section 3.2.1). It has no secret: it signs with its key."""

    client_id: str
    client_id_issued_at: int
    client_name: str
    audience: str
    scope: str
    jwks: KeySet
    dpop_bound_access_tokens: bool
    token_endpoint_auth_method: str
    grant_types: list[str]


KEY = {"kty": "OKP", "crv": "Ed25519", "kid": "key-1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
TOLD = "Send JSON with client_name, audience and jwks: a JWK set with the public key, not the private one."
JOIN = ApiOperation(
    "POST",
    "registerClient",
    OAUTH,
    "Register a client (sandbox only)",
    (
        ApiAnswer(201, "The client is registered.", {JSON: JoinedClient}),
        refuse(400, "The client cannot be registered so.", "invalid_client_metadata", TOLD),
        ApiAnswer(429, "Too many registrations.", {JSON: OAuthProblem}, (), make_problem("slow_down", "Wait.")),
        AWAY,
    ),
    "In production a court registers clients, and this address does not exist.",
    bodies={JSON: JoiningClient},
    headers=[LANGUAGE],
    example={"client_name": "my bank", "audience": "BANK", "dpop_bound_access_tokens": False, "jwks": {"keys": [KEY]}},
)
