"""The register of clients: operators add, list, disable and rotate clients here."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from auth.audiences import PURPOSES, Audience, Purpose, scopes_of
from auth.clients.authentication import hash_secret
from auth.clients.keys import ClientKeysError, parse_jwks
from auth.scopes import PERSON_SCOPES, Scope
from models.client import Authentication, Client, ClientProfile
from models.court import Court
from models.household import Village
from models.issued_token import IssuedToken
from models.staff_account import AuthorizationCode

CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")
SECRET_BYTES = 32


class RegistrationError(ValueError):
    """A client cannot be registered or changed. The message says why and what to do."""


@dataclass(frozen=True)
class Registration:
    """The registration of a client.

    scopes, purposes: empty for all that the audience may hold. jwks: public keys; None for a client with a secret.
    client_id: None to generate one. court_code, redirect_uris: COURT only. village: VILLAGE only. profile: None for
    `fapi2` if it has keys and reaches persons, else `pilot`. jwks_uri: where the client publishes further keys.
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


@dataclass(frozen=True)
class Credentials:
    """The credentials for the client. secret: stored only as a hash; None for a client with keys."""

    client_id: str
    secret: str | None = field(repr=False)


def add_client(
    connection: sa.Connection, registration: Registration, *, now: datetime, allow_pilot_persons: bool = False
) -> Credentials:
    """Register a client. Raises RegistrationError; the caller commits."""
    scopes = _scopes(registration, allow_pilot_persons)
    profile = _profile(registration, scopes, allow_pilot_persons)
    jwks, secret = _credentials(registration.jwks, registration.audience)
    client_id = _client_id(connection, registration)
    connection.execute(
        sa.insert(Client).values(
            client_id=client_id,
            name=_name(registration.name),
            audience=registration.audience,
            scopes=scopes,
            purposes=_purposes(registration),
            court_code=_court(connection, registration),
            village_id=_village(connection, registration),
            redirect_uris=_redirect_uris(registration),
            profile=profile,
            jwks_uri=_jwks_uri(registration),
            created_at=now,
            **_stored(jwks, secret),
        )
    )
    return Credentials(client_id, secret)


def list_clients(connection: sa.Connection) -> list[sa.RowMapping]:
    """Return all clients by identifier, without keys and secrets."""
    shown = [column for column in sa.inspect(Client).columns if column.key not in {"id", "jwks", "secret_hash"}]
    return list(connection.execute(sa.select(*shown).order_by(Client.client_id)).mappings())


def disable_client(connection: sa.Connection, client_id: str, *, now: datetime) -> None:
    """Disable a client, and end what was issued to it for good. Raises RegistrationError if it is not active."""
    end_issued(connection, client_id, now)
    update_active(connection, client_id, {"disabled_at": now})


def enable_client(connection: sa.Connection, client_id: str) -> None:
    """Undo a disabling: the client has its keys or secret, scopes and consents again, and asks for new tokens. Raises
    RegistrationError if there is no disabled client of this identifier."""
    disabled = sa.update(Client).where(Client.client_id == client_id, Client.disabled_at.is_not(None))
    if connection.execute(disabled.values(disabled_at=None)).rowcount != 1:
        raise RegistrationError(f"There is no disabled client {client_id}. See: suxin client list.")


def end_issued(connection: sa.Connection, client_id: str, now: datetime) -> None:
    """End what was issued to a client: access tokens, unused authorization codes, and signed addresses of files. Raises
    RegistrationError if it is not active."""
    key = find_active(connection, client_id, Client.id).id
    tokens = (IssuedToken.client_id == key, IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > now)
    connection.execute(sa.update(IssuedToken).where(*tokens).values(revoked_at=now))
    codes = (AuthorizationCode.client_id == key, AuthorizationCode.used_at.is_(None))
    connection.execute(sa.update(AuthorizationCode).where(*codes).values(used_at=now))
    update_active(connection, client_id, {"revoked_before": now})


def set_scopes(
    connection: sa.Connection, client_id: str, scopes: Collection[str], *, allow_pilot_persons: bool = False
) -> list[str]:
    """Replace a client's scopes, by all of its audience if none is named; returns them. Existing tokens keep the scopes
    that the client still holds. Raises RegistrationError."""
    found = find_active(connection, client_id, Client.name, Client.audience, Client.jwks, Client.profile)
    registration = Registration(found.name, found.audience, scopes, jwks=found.jwks, profile=found.profile)
    chosen = _scopes(registration, allow_pilot_persons)
    _profile(registration, chosen, allow_pilot_persons)
    update_active(connection, client_id, {"scopes": chosen})
    return chosen


