"""`suxin court`: add courts."""

from typing import Annotated

import typer

from commands.session import console, explain_errors, in_transaction
from ingest.reference.courts import NewCourt, add_court

court = typer.Typer(no_args_is_help=True, help="Courts beside those that ship.")


@court.callback()
def _courts() -> None:
    """Courts beside those that ship."""


@court.command("add")
def court_add(
    code: Annotated[str, typer.Argument(help="Its code, as in its case numbers.")],
    name: Annotated[str, typer.Argument(help="Its full name.")],
    parent: Annotated[
        str | None, typer.Option(help="Code of the court above it; the longest that begins its own by default.")
    ] = None,
    division: Annotated[str | None, typer.Option(help="Six digits of its administrative division.")] = None,
) -> None:
    """Add a court, so that imports accept its name, and staff and clients can belong to it.

    Example: suxin court add 浙0106 杭州市西湖区人民法院 --division 330106
    """
    with explain_errors():
        above = in_transaction(
            lambda connection: add_court(connection, NewCourt(code, name, parent, division)), keep=True
        )
    console.print(f"{code} {name} is entered{f' below {above}' if above else ''}.")
