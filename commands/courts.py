"""`suxin court`: list and add courts."""

from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.listing import AsJson, show_list
from commands.session import console, explain_errors, in_transaction
from ingest.reference.courts import NewCourt, add_court, mask_organizations
from models.court import Court

court = typer.Typer(no_args_is_help=True, help="List and add courts.")


@court.callback()
def _courts() -> None:
    """List and add courts."""


@court.command("list")
def court_list(as_json: AsJson = False) -> None:
    """List the courts that the database knows.

    Example: suxin court list --json | jq -r '.[].code'
    """
    with explain_errors():
        rows = in_transaction(_list)
        show_list(("code", "name", "above", "division"), rows, as_json)


async def _list(connection: AsyncConnection) -> Sequence[Any]:
    query = sa.select(Court.code, Court.name, Court.parent_code, Court.division).order_by(Court.code)
    return (await connection.execute(query)).all()


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


@court.command("mask")
def court_mask(
    code: Annotated[str, typer.Argument(help="Code of the court.")],
    off: Annotated[bool, typer.Option("--off", help="Show the names of organizations in full again.")] = False,
) -> None:
    """Mask the names of organizations on the public page where this court published about them.

    Example: suxin court mask 浙0281
    """
    with explain_errors():
        in_transaction(lambda connection: mask_organizations(connection, code, not off), keep=True)
    console.print(f"{code} {'shows' if off else 'masks'} the names of organizations to the public.")
