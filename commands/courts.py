"""`suxin court`: add courts."""

from typing import Annotated

import typer

from commands.session import console, explain_errors, in_transaction
from ingest.reference.courts import NewCourt, add_court

court = typer.Typer(no_args_is_help=True, help="Add courts.")


@court.callback()
def _courts() -> None:
    """Add courts."""


@court.command("add")
def court_add(
    code: Annotated[str, typer.Argument(help="Code of the court, as in its case numbers.")],
    name: Annotated[str, typer.Argument(help="Full name of the court.")],
    parent: Annotated[
        str | None, typer.Option(help="Code of the parent court; by default the longest code that is a prefix.")
    ] = None,
    division: Annotated[str | None, typer.Option(help="Administrative division, six digits.")] = None,
) -> None:
    """Add a court, so that imports accept its name, and staff and clients can belong to it.

    Example: suxin court add 浙0106 杭州市西湖区人民法院 --division 330106
    """
    with explain_errors():
        above = in_transaction(
            lambda connection: add_court(connection, NewCourt(code, name, parent, division)), keep=True
        )
    console.print(f"{code} {name} is entered{f' below {above}' if above else ''}.")
