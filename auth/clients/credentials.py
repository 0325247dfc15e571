"""How a client authenticates: its keys, its certificates, its certified name, or a secret."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auth.audiences import Audience
from auth.clients.authentication import hash_secret
from auth.clients.certificates import CertificateRefused, check_name, parse_certificates
from auth.clients.keys import ClientKeysError, check_class, parse_jwks
from auth.clients.registration import Registration, RegistrationError
from models.client import Authentication, ClientProfile

SECRET_BYTES = 32
ROTATED: Mapping[Authentication, tuple[bool, bool, str]] = {
    Authentication.PRIVATE_KEY_JWT: (True, False, "signs with its own keys: give its new public JWK set."),
    Authentication.SELF_SIGNED_TLS: (False, True, "has its own certificates: give the new ones, in PEM form."),
    Authentication.CLIENT_SECRET_BASIC: (False, False, "has a secret: leave the rest out, or register a new client."),
}
"""What replaces the credentials of a client: keys, certificates, or neither for a secret."""


@dataclass(frozen=True)
class Credentials:
    """The credentials for the client. secret: stored only as a hash; None for a client without one."""

    client_id: str
    secret: str | None = field(repr=False)


def make_credentials(registration: Registration, profile: ClientProfile) -> tuple[dict[str, Any], str | None]:
    """Return the columns of how a client of this class authenticates, and its secret, if it gets one. Raises
    RegistrationError."""
    if registration.certificates is not None and (registration.jwks, registration.certificate_name) != (None, None):
        raise RegistrationError("A client with certificates of its own has neither other keys nor a certified name.")
    try:
        jwks, name = (
            _read_keys(registration),
            registration.certificate_name and check_name(registration.certificate_name),
        )
    except (ClientKeysError, CertificateRefused) as error:
        raise RegistrationError(str(error)) from error
    check_keys(jwks, profile)
    if jwks is None and registration.audience is Audience.LITIGANT_PORTAL:
        raise RegistrationError("A litigant portal signs for its users: register its public keys.")
    if jwks is None and registration.signed_requests:
        raise RegistrationError("A client signs its requests by keys that are registered: register its public keys.")
    secret = secrets.token_urlsafe(SECRET_BYTES) if registration.has_secret else None
    hashed = hash_secret(secret) if secret else None
    method = _method_of(registration)
    return {"authentication": method, "jwks": jwks, "certificate_name": name, "secret_hash": hashed}, secret


def check_keys(jwks: Mapping[str, Any] | None, profile: ClientProfile) -> None:
    """Check that a client of this class may sign by these keys. Raises RegistrationError."""
    try:
        check_class(jwks, profile)
    except ClientKeysError as error:
        raise RegistrationError(str(error)) from None


def _read_keys(registration: Registration) -> dict[str, Any] | None:
    if registration.certificates is not None:
        return parse_certificates(registration.certificates)
    return None if registration.jwks is None else parse_jwks(registration.jwks)


def _method_of(registration: Registration) -> Authentication:
    if registration.certificate_name is not None:
        return Authentication.TLS
    if registration.certificates is not None:
        return Authentication.SELF_SIGNED_TLS
    return Authentication.CLIENT_SECRET_BASIC if registration.has_secret else Authentication.PRIVATE_KEY_JWT


def check_rotation(client_id: str, method: Authentication, jwks: Any, certificates: bytes | None) -> None:
    """Raise RegistrationError unless new credentials are of the kind that a client has."""
    if method not in ROTATED:
        raise RegistrationError(
            f"{client_id} is known by a certified name: its authority issues new certificates. "
            f"For another name: suxin client certificate {client_id} --name NAME."
        )
    keys, certified, reason = ROTATED[method]
    if (keys, certified) != (jwks is not None, certificates is not None):
        raise RegistrationError(f"{client_id} {reason}")
