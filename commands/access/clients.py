"""`suxin client`: register clients."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from auth.administration.admissions import AdmissionTerms, admit_client
from auth.administration.client_changes import name_client
from auth.administration.security_events import Happening
from auth.clients import brakes, certifying, registry
from commands.access.adding import Purposes, Scopes, client_add, show_credentials
from commands.access.matching import client_match_key
from commands.access.register import open_register
from commands.listing import AsJson, show_list
from commands.session import console, parse_day, read_json
from models.client import ClientProfile
from models.security_event import SecurityAct
from models.terms import to_court_day
from settings import Settings

clients = typer.Typer(no_args_is_help=True, help="Register partners and portals.")


COUNTED = ("day", "field", "requests", "refused", "throttled", "cost", "milliseconds")
"""The columns of `client usage`."""

LISTED = {
    "client": "client_id",
    **{name: name for name in ("name", "audience", "profile", "authentication", "scopes")},
    "until": "ends_on",
    "disabled": "disabled_at",
}
"""The columns of `client list`."""


clients.command("add")(client_add)


def _try(act: SecurityAct, client_id: str) -> Happening:
    """Return what is recorded if a command about a client is refused."""
    return Happening(act, name_client(client_id))


@clients.command("list")
def client_list(as_json: AsJson = False) -> None:
    """List all clients, without keys and secrets."""
    with open_register() as (connection, _):
        found = registry.list_clients(connection)
    rows = [[row[name] for name in LISTED.values()] for row in found]
    show_list(list(LISTED), rows, as_json)


@clients.command("usage")
def client_usage(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    days: Annotated[int, typer.Option(min=1, help="Of the last so many days.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List how much a client asked on each day, by root field. Clients read the same of themselves in `usage`.

    Example: suxin client usage demo-bank --days 7
    """
    with open_register() as (connection, _):
        found = registry.list_usage(connection, client_id, since=to_court_day(datetime.now(UTC)) - timedelta(days - 1))
    show_list(list(COUNTED), [[row[name] for name in COUNTED] for row in found], as_json)


@clients.command("disable")
def client_disable(client_id: Annotated[str, typer.Argument(help="Identifier of the client.")]) -> None:
    """Disable a client. Its tokens become invalid at once, and stay so. `enable` undoes it."""
    with open_register(_try(SecurityAct.CLIENT_DISABLED, client_id)) as (connection, _):
        registry.disable_client(connection, client_id, now=datetime.now(UTC))
    console.print(f"{client_id} is disabled.")


@clients.command("enable")
def client_enable(client_id: Annotated[str, typer.Argument(help="Identifier of the client.")]) -> None:
    """Undo a disabling. The client may ask for new tokens at once.

    Example: suxin client enable demo-bank
    """
    with open_register(_try(SecurityAct.CLIENT_ENABLED, client_id)) as (connection, _):
        registry.enable_client(connection, client_id, now=datetime.now(UTC))
    console.print(f"{client_id} is enabled.")


@clients.command("admit")
def client_admit(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    contract: Annotated[str, typer.Option(help="Number of the contract by which data is provided.")],
    responsible: Annotated[str, typer.Option(help="Who answers for the data at the client.")],
    assessment: Annotated[str, typer.Option(help="Number of the impact assessment (PIPL 55).")],
    until: Annotated[date, typer.Option(parser=parse_day, metavar="DAY", help="Last day, such as 2027-12-31.")],
    purpose: Purposes = None,
) -> None:
    """Record the admission of a client: contract, who is responsible, impact assessment, purposes, and its last day.
    After that day the client is disabled, and its tokens end. To renew, admit it again before.

    Example: suxin client admit yuyao-bank --contract 2026-017 --responsible 王芳 --assessment PIA-9 --until 2027-12-31
    """
    with open_register(_try(SecurityAct.CLIENT_CHANGED, client_id)) as (connection, _):
        admission = AdmissionTerms(contract, responsible, assessment, until)
        admit_client(connection, client_id, admission, now=datetime.now(UTC), purposes=purpose or ())
    console.print(f"{client_id} is admitted until {until:%Y-%m-%d}.")


@clients.command("scopes")
def client_scopes(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    scope: Scopes = None,
) -> None:
    """Replace the scopes of a client, after an update with new scopes or a change of the contract."""
    with open_register(_try(SecurityAct.CLIENT_SCOPES_CHANGED, client_id)) as (connection, settings):
        chosen = registry.set_scopes(
            connection, client_id, scope or (), allow_pilot_persons=settings.allow_pilot_persons
        )
    console.print(f"{client_id} holds {', '.join(chosen)}.")


@clients.command("profile")
def client_profile(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    profile: Annotated[ClientProfile, typer.Argument(help="Class of the client.")],
) -> None:
    """Move a client to another class: see suxin client add. Bearer tokens of a client that becomes fapi2 end at once.

    Example: suxin client profile yuyao-bank fapi2
    """
    with open_register(_try(SecurityAct.CLIENT_CHANGED, client_id)) as (connection, settings):
        registry.set_profile(connection, client_id, profile, allow_pilot_persons=settings.allow_pilot_persons)
    console.print(f"{client_id} is of the class {profile.value}.")


