"""The `suxin` command. The module of a command is imported when the command runs."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from commands.configuration import choose_file
from commands.lazy import LazyGroup


class Suxin(LazyGroup):
    """The commands in the order of the help."""

    places: ClassVar = {
        "import": "commands.importing:import_",
        "demo": "commands.showing:demo",
        "sandbox": "commands.sandbox.command:sandbox",
        "worker": "commands.work:worker",
        "publish": "commands.work:publish",
        "doctor": "commands.doctor.command:doctor",
        "setup": "commands.installing.command:setup",
        "migrate": "commands.database:migrate",
        "roles": "commands.database:roles",
        "serve": "commands.serving.command:serve",
        "backup": "commands.backup.command:backup",
        "restore": "commands.backup.command:restore",
        "token": "commands.access.tokens:token",
        "proof": "commands.access.tokens:proof",
        "connect": "suxin_client.commands:connect",
        "query": "suxin_client.commands:query",
        "listen": "suxin_client.commands:listen",
        "tail": "suxin_client.commands:tail",
        "developers": "suxin_client.commands:developers",
        "policy": "commands.contract.pages:policy",
        "visibility": "commands.contract.pages:visibility",
        "explain": "commands.contract.explaining:explain",
        "procedure": "commands.contract.procedure:procedure",
        "errors": "commands.contract.errors:errors",
        "outcomes": "commands.contract.outcomes:outcomes",
        "manual": "commands.contract.manual:manual",
        "client": "commands.access.clients:clients",
        "provisions": "commands.access.provisions:provisions",
        "documents": "commands.access.documents:documents",
        "staff": "commands.access.staff:staff",
        "keys": "commands.access.keys:keys",
        "schema": "commands.contract.schema:schema",
        "openapi": "commands.contract.openapi:openapi",
        "bruno": "commands.contract.openapi:bruno",
        "report": "commands.reports:reports",
        "catalogue": "commands.catalogue:catalogue",
        "vocabulary": "commands.vocabulary:vocabulary",
        "court": "commands.courts:court",
        "log": "commands.log.command:log",
    }


app = typer.Typer(
    cls=Suxin,
    no_args_is_help=True,
    help="Suxin (诉信): litigation credit of courts, shared over GraphQL.",
)


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"suxin {version('suxin')}")
        raise typer.Exit


@app.callback()
def suxin(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Settings file; by default /etc/suxin/suxin.env if it exists. The environment wins."
        ),
    ] = None,
    operator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who gives the command, for the security events; by default the account that runs it."
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options of all commands. The file is read when a command needs its settings."""
    context.call_on_close(choose_file(config, operator))


if __name__ == "__main__":
    app()
