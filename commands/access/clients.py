"""`suxin client`: the register of partners and portals."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.table import Table

from auth.audiences import Audience
from auth.clients import registry
from commands.session import console, explained, prepared, read_json
from postgres import database
from settings import Settings

clients = typer.Typer(no_args_is_help=True, help="Register partners and portals.")


@clients.command("add")
def client_add(
    name: Annotated[str, typer.Argument(help="Name of the institution.")],
    audience: Annotated[Audience, typer.Option(help="What kind of client it is.")],
    scope: Annotated[list[str] | None, typer.Option(help="A scope; all of the audience's by default.")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="A purpose; all of the audience's by default.")] = None,
    jwks: Annotated[Path | None, typer.Option(help="File with its public keys (private_key_jwt).")] = None,
    secret: Annotated[bool, typer.Option("--secret", help="Make a secret instead (pilots only).")] = False,
    client_id: Annotated[str | None, typer.Option(help="Its identifier; made up by default.")] = None,
    court: Annotated[str | None, typer.Option(help="COURT only: code of the court.")] = None,
    village: Annotated[str | None, typer.Option(help="VILLAGE only: name of the village.")] = None,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="COURT only: where staff come back to after signing in.")
    ] = None,
) -> None:
    """Register a client. Its secret, if it has one, is printed once and kept nowhere.

    Example: suxin client add "余姚农商银行" --audience BANK --jwks bank.jwks
    """
    if (jwks is None) != secret:
        raise typer.BadParameter("Give either --jwks FILE or --secret.")
    registration = registry.Registration(
        name,
        audience,
        scope or (),
        purpose or (),
        read_json(jwks) if jwks else None,
        client_id,
        court,
        village,
        redirect_uri or (),
    )
    with registering() as (connection, settings):
        made = registry.add_client(
            connection, registration, now=datetime.now(UTC), allow_pilot_persons=settings.allow_pilot_persons
        )
    _hand_over(made)


@clients.command("list")
def client_list() -> None:
    """Show all clients, without keys and secrets."""
    with registering() as (connection, _):
        found = registry.list_clients(connection)
    table = Table("client", "name", "audience", "authentication", "scopes", "disabled")
    for row in found:
        scopes = ", ".join(row["scopes"])
        table.add_row(
            row["client_id"], row["name"], row["audience"], row["authentication"], scopes, str(row["disabled_at"] or "")
        )
    console.print(table)


@clients.command("disable")
def client_disable(client_id: Annotated[str, typer.Argument(help="Its identifier.")]) -> None:
    """Disable a client: its tokens end at once."""
    with registering() as (connection, _):
        registry.disable_client(connection, client_id, now=datetime.now(UTC))
    console.print(f"{client_id} is disabled.")


@clients.command("scopes")
def client_scopes(
    client_id: Annotated[str, typer.Argument(help="Its identifier.")],
    scope: Annotated[list[str] | None, typer.Option(help="A scope; all of the audience's by default.")] = None,
) -> None:
    """Replace a client's scopes: after an update that brought new ones, or when a contract changes."""
    with registering() as (connection, settings):
        chosen = registry.rescope_client(
            connection, client_id, scope or (), allow_pilot_persons=settings.allow_pilot_persons
        )
    console.print(f"{client_id} holds {', '.join(chosen)}.")


@clients.command("budget")
def client_budget(
    client_id: Annotated[str, typer.Argument(help="Its identifier.")],
    points: Annotated[
        int | None, typer.Argument(min=1, max=999_999_999, help="Cost points a minute; what is ordinary by default.")
    ] = None,
) -> None:
    """Give a client a budget of its own: what its requests may cost a minute, over all workers.

    Example: suxin client budget demo-bank 3000000
    """
    with registering() as (connection, _):
        registry.budget_client(connection, client_id, points)
    console.print(f"{client_id} may spend {points or 'what is ordinary'} a minute.")


@clients.command("rotate")
def client_rotate(
    client_id: Annotated[str, typer.Argument(help="Its identifier.")],
    jwks: Annotated[Path | None, typer.Option(help="File with its new public keys.")] = None,
) -> None:
    """Replace a client's keys by those in a file, or its secret by a new one."""
    with registering() as (connection, _):
        made = registry.rotate_client(connection, client_id, read_json(jwks) if jwks else None)
    _hand_over(made)


@contextmanager
def registering() -> Iterator[tuple[sa.Connection, Settings]]:
    """A transaction on the migrated database for the register of clients."""
    settings = Settings.from_environment()
    with explained(), prepared(settings) as url:
        engine = database.make_sync_engine(url)
        try:
            with engine.begin() as connection:
                yield connection, settings
        finally:
            engine.dispose()


def _hand_over(made: registry.Credentials) -> None:
    typer.echo(f"client_id: {made.client_id}")
    if made.secret:
        typer.echo(f"client_secret: {made.secret}")
