"""The register of clients: operators add, list, disable and rotate clients here."""

import re
import secrets
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from auth.administration.client_changes import find_act, name_client, read_state, record_change
from auth.administration.powers import NEEDS_GRANT, is_separated
from auth.administration.security_events import Happening, record
from auth.audiences import Audience
from auth.clients.credentials import Credentials, check_keys, check_rotation, make_credentials
from auth.clients.registration import (
    Registration,
    RegistrationError,
    check_client_name,
    check_jwks_uri,
    check_redirect_uris,
    choose_profile,
    choose_purposes,
    choose_scopes,
)
from models.client import Client, ClientProfile
from models.court import Court
from models.developer_session import DeveloperSession
from models.household import Village
from models.issued_token import IssuedToken
from models.request_entry import ClientUsage
from models.security_event import SecurityAct
from models.staff_account import AuthorizationCode
from models.terms import to_court_day

OF_A_COURT = frozenset({Audience.COURT, Audience.LABOUR_ARBITRATION})
"""Audiences whose clients belong to a court: a body of arbitration to that at which its awards are enforced."""

REGISTERED = (
    "name",
    "audience",
    "authentication",
    "profile",
    "scopes",
    "purposes",
    "court_code",
    "redirect_uris",
    "jwks",
)
"""What is recorded of a new client."""

CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")


def add_client(
    connection: sa.Connection, registration: Registration, *, now: datetime, allow_pilot_persons: bool = False
) -> Credentials:
    """Register a client; where powers are separated, a disabled one that waits for a grant. Raises RegistrationError;
    the caller commits."""
    scopes = choose_scopes(registration, allow_pilot_persons)
    profile = choose_profile(registration, scopes, allow_pilot_persons)
    columns, secret = make_credentials(registration, profile)
    client_id = _client_id(connection, registration)
    connection.execute(
        sa.insert(Client).values(
            client_id=client_id,
            name=check_client_name(registration.name),
            audience=registration.audience,
            scopes=scopes,
            purposes=choose_purposes(registration),
            court_code=_court(connection, registration),
            village_id=_village(connection, registration),
            redirect_uris=check_redirect_uris(registration),
            profile=profile,
            jwks_uri=check_jwks_uri(registration),
            created_at=now,
            disabled_at=now if is_separated(connection) else None,
            certificate_bound=registration.binds_certificate,
            signed_requests=registration.signed_requests,
            **columns,
        )
    )
    state = read_state(connection, client_id, REGISTERED)
    record(connection, Happening(SecurityAct.CLIENT_ADDED, name_client(client_id), after=state))
    return Credentials(client_id, secret)


def list_clients(connection: sa.Connection) -> list[sa.RowMapping]:
    """Return all clients by identifier, without keys and secrets."""
    shown = [column for column in sa.inspect(Client).columns if column.key not in {"id", "jwks", "secret_hash"}]
    return list(connection.execute(sa.select(*shown).order_by(Client.client_id)).mappings())


def list_usage(connection: sa.Connection, client_id: str, *, since: date) -> list[sa.RowMapping]:
    """Return what a client asked on each day from `since` on, newest first. Raises RegistrationError."""
    client = sa.select(Client.id).where(Client.client_id == client_id)
    key = connection.execute(client).scalar_one_or_none()
    if key is None:
        raise RegistrationError(f"There is no client {client_id}. See: suxin client list.")
    of_client = sa.select(ClientUsage.__table__).where(ClientUsage.client_key == key, ClientUsage.day >= since)
    return list(connection.execute(of_client.order_by(ClientUsage.day.desc(), ClientUsage.field)).mappings())


def disable_client(connection: sa.Connection, client_id: str, *, now: datetime) -> None:
    """Disable a client, and end what was issued to it for good. Raises RegistrationError if it is not active."""
    end_issued(connection, client_id, now)
    update_active(connection, client_id, {"disabled_at": now})


def enable_client(connection: sa.Connection, client_id: str, *, now: datetime) -> None:
    """Undo a disabling: the client has its keys or secret, scopes and consents again, and asks for new tokens. Raises
    RegistrationError if there is no disabled client of this identifier, or its last day is over."""
    if is_separated(connection):
        raise RegistrationError(NEEDS_GRANT)
    over = sa.select(Client.ends_on).where(Client.client_id == client_id, Client.ends_on < to_court_day(now))
    if ended := connection.scalar(over):
        raise RegistrationError(
            f"The admission of {client_id} ended on {ended}. First: suxin client admit {client_id} …."
        )
    before = read_state(connection, client_id, ["disabled_at"])
    disabled = sa.update(Client).where(Client.client_id == client_id, Client.disabled_at.is_not(None))
    if connection.execute(disabled.values(disabled_at=None)).rowcount != 1:
        raise RegistrationError(f"There is no disabled client {client_id}. See: suxin client list.")
    record_change(connection, client_id, before, SecurityAct.CLIENT_ENABLED)


def end_issued(connection: sa.Connection, client_id: str, now: datetime) -> None:
    """End what was issued to a client: access tokens, sessions of its developers, unused authorization codes, and
    signed addresses of files. Raises RegistrationError if it is not active."""
    key = find_active(connection, client_id, Client.id).id
    tokens = (IssuedToken.client_id == key, IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > now)
    connection.execute(sa.update(IssuedToken).where(*tokens).values(revoked_at=now))
    connection.execute(sa.delete(DeveloperSession).where(DeveloperSession.client_id == key))
    codes = (AuthorizationCode.client_id == key, AuthorizationCode.used_at.is_(None))
    connection.execute(sa.update(AuthorizationCode).where(*codes).values(used_at=now))
    update_active(connection, client_id, {"revoked_before": now})


