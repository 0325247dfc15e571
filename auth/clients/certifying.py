"""The certificate of a client that is registered already: set, replaced, removed, and whether tokens are bound to it
(RFC 8705, sections 2 and 3)."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from cryptography import x509

from auth.clients.credentials import Credentials, make_credentials
from auth.clients.registration import RegistrationError, choose_profile, choose_scopes
from auth.clients.registry import find_active, find_registration, update_active
from models.client import Authentication, Client, ClientProfile

BY_CERTIFICATE = frozenset({Authentication.TLS, Authentication.SELF_SIGNED_TLS})

BOUND_TO = {
    (True, ClientProfile.FAPI2): "the certificate, or the key of a proof",
    (True, ClientProfile.PILOT): "the certificate, or the key of a proof",
    (False, ClientProfile.FAPI2): "the key of a proof",
    (False, ClientProfile.PILOT): "nothing, or the key of a proof",
}
"""What the tokens of a client are bound to, by whether they must be bound to a certificate, and its class."""


def certify_client(
    connection: sa.Connection,
    client_id: str,
    *,
    certificates: bytes | None = None,
    name: str | None = None,
    jwks: Any = None,
) -> None:
    """Let an active client authenticate by its own certificates (PEM), or by a name that an authority certifies,
    instead of what it had; its tokens are bound to the certificate. Keys remain beside a name, or are replaced by
    `jwks`; a published key set is no longer read. Raises RegistrationError; the caller commits."""
    found = find_registration(connection, client_id)
    kept = None if certificates is not None else _own_keys(found.jwks)
    changed = replace(
        found, certificates=certificates, certificate_name=name, jwks=kept if jwks is None else jwks, jwks_uri=None
    )
    columns, _ = make_credentials(changed, found.profile or ClientProfile.PILOT)
    update_active(connection, client_id, {**columns, "jwks_uri": None, "certificate_bound": True})


def uncertify_client(
    connection: sa.Connection,
    client_id: str,
    *,
    jwks: Any = None,
    secret: bool = False,
    allow_pilot_persons: bool = False,
) -> Credentials:
    """Remove the certificate of an active client, which authenticates by `jwks`, by the keys that it has beside a
    certified name, or by a new secret; returns it. Its tokens are bound to no certificate. Raises RegistrationError;
    the caller commits."""
    found, method = find_registration(connection, client_id), _method_of(connection, client_id)
    if method not in BY_CERTIFICATE:
        raise RegistrationError(f"{client_id} does not authenticate by a certificate, but with {method}.")
    keys = None if secret else (_own_keys(found.jwks) if jwks is None else jwks)
    if keys is None and not secret:
        raise RegistrationError(f"{client_id} has nothing else to authenticate with: give its public JWK set.")
    changed = replace(found, certificate_name=None, certificate_bound=False, jwks=keys)
    profile = choose_profile(changed, choose_scopes(changed, allow_pilot_persons), allow_pilot_persons)
    columns, made = make_credentials(changed, profile)
    update_active(connection, client_id, {**columns, "certificate_bound": False})
    return Credentials(client_id, made)


def bind_client(connection: sa.Connection, client_id: str, bound: bool) -> None:
    """Say whether the tokens of a client without a certificate of its own are bound to that of the connection, unless
    it sends proofs. Tokens without a binding end at once when it is required. Raises RegistrationError."""
    if not bound and _method_of(connection, client_id) in BY_CERTIFICATE:
        raise RegistrationError(
            f"{client_id} authenticates by its certificate: its tokens are always bound to it. Remove the certificate."
        )
    update_active(connection, client_id, {"certificate_bound": bound})


def describe_certificate(connection: sa.Connection, client_id: str) -> dict[str, Any]:
    """Return how an active client authenticates, by which certificates, and what its tokens are bound to. Raises
    RegistrationError."""
    names = ("authentication", "certificate_name", "certificate_bound", "profile", "jwks")
    found = find_active(connection, client_id, *(getattr(Client, name) for name in names))
    described = {"client": client_id, "authentication": str(found.authentication)}
    if found.certificate_name:
        described["name"] = found.certificate_name
    own = [_describe(key) for key in (found.jwks or {"keys": ()})["keys"] if "x5c" in key]
    bound = BOUND_TO[found.certificate_bound, found.profile]
    return described | ({"certificate": own} if own else {}) | {"tokens bound to": bound}


def _own_keys(jwks: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return registered keys; None for those of certificates, which go with them."""
    return None if jwks is None or any("x5c" in key for key in jwks["keys"]) else jwks


def _method_of(connection: sa.Connection, client_id: str) -> Authentication:
    method: Authentication = find_active(connection, client_id, Client.authentication).authentication
    return method


def _describe(key: Mapping[str, Any]) -> str:
    """Return the subject, the end and the identifier of a certificate in a key set."""
    found = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0]))
    last = found.not_valid_after_utc.isoformat().replace("+00:00", "Z")
    return f"{found.subject.rfc4514_string()}, until {last}, kid {key['kid']}"