def set_budget(connection: sa.Connection, client_id: str, budget: int | None) -> None:
    """Set a client's budget in points a minute; None for the default. Raises RegistrationError."""
    update_active(connection, client_id, {"budget": budget})


def set_profile(
    connection: sa.Connection, client_id: str, profile: ClientProfile, *, allow_pilot_persons: bool = False
) -> None:
    """Move a client to another class. Its bearer tokens are not accepted from a client of `fapi2`. Raises
    RegistrationError."""
    found = find_active(connection, client_id, Client.name, Client.audience, Client.jwks, Client.scopes)
    registration = Registration(found.name, found.audience, jwks=found.jwks, profile=profile)
    update_active(connection, client_id, {"profile": _profile(registration, found.scopes, allow_pilot_persons)})


def rotate_client(connection: sa.Connection, client_id: str, jwks: Any = None) -> Credentials:
    """Replace a client's secret, or its keys by `jwks`, immediately. Raises RegistrationError. To change keys without a
    gap, register old and new keys together first."""
    method = find_active(connection, client_id, Client.authentication).authentication
    if method is Authentication.PRIVATE_KEY_JWT and jwks is None:
        raise RegistrationError(f"{client_id} signs with its own keys: give its new public JWK set.")
    if method is Authentication.CLIENT_SECRET_BASIC and jwks is not None:
        raise RegistrationError(f"{client_id} has a secret: leave the JWK set out, or register a new client.")
    parsed, secret = _credentials(jwks, None)
    update_active(connection, client_id, _stored(parsed, secret))
    return Credentials(client_id, secret)