@clients.command("budget")
def client_budget(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    points: Annotated[
        int | None,
        typer.Argument(min=1, max=999_999_999, help="Cost points per minute; by default the usual ones."),
    ] = None,
) -> None:
    """Set the budget of a client: the cost of its requests per minute, over all workers.

    Example: suxin client budget demo-bank 3000000
    """
    with open_register(_try(SecurityAct.CLIENT_CHANGED, client_id)) as (connection, _):
        registry.set_budget(connection, client_id, points)
    console.print(f"{client_id} may spend {points or 'what is ordinary'} a minute.")


@clients.command("release")
def client_release(client_id: Annotated[str, typer.Argument(help="Identifier of the client.")]) -> None:
    """Lift the brake of a client whose look-ups of persons are refused after an alarm.

    Example: suxin client release demo-bank
    """
    with open_register(_try(SecurityAct.CLIENT_RELEASED, client_id)) as (connection, _):
        brakes.release_client(connection, client_id, now=datetime.now(UTC))
    console.print(f"{client_id} may look up persons again.")


@clients.command("rotate")
def client_rotate(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    jwks: Annotated[Path | None, typer.Option(help="File with its new public keys.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="File with its new own certificates, PEM.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End what was issued with the old ones.")] = False,
) -> None:
    """Replace the keys or own certificates of a client by those in a file, or its secret by a new one.

    Tokens that were issued with the old ones last until they expire, unless `--revoke` ends them at once, with unused
    authorization codes and signed addresses of files: after a loss of keys.
    """
    with open_register(_try(SecurityAct.CLIENT_KEYS_CHANGED, client_id)) as (connection, _):
        certified = certificate.read_bytes() if certificate else None
        made = registry.rotate_client(connection, client_id, read_json(jwks) if jwks else None, certified)
        if revoke:
            registry.end_issued(connection, client_id, datetime.now(UTC))
    show_credentials(made)


@clients.command("certificate")
def client_certificate(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    file: Annotated[
        Path | None, typer.Option(help="File with its own certificates, PEM (self_signed_tls_client_auth).")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name that an authority certifies: subject_dn=…, san_dns=…, san_uri=… (tls_client_auth)."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it: give --jwks or --secret instead.")] = False,
    jwks: Annotated[Path | None, typer.Option(help="File with its public keys, with --remove or --name.")] = None,
    secret: Annotated[bool, typer.Option("--secret", help="With --remove: create a secret (pilots only).")] = False,
    bound: Annotated[
        bool | None,
        typer.Option("--bound/--not-bound", help="Whether tokens of a client with keys are bound to its certificate."),
    ] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End what was issued before.")] = False,
) -> None:
    """Set, replace or remove the certificate of a client (mutual TLS, RFC 8705). Without options, show it.

    A client with a certificate authenticates by it, and by nothing else; its tokens are bound to it. Tokens that were
    issued before last until they expire, unless `--revoke` ends them at once; `--bound` ends those without a binding.

    Example: suxin client certificate yuyao-bank --name "subject_dn=CN=api.bank.example,O=余姚农商银行,C=CN"
    """
    _check_certificate_options(file, name, remove, jwks, secret, bound)
    with open_register(_try(SecurityAct.CLIENT_KEYS_CHANGED, client_id)) as (connection, settings):
        made = None
        certified = file.read_bytes() if file else None
        keys = read_json(jwks) if jwks else None
        if file or name:
            certifying.certify_client(connection, client_id, certificates=certified, name=name, jwks=keys)
        if remove:
            made = certifying.uncertify_client(
                connection, client_id, jwks=keys, secret=secret, allow_pilot_persons=settings.allow_pilot_persons
            )
        if bound is not None:
            certifying.bind_client(connection, client_id, bound)
        if revoke:
            registry.end_issued(connection, client_id, datetime.now(UTC))
        described = certifying.describe_certificate(connection, client_id)
    _show_certificate(described, settings)
    if made and made.secret:
        typer.echo(f"client_secret: {made.secret}")


def _check_certificate_options(
    file: Path | None, name: str | None, remove: bool, jwks: Path | None, secret: bool, bound: bool | None
) -> None:
    """Check that at most one change is asked for, with what belongs to it. Raises typer.BadParameter."""
    if (file is not None) + (name is not None) + remove > 1:
        raise typer.BadParameter("Give one of --file FILE, --name NAME and --remove.")
    if jwks and not (name or remove):
        raise typer.BadParameter("--jwks goes with --remove or --name; `suxin client rotate` replaces keys.")
    if secret and (jwks or not remove):
        raise typer.BadParameter("--secret goes with --remove, instead of --jwks.")
    if bound is False and (file or name):
        raise typer.BadParameter("Tokens of a client with a certificate are bound to it: leave --not-bound out.")


def _show_certificate(described: dict[str, Any], settings: Settings) -> None:
    """Print how a client authenticates now, and what the service lacks for it."""
    for label, value in described.items():
        for one in value if isinstance(value, list) else [value]:
            typer.echo(f"{label}: {one}")
    if "certificate" in described["tokens bound to"] and settings.certificate_header is None:
        typer.echo("SUXIN_CERTIFICATE_HEADER is not set: the service sees no certificate.", err=True)
    if "name" in described and settings.certificate_authorities is None:
        typer.echo("SUXIN_CERTIFICATE_AUTHORITIES is not set: no authority is trusted.", err=True)


clients.command("match-key")(client_match_key)