def set_scopes(
    connection: sa.Connection, client_id: str, scopes: Collection[str], *, allow_pilot_persons: bool = False
) -> list[str]:
    """Replace a client's scopes, by all of its audience if none is named; returns them. Existing tokens keep the scopes
    that the client still holds. Raises RegistrationError."""
    registration = find_registration(connection, client_id, scopes=scopes)
    chosen = choose_scopes(registration, allow_pilot_persons)
    choose_profile(registration, chosen, allow_pilot_persons)
    held = find_active(connection, client_id, Client.scopes).scopes
    if is_separated(connection) and not set(chosen) <= set(held):
        raise RegistrationError(NEEDS_GRANT)
    update_active(connection, client_id, {"scopes": chosen})
    return chosen


def check_scopes(
    connection: sa.Connection, client_id: str, scopes: Collection[str], *, allow_pilot_persons: bool = False
) -> tuple[int, list[str]]:
    """Return the key of a client, also of a disabled one, and the scopes that it may be granted. Raises
    RegistrationError."""
    names = ("audience", "jwks", "profile", "certificate_name", "certificate_bound", "signed_requests", "name")
    query = sa.select(Client.id, *(getattr(Client, name) for name in names)).where(Client.client_id == client_id)
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise _unknown(client_id)
    registration = Registration(scopes=scopes, **{name: found[name] for name in names})
    chosen = choose_scopes(registration, allow_pilot_persons)
    choose_profile(registration, chosen, allow_pilot_persons)
    return found["id"], chosen


def grant_scopes(connection: sa.Connection, key: int, scopes: Collection[str], grant: int) -> None:
    """Give a client the scopes of an approved proposal, and enable it."""
    client_id = connection.scalar(sa.select(Client.client_id).where(Client.id == key)) or ""
    before = read_state(connection, client_id, ["scopes", "disabled_at"])
    values = {"scopes": sorted(scopes), "disabled_at": None, "grant_id": grant}
    connection.execute(sa.update(Client).where(Client.id == key).values(values))
    record_change(connection, client_id, before, SecurityAct.CLIENT_SCOPES_CHANGED)


def set_budget(connection: sa.Connection, client_id: str, budget: int | None) -> None:
    """Set a client's budget in points a minute; None for the default. Raises RegistrationError."""
    update_active(connection, client_id, {"budget": budget})


def set_profile(
    connection: sa.Connection, client_id: str, profile: ClientProfile, *, allow_pilot_persons: bool = False
) -> None:
    """Move a client to another class. Its bearer tokens are not accepted from a client of `fapi2`. Raises
    RegistrationError."""
    registration = find_registration(connection, client_id, profile=profile)
    chosen = choose_profile(registration, registration.scopes, allow_pilot_persons)
    check_keys(registration.jwks, chosen)
    update_active(connection, client_id, {"profile": chosen})


def find_registration(connection: sa.Connection, client_id: str, **changed: Any) -> Registration:
    """Return the registration of an active client, changed. Raises RegistrationError if there is none."""
    names = (
        "name",
        "audience",
        "scopes",
        "jwks",
        "profile",
        "certificate_name",
        "certificate_bound",
        "signed_requests",
    )
    found = find_active(connection, client_id, *(getattr(Client, name) for name in names))
    return Registration(**{**found._mapping, **changed})


def rotate_client(
    connection: sa.Connection, client_id: str, jwks: Any = None, certificates: bytes | None = None
) -> Credentials:
    """Replace a client's secret, its keys by `jwks`, or its own certificates, immediately. Raises RegistrationError. To
    change without a gap, register old and new keys or certificates together first."""
    names = Client.name, Client.authentication, Client.audience, Client.profile
    found = find_active(connection, client_id, *names)
    check_rotation(client_id, found.authentication, jwks, certificates)
    renewed = Registration(found.name, found.audience, jwks=jwks, certificates=certificates)
    columns, secret = make_credentials(renewed, found.profile)
    update_active(connection, client_id, columns)
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
    """Change columns of an active client, and record it. Raises RegistrationError if there is none."""
    before = read_state(connection, client_id, values)
    if connection.execute(sa.update(Client).where(_active(client_id)).values(values)).rowcount != 1:
        raise _unknown(client_id)
    record_change(connection, client_id, before, find_act(values))


def _unknown(client_id: str) -> RegistrationError:
    return RegistrationError(f"There is no active client {client_id}. See: suxin client list.")


def _client_id(connection: sa.Connection, registration: Registration) -> str:
    prefix = registration.audience.lower().replace("_", "-")
    client_id = registration.client_id or f"{prefix}-{secrets.token_hex(6)}"
    if not CLIENT_ID.fullmatch(client_id):
        raise RegistrationError("A client identifier is 3 to 64 lower-case letters, digits and hyphens.")
    if connection.scalar(sa.select(Client.id).where(Client.client_id == client_id)):
        raise RegistrationError(f"There is a client {client_id} already. Choose another identifier.")
    return client_id


def _court(connection: sa.Connection, registration: Registration) -> str | None:
    code = registration.court_code
    if (registration.audience in OF_A_COURT) != (code is not None):
        needs = " or ".join(sorted(OF_A_COURT))
        raise RegistrationError(f"A client of {needs} needs the code of its court, and no other client has one.")
    if code and not connection.scalar(sa.select(Court.code).where(Court.code == code)):
        raise RegistrationError(f"There is no court {code}.")
    return code


def _village(connection: sa.Connection, registration: Registration) -> int | None:
    name = registration.village
    if (registration.audience is Audience.VILLAGE) != (name is not None):
        raise RegistrationError("A VILLAGE client needs the name of its village, and no other client has one.")
    key = connection.scalar(sa.select(Village.id).where(Village.name == name)) if name else None
    if name and key is None:
        raise RegistrationError(f"There is no village {name}.")
    return key