def _active(client_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(Client.client_id == client_id, Client.disabled_at.is_(None))


def find_active(connection: sa.Connection, client_id: str, *columns: Any) -> Any:
    """Return columns of an active client. Raises RegistrationError if there is none."""
    found = connection.execute(sa.select(*columns).where(_active(client_id))).one_or_none()
    if found is None:
        raise _unknown(client_id)
    return found


def update_active(connection: sa.Connection, client_id: str, values: dict[str, Any]) -> None:
    """Change columns of an active client. Raises RegistrationError if there is none."""
    if connection.execute(sa.update(Client).where(_active(client_id)).values(values)).rowcount != 1:
        raise _unknown(client_id)


def _unknown(client_id: str) -> RegistrationError:
    return RegistrationError(f"There is no active client {client_id}. See: suxin client list.")


def _name(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise RegistrationError("Give the client a name: whose it is, as the contract says.")
    return name.strip()


def _client_id(connection: sa.Connection, registration: Registration) -> str:
    prefix = registration.audience.lower().replace("_", "-")
    client_id = registration.client_id or f"{prefix}-{secrets.token_hex(6)}"
    if not CLIENT_ID.fullmatch(client_id):
        raise RegistrationError("A client identifier is 3 to 64 lower-case letters, digits and hyphens.")
    if connection.scalar(sa.select(Client.id).where(Client.client_id == client_id)):
        raise RegistrationError(f"There is a client {client_id} already. Choose another identifier.")
    return client_id


def _scopes(registration: Registration, allow_pilot_persons: bool) -> list[str]:
    most = scopes_of(registration.audience)
    _check_within(most, registration.scopes, f"{registration.audience} may not hold", "it may hold")
    scopes = {Scope(scope) for scope in registration.scopes} or most
    if registration.jwks is None and not allow_pilot_persons and (persons := sorted(scopes & PERSON_SCOPES)):
        raise RegistrationError(
            f"A client with a secret may not reach persons ({', '.join(persons)}). Register its public keys, choose "
            "other scopes, or allow it for a pilot with SUXIN_ALLOW_PILOT_PERSONS=true."
        )
    return sorted(scopes)


def _profile(registration: Registration, scopes: Collection[str], allow_pilot_persons: bool) -> ClientProfile:
    """Return the class of a client: `fapi2` by default for clients with keys that reach persons (FAPI 2.0)."""
    persons = sorted(PERSON_SCOPES.intersection(scopes))
    default = ClientProfile.FAPI2 if persons and registration.jwks is not None else ClientProfile.PILOT
    profile = registration.profile or default
    if profile is ClientProfile.FAPI2 and registration.jwks is None:
        raise RegistrationError("A client of the class fapi2 signs with its own keys: register its public JWK set.")
    if profile is ClientProfile.PILOT and persons and not allow_pilot_persons:
        raise RegistrationError(
            f"A pilot may not reach persons ({', '.join(persons)}). Make it fapi2 (suxin client profile ID fapi2), "
            "choose other scopes, or allow it for a pilot with SUXIN_ALLOW_PILOT_PERSONS=true."
        )
    return profile


def _jwks_uri(registration: Registration) -> str | None:
    """Validate the address of a published key set: https, which is checked again when it is fetched."""
    uri = registration.jwks_uri
    if uri is None:
        return None
    parts = urlsplit(uri)
    if registration.jwks is None:
        raise RegistrationError(
            "A client with a secret publishes no keys: register its keys too, or leave jwks_uri out."
        )
    if not uri.isascii() or parts.scheme != "https" or not parts.hostname or parts.fragment or parts.username:
        raise RegistrationError(f"{uri} cannot be a jwks_uri: it is https://…, with no user and no #.")
    return uri


def _purposes(registration: Registration) -> list[str]:
    most = PURPOSES[registration.audience]
    _check_within(most, registration.purposes, f"{registration.audience} may not name", "it may name")
    return sorted({Purpose(purpose) for purpose in registration.purposes} or most)


def _check_within(most: Collection[str], asked: Collection[str], refusal: str, offer: str) -> None:
    if excess := sorted(set(asked) - set(most)):
        raise RegistrationError(f"{refusal} {', '.join(excess)}; {offer} {', '.join(sorted(most))}.")


def _credentials(jwks: Any, audience: Audience | None) -> tuple[dict[str, Any] | None, str | None]:
    """Return the validated keys, or a new secret."""
    if jwks is None and audience is Audience.LITIGANT_PORTAL:
        raise RegistrationError("A litigant portal signs for its users: register its public keys.")
    if jwks is None:
        return None, secrets.token_urlsafe(SECRET_BYTES)
    try:
        return parse_jwks(jwks), None
    except ClientKeysError as error:
        raise RegistrationError(str(error)) from error


def _stored(jwks: dict[str, Any] | None, secret: str | None) -> dict[str, Any]:
    method = Authentication.PRIVATE_KEY_JWT if secret is None else Authentication.CLIENT_SECRET_BASIC
    return {"authentication": method, "jwks": jwks, "secret_hash": hash_secret(secret) if secret else None}


def _court(connection: sa.Connection, registration: Registration) -> str | None:
    code = registration.court_code
    if (registration.audience is Audience.COURT) != (code is not None):
        raise RegistrationError("A COURT client needs the code of its court, and no other client has one.")
    if code and not connection.scalar(sa.select(Court.code).where(Court.code == code)):
        raise RegistrationError(f"There is no court {code}.")
    return code


def _redirect_uris(registration: Registration) -> list[str]:
    """Validate redirect URIs: https, or http on a loopback address (RFC 9700, section 2.1)."""
    if registration.redirect_uris and registration.audience is not Audience.COURT:
        raise RegistrationError("Only staff of courts sign in here: no other client has redirect URIs.")
    for uri in registration.redirect_uris:
        parts = urlsplit(uri)
        loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1"}
        if not uri.isascii() or not (parts.scheme == "https" or loopback) or not parts.hostname or "#" in uri:
            raise RegistrationError(
                f"{uri} cannot be a redirect URI: it is https://…, or http://127.0.0.1/… for this machine, with no #."
            )
    return sorted(set(registration.redirect_uris))


def _village(connection: sa.Connection, registration: Registration) -> int | None:
    name = registration.village
    if (registration.audience is Audience.VILLAGE) != (name is not None):
        raise RegistrationError("A VILLAGE client needs the name of its village, and no other client has one.")
    key = connection.scalar(sa.select(Village.id).where(Village.name == name)) if name else None
    if name and key is None:
        raise RegistrationError(f"There is no village {name}.")
    return key
