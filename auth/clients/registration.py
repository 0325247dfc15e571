"""What may be registered of a client: the rules that need no database."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from auth.audiences import PURPOSES, Audience, Purpose, scopes_of
from auth.scopes import PERSON_SCOPES, Scope
from models.client import ClientProfile
from models.readable import is_line
from models.web_address import AddressError, parse_address

LOOPBACK = frozenset({"127.0.0.1", "::1"})


class RegistrationError(ValueError):
    """A client cannot be registered or changed. The message says why and what to do."""


@dataclass(frozen=True)
class Registration:
    """The registration of a client.

    scopes, purposes: empty for all that the audience may hold. jwks: public keys. client_id: None to generate one.
    court_code: COURT, and LABOUR_ARBITRATION for the court at which its awards are enforced. redirect_uris: COURT only.
    village: VILLAGE only. profile: None for `fapi2` if it has keys and reaches persons, else `pilot`. jwks_uri: where
    the client publishes further keys. certificates: its own ones in PEM form;
    certificate_name: the name that an authority certifies (RFC 8705, section 2). certificate_bound: whether tokens are
    bound to the certificate of a client with keys. signed_requests: whether it signs its authorization requests. A
    client with neither keys nor certificates has a secret.
    """

    name: str
    audience: Audience
    scopes: Collection[str] = ()
    purposes: Collection[str] = ()
    jwks: Any = None
    client_id: str | None = None
    court_code: str | None = None
    village: str | None = None
    redirect_uris: Collection[str] = ()
    profile: ClientProfile | None = None
    jwks_uri: str | None = None
    certificates: bytes | None = None
    certificate_name: str | None = None
    certificate_bound: bool = False
    signed_requests: bool = False

    @property
    def has_secret(self) -> bool:
        """Whether the client has neither keys nor certificates."""
        return self.jwks is None and self.certificates is None and self.certificate_name is None

    @property
    def binds_certificate(self) -> bool:
        """Whether tokens are bound to the certificate of the connection: always, if it authenticates the client."""
        return self.certificate_bound or self.certificates is not None or self.certificate_name is not None


def check_client_name(name: str) -> str:
    """Validate the name of an institution. Raises RegistrationError."""
    if not is_line(name):
        raise RegistrationError("Give the client a name: whose it is, as the contract says.")
    return name.strip()


def choose_scopes(registration: Registration, allow_pilot_persons: bool) -> list[str]:
    """Return the scopes of a client, by default all of its audience. Raises RegistrationError."""
    most = scopes_of(registration.audience)
    _check_within(most, registration.scopes, f"{registration.audience} may not hold", "it may hold")
    scopes = {Scope(scope) for scope in registration.scopes} or most
    if registration.has_secret and not allow_pilot_persons and (persons := sorted(scopes & PERSON_SCOPES)):
        raise RegistrationError(
            f"A client with a secret may not reach persons ({', '.join(persons)}). Register its public keys, choose "
            "other scopes, or allow it for a pilot with SUXIN_ALLOW_PILOT_PERSONS=true."
        )
    return sorted(scopes)


def choose_profile(registration: Registration, scopes: Collection[str], allow_pilot_persons: bool) -> ClientProfile:
    """Return the class of a client: `fapi2` by default for clients with keys that reach persons (FAPI 2.0)."""
    persons = sorted(PERSON_SCOPES.intersection(scopes))
    default = ClientProfile.FAPI2 if persons and not registration.has_secret else ClientProfile.PILOT
    profile = registration.profile or default
    if profile is ClientProfile.FAPI2 and registration.has_secret:
        raise RegistrationError("A client of the class fapi2 has keys or certificates of its own: register them.")
    if profile is ClientProfile.PILOT and persons and not allow_pilot_persons:
        raise RegistrationError(
            f"A pilot may not reach persons ({', '.join(persons)}). Make it fapi2 (suxin client profile ID fapi2), "
            "choose other scopes, or allow it for a pilot with SUXIN_ALLOW_PILOT_PERSONS=true."
        )
    return profile


def check_jwks_uri(registration: Registration) -> str | None:
    """Validate the address of a published key set: https, which is checked again when it is fetched."""
    uri = registration.jwks_uri
    if uri is None:
        return None
    if registration.jwks is None or registration.certificate_name is not None:
        raise RegistrationError(
            "Only a client that authenticates with its keys publishes some: register them too, or leave jwks_uri out."
        )
    _check_address(uri, "a jwks_uri: it is https://…")
    return f"https{uri[5:]}"


def _check_address(uri: str, use: str, by_http: Collection[str] = ()) -> None:
    """Raise RegistrationError, which says what is wrong, unless an address is by https, or on a host of `by_http`."""
    remedy = ""
    try:
        address = parse_address(uri)
        if address.scheme == "https" or address.host in by_http:
            return
    except AddressError as error:
        remedy = f" {error}"
    raise RegistrationError(f"{uri!r} cannot be {use}.{remedy}")


def choose_purposes(registration: Registration) -> list[str]:
    """Return the purposes that a client may name. Raises RegistrationError."""
    most = PURPOSES[registration.audience]
    _check_within(most, registration.purposes, f"{registration.audience} may not name", "it may name")
    return sorted({Purpose(purpose) for purpose in registration.purposes} or most)


def _check_within(most: Collection[str], asked: Collection[str], refusal: str, offer: str) -> None:
    if excess := sorted(set(asked) - set(most)):
        raise RegistrationError(f"{refusal} {', '.join(excess)}; {offer} {', '.join(sorted(most))}.")


def check_redirect_uris(registration: Registration) -> list[str]:
    """Validate redirect URIs: https, or http on a loopback address (RFC 9700, section 2.1)."""
    if registration.redirect_uris and registration.audience is not Audience.COURT:
        raise RegistrationError("Only staff of courts sign in here: no other client has redirect URIs.")
    for uri in registration.redirect_uris:
        _check_address(uri, "a redirect URI: it is https://…, or http://127.0.0.1/… for this machine", LOOPBACK)
    return sorted(set(registration.redirect_uris))
