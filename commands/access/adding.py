"""`suxin client add`: register a client."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auth.administration.powers import NEEDS_GRANT, is_separated
from auth.administration.security_events import Happening
from auth.audiences import Audience
from auth.clients import match_keys, registry
from auth.clients.credentials import Credentials
from auth.clients.registration import Registration
from commands.access.register import open_register
from commands.session import read_json
from models.client import ClientProfile
from models.keyring import load_keyring
from models.security_event import SecurityAct

Name = Annotated[str, typer.Argument(help="Name of the institution.")]
Kind = Annotated[Audience, typer.Option(help="Kind of client.")]
Scopes = Annotated[list[str] | None, typer.Option(help="A scope; by default all of the audience.")]
Purposes = Annotated[list[str] | None, typer.Option(help="A purpose; by default all of the audience.")]
PublicKeys = Annotated[Path | None, typer.Option(help="File with its public keys (private_key_jwt).")]
Secret = Annotated[bool, typer.Option("--secret", help="Create a secret instead (pilots only).")]
Identifier = Annotated[str | None, typer.Option(help="Identifier; by default a random one.")]
CourtCode = Annotated[str | None, typer.Option(help="COURT, LABOUR_ARBITRATION: code of its court.")]
VillageName = Annotated[str | None, typer.Option(help="VILLAGE only: name of the village.")]
RedirectUris = Annotated[list[str] | None, typer.Option(help="COURT only: redirect URI after sign-in.")]
Profile = Annotated[
    ClientProfile | None, typer.Option(help="Class; by default fapi2 with keys and scopes of persons, else pilot.")
]
KeysAddress = Annotated[str | None, typer.Option(help="https address where it publishes further keys.")]
Certificates = Annotated[
    Path | None, typer.Option(help="File with its own certificates, PEM (self_signed_tls_client_auth).")
]
CertifiedName = Annotated[
    str | None, typer.Option(help="Name that an authority certifies: san_dns=…, subject_dn=… (tls_client_auth).")
]
Bound = Annotated[
    bool, typer.Option("--certificate-bound", help="Bind tokens of a client with keys to its certificate.")
]
Signed = Annotated[bool, typer.Option("--signed-requests", help="Accept signed authorization requests only (JAR).")]


def client_add(
    name: Name,
    audience: Kind,
    scope: Scopes = None,
    purpose: Purposes = None,
    jwks: PublicKeys = None,
    secret: Secret = False,
    client_id: Identifier = None,
    court: CourtCode = None,
    village: VillageName = None,
    redirect_uri: RedirectUris = None,
    profile: Profile = None,
    jwks_uri: KeysAddress = None,
    certificate: Certificates = None,
    certificate_name: CertifiedName = None,
    certificate_bound: Bound = False,
    signed_requests: Signed = False,
) -> None:
    """Register a client. A secret is printed once and not stored.

    A client of the class fapi2 (FAPI 2.0 Security Profile) signs with its own keys or has a certificate (mutual TLS,
    RFC 8705), sends a proof of its key (DPoP, RFC 9449) or its certificate with each request, and pushes its
    authorization requests (RFC 9126). Clients that read data of persons belong here. A pilot may use a secret and
    bearer tokens; it reads no persons, unless SUXIN_ALLOW_PILOT_PERSONS=true.

    Example: suxin client add "余姚农商银行" --audience BANK --jwks bank.jwks
    """
    if secret == any(given is not None for given in (jwks, certificate, certificate_name)):
        raise typer.BadParameter("Give either --jwks FILE, --certificate FILE, --certificate-name NAME, or --secret.")
    keys, certified = read_json(jwks) if jwks else None, certificate.read_bytes() if certificate else None
    made, match_key, waits = _register(
        Registration(
            name, audience, scope or (), purpose or (), keys, client_id, court, village, redirect_uri or (), profile,
            jwks_uri, certified, certificate_name, certificate_bound, signed_requests,
        )
    )  # fmt: skip
    show_credentials(made)
    if waits:
        told = "It is disabled until its scopes are granted; a partner is admitted before (suxin client admit)."
        typer.echo(f"{told} {NEEDS_GRANT}", err=True)
    if match_key:
        typer.echo(f"match_key: {match_key}")


def _register(registration: Registration) -> tuple[Credentials, str | None, bool]:
    """Register a client. Return its credentials, its key for matching persons if its audience has one, and whether it
    waits for a grant."""
    matching = registration.audience in match_keys.MATCHING
    attempt = Happening(SecurityAct.CLIENT_ADDED, f"client {registration.client_id or registration.name}")
    with open_register(attempt, keys=matching) as (connection, settings):
        made = registry.add_client(
            connection, registration, now=datetime.now(UTC), allow_pilot_persons=settings.allow_pilot_persons
        )
        keyring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command) if matching else None
        waits = is_separated(connection)
        shown = match_keys.show_match_key(connection, keyring, made.client_id) if keyring and not waits else None
        return made, shown, waits


def show_credentials(made: Credentials) -> None:
    """Print the identifier of a client, and its secret if it has a new one."""
    typer.echo(f"client_id: {made.client_id}")
    if made.secret:
        typer.echo(f"client_secret: {made.secret}")
