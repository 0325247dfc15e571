"""The `suxin` command. The module of a command is imported when the command runs."""

from typing import ClassVar

import typer

from commands.lazy import LazyGroup


class Suxin(LazyGroup):
    """The commands in the order of the help."""

    places: ClassVar = {
        "import": "commands.importing:import_",
        "demo": "commands.showing:demo",
        "worker": "commands.work:worker",
        "publish": "commands.work:publish",
        "doctor": "commands.doctor.command:doctor",
        "migrate": "commands.database:migrate",
        "serve": "commands.serving:serve",
        "token": "commands.access.tokens:token",
        "proof": "commands.access.tokens:proof",
        "policy": "commands.contract.pages:policy",
        "visibility": "commands.contract.pages:visibility",
        "explain": "commands.contract.explaining:explain",
        "procedure": "commands.contract.procedure:procedure",
        "errors": "commands.contract.errors:errors",
        "client": "commands.access.clients:clients",
        "documents": "commands.access.documents:documents",
        "staff": "commands.access.staff:staff",
        "keys": "commands.access.keys:keys",
        "schema": "commands.contract.schema:schema",
        "report": "commands.reports:reports",
        "catalogue": "commands.catalogue:catalogue",
        "vocabulary": "commands.vocabulary:vocabulary",
        "court": "commands.courts:court",
        "log": "commands.log.command:log",
    }


app = typer.Typer(
    cls=Suxin,
    no_args_is_help=True,
    add_completion=False,
    help="Suxin (诉信): litigation credit of courts, shared over GraphQL.",
)


@app.callback()
def suxin() -> None:
    """Make `suxin` a group of commands."""


if __name__ == "__main__":
    app()
