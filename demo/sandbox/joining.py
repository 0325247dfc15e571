"""Clients of a sandbox register themselves (RFC 7591)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import anyio
import sqlalchemy as sa
from limits import parse_many
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.audiences import Audience
from auth.clients.registration import Registration, RegistrationError
from auth.clients.registry import add_client
from auth.metadata import REGISTRATION_PATH
from auth.request_body import read_bounded
from auth.server.oauth_http import OAuthRefusal, write_refusal
from demo.city.cast import CAST
from demo.sandbox.contract import JOIN, JoinedClient
from languages.sentence import say
from models.client import Authentication, Client, ClientProfile
from models.consent import Consent
from models.keyring import Keyring
from openapi.operation import ApiRoute
from pages.brake import Brake
from parts import Parts

JOINING = (Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE, Audience.PUBLIC_PORTAL, Audience.AUDITOR)
"""Audiences that register themselves: what they do changes nobody else's answers. The operator of the sandbox hands the
keys of the others out."""

MOST_CLIENTS, LONGEST_NAME, LARGEST_BODY = 2000, 80, 32 * 1024
RATES = parse_many("10/hour; 30/day")
NOT_STORED = {"Cache-Control": "no-store"}
METHOD, GRANTS = Authentication.PRIVATE_KEY_JWT.value, ["client_credentials"]
EXPECTED = {"token_endpoint_auth_method": METHOD, "grant_types": GRANTS}


class JoiningError(ValueError):
    """A client cannot register itself. error: code of RFC 7591, section 3.2.2. The message says what to send."""

    def __init__(self, description: str, error: str = "invalid_client_metadata", status: int = 400) -> None:
        super().__init__(description)
        self.error, self.status = error, status


@dataclass(frozen=True)
class Joining:
    """Registers clients of a sandbox. now: the clock."""

    issuer: str
    engine: sa.Engine
    keyring: Keyring
    now: Callable[[], datetime]
    brake: Brake

    async def answer(self, request: Request) -> Response:
        """Answer a registration request (RFC 7591, section 3)."""
        try:
            raw = await read_bounded(request, LARGEST_BODY)
            sent = read_metadata(raw)
            if not self.brake.admit(request.client.host if request.client else ""):
                raise JoiningError("Too many registrations from your address. Use those you have.", "slow_down", 429)
            answer = await anyio.to_thread.run_sync(partial(self.register, sent))
        except JoiningError as error:
            refused = OAuthRefusal(error.error, str(error), error.status)
            status, body, _ = write_refusal(refused, self.issuer, request.headers)
            return JSONResponse(body, status, NOT_STORED)
        return JSONResponse(answer, 201, NOT_STORED)

    def register(self, sent: Mapping[str, Any]) -> JoinedClient:
        """Register a client with the consents of the cast. Return its registration (RFC 7591, section 3.2.1). Raises
        JoiningError."""
        now, bound = self.now(), sent.get("dpop_bound_access_tokens", False) is True
        registration = Registration(
            name=str(sent.get("client_name") or "sandbox"),
            audience=read_audience(sent),
            scopes=str(sent.get("scope") or "").split(),
            jwks=sent["jwks"],
            profile=ClientProfile.FAPI2 if bound else ClientProfile.PILOT,
        )
        with self.engine.begin() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(Client)) or 0
            if count >= MOST_CLIENTS:
                raise JoiningError("The sandbox is full. Ask its operator to make it anew.", "access_denied", 503)
            try:
                client_id = add_client(connection, registration, now=now, allow_pilot_persons=True).client_id
            except (RegistrationError, ValueError) as error:
                raise JoiningError(str(error)) from None
            columns = Client.id, Client.name, Client.scopes, Client.jwks
            made = connection.execute(sa.select(*columns).where(Client.client_id == client_id)).one()
            lend_consents(connection, self.keyring, made.id, registration.audience)
            return {
                "client_id": client_id,
                "client_id_issued_at": int(now.timestamp()),
                "client_name": made.name,
                "audience": registration.audience.value,
                "scope": " ".join(made.scopes),
                "jwks": made.jwks,
                "dpop_bound_access_tokens": bound,
                "token_endpoint_auth_method": METHOD,
                "grant_types": GRANTS,
            }


def read_metadata(raw: bytes | None) -> Mapping[str, Any]:
    """Read the metadata of a client (RFC 7591, section 2). Raises JoiningError."""
    try:
        sent = json.loads(raw or b"")
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict) or not isinstance(sent.get("jwks"), dict):
        raise JoiningError(
            "Send JSON with client_name, audience and jwks: a JWK set with the public key, not the private one."
        )
    for name, value in EXPECTED.items():
        if sent.get(name, value) != value:
            raise JoiningError(say("{name} can be {value} only: leave it out.", name=name, value=json.dumps(value)))
    if len(str(sent.get("client_name", ""))) > LONGEST_NAME:
        raise JoiningError(say("client_name has at most {longest_name} characters.", longest_name=LONGEST_NAME))
    return sent


def read_audience(sent: Mapping[str, Any]) -> Audience:
    """Return the audience of a client. Raises JoiningError."""
    given = sent.get("audience", Audience.BANK.value)
    if given not in [audience.value for audience in JOINING]:
        raise JoiningError(
            say(
                "audience must be one of {audiences}. Clients of other audiences change what all see: the operator of "
                "the sandbox has their keys.",
                audiences=[audience.value for audience in JOINING],
            )
        )
    return Audience(given)


def lend_consents(connection: sa.Connection, keyring: Keyring, client_key: int, audience: Audience) -> None:
    """Give a client the consents of the cast that the demo client of its audience has."""
    columns = [column for column in Consent.__table__.columns if column.name not in {"id", "client_key", "lot_drawn"}]
    demo = sa.select(Client.id).where(Client.client_id == f"demo-{audience.lower().replace('_', '-')}")
    indexes = [keyring.index(subject.number) for subject in CAST]
    held = sa.select(sa.literal(client_key), sa.true(), *columns).where(
        Consent.client_key == demo.scalar_subquery(), Consent.subject_index.in_(indexes)
    )
    connection.execute(sa.insert(Consent).from_select(["client_key", "lot_drawn", *columns], held))


def make_joining_route(parts: Parts, brake: Brake | None = None) -> Route:
    """Return the route by which clients of a sandbox register themselves. brake: by default ten an hour."""
    joining = Joining(parts.settings.issuer, parts.sync_engine, parts.keyring, parts.now, brake or Brake(RATES))
    return ApiRoute(REGISTRATION_PATH, joining.answer, JOIN)
