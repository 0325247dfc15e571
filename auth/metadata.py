"""Metadata documents: RFC 8414 for the authorization server, RFC 9728 for the GraphQL endpoint."""

from typing import Any
from urllib.parse import urlsplit

from auth.access_token import resource_of
from auth.clients.certificates import MutualTLS
from auth.clients.keys import ALGORITHMS, ASSERTION_ALGORITHMS
from auth.proofs.proof import ACCEPTED_ALGORITHMS
from auth.scopes import Scope
from auth.signing import ALGORITHM as SIGNATURES
from models.client import Authentication

AUTHORIZATION_PATH = "/oauth/authorize"
SIGN_OUT_PATH = "/oauth/sign-out"
ACCOUNT_PATH = "/oauth/account"
PASSWORD_PATH = "/oauth/account/password"  # noqa: S105  (a path, no secret)
SECOND_FACTOR_PATH = "/oauth/account/second-factor"
GRANTS_PATH, SECURITY_EVENTS_PATH = "/oauth/account/grants", "/oauth/account/security-events"
SECURITY_KEYS_PATH = "/oauth/account/security-keys"
OPENID_PATH, OPENID_CALLBACK_PATH = "/oauth/openid", "/oauth/openid/callback"
SCRIPT_PATH = "/oauth/security-key.js"
TOKEN_PATH = "/oauth/token"  # noqa: S105  (a path, no secret)
REVOCATION_PATH = "/oauth/revoke"
INTROSPECTION_PATH = "/oauth/introspect"
PAR_PATH = "/oauth/par"
DOCUMENTATION_PATH = "/oauth/documentation"
CLIENT_KEYS_PATH = "/oauth/keys"
REGISTRATION_PATH = "/oauth/register"
JWKS_PATH = "/oauth/jwks.json"
SERVER_WELL_KNOWN = "/.well-known/oauth-authorization-server"
OPENID_WELL_KNOWN = "/.well-known/openid-configuration"
ERRORS_PATH = "/errors"
RESOURCE_WELL_KNOWN = "/.well-known/oauth-protected-resource"


def describe_at(issuer: str, error: str) -> str:
    """Return the address of the page about an error code (`error_uri`, RFC 6749, section 5.2)."""
    return f"{issuer}{ERRORS_PATH}/{error}"


def build_server_metadata(
    issuer: str,
    grant_types: tuple[str, ...],
    mutual_tls: MutualTLS | None = None,
    registers: bool = False,
    sm2: bool = False,
) -> dict[str, Any]:
    """Return the metadata of the authorization server (RFC 8414, section 2; RFC 8705, sections 3.3 and 5). registers:
    whether clients register themselves (RFC 7591). sm2: whether it tells that clients may sign by SM2."""
    assertions = list(ASSERTION_ALGORITHMS if sm2 else ALGORITHMS)
    document: dict[str, Any] = {
        "issuer": issuer,
        "jwks_uri": issuer + JWKS_PATH,
        "scopes_supported": sorted(Scope),
        "authorization_endpoint": issuer + AUTHORIZATION_PATH,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "pushed_authorization_request_endpoint": issuer + PAR_PATH,
        "require_pushed_authorization_requests": False,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": assertions,
        "dpop_signing_alg_values_supported": ACCEPTED_ALGORITHMS.split(),
        "introspection_signing_alg_values_supported": [SIGNATURES],
        "service_documentation": issuer + DOCUMENTATION_PATH,
        "grant_types_supported": list(grant_types),
        "protected_resources": [resource_of(issuer)],
    }
    for name, path in (("token", TOKEN_PATH), ("revocation", REVOCATION_PATH), ("introspection", INTROSPECTION_PATH)):
        document[f"{name}_endpoint"] = issuer + path
        document[f"{name}_endpoint_auth_methods_supported"] = _list_methods(mutual_tls)
        document[f"{name}_endpoint_auth_signing_alg_values_supported"] = assertions
    if registers:
        document["registration_endpoint"] = issuer + REGISTRATION_PATH
    if mutual_tls:
        document["tls_client_certificate_bound_access_tokens"] = True
    if mutual_tls and mutual_tls.address:
        document["mtls_endpoint_aliases"] = {name: mutual_tls.address + path for name, path in ALIASES.items()}
    return document


def _list_methods(mutual_tls: MutualTLS | None) -> list[Authentication]:
    """Return the methods of client authentication."""
    authorities = mutual_tls is not None and bool(mutual_tls.authorities.roots)
    offered = {Authentication.TLS: authorities, Authentication.SELF_SIGNED_TLS: mutual_tls is not None}
    return [method for method in Authentication if offered.get(method, True)]


ALIASES = {
    "token_endpoint": TOKEN_PATH,
    "pushed_authorization_request_endpoint": PAR_PATH,
    "revocation_endpoint": REVOCATION_PATH,
    "introspection_endpoint": INTROSPECTION_PATH,
}


def build_resource_metadata(issuer: str, mutual_tls: MutualTLS | None = None) -> dict[str, Any]:
    """Return the metadata of the protected resource (RFC 9728, section 2)."""
    return {
        "resource": resource_of(issuer),
        "resource_name": "Suxin",
        "authorization_servers": [issuer],
        "scopes_supported": sorted(Scope),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ACCEPTED_ALGORITHMS.split(),
        "dpop_bound_access_tokens_required": False,
        **({"tls_client_certificate_bound_access_tokens": True} if mutual_tls else {}),
        "resource_documentation": issuer + DOCUMENTATION_PATH,
    }


def list_server_metadata_paths(issuer: str) -> list[str]:
    """Return the well-known paths of the server metadata, before the issuer's path (RFC 8414, 3.1), and after it for
    OpenID Connect (section 5)."""
    path = urlsplit(issuer).path
    before = [known + end for known in (SERVER_WELL_KNOWN, OPENID_WELL_KNOWN) for end in ("", path)]
    return list(dict.fromkeys([*before, path + OPENID_WELL_KNOWN]))


def list_resource_metadata_paths(issuer: str) -> list[str]:
    """Return the well-known paths of the resource metadata (RFC 9728, section 3.1)."""
    return [RESOURCE_WELL_KNOWN, RESOURCE_WELL_KNOWN + urlsplit(resource_of(issuer)).path]


def build_resource_metadata_url(issuer: str) -> str:
    """Return the URL of the resource metadata, for 401 responses (RFC 9728, section 5.1)."""
    parts = urlsplit(resource_of(issuer))
    return f"{parts.scheme}://{parts.netloc}{RESOURCE_WELL_KNOWN}{parts.path}"
