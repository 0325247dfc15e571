"""The forms and answers of the OAuth endpoints, as types. The types of answers are those of the functions that make
them."""

from typing import Annotated, Any, NotRequired, Required, TypedDict

from msgspec import Meta

from languages.words import read_oauth_kinds

Text = Annotated[str, Meta(min_length=1)]
ErrorCode = Annotated[
    str,
    Meta(
        description="Further codes may be added: treat an unknown one by its status.",
        extra_json_schema={"x-extensible-enum": sorted(read_oauth_kinds())},
    ),
]
ClientId = Annotated[str, Meta(description="With a client certificate: who you are (RFC 8705). Else leave it out.")]
AssertionType = Annotated[
    str, Meta(extra_json_schema={"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"})
]
Assertion = Annotated[
    str,
    Meta(
        description="A JWT signed with a registered key: iss and sub are the client, aud is the address of this "
        "service as one plain text, exp is at most an hour ahead, jti is new each time (RFC 7523, FAPI 2.0)."
    ),
]
Scopes = Annotated[str, Meta(description="Scopes between blanks; all of the client if left out.")]


class ClientForm(TypedDict, total=False):
    """How a client authenticates: by an assertion, by a certificate with client_id, or by HTTP Basic."""

    client_assertion_type: AssertionType
    client_assertion: Assertion
    client_id: ClientId


class TokenForm(ClientForm, total=False):
    """A request for a token (RFC 6749, 4.1.3 and 4.4.2; RFC 8693)."""

    grant_type: Required[
        Annotated[
            str,
            Meta(
                description="client_credentials for the client itself; authorization_code for staff who signed in; "
                "token-exchange for the user of a litigant portal.",
                examples=["client_credentials"],
            ),
        ]
    ]
    scope: Scopes
    resource: Annotated[str, Meta(description="The address of the GraphQL endpoint, or nothing (RFC 8707).")]
    code: Annotated[str, Meta(description="authorization_code: as the redirect brought it.")]
    redirect_uri: Annotated[str, Meta(description="authorization_code: as in the authorization request.")]
    code_verifier: Annotated[str, Meta(description="authorization_code: of the challenge (RFC 7636).")]
    subject_token: Annotated[str, Meta(description="token-exchange: a JWT of the portal about its user.")]
    subject_token_type: Annotated[str, Meta(description="token-exchange: urn:ietf:params:oauth:token-type:jwt.")]


class TokenAnswer(TypedDict):
    """An access token (RFC 6749, section 5.1). There are no refresh tokens: ask again."""

    access_token: Text
    token_type: Annotated[str, Meta(description="DPoP if it is bound to the key of a proof, else Bearer.")]
    expires_in: Annotated[int, Meta(description="Seconds.", ge=1)]
    scope: str
    issued_token_type: NotRequired[Annotated[str, Meta(description="token-exchange only (RFC 8693, 2.2.1).")]]


class PushedForm(ClientForm, total=False):
    """An authorization request (RFC 9126), in plain or as a signed request object (RFC 9101)."""

    response_type: Annotated[str, Meta(description="code.", examples=["code"])]
    redirect_uri: Annotated[str, Meta(description="One that is registered, character by character.")]
    scope: Scopes
    state: Annotated[str, Meta(max_length=2048)]
    code_challenge: Annotated[str, Meta(description="SHA-256 of the verifier (RFC 7636).")]
    code_challenge_method: Annotated[str, Meta(description="S256.", examples=["S256"])]
    prompt: Annotated[str, Meta(description="login: sign in anew.")]
    dpop_jkt: Annotated[str, Meta(description="Thumbprint of the key that the code is bound to (RFC 9449, 10).")]
    request: Annotated[str, Meta(description="All of this as a signed JWT, instead of the parameters.")]


class PushedAnswer(TypedDict):
    """Where a pushed request is kept (RFC 9126, section 2.2)."""

    request_uri: Text
    expires_in: Annotated[int, Meta(description="Seconds.")]


class OwnTokenForm(ClientForm, total=False):
    """A token of the client itself, to be revoked (RFC 7009) or described (RFC 7662)."""

    token: Required[Text]
    token_type_hint: Annotated[str, Meta(description="Not needed.")]


class IntrospectionAnswer(TypedDict):
    """A description of a token (RFC 7662, section 2.2). Of an inactive one it says nothing else."""

    active: bool
    token_type: NotRequired[str]
    iss: NotRequired[str]
    sub: NotRequired[str]
    aud: NotRequired[str]
    exp: NotRequired[int]
    iat: NotRequired[int]
    jti: NotRequired[str]
    client_id: NotRequired[str]
    scope: NotRequired[str]
    cnf: NotRequired[dict[str, Any]]
    act: NotRequired[dict[str, Any]]


class KeysForm(ClientForm, total=False):
    """New keys of the client, signed for with one that is still registered."""

    jwks: Required[
        Annotated[str, Meta(description="The new JWK set as JSON: public keys, old ones too while they are in use.")]
    ]


class KeySet(TypedDict):
    """A JWK set of public keys (RFC 7517). sm2_keys: those of SM2, where reports are signed by it as well."""

    keys: list[dict[str, Any]]
    sm2_keys: NotRequired[list[dict[str, Any]]]


class ServerMetadata(TypedDict):
    """Metadata of the authorization server (RFC 8414, section 2). It has more members than these."""

    issuer: Text
    jwks_uri: Text
    authorization_endpoint: Text
    token_endpoint: Text
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    registration_endpoint: NotRequired[str]


class ResourceMetadata(TypedDict):
    """Metadata of the GraphQL endpoint (RFC 9728, section 2). It has more members than these."""

    resource: Text
    authorization_servers: list[str]
    scopes_supported: list[str]
    bearer_methods_supported: list[str]


class OAuthProblem(TypedDict):
    """Why a request was refused (RFC 6749, section 5.2)."""

    error: ErrorCode
    error_description: Annotated[str, Meta(description="What to do, in English.")]
    error_uri: NotRequired[Annotated[str, Meta(description="The page about the code.")]]
    message: NotRequired[Annotated[str, Meta(description="The description in the language of Accept-Language.")]]
